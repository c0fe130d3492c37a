"""``counterflow tables``: the market monitor's tables of one run or of many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json, bad, read_run

_TITLES = {
    "verdict": "Is market structure competitive?",
    "concentration": "Concentration (HHI)",
    "pivotal_together": "Pivotal suppliers of the whole market, together",
    "pivotal_alone": "Pivotal suppliers of the whole market, alone",
    "relief_detail": "Three pivotal suppliers, averages by constraint",
    "relief_summary": "Three pivotal suppliers, tests by constraint",
    "congestion": "Congested hours by verdict on the constraint",
    "conduct": "Conduct tests by component and area",
    "output_gap": "Output gap by percent of the conduct threshold",
    "markup": "Markup index of marginal units by fuel and offer price",
    "markup_in_prices": "Markup in the load-weighted LMP, money per MWh",
    "markup_by_fuel": "Markup contributions by fuel, money per MWh",
    "markup_by_owner": "Markup contributions by owner, money per MWh",
    "capping": "Offer capping, hours and MWh",
    "capped_units": "Units by hours capped",
    "capping_distribution": "Units by share of run hours capped and hours capped",
    "marginal_by_owner": "Marginal units by owner",
    "marginal_by_fuel": "Marginal units by fuel",
    "funnel": "From structure to conduct to impact to mitigation",
    "mitigated": "Decisions by component",
}


def run(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...|STUDY", help="Run folders, or one study.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write one CSV file per table there."),
    ] = None,
    only: Annotated[
        str, typer.Option("--only", metavar="NAME,...", help="These tables and no others.")
    ] = "",
    scenario: Annotated[
        str | None, typer.Option("--scenario", metavar="NAME", help="Of a study: this one alone.")
    ] = None,
    rulebook: Annotated[
        str | None,
        typer.Option("--rulebook", metavar="NAME", help='Of a study: this one ("": as cleared).'),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the monitor's tables: structure, conduct, performance, capping, funnel.

    Of a study they are made month by month, every scenario and rulebook beside the others, after
    what the month cleared at, its money, its congestion and who was pivotal in how many hours.
    """
    from cases.files.convert import nearest
    from counterflow import console
    from counterflow.studies.monthly import STUDY_TABLES
    from counterflow.tables.monitor_tables import MonitorTables, monitor_tables

    of_study = [folder for folder in runs if (folder / "study.json").is_file()]
    if of_study and len(runs) > 1:
        raise bad("usage", f"{of_study[0]} is a study: give it alone")
    if not of_study and (scenario, rulebook) != (None, None):
        raise bad("usage", "--scenario and --rulebook choose from a study: there is none")
    titles = {**STUDY_TABLES, **_TITLES} if of_study else _TITLES
    wanted = [name.strip() for name in only.split(",") if name.strip()] or list(titles)
    for name in wanted:
        if name not in titles:
            raise bad("unknown_table", f"there is no table {name}{nearest(name, titles)}")
    if output is not None and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise bad("exists", f"{output} exists already and is not empty: name another")
    if of_study:
        from counterflow.studies.monthly import monthly_tables

        made = monthly_tables(of_study[0], scenario=scenario, rulebook=rulebook, only=wanted)
    else:
        made = monitor_tables([read_run(folder) for folder in runs])
    found = MonitorTables(
        {name: made.tables[name] for name in wanted if name in made.tables},
        {name: made.notes[name] for name in wanted if name in made.notes},
    )
    files = found.write(output) if output is not None else []
    if as_json:
        rows = {name: table.to_dict("records") for name, table in found.tables.items()}
        console.print_json({"ok": True, "tables": rows, "notes": found.notes, "files": files})
        return
    page = console.out()
    for name, table in found.tables.items():
        headings = {column: column.replace("_", " ") for column in table.columns}
        page.print(console.table(table, titles[name], headings, digits=4, limit=20))
        page.print()
    for name, why in found.notes.items():
        page.print(f"{titles[name]}: {why}", markup=False)
    for path in files:
        page.print(f"written: {path}", markup=False)
