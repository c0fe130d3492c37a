"""Blocks of the day: base, mid, peak, valley, or any spans of local hours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import InputError
from cases.market_time import day_of, first_moment
from cases.rulebook.settlement import BlockRules, FuturesRules, ProductRules
from settlement.time.calendar import WorkingCalendar, month_days, working_calendar

__all__ = ["Block", "Spans", "named_blocks", "parse_spans"]

Spans = tuple[tuple[int, int], ...]
"""Minutes of the local day, start included, end excluded."""

_DAY = 24 * 60
_QUARTER = 0.25
_SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")


def parse_spans(text: str) -> Spans:
    """Spans written as "08:00-11:00 18:00-21:00".

    Raises
    ------
    InputError
        If the text is not a list of spans inside a day, or spans overlap.
    """
    spans: list[tuple[int, int]] = []
    for word in text.split():
        match = _SPAN.fullmatch(word)
        if match is None:
            raise _bad_spans(text, f"{word!r} is not written like 08:00-11:00")
        h0, m0, h1, m1 = (int(part) for part in match.groups())
        start, end = h0 * 60 + m0, h1 * 60 + m1
        if not 0 <= start < end <= _DAY or m0 > 59 or m1 > 59:
            raise _bad_spans(text, f"{word!r} is not a span of hours within a day")
        spans.append((start, end))
    if not spans:
        raise _bad_spans(text, "no hours")
    spans.sort()
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise _bad_spans(text, "spans overlap")
    return tuple(spans)


def _bad_spans(text: str, why: str) -> InputError:
    return InputError.one("", None, None, "spans", f"hours {text!r}: {why}")


@dataclass(frozen=True, slots=True)
class Block:
    """A set of local hours on a kind of day; hours may differ in summer months."""

    name: str
    spans: Spans
    days: Literal["all", "working", "rest"] = "all"
    summer_spans: Spans | None = None
    summer_months: frozenset[int] = frozenset()
    complement_of: Block | None = None
    """Where it is given, this block is every hour that is not in that one."""

    @classmethod
    def from_rules(cls, name: str, rules: BlockRules, summer_months: Sequence[int]) -> Block:
        """The block that a rulebook section describes."""
        summer = rules.summer_hours
        return cls(
            name,
            _minutes(rules.hours),
            "working" if rules.working_days_only else "all",
            _minutes(summer) if summer is not None else None,
            frozenset(summer_months),
        )

    def spans_on(self, day: date, calendar: WorkingCalendar) -> Spans:
        """The block's spans on one day; empty where the day does not count."""
        if self.complement_of is not None:
            return _rest_of_day(self.complement_of.spans_on(day, calendar))
        if self.days != "all" and calendar.is_working(day) != (self.days == "working"):
            return ()
        if self.summer_spans is not None and day.month in self.summer_months:
            return self.summer_spans
        return self.spans

    def month_hours(
        self, year: int, month: int, calendar: WorkingCalendar, timezone: str = ""
    ) -> float:
        """Hours of the block in a month: in days of 23 or 25 hours what is delivered in them.

        Without a `timezone` every day has 24 hours.
        """
        return self.hours_of(month_days(year, month), calendar, timezone)

    def hours_of(
        self, days: Iterable[date], calendar: WorkingCalendar, timezone: str = ""
    ) -> float:
        """Hours of the block in some days; as in `month_hours`."""
        total = 0.0
        for day in days:
            spans = self.spans_on(day, calendar)
            if spans and timezone and _clock_changes(day, timezone):
                starts = _quarters(day, timezone)
                total += float(self.hours(starts, _QUARTER, calendar).sum())
            else:
                total += sum(end - start for start, end in spans) / 60
        return total

    def hours(
        self, starts: pd.DatetimeIndex, interval_hours: float, calendar: WorkingCalendar
    ) -> NDArray[np.float64]:
        """Hours of each interval that lie in the block, shape (T,).

        Parameters
        ----------
        starts
            Interval starts, timezone-aware in the market's timezone.
        interval_hours
            Length of an interval, hours; an interval must not cross midnight.
        """
        days = day_of(starts)
        # Wall-clock minutes, so that a block keeps its local hours on days of 23 or 25 hours.
        begin = (starts.hour * 60 + starts.minute).to_numpy(dtype=float)
        end = begin + interval_hours * 60
        if (end > _DAY + 1e-6).any():
            raise InputError.one(
                "", None, None, "interval", "an interval that crosses midnight has no block"
            )
        minutes = np.zeros(len(starts))
        for day in days.unique():
            rows = np.flatnonzero(days == day)
            for lower, upper in self.spans_on(day.date(), calendar):
                overlap = np.minimum(end[rows], upper) - np.maximum(begin[rows], lower)
                minutes[rows] += np.clip(overlap, 0.0, None)
        return minutes / 60


def _rest_of_day(spans: Spans) -> Spans:
    edges = [0, *(minute for span in spans for minute in span), _DAY]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple((start, end) for start, end in pairs if start < end)


def _quarters(day: date, timezone: str) -> pd.DatetimeIndex:
    """Starts of the quarter hours of a local day."""
    first, last = _ends(day, timezone)
    return pd.date_range(first, last, freq="15min", inclusive="left")


def _clock_changes(day: date, timezone: str) -> bool:
    first, last = _ends(day, timezone)
    return last - first != pd.Timedelta(days=1)


def _ends(day: date, timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    midnight = pd.Timestamp(day)
    after = midnight + pd.Timedelta(days=1)
    return first_moment(midnight, timezone), first_moment(after, timezone)


def _minutes(hours: Sequence[tuple[int, int]]) -> Spans:
    return tuple((start * 60, end * 60) for start, end in hours)


def named_blocks(rules: FuturesRules) -> tuple[dict[str, Block], WorkingCalendar]:
    """The blocks of a rulebook (base, mid and peak) or a product file, and its calendar."""
    if isinstance(rules, ProductRules):
        return _of_file(rules), working_calendar(rules.calendar)
    blocks = {
        name: Block.from_rules(name, section, rules.summer_months)
        for name, section in (("base", rules.base), ("mid", rules.mid), ("peak", rules.peak))
    }
    return blocks, working_calendar(rules.calendar)


def _of_file(rules: ProductRules) -> dict[str, Block]:
    summer = frozenset(rules.summer_months)
    blocks = {
        name: Block(
            name,
            _minutes(own.hours),
            own.days,
            None if own.summer_hours is None else _minutes(own.summer_hours),
            summer,
        )
        for name, own in rules.products.items()
    }
    for name, own in rules.products.items():
        if own.complement_of:
            blocks[name] = Block(name, ((0, _DAY),), complement_of=blocks[own.complement_of])
    return blocks
