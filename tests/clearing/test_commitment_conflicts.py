"""No schedule: exit 2, with the limits that stand in each other's way by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke

HOURS = pd.date_range("2030-03-05T00:00:00Z", periods=5, freq="h")


@pytest.fixture
def case() -> cf.Case:
    """A must be off in one hour between two of its own schedule, and stay off for three."""
    tables = {
        "buses": {"bus": ["b"]},
        "units": {
            "unit": ["A", "B"],
            "bus": "b",
            "p_min": [20.0, 0.0],
            "p_max": [100.0, 200.0],
            "min_down": [3.0, 0.0],
        },
        "offers": {"unit": ["A", "B"], "segment": 1, "mw": [100.0, 200.0], "price": [10.0, 30.0]},
        "commitment_offers": {"unit": ["A"], "component": ["startup"], "price": [100.0]},
        "self_schedules": {"interval_start": HOURS, "A": [30.0, 0.0, 30.0, 30.0, 30.0]},
        "loads": {"load": ["L"], "bus": ["b"]},
        "demand": {"interval_start": HOURS, "L": [100.0] * 5},
    }
    meta = {"name": "stuck", "start": HOURS[0].isoformat(), "intervals": len(HOURS)}
    return cf.Case.build(meta, {name: pd.DataFrame(table) for name, table in tables.items()})


def test_the_limits_in_conflict_are_named(case: cf.Case) -> None:
    with pytest.raises(cf.NoClearing) as told:
        cf.clear(case)
    assert told.value.exit_code == 2
    assert told.value.conflicts
    assert all(name.startswith("minimum_down[A,") for name in told.value.conflicts)


def test_the_command_ends_with_2_and_writes_nothing(
    case: cf.Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.write(tmp_path / "case")
    assert invoke(["clear", str(tmp_path / "case"), "-o", str(tmp_path / "run")]) == 2
    assert "minimum_down[A," in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_without_the_schedule_the_day_clears(case: cf.Case) -> None:
    run = cf.clear(case.replace(self_schedules=case.self_schedules.iloc[:0]))
    assert run.manifest["status"] == "optimal"
