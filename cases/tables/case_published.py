"""The case tables of what a market has published: prices by place, states and awards of units."""

from __future__ import annotations

from cases.tables.column_kinds import key, mw, number, price, text
from cases.tables.columns import Column, Table

__all__ = ["PUBLISHED"]

_START = Column("interval_start", "timestamp", "", "start of the interval", required=True, key=True)

PUBLISHED = (
    Table(
        "published_prices",
        "prices that the market published: of a market without a grid, or to compare a run with",
        (
            key("node", "bus that stands for the place, or price node"),
            _START,
            price("LMP"),
            number("mec", "money/MWh", "energy component; blank = not published"),
            number("mcc", "money/MWh", "congestion component; blank = not published"),
            number("mlc", "money/MWh", "loss component; blank = not published"),
        ),
        key=("interval_start", "node"),
        on_grid=False,
    ),
    Table(
        "published_units",
        "what the market published of each unit and hour, beside its offer",
        (
            key("unit", "unit"),
            _START,
            mw("p_min", "economic minimum of the hour", 0.0),
            mw("p_max", "economic maximum of the hour; blank = that of its offer"),
            mw("must_take_mw", "MW that it sells at any price", 0.0),
            text(
                "status",
                "economic, must_run or unavailable",
                *("economic", "must_run", "unavailable"),
                default="economic",
            ),
            mw("cleared_mw", "MW that cleared; blank = not published", signed=True),
        ),
        key=("unit", "interval_start"),
    ),
)
