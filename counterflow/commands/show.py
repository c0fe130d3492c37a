"""``counterflow show``: a cleared run in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.options import Json, RunFolder, bad, read_run

if TYPE_CHECKING:
    import pandas as pd

    from cases import Run
    from counterflow.tables.summary import Summary


def run(
    run: RunFolder,
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help="Rows of a table, such as reserves."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Most rows of --table to show.")
    ] = 40,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="COLUMN=VALUE",
            help="Rows of --table that meet it: =, !=, <, <=, >, >=; may be repeated.",
        ),
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", metavar="NAME,...", help="These columns of --table.")
    ] = "",
    latex: Annotated[
        bool, typer.Option("--latex", help="The rows of --table as a LaTeX table.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a run: prices by zone, what binds, commitment, reserves, money; or one of its tables.

    Of a mitigated run also what mitigation did.
    """
    if table is None and (where or columns or latex):
        raise bad("usage", "--where, --columns and --latex go with --table")
    from counterflow import console
    from counterflow.tables.security import security_text
    from counterflow.tables.summary import summarize

    found = read_run(run)
    if table is not None:
        rows = _rows(found, table, where or [], columns)
        print_table(table, rows, limit, latex=latex, as_json=as_json)
        return
    summary, secured = summarize(found), security_text(found)
    if as_json:
        told = {"ok": True, "manifest": found.manifest, "security": secured}
        console.print_json({**told, **summary.to_dict()})
        return
    print_summary(summary, found.manifest)
    console.out().print(secured, markup=False)
    if "mitigation" in found.manifest:
        print_mitigation(found)
    print_warnings(found.manifest["warnings"])


def _rows(run: Run, name: str, where: Sequence[str], columns: str) -> pd.DataFrame:
    """Rows and columns of a table of a run that were asked for.

    Raises InputError where no run has such a table, or the table no such column.
    """
    from cases.files.convert import nearest
    from cases.tables.schema import RUN_TABLES
    from counterflow.tables.filters import chosen

    if name not in RUN_TABLES:
        raise bad("unknown_table", f"no run has a table {name}{nearest(name, RUN_TABLES)}")
    wanted = [column.strip() for column in columns.split(",") if column.strip()]
    return chosen(name, getattr(run, name), where, wanted)


def print_table(
    name: str, rows: pd.DataFrame, limit: int, *, latex: bool = False, as_json: bool = False
) -> None:
    """Write rows of a table, all of them as JSON or LaTeX."""
    from counterflow import console

    if latex:
        from counterflow.tables.latex import latex_table

        console.out().print(latex_table(rows, name), markup=False)
        return
    if as_json:
        console.print_json({"ok": True, "table": name, "rows": rows.to_dict("records")})
        return
    if rows.empty:
        console.out().print(f"{name}: no rows", markup=False)
        return
    headings = {column: column for column in rows.columns}
    title = f"{name}: {console.count(len(rows), 'row')}"
    console.out().print(console.table(rows, title, headings, digits=4, limit=limit))


def print_mitigation(run: Run) -> None:
    """Write what mitigation did: by which rules, the funnel, what was replaced, with what effect.

    Prices and money before and after need the run before, which `mitigate` and `compare` show.
    """
    from counterflow import console
    from counterflow.tables.mitigation_summary import decision_rows

    page, done = console.out(), run.manifest["mitigation"]
    page.print()
    page.print(
        f"Mitigation: rulebook {run.rulebook.name}, profile {done['profile']}, impact "
        f"{done['impact']}, commitment {done['commitment']}, parent "
        f"{str(run.manifest['parent'])[:12]}",
        markup=False,
        style="bold",
    )
    funnel = _funnel(done["funnel"])
    page.print(console.table(funnel, "Components of offers", {"item": "item", "count": "count"}))
    rows = decision_rows(run)
    if rows.empty:
        page.print("Nothing failed: every offer stays as submitted.")
        return
    stamps = rows["interval_start"].astype(object)
    rows = rows.assign(
        interval_start=["all" if at != at else console.stamp(at) for at in stamps.tolist()]
    )
    headings = {"unit": "unit", "interval_start": "interval", "component": "component"}
    headings |= {"offered": "offered", "reference": "reference", "action": "action"}
    headings |= {"offer_used": "used", "money_effect": "money effect"}
    page.print(console.table(rows, "Failed conduct, or replaced", headings, limit=20))
    page.print("counterflow explain RUN --unit U --at T says why", markup=False)


