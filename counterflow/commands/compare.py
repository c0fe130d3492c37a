"""``counterflow compare``: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import Json, bad, read_run

if TYPE_CHECKING:
    from counterflow.tables.comparison import Comparison


def run(
    a: Annotated[Path, typer.Argument(metavar="A", help="A run folder.")],
    b: Annotated[
        Path | None,
        typer.Argument(
            metavar="B", help="The run folder to compare with it; not with --published."
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            help="Largest difference; relative where values exceed one. [default: 1e-6; with "
            "--published 0.01 of money per MWh]",
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="NAME,...",
            help="Tables (prices, dispatch, ...) and money that count for the exit code. "
            "[default: all]",
        ),
    ] = "",
    published: Annotated[
        bool,
        typer.Option(
            "--published", help="Compare A with the prices that the market's operator published."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs: what changed, ranked, and every table; exit code 3 beyond the tolerance.

    Changes come in the order in which one leads to another: inputs, rules, commitment, limits that
    bind, prices, money. What lies inside what the solver leaves open is marked as noise.

    With --published one run with the operator's own prices: the share within the tolerance, the
    worst, by interval and node; prices that are not unique are counted apart.
    """
    from counterflow import console
    from counterflow.tables.comparison import compare

    if b is None and not published:
        raise bad("usage", "Missing argument 'B', a second run (or --published in its place)")
    if b is not None and published:
        raise bad("usage", "--published compares one run; leave out B")
    if tolerance is not None and not tolerance >= 0.0:
        raise bad("usage", f"--tolerance expects a number of 0 or more, not {tolerance:g}")
    if b is None:
        from counterflow.commands.compare_published import against_published

        against_published(read_run(a), 0.01 if tolerance is None else tolerance, as_json=as_json)
        return
    names = [name.strip() for name in fail_on.split(",") if name.strip()]
    widest = 1e-6 if tolerance is None else tolerance
    found = compare(read_run(a), read_run(b), tolerance=widest, fail_on=names)
    if as_json:
        console.print_json({"ok": found.within, **found.to_dict()})
    else:
        print_comparison(found)
    if not found.within:
        raise typer.Exit(3)


def print_changes(found: Comparison) -> None:
    """Write what changed, kind by kind."""
    from counterflow import console

    page, changes = console.out(), found.changes
    titles = {
        "input": "Inputs that differ",
        "rule": "Rules and settings that differ",
        "commitment": "Units on in one run alone",
        "binding": "Limits that bind in one run alone",
        "price": "Prices, the furthest bus of each interval",
        "money": f"Money; below {console.number(found.noise)} it is noise",
    }
    for kind, title in titles.items():
        own = changes[changes["kind"] == kind]
        if own.empty:
            continue
        headings = {"table": "table", "subject": "what", "column": "column", "a": "A", "b": "B"}
        if own["interval_start"].notna().any():
            stamps = own["interval_start"].tolist()
            texts = [console.stamp(at) if at == at else "" for at in stamps]
            own = own.assign(interval_start=texts)
            headings = {"interval_start": "interval", **headings}
        if own["noise"].any():
            headings["noise"] = "noise"
        page.print(console.table(own, title, headings, limit=12))
        page.print()


def print_comparison(found: Comparison) -> None:
    """Write money, then each table's largest differences."""
    import pandas as pd

    from counterflow import console

    page = console.out()
    page.print(f"A {found.a[:12]}   B {found.b[:12]}", markup=False, style="bold")
    for note in found.notes:
        page.print(f"note: {note}", markup=False, style="yellow")
    page.print()
    print_changes(found)
    money = {"item": "money", "a": "A", "b": "B", "difference": "B - A"}
    page.print(console.table(found.money, "", money))
    page.print()
    owners = found.owners[
        (found.owners.filter(like="_change").abs() > found.tolerance).any(axis="columns")
    ]
    if len(owners):
        headings = {
            "owner": "owner",
            "mwh_a": "MWh A",
            "mwh_b": "B",
            "revenue_a": "revenue A",
            "revenue_b": "B",
            "revenue_change": "B - A",
            "uplift_a": "uplift A",
            "uplift_b": "B",
            "uplift_change": "B - A",
        }
        title = "Owners whose money changes"
        page.print(console.table(owners, title, headings, limit=20))
        page.print()
    counts = pd.DataFrame(
        {
            "table": [t.table for t in found.tables],
            "shared": [t.shared for t in found.tables],
            "only_a": [t.only_a for t in found.tables],
            "only_b": [t.only_b for t in found.tables],
            "verdict": ["within" if t.within else "beyond" for t in found.tables],
        }
    )
    headings = {
        "table": "table",
        "shared": "rows in both",
        "only_a": "only in A",
        "only_b": "only in B",
        "verdict": "tolerance",
    }
    page.print(console.table(counts, "Rows", headings))
    parts = [
        t.columns[t.columns["rows_beyond"] > 0].assign(table=t.table)
        for t in found.tables
        if t.columns["rows_beyond"].any()
    ]
    if parts:
        rows = pd.concat(parts, ignore_index=True)
        for side in ("a", "b"):
            rows[side] = [console.number(value, 6) for value in rows[side]]
        page.print()
        worst = {
            "table": "table",
            "column": "column",
            "rows_beyond": "rows",
            "max_abs": "largest",
            "mean_abs": "mean",
            "where": "largest at",
            "a": "A",
            "b": "B",
        }
        title = f"Differences beyond {found.tolerance:g}"
        page.print(console.table(rows, title, worst, digits=6))
    page.print()
    verdict = "within" if found.within else f"{', '.join(found.failing)}: beyond"
    page.print(f"{verdict} the tolerance of {found.tolerance:g}", markup=False, style="bold")
