"""Reserves: products that serve each other, rules that can be read, offers that can suffice."""

from __future__ import annotations

import math

from cases.checks.context import Context, positions
from cases.errors import Failure
from cases.reserve_rules import parse_reserve_rule

__all__ = ["check_reserves"]

TOLERANCE_MW = 1e-6
TABLES = ("reserve_products", "reserve_requirements", "reserve_demand", "reserve_offers")


def check_reserves(context: Context) -> None:
    """Check substitution, rules, demand curves and offers; warn of what nobody can give."""
    if not context.usable(*TABLES):
        return
    _check_substitution(context)
    _check_rules(context)
    demand = context.tables["reserve_demand"]
    for position in positions(demand["price"] < 0):
        message = f"what is short must not earn money ({demand['price'].iat[position]:g})"
        context.fail("reserve_demand", position, "price", "negative_price", message)
    if not context.failures:
        _warn_of_scarcity(context)


def _check_substitution(context: Context) -> None:
    """A product serves lower ones of its direction, step by step and never in a circle."""
    products = context.tables["reserve_products"]
    lower = dict(zip(products["product"], products["substitutes_for"], strict=True))
    direction = dict(zip(products["product"], products["direction"], strict=True))
    offline = products["offline"] & (products["direction"] == "down")
    for position in positions(offline):
        message = "a unit that is off has no output to take back; only upward products are offline"
        context.fail("reserve_products", position, "offline", "offline_down", message)
    for position, name in enumerate(products["product"].tolist()):
        below, chain = lower[name], [name]
        if below in direction and direction[below] != direction[name]:
            message = f"{name} is {direction[name]}, {below} is {direction[below]}"
            context.fail("reserve_products", position, "substitutes_for", "direction", message)
        while below and below not in chain:
            chain.append(below)
            below = lower.get(below, "")
        if below == name:
            message = f"substitution goes round in a circle: {' > '.join([*chain, name])}"
            context.fail("reserve_products", position, "substitutes_for", "circle", message)


def _check_rules(context: Context) -> None:
    rules = context.tables["reserve_requirements"]["rule"].tolist()
    for position, rule in enumerate(rules):
        if rule:
            try:
                parse_reserve_rule(rule)
            except ValueError as error:
                context.fail("reserve_requirements", position, "rule", "rule", str(error))


def _warn_of_scarcity(context: Context) -> None:
    """Warn of a requirement in MW above all that is offered for it."""
    tables = context.tables
    needs, offers = tables["reserve_requirements"], tables["reserve_offers"]
    if not len(needs):
        return
    products = tables["reserve_products"]
    lower = dict(zip(products["product"], products["substitutes_for"], strict=True))
    zone_of_bus = dict(zip(tables["buses"]["bus"], tables["buses"]["zone"], strict=True))
    units = tables["units"]
    zone_of = {u: zone_of_bus.get(b, "") for u, b in zip(units["unit"], units["bus"], strict=True)}
    # The most that each offer gives in any interval, so that no interval is warned of in error.
    most: dict[tuple[str, str], float] = {}
    listed = (offers[c].tolist() for c in ("unit", "product", "mw"))
    for unit, product, mw in zip(*listed, strict=True):
        most[unit, product] = max(most.get((unit, product), 0.0), mw)
    offered: dict[tuple[str, str], float] = {}
    for (unit, product), mw in most.items():
        for zone in {"", zone_of.get(unit, "")}:
            step = product
            while step:
                offered[step, zone] = offered.get((step, zone), 0.0) + mw
                step = lower.get(step, "")
    worst: dict[tuple[str, str], int] = {}
    required = needs["mw"].tolist()
    names = zip(needs["product"].tolist(), needs["zone"].tolist(), strict=True)
    for position, key in enumerate(names):
        if not math.isnan(required[position]) and (
            key not in worst or required[position] > required[worst[key]]
        ):
            worst[key] = position
    source = context.sources["reserve_requirements"]
    for (product, zone), position in worst.items():
        there = offered.get((product, zone), 0.0)
        if required[position] > there + TOLERANCE_MW:
            place = f" in zone {zone}" if zone else ""
            message = (
                f"{product}{place} requires {required[position]:g} MW, units offer at most "
                f"{there:g} MW"
            )
            row = source.row(position)
            context.warnings.append(Failure(source.file, row, "mw", "reserve_scarcity", message))
