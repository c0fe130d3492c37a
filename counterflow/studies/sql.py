"""SQL over the tables of a study or a run: DuckDB, which reads the Parquet files where they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cases import InputError
from cases.tables.schema import CASE_TABLES
from counterflow.studies.folders import Folders
from counterflow.studies.ledger import Ledger
from counterflow.studies.tables import empty_tables

if TYPE_CHECKING:
    import duckdb

__all__ = ["query_tables", "table_names"]


def query_tables(folder: str | Path, query: str) -> pd.DataFrame:
    """Answer a query over a study or a run.

    A study has every table of section "tables" of its runs and statements, with the columns
    scenario, step, rulebook and day, and ``runs``, one row per run, and ``tasks``, its ledger. A
    run has its own tables, and those of its case as ``case_<table>``. Times are in UTC.

    Raises
    ------
    InputError
        There is no study and no run, or DuckDB cannot answer the query, in its words.
    """
    import duckdb

    path = Path(folder)
    with duckdb.connect() as base:
        base.execute("set timezone = 'UTC'")
        if (path / "study.json").is_file():
            _open_study(base, path)
        elif (path / "manifest.json").is_file():
            _open_run(base, path)
        else:
            message = f"{path} is neither a study nor a run"
            raise InputError.one("", None, None, "no_tables", message)
        try:
            answer = base.sql(query)
            found: pd.DataFrame = pd.DataFrame() if answer is None else answer.df()
            return found
        except duckdb.Error as error:
            raise InputError.one("", None, None, "sql", str(error).strip()) from None


def table_names(folder: str | Path) -> list[str]:
    """Names of the tables that a query over a study or a run can name."""
    found = query_tables(folder, "select table_name from information_schema.tables order by all")
    return [str(name) for name in found["table_name"]]


def _open_study(base: duckdb.DuckDBPyConnection, path: Path) -> None:
    folders = Folders(path)
    there = {p.name for p in folders.tables.glob("*") if any(p.rglob("*.parquet"))}
    for name in sorted(there):
        files = folders.tables / name / "*" / "*" / "*" / "*" / "*.parquet"
        _view(base, name, f"read_parquet({_text(files)}, hive_partitioning = false, "
                          "union_by_name = true)")  # fmt: skip
    for name, table in empty_tables().items():
        if name not in there:
            base.register(name, table)
    ledger = Ledger(path / "ledger.sqlite")
    try:
        base.register("tasks", ledger.frame())
    finally:
        ledger.close()


def _open_run(base: duckdb.DuckDBPyConnection, path: Path) -> None:
    for file in sorted(path.glob("*.parquet")):
        _view(base, file.stem, f"read_parquet({_text(file)})")
    for file in sorted((path / "case").glob("*.parquet")):
        if file.stem in CASE_TABLES:
            _view(base, f"case_{file.stem}", f"read_parquet({_text(file)})")


def _view(base: duckdb.DuckDBPyConnection, name: str, source: str) -> None:
    base.execute(f'create view "{name}" as select * from {source}')


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
