"""Committed days on one bus, written by hand: every number of the run is given or summed here.

Nothing comes from the engine, and what commitment costs is counted unit by unit in plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from cases import Case, RuleBook, Run
from clearing.validation.validate import validate

Rows = list[dict[str, Any]]

START = pd.Timestamp("2030-01-01T00:00Z")


def day(
    units: Rows,
    offers: Mapping[str, float],
    demand: Sequence[float],
    *,
    minutes: int = 60,
    start: pd.Timestamp = START,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> Case:
    """Build a day on bus A: `offers` gives each unit one block up to p_max at a price."""
    starts = pd.date_range(start, periods=len(demand), freq=f"{minutes}min")
    p_max = {row["unit"]: row["p_max"] for row in units}
    blocks = [
        {"unit": unit, "segment": 1, "mw": p_max[unit], "price": price}
        for unit, price in offers.items()
    ]
    given = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "units": pd.DataFrame([{"bus": "A", **row} for row in units]),
        "offers": pd.DataFrame(blocks),
        "loads": pd.DataFrame({"load": ["D"], "bus": ["A"]}),
        "demand": pd.DataFrame({"interval_start": starts, "D": list(demand)}),
        **(tables or {}),
    }
    meta = {
        "name": "by hand",
        "start": start.isoformat(),
        "intervals": len(demand),
        "interval_minutes": minutes,
    }
    return Case.build(meta, given)


def run_by_hand(
    case: Case,
    mw: Mapping[str, Sequence[float]],
    *,
    on: Mapping[str, str],
    start: Mapping[str, str] | None = None,
    stop: Mapping[str, str] | None = None,
    extra: Mapping[str, Sequence[float]] | None = None,
    price: Sequence[float],
    other: float = 0.0,
    tables: Mapping[str, pd.DataFrame] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Write a run: `on`, `start`, `stop` have one 0 or 1 per interval, `extra` money on top.

    `extra` is no-load, start-up and shut-down money of a unit and interval; `other` is money of
    the objective that is in no unit's cost.
    """
    starts, ends = case.interval_starts, case.interval_ends
    hours = case.interval_hours
    flags = "0" * len(starts)
    offered = case.offers.set_index("unit")["price"]
    rows = []
    for t in range(len(starts)):
        for unit in case.units["unit"]:
            more = (extra or {}).get(unit, [0.0] * len(starts))[t]
            rows.append(
                {
                    "interval_start": starts[t],
                    "interval_end": ends[t],
                    "unit": unit,
                    "bus": "A",
                    "mw": mw[unit][t],
                    "available_mw": _available(case, unit, t),
                    "on": on[unit][t] == "1",
                    "start": (start or {}).get(unit, flags)[t] == "1",
                    "stop": (stop or {}).get(unit, flags)[t] == "1",
                    "cost": mw[unit][t] * offered[unit] * hours + more,
                }
            )
    stamps = {"interval_start": starts, "interval_end": ends}
    all_tables = {
        "dispatch": pd.DataFrame(rows),
        "load_awards": pd.DataFrame(
            {**stamps, "load": "D", "bus": "A", "mw": case.demand["D"], "bid_mw": 0.0}
        ),
        "prices": pd.DataFrame(
            {**stamps, "bus": "A", "lmp": price, "mec": price, "mcc": 0.0, "mlc": 0.0}
        ),
        "offers_used": pd.concat(
            [
                case.offers.assign(interval_start=s, source="submitted").astype({"segment": int})
                for s in starts
            ]
        ),
        **(tables or {}),
    }
    manifest = {
        "objective": sum(row["cost"] for row in rows) + other,
        "settings": {"commitment": True, "security": "none"},
        "status": "optimal",
    }
    rules = RuleBook.load("default").with_settings(dict(settings or {}))
    return Run(manifest, all_tables, case, rules)


def _available(case: Case, unit: str, t: int) -> float:
    if unit in case.availability:
        return float(case.availability[unit].iloc[t])
    return float(case.units.set_index("unit")["p_max"][unit])


def changed(run: Run, table: str, change: Callable[[pd.DataFrame], None]) -> Run:
    """Give the run with one table edited in place."""
    frame = run.tables[table].copy()
    change(frame)
    return Run(run.manifest, {**run.tables, table: frame}, run.case, run.rulebook)


def put(run: Run, table: str, column: str, value: object, **where: object) -> Run:
    """Give the run with another value in one cell; `at` is the number of the interval."""

    def change(frame: pd.DataFrame) -> None:
        mask = pd.Series(True, index=frame.index)
        for name, wanted in where.items():
            if name == "at":
                mask &= frame["interval_start"] == run.case.interval_starts[wanted]
            else:
                mask &= frame[name] == wanted
        assert mask.sum() == 1
        frame.loc[mask, column] = value

    return changed(run, table, change)


def other_case(run: Run, **tables: pd.DataFrame) -> Run:
    """Give the same results for another case."""
    return Run(run.manifest, dict(run.tables), run.case.replace(**tables), run.rulebook)


def found(run: Run) -> set[str]:
    """Names of the checks that find something."""
    return set(validate(run)["check"])
