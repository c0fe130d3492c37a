"""Reference levels of every unit and component: the methods, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.rulebook.book import RuleBook
from cases.rulebook.references import ReferenceRules
from cases.run import Run
from cases.tables.schema import RUN_TABLES, conform
from mitigation.components import kind_of
from mitigation.references.evidence import Evidence, gathered
from mitigation.references.opportunity import storage_levels
from mitigation.references.unit_levels import Key, Row, day_levels

__all__ = ["reference_levels"]


def reference_levels(
    run: Run | Case, *, rules: ReferenceRules | None = None, earlier: Sequence[Run] = ()
) -> pd.DataFrame:
    """Reference levels of every unit and component of a market day.

    Components: energy by block (money per MWh; from 0 MW to p_max, never falling), min_generation
    (money per MWh at p_min, no-load included), no_load (money per hour), startup by tier and
    shutdown (money per event), reserve:PRODUCT (money per MW and hour), param:NAME (in the unit of
    that column of ``units``), and discharge and charge of storage units (money per MWh).

    For each, the first method of ``rules.order`` that has enough data holds. ``rules.method``, and
    under ``rules.choice`` = participant the method that the case's ``reference_choices`` name,
    come before the others. What no method has comes from comparable units. Energy is put together
    MW by MW, so that blocks that were never accepted take the next method. Every row says its
    method, the methods before it that had nothing, the number of samples and the hash of its
    inputs.

    Parameters
    ----------
    run
        A run, or a case before it is cleared; opportunity costs need a run.
    rules
        How levels are made; default: the rulebook of the run.
    earlier
        Runs of earlier days: their offers, awards, prices and fuel prices extend the look-back
        tables ``offer_history`` and ``price_history`` of the case. Of a run and its mitigated
        child only the child counts.

    Returns
    -------
    DataFrame
        The run table ``reference_levels``. A blank ``interval_start`` holds in every interval;
        levels that change from day to day, with fuel prices or energy limits, have a row for each
        interval. A component without any level has a NaN price and the method "none".

    Raises
    ------
    InputError
        Units for which a component of ``rules.required`` has no reference, each with what is
        missing; an interval in two of the earlier runs; an unknown working calendar.
    """
    case = run.case if isinstance(run, Run) else run
    if rules is None:
        book = run.rulebook if isinstance(run, Run) else RuleBook.load()
        rules = book.mitigation.reference
    evidence = gathered(run, rules, earlier)
    starts = case.interval_starts
    days: list[date] = sorted(set(starts.date))
    by_day = {day: day_levels(evidence, day) for day in days}
    _require(evidence, by_day[days[0]])
    rows: list[dict[str, object]] = []
    for key, first in by_day[days[0]].items():
        if all(by_day[day].get(key) == first for day in days[1:]):
            rows += _cells(key, first, pd.NaT)
            continue
        for stamp in starts:
            rows += _cells(key, by_day[stamp.date()].get(key, []), stamp)
    table = RUN_TABLES["reference_levels"]
    frame = pd.DataFrame(rows, columns=list(table.names))
    frame["interval_start"] = pd.to_datetime(frame["interval_start"], utc=True)
    levels = conform(table, frame, case.meta.timezone)
    stored = storage_levels(evidence)
    if len(stored):
        levels = pd.concat([levels, conform(table, stored, case.meta.timezone)], ignore_index=True)
    return levels


def _cells(key: Key, rows: Sequence[Row], stamp: object) -> list[dict[str, object]]:
    unit, component = key
    return [
        {
            "unit": unit,
            "interval_start": stamp,
            "component": component,
            "segment": row.segment,
            "mw": row.level.mw,
            "after_hours_off": row.hours,
            "price": row.level.price,
            "method": row.level.method,
            "sample": row.level.sample,
            "inputs_hash": row.level.inputs_hash,
            "note": row.level.note,
        }
        for row in rows
    ]


def _require(evidence: Evidence, levels: dict[Key, list[Row]]) -> None:
    """Raise for every unit that lacks the reference of a component that must have one."""
    lines = {name: k for k, name in enumerate(evidence.case.units["unit"], start=2)}
    failures = [
        Failure(
            "units",
            lines[unit],
            "unit",
            "missing_reference",
            f"unit {unit} has no reference for {component}: {row.level.note}",
        )
        for (unit, component), rows in levels.items()
        for row in rows
        if row.level.method == "none" and kind_of(component) in evidence.rules.required
    ]
    if failures:
        raise InputError(failures)
