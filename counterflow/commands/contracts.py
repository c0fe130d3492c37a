"""``counterflow contracts freeze``: curves decomposed once, at signing, and stored."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from counterflow.commands.options import Json, bad, pairs

app = typer.Typer(
    name="contracts",
    help="Contracts: freeze their curves at signing.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Contracts: freeze their curves at signing."""


@app.command("freeze")
def freeze_curves(
    tables: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A case folder, or contract_curves (contracts beside it)."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="frozen_curves, .csv or .parquet."),
    ],
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="IANA name. [default: that of the case]")
    ] = None,
    minutes: Annotated[
        int | None,
        typer.Option("--interval-minutes", help="Length of stored intervals. [default: 60]"),
    ] = None,
    rulebook: Annotated[
        str, typer.Option("--rulebook", metavar="NAME|FILE", help="The rules of then.")
    ] = "default",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A rulebook key; may be repeated."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Day of fixing. [default: as contracts say]"),
    ] = None,
    amends: Annotated[
        Path | None,
        typer.Option("--amend", metavar="FILE", help="Frozen curves: add a version to them."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First day of the new version, with --amend."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Decompose contract curves once and store their MWh, with a hash and the rules of then."""
    import pandas as pd

    from cases import RuleBook
    from cases.market_time import first_moment
    from counterflow import console
    from settlement.contracts.curves import CurveMaker
    from settlement.contracts.frozen import amend, freeze, signing_days
    from settlement.inputs import read_tables, write_table

    if (amends is None) != (start is None):
        raise bad("usage", "--amend and --from go together")
    if amends is not None and on is None:
        raise bad("usage", "--amend needs --on: a new version has a date of its own")
    zone, length = _intervals(tables, timezone, minutes)
    rules = RuleBook.load(rulebook).with_settings(pairs(setting or [], "--set"))
    given = read_tables(tables, ("contract_curves", "contracts"), zone)
    maker = CurveMaker.of(rules.settlement, zone, length / 60)
    curves = given["contract_curves"]
    day = None if on is None else _day(on, "--on")
    if amends is None:
        frozen = freeze(curves, maker, rules, signing_days(curves, given.get("contracts"), day))
    else:
        first = first_moment(pd.Timestamp(_day(start or "", "--from")), zone)
        before = read_tables(amends, ("frozen_curves",), zone)["frozen_curves"]
        frozen = amend(before, curves, maker, rules, fixed_on=_day(on or "", "--on"), first=first)
    write_table("frozen_curves", frozen, output, zone)
    found = frozen[frozen["hash"] != ""][["curve", "version", "fixed_on", "source", "hash"]]
    if as_json:
        console.print_json({"ok": True, "file": output, "curves": found})
        return
    headings = {name: name for name in found.columns}
    console.out().print(console.table(found, "Frozen curves", headings))
    console.out().print(f"\nwritten to {output}", markup=False)


def _intervals(tables: Path, timezone: str | None, minutes: int | None) -> tuple[str, int]:
    """Timezone and interval minutes, from the options or from the case folder."""
    if (tables / "case.toml").is_file() and (timezone is None or minutes is None):
        from cases import read_case

        meta = read_case(tables).meta
        return timezone or meta.timezone, minutes or meta.interval_minutes
    if timezone is None:
        raise bad("usage", "--timezone is needed where FILE is not a case folder")
    return timezone, minutes or 60


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad("usage", f"{option} expects a day like 2016-10-31, not {text!r}") from None
