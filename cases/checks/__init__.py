"""Checks of a case: the schema of each table, then what must hold between tables.

Each check appends what it finds, so that one pass reports everything. Checks that need the
result of others (demand against supply) run where those found nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cases.checks.commitment import check_commitment
from cases.checks.context import Context
from cases.checks.custom import check_custom
from cases.checks.grid import check_grid
from cases.checks.offers import check_offers
from cases.checks.owners import check_owners
from cases.checks.quantities import check_quantities
from cases.checks.reference_data import check_reference_data
from cases.checks.references import check_references
from cases.checks.reserve_supply import check_reserve_supply
from cases.checks.reserves import check_reserves
from cases.checks.schema import check_schema
from cases.checks.supply import check_supply
from cases.checks.time import check_time
from cases.errors import Failure
from cases.files.convert import Source
from cases.meta import CaseMeta
from cases.tables.schema import CASE_TABLES

__all__ = ["check_tables"]


def check_tables(
    meta: CaseMeta | None,
    tables: dict[str, pd.DataFrame],
    sources: Mapping[str, Source],
    given: set[str],
    broken: set[str],
    failures: list[Failure],
) -> list[Failure]:
    """Append every failure to `failures`; return what is only worth a warning.

    `given` tables were found and could be read, `broken` ones were found but not read. Wide tables
    are put into the order of their units or loads and of the intervals.
    """
    missing = {name for name, table in CASE_TABLES.items() if table.required} - given - broken
    for name in sorted(missing, key=list(CASE_TABLES).index):
        failures.append(sources[name].file_failure("missing_table", "the table is missing"))
    incomplete = {
        name
        for name in given
        if sources[name].partial
        or any(c.required and c.name not in tables[name] for c in CASE_TABLES[name].columns)
        or any(f.file == sources[name].file and f.rule == "missing_column" for f in failures)
    }
    context = Context(meta, tables, sources, missing | broken | incomplete, failures)
    for name in ("buses",):
        if name in given and not len(tables[name]) and name not in incomplete:
            context.fail_file(name, None, "empty", "the table must have at least one row")
            context.unusable.add(name)
    check_schema(context)
    check_references(context)
    check_time(context)
    check_offers(context)
    check_quantities(context)
    check_reserves(context)
    check_commitment(context)
    check_custom(context)
    check_grid(context)
    check_owners(context)
    check_reference_data(context)
    if not failures and meta is not None:
        _align(tables, meta)
        check_supply(context)
        check_reserve_supply(context)
    order = {source.file: number for number, source in enumerate(sources.values())}
    failures.sort(key=lambda f: (order.get(f.file, -1), f.row or 0))
    return context.warnings


def _align(tables: dict[str, pd.DataFrame], meta: CaseMeta) -> None:
    """Order the columns of wide tables as their units or loads, the rows as the intervals."""
    for name, table in CASE_TABLES.items():
        if table.wide is None:
            continue
        frame = tables[name]
        ids = tables[{"unit": "units", "load": "loads"}[table.wide]][table.wide]
        there = set(frame.columns)
        columns = ["interval_start", *(name for name in ids.tolist() if name in there)]
        if len(columns) == 1 and not table.required:
            frame = frame.iloc[:0]
        if frame.columns.tolist() != columns:
            frame = frame[columns]
        if not frame["interval_start"].is_monotonic_increasing:
            frame = frame.sort_values("interval_start", ignore_index=True)
        tables[name] = frame
