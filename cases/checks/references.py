"""Names that one table takes from another must exist there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.checks.context import Context
from cases.errors import Failure
from cases.files.convert import nearest
from cases.point_names import point_names
from cases.tables.schema import CASE_TABLES

__all__ = ["check_references"]

# (table, column, the table that knows the name, its column)
_NAMES: tuple[tuple[str, str, str, str], ...] = (
    ("branches", "from_bus", "buses", "bus"),
    ("branches", "to_bus", "buses", "bus"),
    ("links", "from_bus", "buses", "bus"),
    ("links", "to_bus", "buses", "bus"),
    ("hubs", "bus", "buses", "bus"),
    ("units", "bus", "buses", "bus"),
    ("loads", "bus", "buses", "bus"),
    ("storage", "bus", "buses", "bus"),
    ("price_history", "bus", "buses", "bus"),
    ("interfaces", "branch", "branches", "branch"),
    ("interface_limits", "interface", "interfaces", "interface"),
    ("offers", "unit", "units", "unit"),
    ("commitment_offers", "unit", "units", "unit"),
    ("energy_limits", "unit", "units", "unit"),
    ("reserve_offers", "unit", "units", "unit"),
    ("costs", "unit", "units", "unit"),
    ("offer_history", "unit", "units", "unit"),
    ("published_units", "unit", "units", "unit"),
    ("commitment_costs", "unit", "units", "unit"),
    ("negotiated_references", "unit", "units", "unit"),
    ("reference_choices", "unit", "units", "unit"),
    ("reference_parameters", "unit", "units", "unit"),
    ("bids", "load", "loads", "load"),
    ("reserve_products", "substitutes_for", "reserve_products", "product"),
    ("reserve_requirements", "product", "reserve_products", "product"),
    ("reserve_requirements", "zone", "buses", "zone"),
    ("reserve_demand", "product", "reserve_products", "product"),
    ("reserve_demand", "zone", "buses", "zone"),
    ("reserve_offers", "product", "reserve_products", "product"),
    ("reserve_offers", "load", "loads", "load"),
    ("price_nodes", "bus", "buses", "bus"),
    ("units", "node", "price_nodes", "node"),
    ("branch_ratings", "branch", "branches", "branch"),
    ("risks", "product", "reserve_products", "product"),
    ("risks", "zone", "buses", "zone"),
    ("reserve_sharing", "product", "reserve_products", "product"),
    ("reserve_sharing", "from_zone", "buses", "zone"),
    ("reserve_sharing", "to_zone", "buses", "zone"),
)
_OWNERS: tuple[tuple[str, str], ...] = (
    ("units", "owner"),
    ("loads", "owner"),
    ("storage", "owner"),
    ("virtuals", "owner"),
    ("contracts", "buyer"),
    ("contracts", "seller"),
    ("futures", "owner"),
    ("rights", "owner"),
)
_POINTS: tuple[tuple[str, str], ...] = (
    ("virtuals", "bus"),
    ("virtuals", "sink_bus"),
    ("contracts", "point"),
    ("contracts", "point_to"),
    ("rights", "source"),
    ("rights", "sink"),
)


def check_references(context: Context) -> None:
    """Check every name that a table takes from another one.

    Owners are checked where the case has an `owners` table; without one they are free text.
    """
    tables = context.tables
    for name, column, target, key in _NAMES:
        what = key.replace("_", " ")
        _known(context, name, column, target, tables[target][key], f"unknown_{key}", what)
    if len(tables["owners"]):
        for name, column in _OWNERS:
            owners = tables["owners"]["owner"]
            _known(context, name, column, "owners", owners, "unknown_owner", "owner")
    if context.usable("buses", "hubs"):
        points = pd.Series(point_names(tables), dtype="str")
        for name, column in _POINTS:
            _known(context, name, column, "buses", points, "unknown_point", "bus, hub or zone")
    if context.usable("buses", "price_nodes"):
        places = pd.concat([tables["price_nodes"]["node"], tables["buses"]["bus"]])
        rule, what = "unknown_node", "price node or bus"
        names = places.drop_duplicates()
        _known(context, "published_prices", "node", "buses", names, rule, what)
    _check_curves(context)
    _check_contingencies(context)
    _check_series(context)
    _check_reference_bus(context)


def _check_curves(context: Context) -> None:
    """Check that the curve of every contract is there, by its rule or frozen."""
    tables = context.tables
    if context.usable("frozen_curves"):
        curves = pd.concat([tables["contract_curves"]["curve"], tables["frozen_curves"]["curve"]])
        names = curves.drop_duplicates()
        _known(context, "contracts", "curve", "contract_curves", names, "unknown_curve", "curve")


def _known(
    context: Context, name: str, column: str, target: str, names: pd.Series, rule: str, what: str
) -> None:
    if len(context.tables[name]) and context.usable(name, target):
        rows = ~context.reported(name, column)
        context.known(name, column, names.tolist(), rule, what, rows)


def _check_contingencies(context: Context) -> None:
    frame = context.tables["contingencies"]
    for kind, target in (("branch", "branches"), ("unit", "units")):
        if len(frame) and context.usable("contingencies", target):
            rows = (frame["kind"] == kind).to_numpy() & ~context.reported(
                "contingencies", "element"
            )
            names = context.tables[target][kind].tolist()
            context.known("contingencies", "element", names, f"unknown_{kind}", kind, rows)


def _check_series(context: Context) -> None:
    """Columns of wide tables are units or loads; demand has one for every load."""
    for name, table in CASE_TABLES.items():
        if table.wide is None or name in context.unusable:
            continue
        target = {"unit": "units", "load": "loads"}[table.wide]
        if not context.usable(target):
            continue
        ids = context.tables[target][table.wide].tolist()
        columns = context.tables[name].columns[1:].tolist()
        known = set(ids)
        unknown = [column for column in columns if column not in known]
        for number, column in enumerate(unknown):
            hint = nearest(column, ids) if number < 5 and len(ids) <= 5000 else ""
            message = f"{table.wide} {column} is not known{hint}"
            context.fail_header(name, column, f"unknown_{table.wide}", message)
        if name == "demand":
            there = {"", *columns}
            for load in dict.fromkeys(load for load in ids if load not in there):
                message = f"load {load} has no column"
                context.fail_header(name, load, "missing_series", message)


def _check_reference_bus(context: Context) -> None:
    if context.meta is None or not context.meta.reference or not context.usable("buses"):
        return
    buses = context.tables["buses"]["bus"]
    bus = context.meta.reference
    if not np.any(buses == bus):
        message = f"bus {bus} is not known{nearest(bus, buses)}"
        context.failures.append(Failure("case.toml", None, "reference", "unknown_bus", message))
