"""``counterflow mitigate``: test the offers of a run, replace those that fail, clear again."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import (
    AsOf,
    Json,
    RunFolder,
    Strict,
    bad,
    free_folder,
    pairs,
    read_run,
)

if TYPE_CHECKING:
    import pandas as pd

    from cases import Run

_LIMIT = {"constraint": "constraint", "contingency": "contingency", "direction": "limit"}


def run(
    run: RunFolder,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="RUN2", help="Run folder to write; must be new."),
    ] = None,
    tests_only: Annotated[
        bool, typer.Option("--tests-only", help="Make the structural tests, replace no offer.")
    ] = False,
    rulebook: Annotated[
        str | None,
        typer.Option(
            "--rulebook", metavar="NAME|FILE", help="Its mitigation section. [default: the run's]"
        ),
    ] = None,
    as_of: AsOf = None,
    rulebooks: Annotated[
        str | None,
        typer.Option(
            "--rulebooks",
            metavar="A,B,...",
            help="Several rulebooks side by side; -o names a new folder for all.",
        ),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", metavar="KEY=A,B,...", help="Every value of a mitigation key; repeatable."
        ),
    ] = None,
    overrides: Annotated[
        Path | None,
        typer.Option(
            "--overrides",
            metavar="FILE",
            help="CSV: unit, interval_start, component, action, author, reason.",
        ),
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            "--earlier", metavar="RUN", help="Run of an earlier day, for references; repeatable."
        ),
    ] = None,
    accept_limit: Annotated[
        bool,
        typer.Option("--accept-limit", help="Also a run that a time limit stopped before its gap."),
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A mitigation key; may be repeated."),
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option("--merge", metavar="A,B", help="What if these owners were one; repeatable."),
    ] = None,
    divest: Annotated[
        list[str] | None,
        typer.Option("--divest", metavar="UNIT=OWNER", help="What if it were sold; repeatable."),
    ] = None,
    contract: Annotated[
        list[str] | None,
        typer.Option(
            "--contract", metavar="OWNER=MW", help="What if it had sold MW forward; repeatable."
        ),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(
            "--plugin", metavar="FILE.py", help="Python file with slots of your own; is run first."
        ),
    ] = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Test offers against references, replace those that fail conduct and impact, clear again.

    With --tests-only: who could move the price, by constraint and owner; nothing is replaced.
    """
    settings = pairs(setting or [], "--set")
    sales = pairs(divest or [], "--divest")
    cover = {owner: _mw(owner, mw) for owner, mw in pairs(contract or [], "--contract").items()}
    groups = [[n.strip() for n in text.split(",") if n.strip()] for text in merge or []]
    if output is not None:
        free_folder(output, "a folder" if rulebooks or sweep else "a run folder")

    from cases.errors import DataWarning
    from counterflow.heard import no_warnings
    from counterflow.mitigation import load_plugin, mitigate

    for file in plugin or []:
        load_plugin(file)

    parent = read_run(run)
    before = [read_run(path) for path in earlier or []]
    if rulebooks or sweep:
        if overrides or accept_limit or tests_only or groups or sales or cover:
            raise bad(
                "usage", "--rulebooks and --sweep go with --set, --rulebook, --as-of and --earlier"
            )
        from counterflow.commands.many_rules import mitigate_many

        values = pairs(sweep or [], "--sweep")
        books = [name.strip() for name in (rulebooks or "").split(",") if name.strip()]
        if books and (values or rulebook):
            raise bad("usage", "give --rulebooks, or --sweep with one --rulebook")
        mitigate_many(
            parent,
            books,
            values,
            rulebook,
            settings,
            before,
            output,
            as_of,
            strict=strict,
            as_json=as_json,
        )
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they come again as notes of the tests
        tested = mitigate(
            parent,
            rulebook=rulebook,
            as_of=as_of,
            settings=settings,
            earlier=before,
            overrides=overrides,
            accept_limit=accept_limit,
            tests_only=tests_only,
            merge=groups,
            divest=sales,
            contracts=cover,
        )
    no_warnings(strict, tested.stated["warnings"])
    if output is not None:
        tested.write(output)
    if tests_only:
        _tell_tests(tested, output, as_json=as_json)
    else:
        _tell_mitigation(parent, tested, output, as_json=as_json)


def _tell_tests(tested: Run, output: Path | None, *, as_json: bool) -> None:
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


def _tell_mitigation(parent: Run, made: Run, output: Path | None, *, as_json: bool) -> None:
    """Write the funnel, money before and after, decisions and near misses."""
    from counterflow import console
    from counterflow.commands.show import print_warnings
    from counterflow.tables.mitigation_summary import decision_rows, mitigation_cards, near_misses

    cards, rows, near = mitigation_cards(parent, made), decision_rows(made), near_misses(made)
    if as_json:
        tables = {"cards": cards, "decisions": rows, "near_misses": near}
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
    headings = {
        "unit": "unit",
        "interval_start": "interval",
        "component": "component",
        "offered": "offered",
        "reference": "reference",
        "reference_method": "method",
        "conduct_limit": "limit",
        "conduct_result": "conduct",
        "impact_subject": "impact at",
        "lmp_with_offer": "with offer",
        "lmp_with_reference": "with reference",
        "impact_limit": "impact limit",
        "impact_result": "impact",
        "action": "action",
        "offer_used": "used",
        "money_effect": "money effect",
    }
    for title, table in (("Decisions", rows), ("Near misses", near)):
        if len(table):
            page.print()
            shown = table.assign(interval_start=_stamps(table))
            page.print(console.table(shown, title, headings, limit=20))
    print_warnings(done["notes"])
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)


def _stamps(table: pd.DataFrame) -> list[str]:
    """Intervals of decisions in words; those of all intervals say so."""
    from counterflow import console

    return ["all" if s is None else console.stamp(s) for s in _moments(table)]


def _moments(table: pd.DataFrame) -> list[pd.Timestamp | None]:
    blank = table["interval_start"].isna().to_list()
    stamps = table["interval_start"].to_list()
    return [None if none else stamp for none, stamp in zip(blank, stamps, strict=True)]


def _mw(owner: str, text: str) -> float:
    try:
        mw = float(text)
    except ValueError:
        mw = float("nan")
    if not abs(mw) < float("inf"):
        raise bad("usage", f"--contract {owner} expects MW, not {text!r}")
    return mw


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
