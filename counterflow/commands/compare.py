"""``counterflow compare``: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import Json, bad, read_run

if TYPE_CHECKING:
    from counterflow.tables.comparison import Comparison
    from counterflow.tables.published import PublishedComparison


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
    published: Annotated[
        bool,
        typer.Option(
            "--published", help="Compare A with the prices that the market's operator published."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs: prices, dispatch, constraints, money; exit code 3 beyond the tolerance.

    With --published one run with the operator's own prices: the share within the tolerance, the
    worst, by interval and node; prices that are not unique are counted apart.
    """
    from counterflow import console
    from counterflow.tables.comparison import compare

    if published != (b is None):
        raise bad("usage", "give a second run B, or --published, one of the two")
    if tolerance is not None and not tolerance >= 0.0:
        raise bad("usage", f"--tolerance expects a number of 0 or more, not {tolerance:g}")
    if b is None:
        _published(a, 0.01 if tolerance is None else tolerance, as_json)
        return
    found = compare(read_run(a), read_run(b), tolerance=1e-6 if tolerance is None else tolerance)
    if as_json:
        console.print_json({"ok": found.within, **found.to_dict()})
    else:
        print_comparison(found)
    if not found.within:
        raise typer.Exit(3)


def _published(a: Path, tolerance: float, as_json: bool) -> None:
    """Compare with what the operator published; exit code 3 where a unique price differs."""
    from counterflow import console
    from counterflow.tables.published import compare_published

    found = compare_published(read_run(a), tolerance=tolerance)
    if as_json:
        console.print_json({"ok": found.within, **found.to_dict()})
    else:
        _print_published(found)
    if not found.within:
        raise typer.Exit(3)


def _print_published(found: PublishedComparison) -> None:
    from counterflow import console

    page, told = console.out(), found.to_dict()
    page.print(f"run {found.run[:12]} against published prices", markup=False, style="bold")
    if told["compared"]:
        page.print(
            f"{told['within']} of {told['compared']} node prices within {found.tolerance:g} "
            f"({100.0 * told['share']:.2f} %), worst {told['worst']:.4f}; "
            f"{told['misses_not_unique']} of {told['misses']} misses are not unique",
            markup=False,
        )
        headings = {
            "interval_start": "interval",
            "compared": "prices",
            "within": "within",
            "misses_not_unique": "misses not unique",
            "worst": "worst",
        }
        page.print(console.table(found.by_interval, "By interval", headings, digits=4))
        if len(found.by_node):
            own = {"node": "node", **{k: v for k, v in headings.items() if k != "interval_start"}}
            page.print(console.table(found.by_node, "Nodes with a miss", own, digits=4, limit=20))
            missed = {
                "interval_start": "interval",
                "node": "node",
                "published": "published",
                "price": "run",
                "difference": "difference",
                "unique": "unique",
            }
            page.print(console.table(found.misses, "Misses", missed, digits=4, limit=40))
    if told["reserve_compared"]:
        page.print(
            f"{told['reserve_within']} of {told['reserve_compared']} reserve prices within "
            f"{found.reserve_tolerance:g}",
            markup=False,
        )


def print_comparison(found: Comparison) -> None:
    """Write money, then each table's largest differences."""
    import pandas as pd

    from counterflow import console

    page = console.out()
    page.print(f"A {found.a[:12]}   B {found.b[:12]}", markup=False, style="bold")
    for note in found.notes:
        page.print(f"note: {note}", markup=False, style="yellow")
    page.print()
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
    verdict = "within" if found.within else "beyond"
    page.print(f"{verdict} the tolerance of {found.tolerance:g}", markup=False, style="bold")
