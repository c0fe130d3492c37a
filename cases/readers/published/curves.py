"""Offer curves as published to blocks from 0 MW: cumulative MW, widths, slopes, minimum loads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cases.readers.published.layout import Curve

__all__ = ["Blocks", "blocks_of", "with_minimum"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_LEAST_MW = 1e-9


@dataclass(frozen=True)
class Blocks:
    """Blocks of n offers: (n, K) MW at which each begins and ends, and its price.

    Empty blocks have no width. `falling` are the rows whose MW or prices fall from point to point.
    `charging` are the blocks below 0 MW, of storage; MW there are negative.
    """

    lower: Floats
    upper: Floats
    price: Floats
    falling: Flags
    charging: Blocks | None = None


def blocks_of(
    curve: Curve, mw: Floats, price: Floats, sloped: Flags, p_min: Floats, pieces: int = 1
) -> Blocks:
    """Turn points into blocks.

    Parameters
    ----------
    curve
        What the points mean.
    mw, price
        (n, K) points; NaN where a row has none.
    sloped
        (n,) whether points are joined by straight lines. A block then has the price in the middle
        of its line, so that its cost is exact; a price inside is wrong by half the rise over the
        block at most.
    p_min
        (n,) economic minimum, for curves that begin there.
    pieces
        Blocks for each sloping line.
    """
    there = np.isfinite(mw) & np.isfinite(price)
    if (there[:, 1:] & ~there[:, :-1]).any():
        mw, price, there = _packed(mw, price, there)
    if curve.cumulative:
        upper = mw
    else:
        offset = np.where(curve.from_minimum & np.isfinite(p_min), p_min, 0.0)
        upper = np.cumsum(np.where(there, mw, 0.0), axis=1) + offset[:, None]
    held = price
    before, previous_price = _shifted(upper), _shifted(held)
    first = np.zeros_like(there)
    first[:, 0] = there[:, 0]
    later = there[:, 1:]
    falling = np.any(later & (upper[:, 1:] < upper[:, :-1] - _LEAST_MW), axis=1)
    falling |= np.any(later & (held[:, 1:] < held[:, :-1] - _LEAST_MW), axis=1)
    if curve.onward:
        return _onward(upper, held, there, first, falling)
    lower = np.where(first, np.minimum(0.0, upper), before)
    lower, upper = np.where(there, lower, 0.0), np.where(there, upper, 0.0)
    level = np.where(there, price, 0.0)
    start = np.where(first | ~there, level, np.where(sloped[:, None], previous_price, level))
    if not (lower < 0).any():
        return _cut(lower, upper, start, level, falling, pieces, sloped)
    below = _within(lower, upper, start, level, -np.inf, 0.0)
    charging = _cut(*below, falling, pieces, sloped)
    above = _within(lower, upper, start, level, 0.0, np.inf)
    return replace(_cut(*above, falling, pieces, sloped), charging=charging)


def _within(
    lower: Floats, upper: Floats, start: Floats, end: Floats, least: float, most: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """The part of straight lines between two outputs."""
    width = np.where(upper > lower, upper - lower, 1.0)
    low, high = np.clip(lower, least, most), np.clip(upper, least, most)
    rise = (end - start) / width
    return low, high, start + rise * (low - lower), start + rise * (high - lower)


def _packed(mw: Floats, price: Floats, there: Flags) -> tuple[Floats, Floats, Flags]:
    """Points without gaps between them, in their order."""
    order = np.argsort(~there, axis=1, kind="stable")
    return (
        np.take_along_axis(mw, order, axis=1),
        np.take_along_axis(price, order, axis=1),
        np.take_along_axis(there, order, axis=1),
    )


def _shifted(values: Floats) -> Floats:
    """Values of the point before; NaN at the first."""
    return np.concatenate([np.full((len(values), 1), np.nan), values[:, :-1]], axis=1)


def _onward(upper: Floats, price: Floats, there: Flags, first: Flags, falling: Flags) -> Blocks:
    """A price holds from its MW to the next point; the last point only ends the curve.

    What lies below the first point has its price; a single point is a block from 0 MW.
    """
    before = np.concatenate([np.zeros((len(upper), 1)), upper[:, :-1]], axis=1)
    held = np.concatenate([price[:, :1], price[:, :-1]], axis=1)
    lower = np.where(there & ~first, before, 0.0)
    top = np.where(there, upper, 0.0)
    level = np.where(first, price, held)
    lower = np.where(first, np.minimum(0.0, upper), lower)
    return Blocks(lower, top, np.where(there, level, 0.0), falling)


def _cut(
    lower: Floats,
    upper: Floats,
    start: Floats,
    end: Floats,
    falling: Flags,
    pieces: int,
    sloped: Flags,
) -> Blocks:
    """Blocks of straight lines from `start` to `end`: pieces at the price in their middle."""
    if pieces == 1 or not sloped.any():
        return Blocks(lower, upper, (start + end) / 2.0, falling)
    share = np.arange(pieces + 1) / pieces
    width, rise = (upper - lower)[:, :, None], (end - start)[:, :, None]
    low = (lower[:, :, None] + width * share[:-1]).reshape(len(lower), -1)
    high = (lower[:, :, None] + width * share[1:]).reshape(len(lower), -1)
    middle = (share[:-1] + share[1:]) / 2.0
    price = (start[:, :, None] + rise * middle).reshape(len(lower), -1)
    return Blocks(low, high, price, falling)


def with_minimum(blocks: Blocks, p_min: Floats, cost: Floats) -> tuple[Blocks, Floats]:
    """Price the MW up to `p_min` by their own cost per hour; give the rest as no-load cost.

    The first block costs cost / p_min, or the price of the next block where that is less, so that
    prices never fall; what it then leaves of the cost is paid per hour. Rows without a cost, or
    without a minimum, stay as they are.
    """
    own = np.isfinite(cost) & (p_min > 0)
    floor = np.where(own, p_min, 0.0)[:, None]
    lower, upper = np.maximum(blocks.lower, floor), np.maximum(blocks.upper, floor)
    width = upper - lower
    any_left = (width > _LEAST_MW).any(axis=1)
    at = np.argmax(width > _LEAST_MW, axis=1)
    following = np.where(any_left, np.take_along_axis(blocks.price, at[:, None], 1)[:, 0], np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.where(own, np.minimum(cost / np.where(own, p_min, 1.0), following), 0.0)
    rest = np.where(own, cost - price * p_min, np.nan)
    untouched = ~own[:, None]
    first = floor
    return (
        Blocks(
            np.concatenate(
                [np.zeros_like(first), np.where(untouched, blocks.lower, lower)], axis=1
            ),
            np.concatenate([first, np.where(untouched, blocks.upper, upper)], axis=1),
            np.concatenate([price[:, None], blocks.price], axis=1),
            blocks.falling,
        ),
        rest,
    )
