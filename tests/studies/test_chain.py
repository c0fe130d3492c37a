"""Rolling days: the state of one starts the next, and a look-ahead is thrown away."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.studies.horizon import joined, part, repeated
from counterflow.studies.rolling import clear_rolling
from counterflow.studies.state import carried, hours_in_state
from tests.studies import tiny

DAYS = [dt.date(2024, 3, 4) + dt.timedelta(days=k) for k in range(3)]


def _study(case: Any, folder: Path, **days: Any) -> cf.Study:
    source = tiny.written(case, folder / "case")
    content = {
        "name": "chain",
        "days": {"source": str(source), "start": DAYS[0], "end": DAYS[1], **days},
    }
    made = cf.study(content, output=folder / "study", processes=False)
    assert made.failed.empty, made.failed.to_string()
    return made


def test_minimum_time_spans_midnight(tmp_path: Path) -> None:
    made = _study(tiny.spanning(), tmp_path, chain="rolling")
    # Day 1: three intervals of 80 MW x 10 x 6 h = 4800, then 100 MW x 10 + 20 MW x 50, x 6 h =
    # 12000. Day 2: the peaker has been on for 6 of 18 hours: two intervals of 60 MW x 10 + 20 MW
    # x 50, x 6 h = 9600, then 4800 and 12000 as before.
    runs = made.table("runs", step="clear")
    assert runs["objective"].tolist() == pytest.approx([26_400.0, 36_000.0])
    dispatch = made.table("dispatch", step="clear", columns=["unit", "mw", "on"])
    peaker = dispatch[dispatch["unit"] == "Peaker"]
    assert peaker["on"].tolist() == [False, False, False, True, True, True, False, True]
    assert peaker["mw"].tolist() == pytest.approx([0, 0, 0, 20, 20, 20, 0, 20])
    state = made.run("base", str(DAYS[1])).case.units.set_index("unit")
    assert state["initial_hours"].to_dict() == {"Base": 48.0, "Peaker": 6.0}
    assert state["initial_mw"].to_dict() == {"Base": 100.0, "Peaker": 20.0}


def test_independent_days_begin_as_their_cases_say(tmp_path: Path) -> None:
    runs = _study(tiny.spanning(), tmp_path).table("runs", step="clear")
    assert runs["objective"].tolist() == pytest.approx([26_400.0, 26_400.0])


def test_chain_is_that_of_clear_calls(tmp_path: Path) -> None:
    made = _study(tiny.spanning(), tmp_path, chain="rolling")
    first = cf.clear(tiny.spanning())
    units = tiny.spanning().units.assign(initial_hours=[48.0, 6.0], initial_mw=[100.0, 20.0])
    second = cf.clear(repeated(tiny.spanning(), DAYS[1]).replace(units=units))
    assert made.run("base", str(DAYS[0])).id == first.id
    assert made.run("base", str(DAYS[1])).id == second.id


@pytest.mark.slow
def test_look_ahead_starts_what_pays_on_two_days(tmp_path: Path) -> None:
    made = _study(tiny.starting(), tmp_path, chain="rolling", look_ahead_hours=24)
    # Cheap saves 100 MW x 5 x 24 h = 12000 a day: less than its start of 20000, more on two days.
    # Day 1: 20000 + 100 MW x 5 x 24 h; day 2, where it runs already: 12000.
    runs = made.table("runs", step="clear")
    assert runs["objective"].tolist() == pytest.approx([32_000.0, 12_000.0])
    first = made.run("base", str(DAYS[0]))
    assert len(first.case.interval_starts) == 4
    assert first.manifest["look_ahead"]["hours"] == 24
    assert first.manifest["look_ahead"]["objective"] == pytest.approx(44_000.0)
    assert first.manifest["parent"] is None
    cf.validate(first)


def test_without_look_ahead_it_never_pays(tmp_path: Path) -> None:
    runs = _study(tiny.starting(), tmp_path, chain="rolling").table("runs", step="clear")
    assert runs["objective"].tolist() == pytest.approx([24_000.0, 24_000.0])


def test_stored_energy_is_carried(tmp_path: Path) -> None:
    storage = pd.DataFrame(
        {"storage": ["S"], "charge_mw": [10.0], "discharge_mw": [10.0], "energy_max": [240.0]}
    )
    case = tiny.spanning().replace(storage=storage.assign(bus="A", initial_mwh=200.0))
    made = _study(case, tmp_path, chain="rolling")
    last = made.run("base", str(DAYS[0])).storage_schedule["energy_mwh"].iloc[-1]
    assert made.run("base", str(DAYS[1])).case.storage["initial_mwh"].tolist() == [last]


@pytest.mark.parametrize(
    ("on", "before", "hours"),
    [
        ([0, 1, 1], -5.0, 12.0),
        ([1, 1, 0], 5.0, -6.0),
        ([1, 1, 1], 5.0, 23.0),
        ([0, 0, 0], -5.0, -23.0),
        ([1, 1, 1], -5.0, 18.0),
        ([1, 1, 1], float("nan"), 18.0),
    ],
)
def test_hours_in_state(on: list[int], before: float, hours: float) -> None:
    assert hours_in_state(np.array(on, dtype=bool), 6.0, before) == hours


def test_budget_of_a_day_is_what_is_left() -> None:
    limits = pd.DataFrame({"unit": ["Base"], "day": [pd.Timestamp(DAYS[0])], "max_mwh": [1900.0]})
    whole = tiny.spanning().replace(energy_limits=limits)
    morning = part(whole, whole.meta.start, pd.Timedelta(hours=12))
    rest = part(whole, whole.interval_starts[2], pd.Timedelta(hours=12))
    assert len(morning.interval_starts) == len(rest.interval_starts) == 2
    # 80 MW for 12 hours are 960 MWh of 1900.
    after = carried(rest, cf.clear(morning))
    assert after.energy_limits["max_mwh"].tolist() == pytest.approx([940.0])


def test_a_gap_breaks_the_chain() -> None:
    with pytest.raises(cf.errors.InputError, match="days of a chain follow"):
        carried(repeated(tiny.spanning(), DAYS[2]), cf.clear(tiny.spanning()))


def test_joined_and_cut_again_is_the_same() -> None:
    days = [repeated(tiny.starting(), day) for day in DAYS]
    whole = joined(days)
    assert whole.meta.intervals == 12
    cut = part(whole, days[1].meta.start, pd.Timedelta(hours=24))
    assert cut.replace(name=days[1].meta.name) == days[1]


def test_days_that_differ_in_more_than_series_are_not_joined() -> None:
    other = repeated(tiny.starting(), DAYS[1])
    other = other.replace(offers=other.offers.assign(price=[6.0, 10.0]))
    with pytest.raises(cf.errors.InputError, match="not the same on every day"):
        joined([tiny.starting(), other])


def test_a_day_of_the_clock_change_is_no_repetition() -> None:
    content = {
        "name": "clock",
        "days": {"source": "pjm5", "start": "2024-03-09", "end": "2024-03-10"},
    }
    with pytest.raises(cf.errors.InputError, match=r"2024-03-10 has another number of hours"):
        cf.study(content, processes=False)


@pytest.mark.slow
def test_rolling_windows_of_one_case() -> None:
    """Two days as one case: with a look-ahead, the cheap unit starts at once."""
    two = joined([repeated(tiny.starting(), day) for day in DAYS[:2]])
    apart = clear_rolling(two, 24.0)
    assert apart.objective == pytest.approx(48_000.0)
    ahead = clear_rolling(two, 24.0, 24.0)
    assert ahead.objective == pytest.approx(44_000.0)
    told = ahead.manifest["rolling"]["windows"]
    assert [w["objective"] for w in told] == pytest.approx([32_000.0, 12_000.0])
    assert ahead.manifest["parent"] is None
    assert ahead.dispatch["interval_start"].nunique() == 8
    cf.validate(ahead)


def test_rolling_keeps_minimum_times() -> None:
    two = joined([repeated(tiny.spanning(), day) for day in DAYS[:2]])
    run = clear_rolling(two, 24.0)
    # The two days of the chain above.
    assert run.objective == pytest.approx(26_400.0 + 36_000.0)
    with pytest.raises(cf.errors.InputError, match="whole intervals"):
        clear_rolling(two, 7.0)


def test_rolling_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = joined([repeated(tiny.starting(), day) for day in DAYS[:2]])
    case = str(tiny.written(two, tmp_path / "case"))
    arguments = ["clear", case, "--rolling", "24", "--look-ahead", "24", "--json"]
    assert invoke(arguments) == 0
    manifest = json.loads(capsys.readouterr().out)["manifest"]
    assert manifest["objective"] == pytest.approx(44_000.0)
    assert len(manifest["rolling"]["windows"]) == 2
    assert invoke(["clear", case, "--look-ahead", "24"]) == 1
