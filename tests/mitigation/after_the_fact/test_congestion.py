"""Congestion payments and their claw-back: the published arithmetic, a day by hand, properties."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError, Run
from cases.rulebook.after_the_fact import ClawBackRules
from mitigation import owners_of
from mitigation.after_the_fact import (
    claw_back,
    claw_back_screens,
    congestion_payments,
    operating_profit,
    schedules_of,
    unconstrained,
)
from mitigation.after_the_fact.screens import price_screen
from tests.mitigation.markets import cleared, five_bus

START = pd.Timestamp("2024-07-01", tz="UTC")
BAND = ClawBackRules(band_percent=10.0)


def blocks(*pairs: tuple[float, float], unit: str = "G") -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["mw", "price"], dtype=float)
    return frame.assign(unit=unit, interval_start=START, segment=range(1, len(pairs) + 1))


def references(*pairs: tuple[float, float]) -> pd.DataFrame:
    return blocks(*pairs).assign(component="energy")


def schedule(price: float, market: float, dispatch: float, actual: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": ["G"],
            "owner": "g",
            "interval_start": START,
            "interval_end": START + pd.Timedelta("1h"),
            "price": price,
            "market_mw": market,
            "dispatch_mw": dispatch,
            "actual_mw": actual,
        }
    )


def all_hold(payments: pd.DataFrame, **flags: bool) -> pd.DataFrame:
    every = {"cause": True, "competition": True, "price_screen": True} | flags
    return payments[["unit", "interval_start"]].assign(**every)


def test_case_9g() -> None:
    """Price 40, offer 100 MW at 30 then 50 at 70, moved from 100 to 140 MW; reference 50."""
    offer = [(100, 30), (50, 70)]
    assert operating_profit(40, 100, offer) == 1000
    assert operating_profit(40, 140, offer) == -200
    moved = schedule(40.0, 100.0, 140.0, 140.0)
    before = moved.copy()
    table = congestion_payments(moved, blocks((100, 30), (50, 70)), references((100, 30), (50, 50)))
    row = table.iloc[0]
    assert (row["direction"], row["payment"], row["reference_payment"]) == ("on", 1200, 400)
    done = claw_back(table, all_hold(table)).iloc[0]
    assert (done["claw_back"], done["kept"]) == (Decimal(800), Decimal(400))
    assert done["price"] == 40 and moved.equals(before)


@pytest.mark.parametrize("screen", ["cause", "competition", "price_screen"])
def test_every_screen_must_hold(screen: str) -> None:
    table = congestion_payments(
        schedule(40.0, 100.0, 140.0, 140.0), blocks((100, 30), (50, 70)), references((150, 50))
    )
    assert claw_back(table, all_hold(table, **{screen: False}))["claw_back"].tolist() == [0]
    assert claw_back(table, all_hold(table).iloc[:0])["claw_back"].tolist() == [0]


def test_constrained_off_by_hand() -> None:
    """From 100 to 60 MW at price 40: 40 MW at 5 lose 1400; at a reference of 30 they lose 400."""
    table = congestion_payments(
        schedule(40.0, 100.0, 60.0, 60.0), blocks((60, 30), (40, 5)), references((100, 30))
    )
    row = table.iloc[0]
    assert (row["direction"], row["payment"], row["reference_payment"]) == ("off", 1400, 400)
    assert row["largest_claw_back"] == 1000


def test_what_was_not_produced_is_not_lost() -> None:
    """Told to go to 140 MW and staying at 100: nothing was lost."""
    table = congestion_payments(schedule(40.0, 100.0, 140.0, 100.0), blocks((100, 30), (50, 70)))
    assert table["payment"].tolist() == [0]


def test_a_claw_back_stops_at_the_payment() -> None:
    """A reference below the price would make the unit owe money: it only loses what it was paid."""
    table = congestion_payments(
        schedule(40.0, 100.0, 140.0, 140.0), blocks((100, 30), (50, 70)), references((150, 20))
    )
    row = table.iloc[0]
    assert row["reference_payment"] < 0 and row["largest_claw_back"] == row["payment"] == 1200


def test_half_an_hour_and_quantities_without_an_offer() -> None:
    short = schedule(40.0, 100.0, 140.0, 140.0).assign(interval_end=START + pd.Timedelta("30min"))
    assert congestion_payments(short, blocks((100, 30), (50, 70)))["payment"].tolist() == [600]
    with pytest.raises(InputError, match="there is no offer for 10 of 140 MW"):
        congestion_payments(short, blocks((100, 30), (30, 70)))


@pytest.mark.parametrize(
    ("offer", "reference", "price", "against", "expected"),
    [
        (70.0, 50.0, 40.0, "both", True),
        (54.0, 50.0, 40.0, "both", False),  # within 10 % of its history
        (54.0, 50.0, 40.0, "either", True),
        (70.0, 50.0, 65.0, "both", False),  # within 10 % of the price
    ],
)
def test_price_screen(
    offer: float, reference: float, price: float, against: str, expected: bool
) -> None:
    moved = schedule(price, 100.0, 140.0, 140.0).assign(direction="on")
    rules = BAND.model_copy(update={"inconsistent_with": against})
    # The dear block that was not moved counts for nothing.
    own = blocks((100, 30), (40, offer), (10, 900))
    held = price_screen(moved, own, references((100, 30), (50, reference)), rules)
    assert held.tolist() == [expected]


@cache
def day() -> tuple[Run, Run]:
    case = five_bus("A1", offers={"Solitude": 34.0})
    return cleared(case), cleared(unconstrained(case))


def test_a_day_of_the_five_bus_system() -> None:
    """Without the grid, Brighton 600, A 210 and 190 MW of Solitude at one price, its offer of 34.

    With it the published dispatch for Solitude above 30.04: Brighton 565.932517, which loses
    34.067483 * 24; Sundance 200 MW at 40, which loses 200 * 6, and 200 * 1 at a reference of 35.
    """
    run, market = day()
    assert market.prices["lmp"].tolist() == pytest.approx([34.0] * 5)
    rows = schedules_of(run, market)
    levels = run.offers_used.assign(
        component="energy", price=run.offers_used["price"].replace({34.0: 25.0, 40.0: 35.0})
    )
    table = congestion_payments(rows, run.offers_used, levels).set_index("unit")
    assert table["market_mw"].round(4).to_dict() == {
        "Alta": 40, "Brighton": 600, "Park City": 170, "Solitude": 190, "Sundance": 0
    }  # fmt: skip
    assert table["direction"].to_dict() == {
        "Alta": "", "Brighton": "off", "Park City": "", "Solitude": "off", "Sundance": "on"
    }  # fmt: skip
    assert float(table.loc["Brighton", "payment"]) == pytest.approx(34.067483 * 24, abs=0.01)
    assert table.loc["Solitude", "payment"] == 0
    assert table.loc["Sundance", ["payment", "reference_payment"]].tolist() == [1200, 200]
    rules = ClawBackRules(fewest_competitors=1, band_percent=10.0)
    payments = table.reset_index()
    screens = claw_back_screens(run, payments, levels, owners_of(run), rules).set_index("unit")
    assert screens["cause"].to_dict() == {
        "Alta": False, "Brighton": True, "Park City": False, "Solitude": True, "Sundance": True
    }  # fmt: skip
    # Under a load-weighted slack A, C and E load the line D-E and D alone relieves it (case F2).
    assert screens.loc["Brighton", ["constraint", "competitors"]].tolist() == ["D-E", 2]
    assert screens.loc["Sundance", ["constraint", "competitors"]].tolist() == ["D-E", 0]
    assert screens["competition"].to_dict()["Sundance"]
    assert not screens.loc["Brighton", "competition"]
    assert screens["price_screen"].to_dict()["Sundance"]
    done = claw_back(payments, screens.reset_index()).set_index("unit")["claw_back"]
    assert {unit: money for unit, money in done.items() if money} == {"Sundance": 1000}
    wide = rules.model_copy(update={"band_percent": 15.0})
    none = claw_back_screens(run, payments, levels, owners_of(run), wide)
    assert not none["price_screen"].any()


mw = st.integers(0, 150).map(float)
price = st.integers(-50, 150).map(float)
curve = st.lists(price, min_size=3, max_size=3).map(sorted)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(mw, mw, mw, price, curve, curve), min_size=30, max_size=40))
def test_a_claw_back_never_exceeds_the_payment(
    drawn: list[tuple[float, float, float, float, list[float], list[float]]],
) -> None:
    moved, own, fair = [], [], []
    for n, (market, dispatch, actual, at, offer, level) in enumerate(drawn):
        moved.append(schedule(at, market, dispatch, actual).assign(unit=f"G{n}"))
        own.append(blocks(*((50.0, p) for p in offer), unit=f"G{n}"))
        fair.append(blocks(*((50.0, p) for p in level), unit=f"G{n}"))
    rows, offers = pd.concat(moved, ignore_index=True), pd.concat(own, ignore_index=True)
    levels = pd.concat(fair, ignore_index=True).assign(component="energy")
    table = congestion_payments(rows, offers, levels)
    for done in claw_back(table, all_hold(table)).to_dict("records"):
        assert 0 <= done["claw_back"] <= max(Decimal(0), done["payment"])
        assert done["kept"] + done["claw_back"] == done["payment"]
        assert done["reference_payment"] <= done["payment"]
    # With references at the offers, or without references, nothing is taken.
    for given_ in (offers.assign(component="energy"), None):
        same = congestion_payments(rows, offers, given_)
        taken = claw_back(same, all_hold(same))["claw_back"]
        assert taken[same["payment"] >= 0].eq(0).all() and taken.sum() == 0
