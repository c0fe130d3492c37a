"""``counterflow sql``: a query over the tables of a study or a run."""

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json, bad


def run(
    folder: Annotated[Path, typer.Argument(metavar="STUDY|RUN", help="A study or a run folder.")],
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="SQL. [default: name the tables]")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write a .csv or .parquet file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the tables of a study or a run in SQL (DuckDB); without a query, name the tables."""
    if output is not None and output.suffix not in (".csv", ".parquet"):
        raise bad("usage", f"-o takes a .csv or .parquet file, not {output}")
    if output is not None and output.exists():
        raise bad("exists", f"{output} exists already: it is never overwritten, name another")

    import pandas as pd

    from cases.files.sheets import write_sheet
    from counterflow import console
    from counterflow.studies.sql import query_tables, table_names

    if query is None:
        answer = pd.DataFrame({"table": table_names(folder)})
    else:
        answer = query_tables(folder, query)
    if output is not None:
        if output.suffix == ".csv":
            write_sheet(answer, output)
        else:
            answer.to_parquet(output, index=False)
    if as_json:
        console.print_json({"ok": True, "file": output, "rows": answer})
        return
    headings = {str(name): str(name) for name in answer.columns}
    page = console.out()
    page.print(console.table(answer.rename(columns=str), "", headings, limit=200))
    if output is not None:
        page.print(f"\n{len(answer)} rows written to {output}", markup=False)
