"""One page of a run's decisions, filtered and ordered by DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from cases import Run
from counterflow.pages.audience import Audience, disclosed

__all__ = ["FILTERS", "PAGE", "decisions_page"]

FILTERS: Final = ("unit", "owner", "component", "action", "constraint")
PAGE: Final = 100
"""Rows of a page."""
_COLUMNS: Final = (
    "interval_start, unit, owner, component, action, offered, reference, conduct_limit, "
    'conduct_result, "constraint", rsi3, lmp_with_offer, lmp_with_reference, impact_result, rule_id'
)


def decisions_page(
    folder: Path, audience: Audience, filters: dict[str, str], page: int
) -> tuple[pd.DataFrame, int]:
    """Give rows of a page (from 0) and how many match; only what the reader may see is asked."""
    import duckdb

    chosen = {name: filters[name] for name in FILTERS if filters.get(name)}
    where = " and ".join(f'"{name}" = ?' for name in chosen) or "true"
    values = list(chosen.values())
    with duckdb.connect() as base:
        base.execute("set timezone = 'UTC'")
        if audience.kind == "monitor":
            source = "read_parquet(?)"
            given: list[object] = [str(folder / "decisions.parquet")]
        else:
            base.register("seen", disclosed(Run.read(folder), audience).decisions)
            source, given = "seen", []
        count = base.execute(f"select count(*) from {source} where {where}", [*given, *values])
        (total,) = count.fetchone() or (0,)
        rows = base.execute(
            f"select {_COLUMNS} from {source} where {where} order by interval_start nulls last, "
            f"unit, component, decision_id limit {PAGE} offset ?",
            [*given, *values, page * PAGE],
        ).df()
    return rows, int(total)
