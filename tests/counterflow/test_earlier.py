"""Earlier days by date from a run, a folder of runs and a glob."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from counterflow.earlier import earlier_days, run_folders
from mitigation.references import reference_levels
from tests.mitigation.two_buses import FIVE_UNITS, START, cleared, market


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wednesday to Friday, 10:00, P2 at 40, 41 and 42 in them."""
    root = tmp_path_factory.mktemp("week")
    for day in range(3):
        units = [{**u, "price": u["price"] + day * (u["unit"] == "P2")} for u in FIVE_UNITS]
        start = START - pd.Timedelta(days=5 - day) + pd.Timedelta(hours=10)
        case = market(units, load_w=[40.0], load_j=[190.0], start=start, name=f"day {day}")
        cleared(case).write(root / f"2030-0{day}")
    return root


def test_a_folder_and_a_glob_are_the_runs_in_them(week: Path) -> None:
    all_of_them = sorted(week.iterdir())
    assert run_folders([week]) == [path.resolve() for path in all_of_them]
    assert run_folders([str(week / "2030-0[01]")]) == [p.resolve() for p in all_of_them[:2]]
    assert run_folders([week, all_of_them[0]]) == [path.resolve() for path in all_of_them]
    with pytest.raises(cf.InputError, match="holds no run"):
        run_folders([week / "2031-01"])


def test_only_the_look_back_is_read(week: Path) -> None:
    found = earlier_days([week], before=START, days=4.0)
    assert [run.case.meta.name for run in found] == ["day 1", "day 2"]
    assert earlier_days([week], before=START - pd.Timedelta(days=5)) == []
    given = found[0].tables
    assert not given.made("dispatch") and not given.made("flows"), "none before it is asked for"
    assert len(given["dispatch"]) == 5
    assert given.made("dispatch") and not given.made("flows")


def test_levels_are_those_of_runs_that_were_read_whole(week: Path) -> None:
    case = market(FIVE_UNITS, load_w=[40.0], load_j=[190.0])
    rules = cf.RuleBook.load("default").mitigation.reference.model_copy(update={"required": ()})
    whole = [cf.Run.read(path) for path in sorted(week.iterdir())]
    levels = reference_levels(case, rules=rules, earlier=earlier_days([week], before=START))
    pd.testing.assert_frame_equal(levels, reference_levels(case, rules=rules, earlier=whole))


def test_mitigation_without_references_says_what_to_give() -> None:
    run = cleared(market(FIVE_UNITS, load_w=[40.0], load_j=[190.0]))
    with pytest.raises(cf.InputError, match="--offers-are-costs") as error:
        cf.mitigate(run)
    assert "unit P1 has no reference for energy" in str(error.value)
    assert cf.mitigate(run, offers_are_costs=True).manifest["mitigation"]["funnel"]["tested"] == 5
