"""The monitor's tables, on hand-made verdicts and on a day of the five-bus system."""

from __future__ import annotations

import pandas as pd
import pytest

from cases.errors import InputError
from cases.rulebook.structure import ConcentrationRules, PeakRules
from mitigation.indices.tested import indices_of
from mitigation.report import market as summary
from mitigation.structure.run import StructureTests, structure_tests
from tests.mitigation.markets import cleared, five_bus

PEAK = PeakRules()


def verdicts(*rows: tuple[str, str, str, float, float, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows,
        columns=["constraint", "start", "owner", "need_mw", "total_supply_mw", "passed"],
    )
    start = pd.DatetimeIndex(frame.pop("start")).tz_localize("America/New_York")
    return frame.assign(
        interval_start=start,
        interval_end=start + pd.Timedelta("1h"),
        contingency="",
        direction="upper",
        rule_id="three_pivotal",
    )


TESTS = verdicts(
    ("X", "2026-07-01 10:00", "a", 40.0, 100.0, False),  # Wednesday, on peak
    ("X", "2026-07-01 10:00", "b", 40.0, 100.0, True),
    ("X", "2026-07-01 10:00", "c", 40.0, 100.0, True),
    ("X", "2026-07-01 11:00", "a", 20.0, 60.0, False),
    ("X", "2026-07-01 23:00", "a", 10.0, 50.0, True),  # off peak
    ("Y", "2026-07-04 12:00", "b", 5.0, 9.0, False),  # Saturday, off peak
)


def test_peak_hours() -> None:
    stamps = [
        "2026-07-01 06:59",
        "2026-07-01 07:00",
        "2026-07-01 22:59",
        "2026-07-01 23:00",
        "2026-07-04 12:00",
        "2026-07-03 12:00",
    ]
    starts = pd.Series(pd.DatetimeIndex(stamps))
    assert summary.on_peak(starts, PEAK).to_list() == [False, True, True, False, False, True]
    # Independence Day of 2026 is a Saturday, observed on Friday the third.
    american = PEAK.model_copy(update={"holidays": "US"})
    assert summary.on_peak(starts, american).to_list() == [False, True, True, False, False, False]
    with pytest.raises(InputError, match="no holidays are known for ZZ"):
        summary.on_peak(starts, PEAK.model_copy(update={"holidays": "ZZ"}))


def test_relief_detail_by_hand() -> None:
    table = summary.relief_detail(TESTS, PEAK).set_index(["constraint", "period"])
    peak = table.loc[("X", "peak")]
    assert peak["tests"] == 2
    assert peak["relief_mw"] == pytest.approx(30)
    assert peak["supply_mw"] == pytest.approx(80)
    assert (peak["owners"], peak["owners_passing"], peak["owners_failing"]) == (2, 1, 1)
    assert table.loc[("X", "off-peak"), "owners_passing"] == 1
    assert table.loc[("Y", "off-peak"), "owners_failing"] == 1


def test_relief_summary_by_hand() -> None:
    relief = TESTS[["constraint", "contingency", "direction", "interval_start", "owner"]].assign(
        unit=["u1", "u2", "u3", "u1", "u1", "u2"], relevant=True
    )
    dispatch = relief[["interval_start", "unit"]].assign(on=[False, False, True, True, False, True])
    decisions = TESTS.iloc[[0]].assign(action="mitigated")
    table = summary.relief_summary(TESTS, relief, dispatch, decisions).set_index("constraint")
    # X: three tests, two failed; only at 10:00 had the failing owner a unit off line.
    assert table.loc["X", ["tests", "failed", "could_cap", "did_cap"]].to_list() == [3, 2, 1, 1]
    assert table.loc["X", "share_could"] == pytest.approx(1 / 3)
    assert table.loc["X", "share_did"] == 1
    assert table.loc["Y", ["tests", "failed", "could_cap", "did_cap"]].to_list() == [1, 1, 0, 0]


def test_a_share_of_what_could_cap_is_no_more_than_one() -> None:
    """Three tests of X lead to mitigation, and one of them could: one in one, not three in one."""
    relief = TESTS[["constraint", "contingency", "direction", "interval_start", "owner"]].assign(
        unit=["u1", "u2", "u3", "u1", "u1", "u2"], relevant=True
    )
    dispatch = relief[["interval_start", "unit"]].assign(on=[False, False, True, True, False, True])
    decisions = TESTS.assign(action="mitigated")
    table = summary.relief_summary(TESTS, relief, dispatch, decisions).set_index("constraint")
    assert table.loc["X", ["could_cap", "did_cap", "could_and_did_cap"]].to_list() == [1, 3, 1]
    assert table.loc["X", "share_did"] == 1
    assert table.loc["Y", ["could_cap", "did_cap"]].to_list() == [0, 1]
    assert pd.isna(table.loc["Y", "share_did"])


def test_congested_hours_by_verdict() -> None:
    table = summary.congestion_summary(TESTS, "three_pivotal").set_index("constraint")
    assert table.loc["X"].to_list()[-3:] == [3.0, 1.0, 2.0]
    assert table.loc["Y"].to_list()[-3:] == [1.0, 0.0, 1.0]


def test_marginal_units_count_in_parts() -> None:
    units = pd.DataFrame({"unit": ["a", "b", "c"], "owner": ["x", "x", "y"], "fuel": list("gwg")})
    marginal = pd.DataFrame(
        {"interval_start": [1, 1, 2, 3], "unit": ["a", "c", "c", "b"], "kind": "unit"}
    )
    owners = summary.marginal_summary(marginal, units)
    assert owners.to_dict("list") == {
        "owner": ["x", "y"],
        "share": [pytest.approx(0.5), pytest.approx(0.5)],
        "rank": [1, 2],
    }
    fuels = summary.marginal_summary(marginal, units, "fuel").set_index("fuel")["share"]
    assert fuels.to_dict() == pytest.approx({"g": 2 / 3, "w": 1 / 3})


@pytest.fixture(scope="module")
def day() -> StructureTests:
    run = cleared(five_bus("A2", reference="E", load_factors=(0.3, 0.6, 1.0, 1.2)))
    return structure_tests(run, model=run.model)


def test_pivotal_hours(day: StructureTests) -> None:
    """1530 MW, 930 without the largest, 410 without two, 210 - 10 without three: 200."""
    together, alone = summary.pivotal_summary(indices_of(day))
    # Loads 270, 540, 900, 1080 MW: jointly pivotal 3, 2, 2, 1.
    assert together["hours"].to_list() == [1.0, 3.0, 4.0]
    assert together["share"].to_list() == [0.25, 0.75, 1.0]
    assert alone.loc[alone["hours"] > 0, "owner"].to_list() == ["south", "west"]
    assert alone["hours"].to_list() == [1.0, 1.0, 0.0, 0.0]  # 1530 - 520 and 1530 - 600 < 1080


def test_duration_curve(day: StructureTests) -> None:
    curve = summary.duration_curve(indices_of(day), "rsi1")
    assert curve["value"].to_list() == pytest.approx([930 / load for load in (270, 540, 900, 1080)])
    assert curve["share_of_hours"].to_list() == [0.25, 0.5, 0.75, 1.0]
    one = summary.duration_curve(indices_of(day), "rsi1", "east")
    assert one["value"].iloc[-1] == pytest.approx(1330 / 1080)
    with pytest.raises(InputError, match="no values of rsi9"):
        summary.duration_curve(indices_of(day), "rsi9")


def test_concentration_summary(day: StructureTests) -> None:
    table = summary.concentration_summary(indices_of(day), ConcentrationRules()).set_index("basis")
    hhi = sum((100 * mw / 1530) ** 2 for mw in (210, 520, 200, 600))
    row = table.loc["capacity"]
    assert row[["average", "minimum", "maximum"]].to_list() == pytest.approx([hhi] * 3)
    assert row["highest_share"] == pytest.approx(600 / 1530)
    assert (row["hours"], row["hours_high"], row["share_high"]) == (4.0, 4.0, 1.0)
    assert set(table.index) == {"available", "capacity", "cleared", "cleared.base"}


def test_verdict_table(day: StructureTests) -> None:
    table = summary.verdict_table(day.verdicts, indices_of(day), ConcentrationRules())
    assert table["level"].to_list() == ["aggregate", "local"]
    assert table["result"].to_list() == ["not competitive", "not competitive"]
    assert "in 50.0% of hours" in table["why"].iloc[0]
