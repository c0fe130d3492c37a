"""The tables of a study: one file per table, step and day, in folders that say what it is of.

``tables/<table>/scenario=.../step=.../rulebook=.../month=.../<day>.parquet``; every file has the
columns scenario, step, rulebook and day too. A file is written by the step it belongs to, whole or
not at all, so that workers never wait for each other and the bytes do not depend on their number.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cases import Run
from cases.tables.columns import Table
from cases.tables.schema import RUN_TABLES, arrow_field
from counterflow.studies.folders import Folders, write_whole
from counterflow.studies.plan import Step

__all__ = ["OWN_COLUMNS", "empty_tables", "of_day", "read_days", "run_facts", "write_tables"]

OWN_COLUMNS: Final = ("scenario", "step", "rulebook", "day")
_LEFT_OUT: Final = ("program_rows",)
"""Tables that serve the model of a run alone."""


def write_tables(folders: Folders, step: Step, facts: dict[str, Any] | None) -> None:
    """Append the rows of a finished step: those of its folder, and its facts as table ``runs``."""
    for path in sorted(folders.run(step.id).glob("*.parquet")):
        if path.stem in _LEFT_OUT:
            continue
        table = pq.ParquetFile(path).read(use_threads=False)
        if table.num_rows:
            _write(folders, path.stem, step, table)
    if facts is not None:
        _write(folders, "runs", step, pa.Table.from_pylist([facts], schema=_FACTS))


def _write(folders: Folders, name: str, step: Step, table: pa.Table) -> None:
    values = (step.scenario, step.kind, step.book, step.day)
    kinds = (pa.string(), pa.string(), pa.string(), pa.date32())
    for column, value, kind in zip(OWN_COLUMNS, values, kinds, strict=True):
        if column in table.column_names:
            # A table of the run has a column of that name (`energy_budgets.day`): the study's is
            # the day of the market, and the run's own stays beside it.
            names = [f"run_{n}" if n == column else n for n in table.column_names]
            table = table.rename_columns(names)
        table = table.append_column(column, pa.array([value] * table.num_rows, type=kind))
    data = io.BytesIO()
    pq.write_table(table, data, compression="zstd")
    write_whole(folders.rows(name, step), data.getvalue())


_FACTS: Final = pa.schema(
    [
        ("run_id", pa.string()),
        ("parent", pa.string()),
        ("status", pa.string()),
        *((name, pa.float64()) for name in ("objective", "gap", "price", "load_payment")),
        *((name, pa.float64()) for name in ("generation_revenue", "production_cost", "uplift")),
        ("merchandising_surplus", pa.float64()),
        ("units_mitigated", pa.int64()),
        ("components_mitigated", pa.int64()),
    ]
)


def run_facts(run: Run) -> dict[str, Any]:
    """One row about a run: the columns of table ``runs``, beside those of every table."""
    from counterflow.tables.money import average_price, run_money, uplift_total

    money = run_money(run)
    done = run.decisions[run.decisions["action"] == "mitigated"]
    known = {
        "run_id": run.id,
        "parent": run.manifest["parent"],
        "status": run.manifest["status"],
        "gap": run.manifest["gap"],
        "price": average_price(run),
        "uplift": uplift_total(run),
        "units_mitigated": int(done["unit"].nunique()),
        "components_mitigated": len(done),
    }
    return {**{name: money[name] for name in money if name in _FACTS.names}, **known}


def read_days(
    folders: Folders,
    table: str,
    *,
    scenario: str | None = None,
    step: str | None = None,
    rulebook: str | None = None,
    days: Iterable[dt.date] | None = None,
    columns: list[str] | None = None,
) -> pd.DataFrame:
    """Rows of a table, by what its folders say; only these files and columns are read."""
    parts = [("scenario", scenario), ("step", step), ("rulebook", rulebook)]
    place = "/".join(f"{name}={'*' if value is None else value}" for name, value in parts)
    if days is None:
        files = sorted((folders.tables / table).glob(f"{place}/month=*/*.parquet"))
    else:
        names = [f"{place}/month={day:%Y-%m}/{day}.parquet" for day in days]
        files = sorted(f for name in names for f in (folders.tables / table).glob(name))
    found = [pq.ParquetFile(f).read(columns=columns, use_threads=False) for f in files]
    if not found:
        return pd.DataFrame(columns=columns or [])
    whole = pa.concat_tables(found, promote_options="permissive").replace_schema_metadata(None)
    frame: pd.DataFrame = whole.to_pandas(types_mapper=_TYPES.get)
    return frame


_TYPES: Final = {pa.string(): pd.StringDtype("pyarrow", na_value=float("nan"))}


def of_day(frame: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """The rows of one day, as the run has them."""
    rows = frame[frame["day"] == day].drop(columns=list(OWN_COLUMNS))
    names = {f"run_{name}": name for name in OWN_COLUMNS if f"run_{name}" in rows}
    return rows.rename(columns=names).reset_index(drop=True)


def empty_tables() -> dict[str, pa.Table]:
    """Every table that runs have, without rows: what a query sees where no step had any."""
    found = {}
    for name, table in RUN_TABLES.items():
        if name not in _LEFT_OUT:
            found[name] = _empty(table)
    own = zip(OWN_COLUMNS, (pa.string(),) * 3 + (pa.date32(),), strict=True)
    found["runs"] = pa.schema([*_FACTS, *(pa.field(n, k) for n, k in own)]).empty_table()
    return found


def _empty(table: Table) -> pa.Table:
    fields = []
    for column in table.columns:
        field = arrow_field(column, "UTC", column.name)
        fields.append(
            field.with_name(f"run_{column.name}") if column.name in OWN_COLUMNS else field
        )
    own = zip(OWN_COLUMNS, (pa.string(),) * 3 + (pa.date32(),), strict=True)
    return pa.schema([*fields, *(pa.field(n, k) for n, k in own)]).empty_table()
