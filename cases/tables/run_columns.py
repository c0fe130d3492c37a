"""Columns that the tables of runs and settlements share, and short ways to declare them."""

from __future__ import annotations

from cases.tables.columns import Column, Dtype, Table


def num(name: str, unit: str, description: str) -> Column:
    """A number with its unit."""
    return Column(name, "float", unit, description)


def copied(name: str, unit: str, description: str) -> Column:
    """A number that repeats what the case or the rulebook says, digit for digit."""
    return Column(name, "float", unit, description, exact=True)


def text(name: str, description: str) -> Column:
    """A text."""
    return Column(name, "str", "", description)


def known(name: str, description: str) -> Column:
    """A yes or no that may be blank: not known."""
    return Column(name, "bool", "", description)


def flag(name: str, description: str) -> Column:
    """A yes or no; no where it is left out."""
    return Column(name, "bool", "", description, default=False)


def count(name: str, description: str) -> Column:
    """A whole number; 0 where it is left out."""
    return Column(name, "int", "", description, default=0)


def word(name: str, description: str, isin: tuple[str, ...]) -> Column:
    """One of a few words."""
    return Column(name, "str", "", description, isin=isin)


PRICE = "money/MWh"
START = Column("interval_start", "timestamp", "", "start of the interval")
END = Column("interval_end", "timestamp", "", "end of the interval")
CONSTRAINT = text("constraint", "branch, interface or other limit, by its bare name")
CONTINGENCY = text("contingency", "contingency under which it holds; blank = base case")
DIRECTION = text("direction", "upper or lower: which limit is meant")
SHADOW = num("shadow_price", "money/MWh", "worth of one more MW of limit for an hour, >= 0")


OFFERS = ("unit", "storage", "virtual", "load")
"""What can have offered."""
KIND = Column("kind", "str", "", "what offered: " + ", ".join(OFFERS), default="unit", isin=OFFERS)
LIMITS = ("branch", "interface", "contingency", "ramp_up", "ramp_down", "reserve", "custom")
"""What a row of `constraints` limits."""


MARGINAL = ("unit", "bid", "virtual", "storage", "slack")
"""What a row of `marginal_units` is about."""
EXCEEDED = ("balance", "branch", "interface", "contingency", "ramp", "reserve", "custom")
"""What a row of `slacks` exceeds."""
UNIQUE = known(
    "unique",
    "no other price goes with the schedule; false where it meets a limit exactly and the "
    "rulebook's tie-break chose; blank = not tested, or there is no price",
)
LMP_SUM = ("lmp", ("mec", "mcc", "mlc"))


def table(
    name: str,
    description: str,
    key: tuple[str, ...],
    *columns: Column,
    sums: tuple[tuple[str, tuple[str, ...]], ...] = (),
    unchecked: str = "",
) -> Table:
    """A table of a run: its columns in order, those that identify a row, and what adds up."""
    return Table(name, description, columns, key=key, sums=sums, unchecked=unchecked)


def columns(dtype: Dtype, **columns: str) -> tuple[Column, ...]:
    """Several columns of one type, without units."""
    return tuple(Column(name, dtype, "", text) for name, text in columns.items())
