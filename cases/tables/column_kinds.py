"""Short forms for declaring the columns of the case tables."""

from __future__ import annotations

from cases.tables.columns import Column, Dtype

__all__ = [
    "WIDE_START",
    "date",
    "fixed_loss",
    "flag",
    "key",
    "loss_segments",
    "mw",
    "number",
    "price",
    "ref",
    "segment",
    "stamp",
    "text",
]


def key(name: str, description: str, dtype: Dtype = "str") -> Column:
    """Declare a required key column."""
    return Column(name, dtype, "", description, required=True, key=True)


def text(name: str, description: str, *isin: str, default: str = "") -> Column:
    """Declare a text column, blank by default; with `isin` one of a few words."""
    return Column(name, "str", "", description, default=default, isin=isin or None)


def ref(name: str, description: str) -> Column:
    """Declare a required name that another table knows."""
    return Column(name, "str", "", description, required=True)


def stamp(description: str = "start of the interval; blank = every interval") -> Column:
    """Declare the interval that a row is for."""
    return Column("interval_start", "timestamp", "", description, key=True)


def date(name: str, description: str, *, key: bool = False, required: bool = False) -> Column:
    """Declare a day."""
    return Column(name, "date", "", description, key=key, required=required)


def flag(name: str, description: str, default: bool = False) -> Column:
    """Declare a yes or no."""
    return Column(name, "bool", "", description, default=default)


def segment(description: str = "number of the block, counted from 1") -> Column:
    """Declare the number of a block."""
    return Column("segment", "int", "", description, required=True, key=True, ge=1)


def mw(
    name: str,
    description: str,
    default: float | None = None,
    *,
    required: bool = False,
    signed: bool = False,
    unit: str = "MW",
    present: bool = False,
) -> Column:
    """Declare a quantity, not negative unless `signed`."""
    ge = None if signed else 0.0
    return Column(name, "float", unit, description, required, default, ge=ge, present=present)


def loss_segments() -> Column:
    """Declare how many chords stand for quadratic losses."""
    meaning = "chords per direction for its losses (losses.method = chords); 0 = no losses"
    return Column("loss_segments", "int", "", meaning, default=0, ge=0)


def fixed_loss() -> Column:
    """Declare losses that do not depend on the flow."""
    meaning = "lost at any flow, half at each end, where it has loss_segments (chords)"
    return mw("fixed_loss_mw", meaning, 0.0)


def price(description: str, name: str = "price", unit: str = "money/MWh") -> Column:
    """Declare a required price."""
    return Column(name, "float", unit, description, required=True)


def number(
    name: str,
    unit: str,
    description: str,
    default: float | None = None,
    *,
    required: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Column:
    """Declare a number with limits."""
    return Column(name, "float", unit, description, required, default, False, ge, gt, le, lt)


WIDE_START = Column(
    "interval_start", "timestamp", "", "start of the interval", required=True, key=True
)
