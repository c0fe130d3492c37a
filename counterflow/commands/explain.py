"""``counterflow explain``: what makes a price, a whole hour, why an offer was mitigated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from counterflow.commands.options import Json, RunFolder, bad, read_run

if TYPE_CHECKING:
    from pathlib import Path

    from counterflow.explain.decision_explanation import DecisionExplanation
    from counterflow.explain.explanation import PriceExplanation
    from counterflow.explain.interval import IntervalExplanation
    from counterflow.explain.path import PathExplanation

_PLACES = "--bus, --zone, --hub or --node"


def run(
    run: RunFolder,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="ISO 8601 (without an offset: the case's timezone), or HH:MM in a run of one day; "
            "for a price also FROM..TO with both ends, or all.",
        ),
    ] = None,
    bus: Annotated[
        str | None, typer.Option("--bus", metavar="BUS", help="Bus whose price to explain.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="Zone whose price to explain.")
    ] = None,
    hub: Annotated[
        str | None, typer.Option("--hub", metavar="HUB", help="Hub whose price to explain.")
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", metavar="NODE", help="Priced node to explain.")
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
    interval: Annotated[
        str | None,
        typer.Option("--interval", metavar="TIME", help="All prices of an interval in one page."),
    ] = None,
    reserve: Annotated[
        str | None,
        typer.Option(
            "--reserve", metavar="PRODUCT[:ZONE]", help="Reserve whose price to explain: fast:NI."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain a price, an hour (--interval), a spread (--from, --bus), an offer, a reserve price.

    A price is that of a bus, zone, hub or node. What sets it is what moves for one MW more there,
    by the optimal basis of the program that made the prices, in whatever hour: its parts add up to
    the price. --unit says why the offer of a unit was replaced or kept by mitigation.
    """
    places = {"bus": bus, "zone": zone, "hub": hub, "node": node}
    given = {kind: name for kind, name in places.items() if name is not None}
    wanted = len(given) + (unit is not None) + (interval is not None)
    wanted += reserve is not None
    if source is not None and bus is None:
        raise bad("usage", "--from goes with --bus")
    if wanted != 1:
        raise bad(
            "usage",
            f"expected one of {_PLACES} (a price), --interval TIME (an hour), --unit UNIT "
            "(an offer) or --reserve PRODUCT[:ZONE]",
        )
    if interval is not None:
        if at is not None:
            raise bad("usage", "--interval has its own time; leave out --at")
        _explain_interval(run, interval, as_json)
        return
    if at is None:
        raise bad("usage", "Missing option '--at'")
    if reserve is not None:
        from counterflow.commands.explain_reserve import explain

        explain(read_run(run), reserve, at, as_json=as_json)
    elif unit is not None:
        _explain_unit(run, unit, at, as_json)
    elif source is not None:
        assert bus is not None
        _explain_path(run, source, bus, at, as_json)
    else:
        _explain_prices(run, given, at, as_json)


def _explain_interval(folder: Path, at: str, as_json: bool) -> None:
    from counterflow import console
    from counterflow.explain.interval import explain_interval

    hour = explain_interval(read_run(folder), at=at)
    if as_json:
        console.print_json({"ok": True, **hour.to_dict()})
    else:
        print_interval(hour)


def _explain_unit(folder: Path, unit: str, at: str, as_json: bool) -> None:
    from counterflow import console
    from counterflow.explain.decision_explanation import explain_decision

    why = explain_decision(read_run(folder), unit=unit, at=at)
    if as_json:
        console.print_json({"ok": True, **why.to_dict()})
    else:
        print_decision(why)


def _explain_path(folder: Path, source: str, bus: str, at: str, as_json: bool) -> None:
    from counterflow import console
    from counterflow.explain.path import explain_path

    way = explain_path(read_run(folder), source=source, sink=bus, at=at)
    if as_json:
        console.print_json({"ok": True, **way.to_dict()})
    else:
        print_path(way)


def _explain_prices(folder: Path, place: dict[str, str], at: str, as_json: bool) -> None:
    """One price with its tables; several with their sentences."""
    from counterflow import console
    from counterflow.explain.explanation import explain_prices

    found = explain_prices(read_run(folder), at=at, **place)
    if len(found) == 1:
        if as_json:
            console.print_json({"ok": True, **found[0].to_dict()})
        else:
            print_explanation(found[0])
    elif as_json:
        console.print_json({"ok": True, **found.to_dict()})
    else:
        console.out().print(str(found), markup=False)


def print_interval(hour: IntervalExplanation) -> None:
    """Write all prices of an hour by who sets them, and what binds."""
    from counterflow import console

    page = console.out()
    unit = f"{hour.currency}/MWh"
    page.print(hour.title, markup=False, style="bold")
    page.print()
    headings = {"buses": "buses", "lowest": "from", "highest": "to", "setters": "set by"}
    if (hour.groups["held_by"] != "").any():
        headings["held_by"] = "held together by"
    headings["names"] = "where"
    page.print(console.table(hour.groups, f"Prices, {unit}", headings, digits=4))
    if len(hour.limits):
        page.print()
        headings = {"constraint": "limit", "contingency": "contingency", "limit_mw": "limit MW"}
        headings |= {"flow_mw": "flow MW", "shadow_price": unit}
        page.print(console.table(hour.limits, "What binds", headings, digits=4))
        for text in dict.fromkeys(hour.limits["behind"]):
            if text:
                page.print(text, markup=False)
    if len(hour.shortages):
        page.print()
        headings = {"constraint": "limit", "direction": "missed", "mw": "MW", "penalty": unit}
        page.print(console.table(hour.shortages, "Exceeded at a penalty", headings))


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
    from counterflow.explain.sentences import price_title

    page = console.out()
    unit = f"{found.currency}/MWh"
    page.print(price_title(found), markup=False, style="bold")
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
    title = (
        "What moves for one MW more, and sets it"
        if found.determined
        else "Inside a block of their offer"
    )
    if len(found.setters):
        page.print(console.table(found.setters, title, headings, digits=6))
    if found.determined:
        page.print(f"sum {console.number(float(found.setters['amount'].sum()), 6)}", markup=False)
    if found.ties:
        page.print(f"held together by {', '.join(found.ties)}", markup=False)
    if len(found.sides):
        page.print()
        headings = {"side": "one MW", "price": unit, "mw": "holds for MW"}
        headings |= {"until": "until", "setters": "set by"}
        page.print(console.table(found.sides, "One MW more, one MW less", headings, digits=4))
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
