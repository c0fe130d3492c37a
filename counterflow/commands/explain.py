"""``counterflow explain``: what makes a price, why an offer was mitigated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import Json, RunFolder, bad, read_run

if TYPE_CHECKING:
    from counterflow.explain.decision_explanation import DecisionExplanation
    from counterflow.explain.explanation import PriceExplanation
    from counterflow.explain.path import PathExplanation


def run(
    run: RunFolder,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="ISO 8601 (without an offset: the case's timezone), or HH:MM in a run of one day.",
        ),
    ],
    bus: Annotated[
        str | None, typer.Option("--bus", metavar="BUS", help="Bus whose price to explain.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="BUS", help="With --bus: why the price differs from this bus's."
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="UNIT", help="Unit of a mitigated run: why its offer."),
    ] = None,
    reserve: Annotated[
        str | None,
        typer.Option(
            "--reserve", metavar="PRODUCT[:ZONE]", help="Reserve whose price to explain: fast:NI."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain a price (--bus), a spread (--from, --bus), an offer (--unit), reserve (--reserve)."""
    if sum(given is not None for given in (bus, unit, reserve)) != 1:
        raise bad(
            "usage",
            "expected --bus BUS (a price), --unit UNIT (an offer) or --reserve PRODUCT[:ZONE], one "
            "of them",
        )
    if source is not None and bus is None:
        raise bad("usage", "--from goes with --bus")

    from counterflow import console

    if reserve is not None:
        from counterflow.commands.explain_reserve import explain

        explain(read_run(run), reserve, at, as_json=as_json)
        return
    if unit is not None:
        from counterflow.explain.decision_explanation import explain_decision

        why = explain_decision(read_run(run), unit=unit, at=at)
        if as_json:
            console.print_json({"ok": True, **why.to_dict()})
        else:
            print_decision(why)
        return
    assert bus is not None
    if source is not None:
        from counterflow.explain.path import explain_path

        way = explain_path(read_run(run), source=source, sink=bus, at=at)
        if as_json:
            console.print_json({"ok": True, **way.to_dict()})
        else:
            print_path(way)
        return
    from counterflow.explain.explanation import explain_price

    found = explain_price(read_run(run), bus=bus, at=at)
    if as_json:
        console.print_json({"ok": True, **found.to_dict()})
        return
    print_explanation(found)


def print_decision(why: DecisionExplanation) -> None:
    """Write the chain of reasons."""
    from counterflow import console

    page = console.out()
    owner = f" of {why.owner}" if why.owner else ""
    page.print(
        f"{why.case}: {why.unit}{owner} at {why.bus}, {console.stamp(why.interval_start)} to "
        f"{console.stamp(why.interval_end)}: {why.action}",
        markup=False,
        style="bold",
    )
    page.print(str(why), markup=False)


def print_explanation(found: PriceExplanation) -> None:
    """Write the two tables of an explanation, and what lies behind its limits."""
    from counterflow import console
    from counterflow.explain.pockets import pocket_text

    page = console.out()
    unit = f"{found.currency}/MWh"
    zone = f", zone {found.zone}" if found.zone else ""
    price = f"{console.number(found.lmp, 6)} {unit}" if found.lmp == found.lmp else "no price"
    page.print(
        f"{found.case}: bus {found.bus}{zone}, {console.stamp(found.interval_start)} to "
        f"{console.stamp(found.interval_end)}: {price}",
        markup=False,
        style="bold",
    )
    page.print()
    headings = {
        "term": "term",
        "constraint": "constraint",
        "contingency": "contingency",
        "direction": "limit",
        "limit_mw": "limit MW",
        "flow_mw": "flow MW",
        "shadow_price": "shadow price",
        "dfax": "x DFAX",
        "amount": "= amount",
    }
    terms = found.terms.copy()
    if (terms["penalty_mw"] > 0).any():
        headings["penalty_mw"] = "exceeded MW"
    if not (terms["contingency"] != "").any():
        del headings["contingency"]
    title = f"Terms that add up to it, {unit}"
    title += f", energy at the reference ({found.reference})" if found.reference else ""
    page.print(console.table(terms, title, headings, digits=6))
    page.print(f"sum {console.number(float(terms['amount'].sum()), 6)}", markup=False)
    for row in found.pockets.to_dict("records"):
        page.print(pocket_text(row), markup=False)
    page.print()
    headings = {"kind": "kind", "name": "name", "owner": "owner", "bus": "bus", "mw": "MW"}
    if (found.setters["interval_start"] != found.interval_start).any():
        headings["interval_start"] = "interval"
    headings["price"] = f"offer {unit}"
    if found.determined:
        headings |= {"coefficient": "x coefficient", "amount": "= amount"}
    title = "Offers that set it" if found.determined else "Inside a block of their offer"
    if len(found.setters):
        page.print(console.table(found.setters, title, headings, digits=6))
    if found.determined:
        page.print(f"sum {console.number(float(found.setters['amount'].sum()), 6)}", markup=False)
    if found.reason:
        text = found.reason if found.determined else f"no coefficients: {found.reason}"
        page.print(text, markup=False)
    if found.held:
        listed = ", ".join(found.held[:10])
        page.print(f"inside a block, but not at their offer's price: {listed}", markup=False)


def print_path(way: PathExplanation) -> None:
    """Write why two prices differ, and the way between their buses."""
    from counterflow import console

    page = console.out()
    unit = f"{way.currency}/MWh"
    page.print(
        f"{way.case}: {way.source} to {way.sink}, {console.stamp(way.interval_start)} to "
        f"{console.stamp(way.interval_end)}: {console.number(way.lmp_sink, 6)} - "
        f"{console.number(way.lmp_source, 6)} = {console.number(way.spread, 6)} {unit}",
        markup=False,
        style="bold",
    )
    page.print()
    if len(way.terms):
        headings = {"constraint": "constraint", "contingency": "contingency"}
        headings |= {"shadow_price": "shadow price", "dfax": "x DFAX", "amount": "= amount"}
        page.print(console.table(way.terms, f"What limits add, {unit}", headings, digits=6))
    else:
        page.print("no limit parts them", markup=False)
    page.print()
    headings = {"branch": "branch", "from_bus": "from", "to_bus": "to", "flow_mw": "flow MW"}
    headings |= {"rating_mw": "rating MW", "share": "share of 1 MW", "binding": "binding"}
    page.print(console.table(way.path, "The way of least reactance", headings, digits=6))
