"""``counterflow rights``: whether the grid can carry rights, and their auction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import CaseSource, Json, bad, pairs

if TYPE_CHECKING:
    import pandas as pd

    from cases import Case, RuleBook

app = typer.Typer(
    name="rights", help="Transmission rights: feasibility, auction.", no_args_is_help=True
)

Rights = Annotated[
    Path | None,
    typer.Option("--rights", metavar="PATH", help="Table rights, in place of the case's own."),
]
Security = Annotated[str, typer.Option("--security", metavar="none|n-1", help="Outages too.")]
Rules = Annotated[str, typer.Option("--rulebook", metavar="NAME|FILE", help="Rulebook.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
]


@app.callback()
def _group() -> None:
    """Transmission rights: feasibility, auction."""


@app.command("check")
def check(
    case: CaseSource,
    rights: Rights = None,
    security: Security = "none",
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Test all rights at once against the limits of the grid; exit 3 when it cannot carry them."""
    from cases import read_case
    from counterflow import console
    from settlement.rights.feasibility import simultaneous_feasibility

    market = read_case(case)
    table = _rights(market, rights)
    test = simultaneous_feasibility(
        table,
        market,
        security=security,  # type: ignore[arg-type]
        rulebook=_rules(rulebook, setting),
    )
    if as_json:
        console.print_json(
            {
                "ok": test.feasible,
                "rights": len(table),
                "violations": test.violations,
                "untested": list(test.untested),
            }
        )
    elif test.feasible:
        console.out().print(f"feasible: {len(table)} rights", markup=False)
    else:
        headings = {name: name for name in test.violations.columns}
        title = "Limits that the rights exceed"
        console.out().print(console.table(test.violations, title, headings, limit=40))
    if test.untested and not as_json:
        console.out().print(f"not tested: {', '.join(test.untested)}", markup=False)
    if not test.feasible:
        raise typer.Exit(3)


@app.command("auction")
def auction(
    case: CaseSource,
    bids: Annotated[
        Path,
        typer.Option(
            "--bids", metavar="PATH", help="Table rights: mw is the most, price the highest per MW."
        ),
    ],
    held: Annotated[
        Path | None, typer.Option("--held", metavar="PATH", help="Rights sold before.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Awards as table rights; new."),
    ] = None,
    security: Security = "none",
    rulebook: Rules = "default",
    setting: Settings = None,
    as_json: Json = False,
) -> None:
    """Sell rights to the bids that are worth most and that the grid can carry."""
    from cases import read_case
    from counterflow import console
    from settlement.inputs import write_table
    from settlement.rights.auction import auction_rights

    market = read_case(case)
    offered = _rights(market, bids)
    result = auction_rights(
        offered,
        market,
        held=None if held is None else _rights(market, held),
        security=security,  # type: ignore[arg-type]
        rulebook=_rules(rulebook, setting),
    )
    if output is not None:
        sold = offered.reset_index(drop=True).assign(
            mw=result.awards["mw"].round(6), price=result.awards["price"].round(6)
        )
        write_table("rights", sold[sold["mw"] > 0], output, market.meta.timezone)
    if as_json:
        console.print_json(
            {
                "ok": True,
                "awards": result.awards,
                "constraints": result.constraints,
                "revenue": result.revenue,
                "value": result.value,
                "file": output,
            }
        )
        return
    page = console.out()
    page.print(console.table(result.awards, "Awards", {n: n for n in result.awards.columns}))
    if len(result.constraints):
        headings = {name: name for name in result.constraints.columns}
        page.print(console.table(result.constraints, "Limits that bind", headings))
    page.print(f"\nrevenue {result.revenue:,.2f}", markup=False)
    if output is not None:
        page.print(f"\nwritten to {output}", markup=False)


def _rights(case: Case, path: Path | None) -> pd.DataFrame:
    from settlement.inputs import read_tables

    table = (
        case.rights
        if path is None
        else read_tables(path, ("rights",), case.meta.timezone)["rights"]
    )
    if table.empty:
        raise bad("missing", "there are no rights: give the table with --rights or --bids")
    return table


def _rules(rulebook: str, setting: list[str] | None) -> RuleBook:
    from cases import RuleBook

    return RuleBook.load(rulebook).with_settings(pairs(setting or [], "--set"))
