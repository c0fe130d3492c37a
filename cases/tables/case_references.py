"""The case tables behind reference levels of other components than energy, and agreed ones."""

from __future__ import annotations

from cases.tables.column_kinds import date, key, mw, number, price, text
from cases.tables.columns import Column, Table

__all__ = ["REFERENCE_DATA"]

_TIER = Column(
    "after_hours_off",
    "float",
    "h",
    "start-up tier: from this many hours off",
    default=0.0,
    key=True,
    ge=0.0,
)

REFERENCE_DATA = (
    Table(
        "commitment_costs",
        "what being on, a start and a stop cost, for cost-based reference levels",
        (
            key("unit", "unit"),
            Column(
                "component",
                "str",
                "",
                "no_load, startup or shutdown",
                required=True,
                key=True,
                isin=("no_load", "startup", "shutdown"),
            ),
            _TIER,
            number("fuel_use", "fuel", "fuel per hour on (no_load) or per event", 0.0, ge=0.0),
            text("fuel", "fuel burnt; blank = the unit's fuel"),
            number("emission", "t", "emission per hour on (no_load) or per event", 0.0, ge=0.0),
            number("other", "money", "other cost per hour on (no_load) or per event", 0.0),
        ),
        key=("unit", "component", "after_hours_off"),
    ),
    Table(
        "negotiated_references",
        "reference levels that were agreed with the participant",
        (
            key("unit", "unit"),
            key("component", "energy, no_load, startup, shutdown or reserve:PRODUCT"),
            Column("segment", "int", "", "block of energy", default=1, key=True, ge=1),
            mw("mw", "width of the block of energy; blank = the rest up to p_max"),
            _TIER,
            price("reference level, in the unit of the component"),
            date("valid_from", "first day of validity; blank = always", key=True),
            date("valid_to", "last day of validity; blank = open end"),
            text("approved_by", "who approved it"),
        ),
        key=("unit", "component", "segment", "after_hours_off", "valid_from"),
        on_grid=False,
    ),
    Table(
        "reference_choices",
        "method that the participant chose, where the rulebook lets it",
        (
            key("unit", "unit"),
            Column("component", "str", "", "component; blank = all", default="", key=True),
            Column(
                "method",
                "str",
                "",
                "cost, offer, price, opportunity or negotiated",
                required=True,
                isin=("cost", "offer", "price", "opportunity", "negotiated"),
            ),
        ),
        key=("unit", "component"),
    ),
    Table(
        "reference_parameters",
        "registered values of time and physical parameters",
        (
            key("unit", "unit"),
            Column(
                "parameter",
                "str",
                "",
                "column of `units` that it is the registered value of",
                required=True,
                key=True,
                isin=(
                    *("p_min", "p_max", "min_up", "min_down"),
                    *("ramp_up", "ramp_down", "startup_ramp", "shutdown_ramp"),
                ),
            ),
            number(
                "value", "", "registered value, in the unit of that column", required=True, ge=0.0
            ),
        ),
        key=("unit", "parameter"),
    ),
)
