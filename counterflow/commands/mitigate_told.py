"""What ``counterflow mitigate`` says: tests, the funnel, money, decisions, what-ifs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cases import Run

__all__ = ["print_tests", "summary_tables", "tell_mitigation", "tell_tests"]

_LIMIT = {"constraint": "constraint", "contingency": "contingency", "direction": "limit"}


def tell_tests(tested: Run, output: Path | None, *, as_json: bool) -> None:
    """Write what the structural tests found."""
    from counterflow import console
    from counterflow.commands.show import print_warnings

    event = tested.events[-1]
    if as_json:
        tables = {name: table for name, (_, table, _) in summary_tables(tested).items()}
        told = {"what_if": event["what_if"], "notes": event["notes"]}
        console.print_json(
            {"ok": True, "folder": output, "manifest": tested.manifest, **told, **tables}
        )
        return
    print_tests(tested)
    print_warnings(event["notes"])
    if output is not None:
        console.out().print(f"\nwritten to {output}", markup=False)


def tell_mitigation(
    parent: Run, made: Run, output: Path | None, as_it_is: Run | None = None, *, as_json: bool
) -> None:
    """Write the funnel, money before and after, decisions and near misses."""
    from counterflow import console
    from counterflow.commands.show import print_warnings
    from counterflow.tables.mitigation_summary import (
        decision_rows,
        grouped_decisions,
        mitigation_cards,
        near_misses,
    )
    from counterflow.what_if import compare_what_if

    cards, rows, near = mitigation_cards(parent, made), decision_rows(made), near_misses(made)
    runs = {"grouped": grouped_decisions(rows), "near_grouped": grouped_decisions(near)}
    other = None if as_it_is is None else compare_what_if(as_it_is, made)
    if as_json:
        tables = {"cards": cards, "decisions": rows, "near_misses": near, **runs}
        if other is not None:
            tables["what_if"] = other
        console.print_json({"ok": True, "folder": output, "manifest": made.manifest, **tables})
        return
    page = console.out()
    done = made.manifest["mitigation"]
    page.print(
        f"{made.case.meta.name}  profile {done['profile']}  impact {done['impact']}  commitment "
        f"{done['commitment']}  run {made.id[:12]}  parent {parent.id[:12]}",
        markup=False,
        style="bold",
    )
    page.print()
    counts = cards[cards["value"].notna()].astype({"value": "int64"})
    page.print(console.table(counts, "Components of offers", {"item": "item", "value": "count"}))
    page.print()
    moved = {"item": "item", "before": "before", "after": "after", "change": "change"}
    money = cards[cards["before"].notna()]
    page.print(console.table(money, f"Before and after, {made.case.meta.currency}", moved))
    if other is not None:
        page.print()
        columns = {name: name for name in ("item", "before", "after", "change")}
        page.print(console.table(other, "As it is, and what if", columns))
    headings = {
        "unit": "unit",
        "component": "component",
        "action": "action",
        "hours": "hours",
        "from": "from",
        "to": "to",
        "worst": "worst",
        "offered": "offered",
        "reference": "reference",
        "conduct_limit": "limit",
        "impact_subject": "impact at",
        "impact": "impact",
        "impact_limit": "impact limit",
        "impact_result": "impact result",
        "offer_used": "used",
        "money_effect": "money effect",
    }
    for title, table in (("Decisions", runs["grouped"]), ("Near misses", runs["near_grouped"])):
        if len(table):
            page.print()
            shown = table.assign(**{name: _stamps(table[name]) for name in ("from", "to", "worst")})
            page.print(console.table(shown, title, headings, limit=20))
    print_warnings(done["notes"])
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)


def _stamps(stamps: pd.Series) -> list[str]:
    """Intervals in words; those of all intervals say so."""
    from counterflow import console

    blank = stamps.isna().to_list()
    return ["all" if none else console.stamp(s) for none, s in zip(blank, stamps, strict=True)]


def summary_tables(run: Run) -> dict[str, tuple[str, pd.DataFrame, dict[str, str]]]:
    """Give the market monitor's tables of a tested run: title, rows, column to heading."""
    from mitigation.report import market as summary

    rules = run.rulebook.mitigation.structure
    tests, indices = run.tests_structure, run.indices
    together, alone = summary.pivotal_summary(indices)
    share = {"hours": "hours", "share": "share of hours"}
    found: dict[str, tuple[str, pd.DataFrame, dict[str, str]]] = {
        "verdict": (
            "Is market structure competitive?",
            summary.verdict_table(tests, indices, rules.concentration),
            {"level": "level", "result": "result", "why": "why"},
        ),
        "concentration": (
            "Concentration (HHI)",
            summary.concentration_summary(indices, rules.concentration),
            {
                "basis": "basis",
                "average": "average",
                "minimum": "least",
                "maximum": "largest",
                "highest_share": "largest share",
                "share_high": f"hours above {rules.concentration.high:g}",
            },
        ),
        "pivotal_together": (
            "Pivotal suppliers of the whole market, together",
            together,
            {"suppliers": "at most", **share},
        ),
        "pivotal_alone": (
            "Pivotal suppliers of the whole market, alone",
            alone,
            {"rank": "rank", "owner": "owner", **share},
        ),
        "marginal": (
            "Owners of marginal units",
            summary.marginal_summary(run.marginal_units, run.case.units),
            {"rank": "rank", "owner": "owner", "share": "share of hours"},
        ),
        "relief_detail": (
            "Three pivotal suppliers, averages by constraint",
            summary.relief_detail(tests, rules.peak),
            {
                **_LIMIT,
                "period": "period",
                "tests": "tests",
                "relief_mw": "need MW",
                "supply_mw": "supply MW",
                "owners": "owners",
                "owners_passing": "passing",
                "owners_failing": "failing",
            },
        ),
        "relief_summary": (
            "Three pivotal suppliers, tests by constraint",
            summary.relief_summary(tests, run.relief, run.dispatch),
            {**_LIMIT, "tests": "tests", "failed": "failed", "could_cap": "could cap an offer"},
        ),
    }
    for rule, title in _BY_VERDICT.items():
        if rule in rules.tests:
            found[rule] = (
                f"Congested hours, {title}",
                summary.congestion_summary(tests, rule),
                {**_LIMIT, "hours": "hours", "competitive": "competitive",
                 "non_competitive": "not competitive"},
            )  # fmt: skip
    return found


_BY_VERDICT = {"competitive_path": "competitive path", "two_step": "two-step clearing"}


def print_tests(run: Run) -> None:
    """Write the market monitor's tables of a tested run; empty ones are left out."""
    from counterflow import console

    page = console.out()
    rules = run.rulebook.mitigation.structure
    page.print(
        f"{run.case.meta.name}  tests {', '.join(rules.tests)}  base {rules.base}  "
        f"run {run.id[:12]}  parent {str(run.manifest['parent'])[:12]}",
        markup=False,
        style="bold",
    )
    for text in run.events[-1]["what_if"]:
        page.print(f"what if: {text}", markup=False)
    for title, table, headings in summary_tables(run).values():
        if len(table):
            page.print()
            page.print(console.table(table, title, headings, digits=3, limit=20))
