"""Money, energy and prices as whole numbers of their smallest unit: many at once, exactly.

A unit that is a power of ten (a cent, a watt-hour) lets a column of decimals be a column of 64-bit
integers. Rounding is that of `settlement.ledger.money`, to the last digit: a float counts as the
decimal it prints as, halves go away from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

import numpy as np
from numpy.typing import NDArray

from settlement.ledger.money import exact, integers, round_to

__all__ = [
    "Whole",
    "decimal",
    "decimals",
    "from_decimals",
    "places",
    "rounded_products",
    "split_units",
    "whole_units",
]

Whole = NDArray[np.int64]
"""Multiples of a unit."""

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)
_LARGEST = 2.0**53
"""Above it a float is no whole number of units for sure."""
_FITS = 4.0e18
"""Products below it fit 64 bits with room for half a unit."""


def places(unit: Decimal) -> int | None:
    """Decimal places of a unit 1, 0.1, 0.01, ...; None where it is no such power of ten."""
    text = format(unit.normalize(), "f")
    sign, digits, exponent = Decimal(text).as_tuple()
    if sign or digits != (1,) or not isinstance(exponent, int) or not -12 <= exponent <= 0:
        return None
    return -exponent


def whole_units(values: NDArray[np.float64], digits: int) -> Whole | None:
    """Floats rounded to `digits` decimals, as whole units; None where one is too large or NaN.

    Where the float product lies so near a half that its own error could decide, the decimal that
    the float prints as decides instead.
    """
    scaled = np.asarray(values, dtype=np.float64) * 10.0**digits
    size = np.abs(scaled)
    if not (size < _LARGEST / 4).all():
        return None
    down = np.floor(size)
    rest = size - down
    result = (down + (rest >= 0.5)).astype(np.int64)
    result[scaled < 0] *= -1
    near = np.flatnonzero(np.abs(rest - 0.5) <= 1e-6 + size * 1e-15)
    unit = Decimal(1).scaleb(-digits)
    for position in near.tolist():
        number = round_to(exact(float(values.flat[position])), unit)
        result.flat[position] = int(number.scaleb(digits, _CONTEXT))
    return result


def rounded_products(one: Whole, other: Whole, digits: int) -> Whole | None:
    """Products of whole units, `digits` decimals dropped, halves away from zero; None if too large.

    The drop is exact: what a reader gets who multiplies the shown numbers and rounds.
    """
    bound = float(np.abs(one).max(initial=0)) * float(np.abs(other).max(initial=0))
    if bound >= _FITS or digits > 18:
        return None
    product: Whole = one * other
    if digits <= 0:
        scale = 10**-digits
        return np.asarray(product * scale) if bound * scale < _FITS else None
    step = 10**digits
    size = (np.abs(product) + step // 2) // step
    return np.asarray(np.where(product < 0, -size, size), dtype=np.int64)


def decimal(units: int, digits: int) -> Decimal:
    """Whole units as a decimal with `digits` places."""
    return Decimal(units).scaleb(-digits, _CONTEXT)


def decimals(units: Whole, digits: int) -> list[Decimal]:
    """Whole units as decimals with `digits` places."""
    return [Decimal(value).scaleb(-digits, _CONTEXT) for value in units.tolist()]


def from_decimals(values: Sequence[Decimal], digits: int) -> Whole | None:
    """Decimals as whole units; None where one is no multiple of the unit, or too large."""
    result = []
    for value in values:
        scaled = value.scaleb(digits, _CONTEXT)
        number = int(scaled)
        if number != scaled or abs(number) >= _LARGEST:
            return None
        result.append(number)
    return np.array(result, dtype=np.int64)


def split_units(total: Decimal, weights: NDArray[np.float64], digits: int) -> Whole | None:
    """`settlement.ledger.money.split` in whole units; None where the total does not fit.

    Weights that are equal are worked out once, in whole numbers of any size.
    """
    whole_total = from_decimals([total], digits)
    if whole_total is None or (weights < 0).any() or not weights.any():
        return None
    units = abs(int(whole_total[0]))
    distinct, place, rows = np.unique(weights, return_inverse=True, return_counts=True)
    sizes = integers([exact(float(weight)) for weight in distinct])
    whole = sum(size * count for size, count in zip(sizes, rows.tolist(), strict=True))
    parts = [divmod(units * size, whole) for size in sizes]
    counts = np.array([count for count, _ in parts], dtype=np.int64)[place]
    ranks = {rest: rank for rank, rest in enumerate(sorted({r for _, r in parts}, reverse=True))}
    order = np.argsort(np.array([ranks[rest] for _, rest in parts])[place], kind="stable")
    counts[order[: units - int(counts.sum())]] += 1
    return np.asarray(-counts if whole_total[0] < 0 else counts, dtype=np.int64)
