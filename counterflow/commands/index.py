"""``counterflow index``: price indices and market statistics of a study or of runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import For, Json, Seen, bad

if TYPE_CHECKING:
    from cases import Run


def run(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="STUDY|RUN...", help="A study, run folders, or folders of them."),
    ],
    place: Annotated[
        str, typer.Option("--place", help="Bus, hub or zone. [default: the whole market]")
    ] = "",
    weighting: Annotated[
        str, typer.Option("--weighting", help="load (what the place takes), system or time.")
    ] = "load",
    block: Annotated[
        str, typer.Option("--block", help="all, or a block of the rulebook: base, mid, peak.")
    ] = "all",
    period: Annotated[str, typer.Option("--period", help="interval, day or month.")] = "day",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="Constituents and weights as CSV; with --statistics a folder of tables.",
        ),
    ] = None,
    statistics: Annotated[
        bool,
        typer.Option(
            "--statistics",
            help="Tables by month: supply and demand, shares, concentration, cover, congestion, "
            "prices.",
        ),
    ] = False,
    contracts: Annotated[
        Path | None,
        typer.Option("--contracts", metavar="PATH", help="With --statistics: for the cover."),
    ] = None,
    futures: Annotated[
        Path | None,
        typer.Option("--futures", metavar="PATH", help="With --statistics: for the cover."),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="With a study: whose runs.")
    ] = None,
    rulebook: Annotated[
        str, typer.Option("--rulebook", metavar="NAME", help="With a study: days as mitigated.")
    ] = "",
    who: For = None,
    moment: Seen = None,
    as_json: Json = False,
) -> None:
    """Price index of the day-ahead market, with its definition and what it was made from."""
    from cases.files.folders import new_file
    from cases.files.sheets import write_sheet
    from counterflow import console
    from settlement.index import IndexDefinition, price_index

    ahead = day_ahead_runs(runs, scenario, rulebook)
    if statistics:
        tables = {"contracts": contracts, "futures": futures}
        _statistics(ahead, tables, output, who, moment, as_json=as_json)
        return
    if contracts is not None or futures is not None:
        raise bad("usage", "--contracts and --futures need --statistics")
    name = f"{place or 'market'} {block} {period}"
    definition = IndexDefinition(name, place, weighting, block, period)  # type: ignore[arg-type]
    index = price_index(ahead, definition)
    values = index.values
    if who is not None:
        from settlement.disclosure import Viewer, shown_periods

        viewer = Viewer.of(who, moment)
        if output is not None and viewer.kind != "monitor":
            raise bad("for", "constituents hold what single places take: for the monitor only")
        rules = ahead[0].rulebook.settlement.disclosure
        values = shown_periods(values, viewer, rules.indices_days, ahead[0].case.meta.timezone)
    if output is not None:
        with new_file(output) as part:
            write_sheet(index.constituents, part)
    if as_json:
        console.print_json(
            {
                "ok": True,
                "definition": {"place": place, "weighting": weighting, "block": block,
                               "period": period},
                "values": values,
                "file": output,
            }
        )  # fmt: skip
        return
    table = values.astype({"value": float})
    columns = {"period": "period", "value": "price", "weight": "MWh or hours"}
    title = f"{place or 'whole market'}, weighed by {weighting}, block {block}"
    console.out().print(console.table(table, title, columns))
    if output is not None:
        console.out().print(f"\nwritten to {output}", markup=False)


def day_ahead_runs(texts: list[str], scenario: str | None, rulebook: str) -> list[Run]:
    """Runs of the day-ahead market: of a study (the last version of each day), or as named."""
    from counterflow.commands.settle_month import runs_of
    from counterflow.studies.month import is_study, study_runs

    if len(texts) == 1 and is_study(Path(texts[0])):
        study = study_runs(texts[0], None, scenario=scenario, rulebook=rulebook)
        last = "rerun" if rulebook else "initial"
        return [item for item in study.runs if study.versions.get(item.id) == last]
    if scenario is not None or rulebook:
        raise bad("usage", "--scenario and --rulebook are of a study; name the runs instead")
    found, _ = runs_of(texts)
    return [item for item in found if item.settings.get("market") != "rt"] or found


def _statistics(
    runs: list[Run],
    paths: dict[str, Path | None],
    output: Path | None,
    who: str | None,
    moment: str | None,
    *,
    as_json: bool,
) -> None:
    from counterflow import console
    from counterflow.commands.settle_month import read_given
    from counterflow.tables.market_statistics import TABLES, market_statistics

    if not runs:
        raise bad("runs", "no runs to make statistics of")
    zone = runs[0].case.meta.timezone
    given = read_given(zone, **paths)
    known = ("contracts", "contract_curves", "frozen_curves", "futures")
    found = market_statistics(runs, **{n: t for n, t in given.items() if n in known})
    if who is not None:
        from counterflow.tables.market_statistics import shown_to
        from settlement.disclosure import Viewer

        days = runs[-1].rulebook.settlement.disclosure.statistics_days
        found = shown_to(found, Viewer.of(who, moment), days, zone)
    if output is not None:
        found.write(output)
    if as_json:
        tables = {name: getattr(found, name) for name in TABLES}
        console.print_json({"ok": True, "folder": output, **tables})
        return
    page = console.out()
    for name in TABLES:
        table = getattr(found, name)
        if len(table):
            headings = {column: column for column in table.columns}
            page.print(console.table(table, name.replace("_", " "), headings, limit=40))
            page.print()
    if output is not None:
        page.print(f"written to {output}", markup=False)
