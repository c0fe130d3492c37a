"""The case tables of the user's own constraints."""

from __future__ import annotations

from cases.tables.column_kinds import key, mw, number, stamp
from cases.tables.columns import Column, Table

__all__ = ["CUSTOM", "TERM_KINDS"]

TERM_KINDS = ("unit", "load", "reserve", "branch", "link", "storage")
"""What a term of a custom constraint may speak of."""

CUSTOM = (
    Table(
        "custom_constraints",
        "the user's own limits: the sum of a constraint's terms in each interval, at most (<=), at "
        "least (>=) or exactly (=) limit_mw; it may be exceeded at its penalty",
        (
            key("constraint", "name of the constraint"),
            stamp("interval that the limit is for; blank = every one that has no row of its own"),
            Column(
                "sense",
                "str",
                "",
                "the sum of the terms is at most (<=), at least (>=) or exactly (=) limit_mw",
                default="<=",
                isin=("<=", ">=", "=", "=="),
            ),
            mw("limit_mw", "limit", required=True, signed=True),
            number(
                "penalty",
                "money/MWh",
                "price at which the limit may be exceeded, taken at its word by dispatch and "
                "commitment; blank = the rulebook's penalties.custom, which no start is cheaper "
                "than",
                ge=0.0,
            ),
        ),
        key=("constraint", "interval_start"),
    ),
    Table(
        "custom_terms",
        "the terms of custom constraints: coefficient * MW of an element in the same interval",
        (
            key("constraint", "constraint that the term belongs to"),
            Column(
                "kind",
                "str",
                "",
                "unit (output), load (demand and accepted bids), reserve (award of a unit), branch "
                "(flow before an outage, from -> to), link (MW sent, from -> to) or storage "
                "(discharge less charge)",
                required=True,
                key=True,
                isin=TERM_KINDS,
            ),
            key("element", "name of the unit, load, branch, link or storage"),
            Column(
                "product",
                "str",
                "",
                "reserve product of a reserve term; blank otherwise",
                default="",
                key=True,
            ),
            number("coefficient", "", "factor of the MW; negative is allowed", 1.0),
        ),
        key=("constraint", "kind", "element", "product"),
    ),
)
