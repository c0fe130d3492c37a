"""Reserves: products that serve each other, rules that can be read, demand curves."""

from __future__ import annotations

from cases.checks.context import Context, positions
from cases.reserve_rules import parse_reserve_rule

__all__ = ["check_reserves"]

TABLES = ("reserve_products", "reserve_requirements", "reserve_demand", "reserve_offers")


def check_reserves(context: Context) -> None:
    """Check substitution, rules and demand curves."""
    if not context.usable(*TABLES):
        return
    _check_substitution(context)
    _check_rules(context)
    demand = context.tables["reserve_demand"]
    for position in positions(demand["price"] < 0):
        message = f"what is short must not earn money ({demand['price'].iat[position]:g})"
        context.fail("reserve_demand", position, "price", "negative_price", message)


def _check_substitution(context: Context) -> None:
    """A product serves lower ones of its direction, step by step and never in a circle."""
    products = context.tables["reserve_products"]
    lower = dict(zip(products["product"], products["substitutes_for"], strict=True))
    direction = dict(zip(products["product"], products["direction"], strict=True))
    minutes = dict(zip(products["product"], products["minutes"], strict=True))
    source = context.sources["reserve_products"]
    offline = products["offline"] & (products["direction"] == "down")
    for position in positions(offline):
        message = "a unit that is off has no output to take back; only upward products are offline"
        context.fail("reserve_products", position, "offline", "offline_down", message)
    for position, name in enumerate(products["product"].tolist()):
        below, chain = lower[name], [name]
        if below in direction and direction[below] != direction[name]:
            message = f"{name} is {direction[name]}, {below} is {direction[below]}"
            context.fail("reserve_products", position, "substitutes_for", "direction", message)
        elif below in minutes and minutes[below] < minutes[name]:
            message = (
                f"{name} responds in {minutes[name]:g} minutes, slower than {below} in "
                f"{minutes[below]:g}, for which it counts"
            )
            context.warnings.append(
                source.failure(position, "substitutes_for", "slower_substitute", message)
            )
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
