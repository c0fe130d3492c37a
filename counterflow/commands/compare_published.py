"""``counterflow compare RUN --published``: a run beside what the market's operator published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from cases import Run
    from counterflow.tables.published import PublishedComparison

__all__ = ["against_published"]


def against_published(run: Run, tolerance: float, *, as_json: bool) -> None:
    """Compare with what the operator published; exit code 3 where a unique price differs."""
    from counterflow import console
    from counterflow.tables.published import compare_published

    found = compare_published(run, tolerance=tolerance)
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