def _funnel(funnel: Any) -> pd.DataFrame:
    """The funnel of a mitigated run: item, count."""
    import pandas as pd

    return pd.DataFrame([{"item": name, "count": count} for name, count in dict(funnel).items()])


def print_warnings(warnings: Sequence[str], limit: int = 10) -> None:
    """Write the warnings of a run to standard error: each once, many of a kind as a count.

    Limits that were exceeded have a table of their own in the summary.
    """
    from cases.warned import grouped
    from counterflow import console
    from counterflow.heard import hear, line_of

    page = console.err()
    shown = [text for text in grouped(warnings) if text.kind != "limit_exceeded" and hear(text)]
    for text in shown[:limit]:
        page.print(line_of(text), style="yellow", markup=False)
    if len(shown) > limit:
        page.print(f"{len(shown) - limit:,d} more warnings in the manifest", style="yellow")


def print_summary(summary: Summary, manifest: Mapping[str, Any]) -> None:
    """Write the tables of a summary."""
    from counterflow import console

    page = console.out()
    money = f"{summary.currency}"
    price = f"{summary.currency}/MWh"
    page.print(
        f"{summary.case}  {console.stamp(summary.start)} to {console.stamp(summary.end)}  "
        f"{console.count(summary.intervals, 'interval')}  "
        f"run {summary.run[:12]}",
        markup=False,
        style="bold",
    )
    status = manifest.get("status")
    if status not in (None, "", "optimal"):
        from cases import Proof

        proof = Proof.of(manifest)
        told = proof.text(summary.currency)
        said = f"proven {told}" if proof.gap is not None and proof.gap >= 0.0 else told
        page.print(f"status: {status}, {said}", markup=False, style="yellow")
    if (text := commitment_text(summary)) is not None:
        page.print(text, markup=False)
    page.print()
    zones = {
        "zone": "zone",
        "lmp_load_weighted": "load-weighted",
        "lmp_mean": "mean",
        "lmp_min": "least",
        "lmp_max": "largest",
        "mcc_mean": "congestion",
        "load_mwh": "load MWh",
        "load_payment": f"load pays {money}",
    }
    page.print(console.table(summary.zones, f"LMP by zone, {price}", zones, limit=40))
    page.print()
    if summary.constraints.empty:
        page.print("No constraint binds.")
    else:
        binding = {
            "constraint": "constraint",
            "contingency": "contingency",
            "direction": "limit",
            "intervals": "intervals",
            "shadow_price_mean": f"mean {price}",
            "shadow_price_max": f"largest {price}",
            "rent": f"rent {money}",
        }
        if summary.constraints["penalty_mwh"].any():
            binding["penalty_mwh"] = "exceeded MWh"
        page.print(console.table(summary.constraints, "Binding constraints", binding, limit=20))
    page.print()
    page.print(
        console.table(
            summary.breakdown, f"Objective, {money}", {"item": "item", "amount": "amount"}
        )
    )
    if len(summary.reserves):
        page.print()
        reserves = {
            "product": "product",
            "zone": "zone",
            "requirement_mw": "mean requirement MW",
            "price_mean": f"mean {summary.currency}/MW/h",
            "price_max": f"largest {summary.currency}/MW/h",
            "shortage_mwh": "short MWh",
        }
        page.print(console.table(summary.reserves, "Reserves", reserves, limit=20))
    if len(summary.slacks):
        page.print()
        slacks = {
            "interval_start": "interval",
            "kind": "kind",
            "constraint": "constraint",
            "contingency": "contingency",
            "direction": "limit",
            "mw": "MW",
            "penalty": f"penalty {price}",
            "cost": f"cost {money}",
        }
        title = "Limits exceeded at a penalty"
        page.print(console.table(summary.slacks, title, slacks, limit=20))


def commitment_text(summary: Summary) -> str | None:
    """Say what was committed and how sure it is; None where every unit is on."""
    from counterflow.console import count

    states = summary.commitment
    if states is None:
        return None
    parts = [
        f"{states['units_on']:,d} of {count(states['units'], 'unit')} run",
        f"{count(states['units_started'], 'unit')} started ({count(states['starts'], 'start')}, "
        f"{count(states['stops'], 'stop')})",
    ]
    if states["market"] == "rt":
        parts.append(f"as committed in run {states['from'][:12]}")
    else:
        from cases import Proof

        parts.append(Proof.of(states).text(summary.currency))
    parts.append(f"guarantee payments {summary.currency} {states['guarantees']:,.2f}")
    return "commitment: " + ", ".join(parts)
