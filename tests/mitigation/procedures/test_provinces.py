"""Hunan, Shaanxi and Shanghai by hand; values that regulators set are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from mitigation.after_the_fact import scaled_to_limit
from mitigation.indices.similarity import offer_similarity
from mitigation.procedures.provinces import shaanxi_reference
from tests.mitigation.two_buses import (
    FIVE_UNITS,
    START,
    cleared,
    market,
    mitigated,
    offering,
    prices,
)

HUNAN = {"mitigation.hunan.rsi_ref": 1.0, "mitigation.hunan.factor": 1.2}
COAL = [{**unit, "technology": "coal"} for unit in FIVE_UNITS]


def history(*maxima: float) -> pd.DataFrame:
    """Prices of the days before, alike at both buses, at their maximum in the first hour only."""
    rows = [
        (bus, START - pd.Timedelta(days=day + 1) + pd.Timedelta(hours=hour), price - 10.0 * hour)
        for day, price in enumerate(maxima)
        for hour in range(2)
        for bus in ("W", "J")
    ]
    return pd.DataFrame(rows, columns=["bus", "interval_start", "price"])


def day(*maxima: float, **offers: float) -> tuple[cf.Run, Any]:
    units = offering(COAL, **offers)
    tables = {"price_history": history(*maxima)} if maxima else {}
    return cleared(market(units, load_w=[40.0], load_j=[190.0], **tables)), units


def test_hunan_holds_the_group_that_is_needed_to_past_prices() -> None:
    """500 MW of coal, 230 to serve: without Wes's 300 rsi = 200 / 230 = .870 < 1, without P2's 60

    440 / 230 = 1.913. Daily maxima 45 and 55 mean 50; 1.2 x max(50, 20) = 60: Wes's 80 becomes 60,
    P2's 70 stays, its group has enough residual supply.
    """
    run, units = day(45.0, 55.0, Wes=80.0, P2=70.0)
    made = mitigated(run, units, "hunan", HUNAN)
    rows = made.decisions.query("component == 'energy'").set_index("unit")
    assert rows.loc["Wes", ["action", "offered", "offer_used"]].tolist() == ["mitigated", 80, 60]
    assert rows.loc["Wes", "rsi1"] == pytest.approx(200 / 230)
    assert rows.loc["P2", "action"] == "kept"
    assert rows.loc["P2", "rsi1"] == pytest.approx(440 / 230)
    terms = made.decision_terms.query("term == 'reference_price'")
    assert terms["value"].tolist() == pytest.approx([60.0])


@pytest.mark.slow
def test_hunan_takes_the_last_ten_days() -> None:
    """Eleven days: the eleventh, at 1000, is too old; ten at 50 make 60."""
    run, units = day(*[50.0] * 10, 1000.0, Wes=80.0)
    made = mitigated(run, units, "hunan", HUNAN)
    (used,) = made.decisions.query("unit == 'Wes' and component == 'energy'")["offer_used"]
    assert used == pytest.approx(60.0)


def test_hunan_lists_all_that_is_missing() -> None:
    run, units = day(Wes=80.0)
    with pytest.raises(cf.InputError) as error:
        mitigated(run, units, "hunan")
    said = str(error.value)
    for name in ("mitigation.hunan.rsi_ref", "mitigation.hunan.factor", "price_history"):
        assert name in said


@pytest.mark.parametrize(
    ("ratio", "factor"), [(1.05, 1.3), (1.06, 1.2), (1.15, 1.2), (1.5, 1.1), (1.51, 1.05)]
)
def test_shaanxis_reference_by_bands(ratio: float, factor: float) -> None:
    """800 a tonne: .8 x 302.4 x 7000 / 5000 = 338.688, times the factor of the band."""
    rules = cf.RuleBook.load("shaanxi").with_settings({"mitigation.shaanxi.coal_price": 800.0})
    reference = shaanxi_reference(ratio, rules.mitigation.shaanxi)
    assert reference == pytest.approx(338.688 * factor)


def test_shaanxi_reports_offers_above_its_reference() -> None:
    """500 / 230 = 2.17: 338.688 x 1.05 = 355.62. Nothing is replaced: what follows is not known."""
    run, units = day(Wes=400.0, P1=350.0)
    made = mitigated(run, units, "shaanxi", {"mitigation.shaanxi.coal_price": 800.0})
    rows = made.decisions.query("component == 'energy'").set_index("unit")
    assert "would be replaced" in rows.loc["Wes", "note"] and rows.loc["Wes", "action"] == "kept"
    assert "would be replaced" not in rows.loc["P1", "note"]
    assert prices(made, "J") == prices(run, "J")
    with pytest.raises(cf.InputError, match="coal_price"):
        mitigated(run, units, "shaanxi")


def test_similarity_by_hand() -> None:
    """N = 50: three points. A: 20 to 50 MW, 40 above; B: 30 flat: |10|, |10|, |10| / 3 / 100.

    At 0 and at 50 % A is at 20 (its first block ends at 50 of 100), at 100 % at 40: 10, 10, 10.
    """
    stamp = pd.Timestamp("2030-01-01T00:00Z")
    offers = pd.DataFrame(
        {
            "unit": ["A", "A", "B", "C"],
            "interval_start": stamp,
            "segment": [1, 2, 1, 1],
            "mw": [50.0, 50.0, 80.0, 10.0],
            "price": [20.0, 40.0, 30.0, 30.0],
        }
    )
    capacity = pd.Series({"A": 100.0, "B": 80.0, "C": 10.0})
    owner = pd.Series({"A": "a", "B": "b", "C": "b"})
    found = offer_similarity(offers, capacity, owner, step_percent=50.0, offer_cap=100.0)
    pairs = found.set_index(["unit", "other_unit"])["similarity"]
    assert pairs.to_dict() == {("A", "B"): pytest.approx(0.9), ("A", "C"): pytest.approx(0.9)}
    with pytest.raises(cf.InputError, match="divide 100"):
        offer_similarity(offers, capacity, owner, step_percent=30.0, offer_cap=100.0)


def test_shanghais_second_level_limit() -> None:
    """Mean of 300 and 500 is 400; a limit of 320 scales both by .8; the other day keeps."""
    starts = pd.to_datetime(["2026-05-01 10:00", "2026-05-01 11:00", "2026-05-02 10:00"])
    frame = pd.DataFrame(
        {"interval_start": starts.tz_localize("Asia/Shanghai"), "price": [300.0, 500.0, 310.0]}
    )
    scaled = scaled_to_limit(frame, 320.0)
    assert scaled["settled"].tolist() == pytest.approx([240.0, 400.0, 310.0])
    assert scaled_to_limit(frame, np.inf)["settled"].tolist() == [300.0, 500.0, 310.0]
