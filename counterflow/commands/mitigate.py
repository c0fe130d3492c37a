"""``counterflow mitigate``: test the offers of a run, replace those that fail, clear again."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from counterflow.commands.mitigate_told import tell_mitigation, tell_tests
from counterflow.commands.monitor_options import Earlier, References, earlier_of, read_frame
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
    from cases import Run


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
    earlier: Earlier = None,
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
    references: References = None,
    negotiated: Annotated[
        Path | None,
        typer.Option(
            "--negotiated",
            metavar="FILE",
            help="CSV of agreed references: unit, component, price, segment, mw, valid_from, ...",
        ),
    ] = None,
    offers_are_costs: Annotated[
        bool,
        typer.Option(
            "--offers-are-costs",
            help="Take the offers as the reference levels, where the case says nothing of costs.",
        ),
    ] = False,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Test offers against references, replace those that fail conduct and impact, clear again.

    With --tests-only: who could move the price, by constraint and owner; nothing is replaced.
    With --merge, --divest or --contract: the same day under other owners, beside the day as it is.
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
    before = earlier_of(parent, earlier)
    if rulebooks or sweep:
        given = references or negotiated or offers_are_costs
        if overrides or accept_limit or tests_only or groups or sales or cover or given:
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
    changed = {"merge": groups, "divest": sales, "contracts": cover}

    def made(**what_if: Any) -> Run:
        return mitigate(
            parent,
            rulebook=rulebook,
            as_of=as_of,
            settings=settings,
            earlier=before,
            overrides=overrides,
            references=read_frame(references, "--references"),
            negotiated=negotiated,
            offers_are_costs=offers_are_costs,
            accept_limit=accept_limit,
            tests_only=tests_only,
            **what_if,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # they come again as notes of the tests
        tested = made(**changed)
        as_it_is = made() if any(changed.values()) and not tests_only else None
    no_warnings(strict, tested.stated["warnings"])
    if output is not None:
        tested.write(output)
    if tests_only:
        tell_tests(tested, output, as_json=as_json)
    else:
        tell_mitigation(parent, tested, output, as_it_is, as_json=as_json)


def _mw(owner: str, text: str) -> float:
    try:
        mw = float(text)
    except ValueError:
        mw = float("nan")
    if not abs(mw) < float("inf"):
        raise bad("usage", f"--contract {owner} expects MW, not {text!r}")
    return mw
