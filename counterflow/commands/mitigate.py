"""``counterflow mitigate``: who could move the price of a run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import Json, RunFolder, bad, free_folder, pairs, read_run

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
    as_json: Json = False,
) -> None:
    """Test who could move the price: pivotal suppliers by constraint, indices, the verdict."""
    settings = pairs(setting or [], "--set")
    sales = pairs(divest or [], "--divest")
    cover = {owner: _mw(owner, mw) for owner, mw in pairs(contract or [], "--contract").items()}
    groups = [[n.strip() for n in text.split(",") if n.strip()] for text in merge or []]
    if output is not None:
        free_folder(output, "a run folder")

    from cases.errors import DataWarning
    from counterflow import console
    from counterflow.commands.show import print_warnings
    from counterflow.mitigation import mitigate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they come again as notes of the tests
        tested = mitigate(
            read_run(run),
            rulebook=rulebook,
            settings=settings,
            tests_only=tests_only,
            merge=groups,
            divest=sales,
            contracts=cover,
        )
    if output is not None:
        tested.write(output)
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
    from mitigation import summary

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
