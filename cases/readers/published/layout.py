"""What a published file looks like, as data: columns, their meanings, its clock, its curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

__all__ = ["Clock", "Curve", "Kind", "Layout", "Wide"]

Kind = Literal["offers", "reserves", "prices", "loads"]

NUMBERS = frozenset(
    (
        *("p_min", "p_max", "must_take_mw", "cleared_mw", "lmp", "mec", "mcc", "mlc", "value"),
        *("no_load", "startup_cold", "startup_inter", "startup_hot", "minimum_cost"),
        *("minimum_price", "min_up", "duration", "load_mw"),
        *("self_mw1", "self_mw2", "self_mw3", "self_mw4"),
    )
)
"""Meanings whose cells are numbers; all others are text."""


@dataclass(frozen=True)
class Clock:
    """How a file states the start of an hour.

    Parameters
    ----------
    zone
        IANA name of the clock; a market on standard time all year has a fixed offset.
    column
        The column with the moment, or with the day where `hour` is given.
    form
        `strptime` form of the column; blank = ISO 8601.
    hour
        The column with the hour of the day, "" where `column` has it.
    ending
        Whether an hour is named by its end: hour 1 is from 0:00 to 1:00.
    repeat
        What tells the second of two equal hours when clocks go back: "suffix" (02X), the name of
        a column with Y or N, or "order" (the second row of the same unit in the file).
    """

    zone: str
    column: str
    form: str = ""
    hour: str = ""
    ending: bool = False
    repeat: str = "order"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file that it reads."""
        named = (self.column, self.hour)
        return tuple(name for name in named if name)


@dataclass(frozen=True)
class Curve:
    """How a file states an offer curve.

    Parameters
    ----------
    mw, price
        Names of the columns of point k, with `{k}` for its number from 1.
    points
        How many points a row has; 0 = every point is a row of its own.
    cumulative
        Whether MW are the output up to which a price holds, or the width of a block.
    sloped
        "" = steps; "always" = straight lines between points; else the column that says so.
    from_minimum
        Whether the first block begins at the economic minimum: what lies below has its price.
    onward
        Whether a price holds from its MW to the next point (the last point ends the curve), rather
        than up to its MW.
    """

    mw: str
    price: str
    points: int
    cumulative: bool = True
    sloped: str = ""
    from_minimum: bool = False
    onward: bool = False

    def names(self) -> list[str]:
        """Columns of all points: MW, then prices."""
        if not self.points:
            return [self.mw, self.price]
        numbers = range(1, self.points + 1)
        return [form.format(k=k) for form in (self.mw, self.price) for k in numbers]


@dataclass(frozen=True)
class Wide:
    """Hours as columns (`{k}` = hour ending), the quantity of a row named in a column."""

    hours: str
    quantity: str
    meanings: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """One layout of one report of one market, and the days it holds for.

    Parameters
    ----------
    market, report, kind
        Whose, which, and what it holds.
    clock
        How hours are stated.
    columns
        Meaning -> column. Meanings of offers: unit, owner, node, zone, technology, p_min, p_max,
        must_take_mw, cleared_mw, lmp, no_load, startup_*, minimum_cost (money per hour at p_min),
        minimum_price (money per MWh at p_min), min_up, status, available, must_run; of prices:
        node, zone, lmp, mec, mcc, mlc, or component and value; of loads: load, load_mw.
    optional
        Meanings whose column may be absent.
    curve
        How offer curves are stated.
    since, until
        First and last day on which files look like this; None = open.
    only
        Column -> values of the rows that count; others are of another market or product.
    states
        Status in the file -> economic, must_run or unavailable.
    components
        Value of the column of `component` -> lmp, mec, mcc or mlc.
    signs
        Meaning -> -1 where the file has the opposite sign.
    wide
        Hours as columns.
    floor
        Price at which MW are taken that the owner sells at any price, where no curve prices them:
        the market's offer floor.
    marks
        Texts of file names that say it is this report.
    products
        Of reserve offers: name in the file -> product.
    minutes
        Of reserve offers: product -> minutes in which it must be there.
    totals
        Of loads: names that stand for the sum of the others.
    masked_by_year
        Whether units get other codes every calendar year.
    """

    market: str
    report: str
    kind: Kind
    clock: Clock
    columns: Mapping[str, str]
    optional: frozenset[str] = frozenset()
    curve: Curve | None = None
    since: date | None = None
    until: date | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, float] = field(default_factory=dict)
    wide: Wide | None = None
    floor: float = 0.0
    marks: tuple[str, ...] = ()
    products: Mapping[str, str] = field(default_factory=dict)
    minutes: Mapping[str, float] = field(default_factory=dict)
    totals: tuple[str, ...] = ()
    masked_by_year: bool = False

    @property
    def name(self) -> str:
        """As messages name it: market, report, and since or until when."""
        held = ""
        if self.since is not None:
            held = f" since {self.since}"
        if self.until is not None:
            held += f" until {self.until}"
        return f"{self.market} {self.report}{held}"

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which a file is not of this layout."""
        named = [c for meaning, c in self.columns.items() if meaning not in self.optional]
        curve = [] if self.curve is None or self.kind == "reserves" else self.curve.names()
        if self.curve is not None and self.curve.sloped not in ("", "always"):
            named.append(self.curve.sloped)
        wide = [] if self.wide is None else [self.wide.quantity, self.wide.hours.format(k=1)]
        return tuple(dict.fromkeys([*self.clock.columns, *named, *self.only, *curve, *wide]))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns whose cells are numbers."""
        named = [c for meaning, c in self.columns.items() if meaning in NUMBERS]
        curve = [] if self.curve is None or self.kind == "reserves" else self.curve.names()
        hours = [] if self.wide is None else [self.wide.hours.format(k=k) for k in range(1, 25)]
        return tuple(dict.fromkeys([*named, *curve, *hours]))
