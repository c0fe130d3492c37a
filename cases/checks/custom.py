"""The user's own constraints: terms that speak of what is there, constraints that have some."""

from __future__ import annotations

import numpy as np

from cases.checks.context import Context, positions

__all__ = ["check_custom"]

_TABLE_OF = {
    "unit": ("units", "unit"),
    "load": ("loads", "load"),
    "reserve": ("units", "unit"),
    "branch": ("branches", "branch"),
    "link": ("links", "link"),
    "storage": ("storage", "storage"),
}
"""Table and column that know the element of each kind of term."""


def check_custom(context: Context) -> None:
    """Check names, elements and products of the terms, and that every constraint has terms.

    A term of an element that is not there is reported with its row and the nearest names. A name
    that a branch or an interface has cannot be that of a constraint: results would not tell the
    two apart.
    """
    if not context.usable("custom_constraints", "custom_terms"):
        return
    limits, terms = context.tables["custom_constraints"], context.tables["custom_terms"]
    if not len(limits) and not len(terms):
        return
    _check_names(context)
    rows = ~context.reported("custom_terms", "constraint")
    names = list(dict.fromkeys(limits["constraint"].tolist()))
    what, rule = "custom constraint", "unknown_constraint"
    context.known("custom_terms", "constraint", names, rule, what, rows)
    _check_elements(context)
    _check_products(context)
    for position in positions(terms["coefficient"] == 0.0):
        message = "a coefficient of 0 makes the term count for nothing"
        context.fail("custom_terms", position, "coefficient", "zero_coefficient", message)
    used = set(terms["constraint"])
    first = ~limits["constraint"].duplicated() & (limits["constraint"] != "")
    for position in positions(first & ~limits["constraint"].isin(used)):
        message = f"{limits['constraint'].iat[position]} has no terms in custom_terms"
        context.fail("custom_constraints", position, "constraint", "no_terms", message)


def _check_names(context: Context) -> None:
    limits = context.tables["custom_constraints"]
    for table, column in (("branches", "branch"), ("interface_limits", "interface")):
        taken = set(context.tables[table][column]) - {""}
        for position in positions(limits["constraint"].isin(taken)):
            name = limits["constraint"].iat[position]
            message = f"there is {column} {name} already; give the constraint another name"
            context.fail("custom_constraints", position, "constraint", "name_taken", message)


def _check_elements(context: Context) -> None:
    terms = context.tables["custom_terms"]
    readable = ~context.reported("custom_terms", "kind", "element")
    for kind, (table, column) in _TABLE_OF.items():
        rows = (terms["kind"] == kind).to_numpy() & readable
        if rows.any() and context.usable(table):
            names = context.tables[table][column].tolist()
            context.known("custom_terms", "element", names, f"unknown_{column}", column, rows)


def _check_products(context: Context) -> None:
    """A reserve term has a product that its unit offers; no other term has one."""
    terms = context.tables["custom_terms"]
    reserve = (terms["kind"] == "reserve").to_numpy()
    blank = (terms["product"] == "").to_numpy()
    for position in positions(~reserve & ~blank & (terms["kind"] != "").to_numpy()):
        message = f"a {terms['kind'].iat[position]} term has no product; leave it blank"
        context.fail("custom_terms", position, "product", "product", message)
    for position in positions(reserve & blank):
        message = "a reserve term needs the product whose award it is about"
        context.fail("custom_terms", position, "product", "product", message)
    if not context.usable("reserve_products", "reserve_offers", "units"):
        return
    products = context.tables["reserve_products"]["product"].tolist()
    context.known("custom_terms", "product", products, "unknown_product", "product", reserve)
    offers = context.tables["reserve_offers"]
    offered = set(zip(offers["unit"], offers["product"], strict=True))
    units, there = set(context.tables["units"]["unit"]), set(products)
    for position in np.flatnonzero(reserve & ~blank).tolist():
        unit, product = terms["element"].iat[position], terms["product"].iat[position]
        if unit in units and product in there and (unit, product) not in offered:
            message = f"{unit} does not offer {product}: the term would always be 0"
            context.fail("custom_terms", position, "product", "not_offered", message)
    required = [context.tables[name] for name in ("reserve_requirements", "reserve_demand")]
    if reserve.any() and not any(len(table) for table in required):
        message = "the case requires no reserves, so that nobody is awarded any"
        context.fail("custom_terms", positions(reserve)[0], "kind", "no_reserves", message)
