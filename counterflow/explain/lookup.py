"""What a user typed, matched to what a run holds: names, and instants of its intervals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

import pandas as pd

from cases.errors import InputError
from cases.market_time import days_in, instants

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def _usage(rule: str, message: str) -> InputError:
    return InputError.one(file="", row=None, column=None, rule=rule, message=message)


def nearest(text: str, names: Iterable[str], count: int = 5) -> list[str]:
    """Names most like `text`, best first; where none is alike, the first few in their order."""
    known = list(dict.fromkeys(names))
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.casefold(), name)
    close = get_close_matches(text.casefold(), list(folded), n=count, cutoff=0.4)
    return [folded[name] for name in close] or known[:count]


def resolve_name(text: str, names: Iterable[str], what: str) -> str:
    """Return the one of `names` that is `text`.

    Raises
    ------
    InputError
        One line with the nearest names, when there is no such name.
    """
    known = list(dict.fromkeys(names))
    if text in known:
        return text
    if not known:
        raise _usage(f"unknown {what}", f"there is no {what} {text!r}: the run has none")
    listed = ", ".join(nearest(text, known))
    raise _usage(
        f"unknown {what}", f"there is no {what} {text!r}; nearest of {len(known)}: {listed}"
    )


def resolve_interval(
    text: str, starts: pd.DatetimeIndex, ends: pd.DatetimeIndex, timezone: str
) -> int:
    """Position of the interval that holds the instant a user wrote.

    Parameters
    ----------
    text
        ISO 8601 with an offset, or without one (then in `timezone`), or ``HH:MM`` when the
        intervals cover one local day.
    starts, ends
        The intervals, timezone-aware, in order; an interval holds its start and not its end.
    timezone
        The case's timezone.

    Raises
    ------
    InputError
        One line: what was expected, and the nearest interval starts.
    """
    local = starts.tz_convert(timezone)
    clock = _CLOCK.fullmatch(text.strip())
    moments = _of_the_day(text, clock, local) if clock else [_instant(text, local, timezone)]
    if len(moments) > 1:
        both = " or ".join(moment.isoformat() for moment in moments)
        raise _usage("ambiguous time", f"{text!r} happens twice on this day: write {both}")
    moment = moments[0]
    position = int(starts.searchsorted(moment, side="right")) - 1
    if position >= 0 and moment < ends[position]:
        return position
    raise _outside(text, moment, local)


def resolve_intervals(
    text: str, starts: pd.DatetimeIndex, ends: pd.DatetimeIndex, timezone: str
) -> range:
    """Positions of the intervals of a time, of a range ``FROM..TO`` with both ends, or of ``all``.

    Raises
    ------
    InputError
        As in `resolve_interval`; a range that ends before it begins.
    """
    if text.strip() == "all":
        return range(len(starts))
    first, dots, last = text.partition("..")
    if not dots:
        position = resolve_interval(text, starts, ends, timezone)
        return range(position, position + 1)
    low, high = (resolve_interval(end.strip(), starts, ends, timezone) for end in (first, last))
    if high < low:
        raise _usage("usage", f"{text!r} ends before it begins")
    return range(low, high + 1)


def _outside(text: str, moment: pd.Timestamp, local: pd.DatetimeIndex) -> InputError:
    distance = [abs((start - moment).total_seconds()) for start in local]
    order = sorted(range(len(local)), key=distance.__getitem__)[:3]
    listed = ", ".join(local[i].isoformat() for i in sorted(order))
    return _usage(
        "no such interval",
        f"no interval holds {text!r}; nearest of {len(local)} interval starts: {listed}",
    )


def _instant(text: str, local: pd.DatetimeIndex, timezone: str) -> pd.Timestamp:
    expected = (
        f"expected a time such as {local[0].isoformat()} "
        f"(without an offset it is in {timezone}), or HH:MM when the run has one day"
    )
    stamp = text.strip()
    if not re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}", stamp):
        raise _usage("not a time", f"{text!r} is not a time: {expected}")
    try:
        moment = pd.Timestamp(stamp)
    except ValueError:
        raise _usage("not a time", f"{text!r} is not a time: {expected}") from None
    if moment.tzinfo is not None:
        return moment
    return _localize(moment, text, timezone)


def _localize(moment: pd.Timestamp, text: str, timezone: str) -> pd.Timestamp:
    moments = instants(moment, timezone)
    if len(moments) == 1:
        return moments[0]
    if not moments:
        raise _usage(
            "no such time", f"{text!r} does not exist in {timezone}: clocks skip it on that day"
        )
    both = " or ".join(stamp.isoformat() for stamp in moments)
    raise _usage("ambiguous time", f"{text!r} happens twice in {timezone}: write {both}")


def _of_the_day(text: str, clock: re.Match[str], local: pd.DatetimeIndex) -> list[pd.Timestamp]:
    days = days_in(local)
    if len(days) > 1:
        example = local[0].strftime("%Y-%m-%dT") + text.strip().zfill(5)
        raise _usage(
            "which day", f"{text!r} needs its date, the run covers {len(days)} days: {example}"
        )
    hour, minute, second = (int(part or 0) for part in clock.groups())
    if hour > 23 or minute > 59 or second > 59:
        raise _usage("not a time", f"{text!r} is not a time of day between 00:00 and 23:59")
    time = pd.Timedelta(hours=hour, minutes=minute, seconds=second)
    moments = instants(days[0] + time, str(local.tz))
    if not moments:
        raise _usage(
            "no such time",
            f"{text!r} does not exist on {days[0]:%Y-%m-%d}: clocks skip it on that day",
        )
    return moments
