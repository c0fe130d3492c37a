"""Physical withholding on the five-bus system: each kind put in by hand and found again."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError, RuleBook, Run
from cases.case import Case
from cases.rulebook.withholding import WithholdingPenalty, WithholdingRules
from mitigation import owners_of
from mitigation.indices.output_gap import output_gap
from mitigation.withholding import (
    held_back,
    screen_withholding,
    withholding_penalties,
    withholding_rates,
)
from tests.mitigation.markets import OWNERS, PRICES, UNITS, cleared, five_bus

# An outage of Brighton leaves less than the load: the case warns of it.
pytestmark = pytest.mark.filterwarnings("ignore:demand row:cases.errors.DataWarning")
RULES = RuleBook.load("default").mitigation.withholding
P_MAX = dict(zip(UNITS, [40.0, 170.0, 520.0, 200.0, 600.0], strict=True))


def levels(**parameters: dict[str, float]) -> pd.DataFrame:
    """Energy references at cost, and reference parameters by name and unit."""
    rows = [
        {"unit": unit, "component": "energy", "segment": 1, "mw": P_MAX[unit], "price": price}
        for unit, price in zip(UNITS, PRICES, strict=True)
    ]
    for name, values in parameters.items():
        rows += [
            {"unit": unit, "component": f"param:{name}", "segment": 0, "price": value}
            for unit, value in values.items()
        ]
    stamp = pd.Series(pd.NaT, index=range(len(rows))).dt.tz_localize("UTC")
    return pd.DataFrame(rows).assign(interval_start=stamp, after_hours_off=float("nan"))


def with_availability(case: Case, **mw: list[float]) -> Case:
    wide = pd.DataFrame({"interval_start": case.interval_starts, **mw})
    return case.replace(availability=wide)


@cache
def day() -> Run:
    return cleared(five_bus("A1"))


def market(**mw: list[float]) -> Run:
    run = day()
    case = with_availability(run.case, **mw) if mw else run.case
    return Run(run.manifest, run.tables, case, run.rulebook)


def screened(run: Run, rules: WithholdingRules = RULES, **given_: object) -> pd.DataFrame:
    found = screen_withholding(run, levels(), owners_of(run), rules=rules, **given_)  # type: ignore[arg-type]
    return found.set_index(["screen", "unit"]).sort_index()


def test_a_day_on_which_nothing_is_missing() -> None:
    found = screened(market())
    assert set(found["result"]) == {"pass"}
    assert found["withheld_mw"].tolist() == [0.0] * len(found)
    assert set(found.index.get_level_values("screen")) == {"derating", "refusal_to_offer"}


def test_a_derating_is_judged_by_what_would_have_paid() -> None:
    """LMPs of case A1: D 39.94 is below Sundance's 40, C 30 pays Solitude's 30."""
    found = screened(market(Solitude=[400.0], Sundance=[50.0], Alta=[37.0]))
    solitude, sundance = (found.loc[("derating", name)] for name in ("Solitude", "Sundance"))
    assert (solitude["withheld_mw"], solitude["economic_mw"], solitude["limit_mw"]) == (
        120,
        120,
        52,
    )
    assert (solitude["result"], solitude["why"]) == ("fail", "both")
    assert (sundance["withheld_mw"], sundance["economic_mw"]) == (150, 0)
    assert sundance["result"] == "pass"
    # Alta: 3 of 40 MW, less than 10 %, and of its owner's 210 MW less than 5 %.
    alta = found.loc[("derating", "Alta")]
    assert (alta["economic_mw"], alta["limit_mw"], alta["portfolio_limit_mw"]) == (3, 4, 10.5)
    assert alta["result"] == "pass"


def test_an_outage_and_the_part_that_was_approved() -> None:
    run = market(Brighton=[0.0])
    row = screened(run).loc[("outage", "Brighton")]
    assert (row["withheld_mw"], row["limit_mw"], row["why"]) == (600, 60, "both")
    approved = pd.DataFrame({"unit": ["Brighton"], "interval_start": [pd.NaT], "mw": [560.0]})
    row = screened(run, excused=approved).loc[("outage", "Brighton")]
    assert (row["excused_mw"], row["withheld_mw"], row["why"]) == (560, 40, "portfolio")
    every = approved.assign(mw=600.0)
    assert screened(run, excused=every).loc[("outage", "Brighton"), "result"] == "pass"
    with pytest.raises(InputError, match="there is no unit Nobody"):
        screened(run, excused=approved.assign(unit="Nobody"))


def test_two_units_of_one_owner_each_below_its_limit() -> None:
    """Alta 4 of 40 MW and Park City 17 of 170: neither above 10 %, together above 5 % of 210."""
    found = screened(market(Alta=[36.0], **{"Park City": [153.0]}))
    rows = found.loc["derating"].loc[["Alta", "Park City"]]
    assert rows["economic_mw"].tolist() == [4, 17]
    assert rows["portfolio_mw"].tolist() == [21, 21]
    assert rows["portfolio_limit_mw"].tolist() == [10.5, 10.5]
    assert rows["why"].tolist() == ["portfolio", "portfolio"]


def test_what_is_available_and_not_offered() -> None:
    run = market()
    short = run.offers_used.assign(mw=run.offers_used["mw"].mask(run.offers_used["mw"] == 520, 300))
    run = Run(run.manifest, {**run.tables, "offers_used": short}, run.case, run.rulebook)
    row = screened(run).loc[("refusal_to_offer", "Solitude")]
    assert (row["reference_mw"], row["actual_mw"], row["economic_mw"]) == (520, 300, 220)
    assert (row["result"], row["why"]) == ("fail", "both")


def test_what_is_dispatched_and_not_produced() -> None:
    run = market()
    actual = run.dispatch[["interval_start", "unit", "mw"]].copy()
    actual.loc[actual["unit"] == "Solitude", "mw"] -= 60.0
    found = screened(run, actual=actual)
    row = found.loc[("refusal_to_follow", "Solitude")]
    assert row["reference_mw"] == pytest.approx(323.494846, abs=1e-5)
    assert row["economic_mw"] == pytest.approx(60) and row["limit_mw"] == pytest.approx(32.3494846)
    assert set(found.loc["refusal_to_follow"].drop("Solitude")["result"]) == {"pass"}


def test_a_ramp_below_its_reference() -> None:
    run = market()
    units = run.case.units.assign(ramp_up=[30.0, float("nan"), 100.0, 50.0, 600.0])
    run = Run(run.manifest, run.tables, run.case.replace(units=units), run.rulebook)
    reference = levels(ramp_up={"Alta": 30.0, "Park City": 90.0, "Solitude": 300.0})
    found = held_back(run, reference).set_index(["screen", "unit"])
    ramps = found.loc["ramp_up"]
    assert ramps["withheld_mw"].to_dict() == {"Alta": 0, "Park City": 0, "Solitude": 200}
    assert ramps.loc["Solitude", ["reference_mw", "actual_mw"]].tolist() == [300, 100]


def test_a_reference_capacity_above_what_is_submitted() -> None:
    found = held_back(market(), levels(p_max={"Brighton": 650.0})).set_index(["screen", "unit"])
    row = found.loc[("derating", "Brighton")]
    assert (row["reference_mw"], row["withheld_mw"]) == (650, 50)


def test_wind_is_not_screened() -> None:
    run = market(Brighton=[0.0])
    units = run.case.units.assign(technology=["", "", "", "", "Wind"])
    run = Run(run.manifest, run.tables, run.case.replace(units=units), run.rulebook)
    row = screened(run).loc[("outage", "Brighton")]
    assert (row["result"], row["portfolio_mw"], row["withheld_mw"]) == ("exempt", 0, 600)


def test_defaults_of_the_section_find_nobody() -> None:
    found = screened(market(Brighton=[0.0]), WithholdingRules())
    assert set(found["result"]) == {"pass"}


def test_rates_by_size_and_load_with_output_gaps() -> None:
    """Two hours of low load and one of high; west derates by 300 of 600 MW in the high one."""
    case = five_bus("A1", load_factors=[0.8, 0.8, 1.0])
    run = cleared(case)
    case = with_availability(case, Brighton=[600.0, 600.0, 300.0])
    run = Run(run.manifest, run.tables, case, run.rulebook)
    rules = WithholdingRules(largest_suppliers=1, load_levels=(0.5,))
    found = screened(run, rules).reset_index()
    state = run.dispatch.merge(run.prices[["interval_start", "bus", "lmp"]]).assign(
        economic_start=True
    )
    dear = run.offers_used.assign(
        price=run.offers_used["price"].mask(run.offers_used["unit"] == "Solitude", 90.0)
    )
    threshold = run.offers_used[["unit", "interval_start", "segment"]].assign(threshold=50.0)
    gaps = output_gap(run.offers_used, dear, state, threshold, fractions=(1.0,))
    table = withholding_rates(run, found, rules, gaps=gaps)
    table = table.set_index(["screen", "size", "load_level"])
    high = table.loc[("availability", "large", 2)]
    assert high[["reference_mwh", "withheld_mwh"]].tolist() == [600, 300]
    assert (high["rate"], high["change"]) == (0.5, 0.5)
    assert table.loc[("availability", "large", 1), "rate"] == 0
    assert table.loc[("derating", "large", 2), "rate"] == 0.5
    assert table.loc[("availability", "other", 2), "reference_mwh"] == 930
    gap = table.loc["output_gap.100"]["withheld_mwh"]
    # Solitude (of `other`) is economic to its 520 MW where LMP C is 30: what it did not produce.
    held = gaps.groupby("interval_start")["gap_mw"].sum()
    assert gap.loc[("other", 1)] == pytest.approx(held.iloc[:2].sum())
    assert gap.loc[("other", 2)] == pytest.approx(held.iloc[2]) and held.iloc[2] > 100
    assert gap.loc[("large", 2)] == 0


def test_penalty_by_hand() -> None:
    """120 MW for an hour at 5 $/MWh: 600, and at most three times that on repetition."""
    run = market(Solitude=[400.0])
    found = screened(run).reset_index()
    rise = pd.DataFrame(
        {"interval_start": run.case.interval_starts, "unit": "Solitude", "increase": 5.0}
    )
    rules = RULES.penalty
    for earlier, amount in [({}, 600), ({"south": 1}, 1200), ({"south": 7}, 1800)]:
        table = withholding_penalties(found, rise, rules, earlier=earlier)
        assert table["amount"].tolist() == [Decimal(amount)]
        assert table["owner"].tolist() == [OWNERS["Solitude"]]
    assert withholding_penalties(found, rise.assign(increase=-5.0), rules).empty


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 520.0), st.floats(0.0, 50.0), st.integers(0, 6), st.floats(1.0, 3.0))
def test_penalties_never_reward_and_stay_within_the_multiplier(
    mw: float, increase: float, earlier: int, most: float
) -> None:
    start = pd.Timestamp("2026-07-01", tz="UTC")
    found = pd.DataFrame(
        {
            "interval_start": [start],
            "interval_end": [start + pd.Timedelta("30min")],
            "unit": "Solitude",
            "owner": "south",
            "screen": "derating",
            "economic_mw": [mw],
            "result": "fail",
        }
    )
    rise = found[["interval_start", "unit"]].assign(increase=increase)
    rules = WithholdingPenalty(most=most)
    table = withholding_penalties(found, rise, rules, earlier={"south": earlier})
    base = mw / 2 * increase
    # What rounds to no cent has no row: the base with its multiplier, not the base alone.
    charged = base * min(1 + earlier, most)
    assert len(table) == (charged > 0.005) or charged == pytest.approx(0.005, abs=1e-9)
    for row in table.to_dict("records"):
        assert base - 0.01 <= float(row["amount"]) <= base * most + 0.01
        assert float(row["amount"]) == pytest.approx(base * min(1 + earlier, most), abs=0.006)
