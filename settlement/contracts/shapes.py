"""What the `shape` of a contract curve says: hours of blocks, or weights of a typical day.

Block shapes are parts separated by ";". A part is hours, or the name of a block, with the days it
counts on and its weight::

    08:00-11:00 18:00-21:00                      all energy in these hours of every day
    peak                                         all energy in the rulebook's peak block
    08:00-20:00 = 7200; valley = 3600            7200 : 3600, valley = every other hour
    workdays 08:00-20:00 = 2; restdays 10:00-16:00 = 1; valley = 1

Typical-day shapes are weights of equal parts of a day (24 of them are hours), for every day or for
each kind of day::

    1 1 1 1 1 1 2 3 4 4 4 4 3 3 4 4 4 4 5 5 4 3 2 1
    workdays 1 2 2 1; restdays 1 1 1 1

Weights of one shape are relative: the energy of the curve is spread in proportion to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import InputError
from cases.market_time import day_of
from settlement.time.blocks import Block, parse_spans
from settlement.time.calendar import WorkingCalendar

__all__ = ["block_weights", "typical_day_weights"]

Weights = NDArray[np.float64]
Days = Literal["all", "working", "rest"]

_DAYS: dict[str, Days] = {"workdays": "working", "restdays": "rest"}
_REST = ("valley", "rest")


def block_weights(
    shape: str,
    starts: pd.DatetimeIndex,
    interval_hours: float,
    blocks: Mapping[str, Block],
    calendar: WorkingCalendar,
) -> Weights:
    """Weight of each interval under a block shape, shape (T,).

    Within a part the energy is flat over its hours. A part without any hour in the term of the
    curve is an error unless its weight is zero: its energy would have nowhere to go.

    Raises
    ------
    InputError
        If the shape cannot be read, its blocks overlap, or a block has no hour.
    """
    parts = [part.strip() for part in shape.split(";") if part.strip()]
    if not parts:
        raise _bad(shape, "a block curve needs the hours of its blocks")
    taken = np.zeros(len(starts))
    weights = np.zeros(len(starts))
    rest: list[float] = []
    for part in parts:
        where, weight = _weighted(part, shape, alone=len(parts) == 1)
        if where in _REST:
            rest.append(weight)
            continue
        hours = _block(where, shape, blocks).hours(starts, interval_hours, calendar)
        taken += hours
        weights += _flat(hours, weight, where, shape)
    if (taken > interval_hours * (1 + 1e-9)).any():
        raise _bad(shape, "its blocks overlap")
    if len(rest) > 1:
        raise _bad(shape, "valley stands for every other hour, so it can be given once")
    for weight in rest:
        weights += _flat(np.clip(interval_hours - taken, 0.0, None), weight, "valley", shape)
    return weights


def _weighted(part: str, shape: str, *, alone: bool) -> tuple[str, float]:
    where, equals, number = part.partition("=")
    if not equals:
        if not alone:
            raise _bad(shape, f"{part!r} needs a weight, such as {part} = 0.5")
        return where.strip(), 1.0
    return where.strip(), _number(number.strip(), shape)


def _block(where: str, shape: str, blocks: Mapping[str, Block]) -> Block:
    first, _, others = where.partition(" ")
    days: Days = "all"
    hours = where
    if first in _DAYS:
        days, hours = _DAYS[first], others.strip() or "00:00-24:00"
    if hours in blocks:
        block = blocks[hours]
        if days != "all":
            raise _bad(shape, f"the block {hours} already says on which days it counts")
        return block
    if not hours[:1].isdigit():
        known = ", ".join([*blocks, "valley"])
        raise _bad(shape, f"unknown block {hours!r}: hours such as 08:00-11:00, or one of {known}")
    return Block(where, parse_spans(hours), days)


def _flat(hours: Weights, weight: float, where: str, shape: str) -> Weights:
    total = hours.sum()
    if total == 0:
        if weight:
            raise _bad(shape, f"{where} has no hour in the curve's days")
        return hours
    return np.asarray(hours * (weight / total))


def typical_day_weights(
    shape: str,
    starts: pd.DatetimeIndex,
    interval_hours: float,
    calendar: WorkingCalendar,
) -> Weights:
    """Weight of each interval under a typical-day shape, shape (T,).

    Raises
    ------
    InputError
        If the shape cannot be read, is not whole parts of a day, or leaves a kind of day out.
    """
    days = day_of(starts)
    weights = np.full(len(starts), np.nan)
    for part in (part.strip() for part in shape.split(";") if part.strip()):
        first, _, others = part.partition(" ")
        kind, text = (_DAYS[first], others) if first in _DAYS else ("all", part)
        numbers = np.array([_number(word, shape) for word in text.replace(",", " ").split()])
        if not len(numbers) or (24 * 60) % len(numbers):
            raise _bad(shape, f"{len(numbers)} weights are not equal parts of a day")
        mask = np.ones(len(starts), dtype=bool)
        if kind != "all":
            working = {day: calendar.is_working(day.date()) for day in days.unique()}
            mask = np.array([working[day] == (kind == "working") for day in days])
        if not np.isnan(weights[mask]).all():
            raise _bad(shape, "two lists of weights for the same days")
        weights[mask] = _spread(numbers, starts[mask], interval_hours)
    if np.isnan(weights).any():
        raise _bad(shape, f"no weights for {starts[int(np.isnan(weights).argmax())]:%Y-%m-%d}")
    return weights


def _spread(numbers: Weights, starts: pd.DatetimeIndex, interval_hours: float) -> Weights:
    """Share of the day's weights that falls into each interval, by overlap in wall-clock time."""
    part = 24.0 / len(numbers)
    begin = (starts.hour + starts.minute / 60).to_numpy(dtype=float)
    edges = np.concatenate([[0.0], np.cumsum(numbers)])
    at = np.arange(len(edges)) * part
    weights = np.interp(begin + interval_hours, at, edges) - np.interp(begin, at, edges)
    return np.asarray(weights, dtype=np.float64)


def _number(text: str, shape: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _bad(shape, f"{text!r} is not a number") from None
    if not np.isfinite(value) or value < 0:
        raise _bad(shape, f"a weight must be a number that is not negative, got {text!r}")
    return value


def _bad(shape: str, why: str) -> InputError:
    return InputError.one("", None, None, "shape", f"shape {shape!r}: {why}")
