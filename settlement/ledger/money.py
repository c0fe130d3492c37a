"""Exact money: decimals of a smallest unit, rounded half up, split without loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import SupportsFloat

import numpy as np

__all__ = ["Number", "exact", "integers", "products", "round_to", "split"]

Number = Decimal | int | float
"""What a user may give as a quantity or a price."""

_ZERO = Decimal(0)
_HALF_UP = Context(prec=40, rounding=ROUND_HALF_UP)


def exact(value: Number | SupportsFloat) -> Decimal:
    """The decimal that is written the same way: 0.1 becomes Decimal("0.1").

    Raises
    ------
    ValueError
        If the value is not a finite number.
    """
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int | np.integer):
        return Decimal(int(value))
    else:
        real = float(value)
        number = Decimal(int(real)) if real.is_integer() else Decimal(repr(real))
    if not number.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return number


def round_to(value: Decimal, unit: Decimal) -> Decimal:
    """`value` rounded to a multiple of `unit`, halves away from zero.

    Rounding is symmetric: what a buyer pays is what the seller gets.
    """
    if unit.as_tuple().digits == (1,):
        return value.quantize(unit, context=_HALF_UP) + _ZERO
    with localcontext(_HALF_UP):
        return (value / unit).to_integral_value(ROUND_HALF_UP) * unit + _ZERO


def products(
    quantities: Iterable[float],
    prices: Iterable[float],
    quantity_unit: Decimal,
    price_unit: Decimal,
    money_unit: Decimal,
) -> tuple[list[Decimal], list[Decimal], list[Decimal]]:
    """Rounded quantities and prices, and the exact product of the rounded numbers as money.

    A reader who multiplies what a line shows and rounds to the smallest unit gets its amount.
    """
    shown_quantities: list[Decimal] = []
    shown_prices: list[Decimal] = []
    amounts: list[Decimal] = []
    for quantity, price in zip(quantities, prices, strict=True):
        q = round_to(exact(quantity), quantity_unit)
        p = round_to(exact(price), price_unit)
        shown_quantities.append(q)
        shown_prices.append(p)
        amounts.append(round_to(q * p, money_unit))
    return shown_quantities, shown_prices, amounts


def split(total: Decimal, weights: Sequence[Number], unit: Decimal) -> list[Decimal]:
    """`total` in shares proportional to `weights`, each a multiple of `unit`, summing to `total`.

    Largest remainder: every share is first rounded towards zero, then the units left over go one
    each to the largest remainders, ties to the earlier position.

    Raises
    ------
    ValueError
        If a weight is negative, all are zero, or `total` is no multiple of `unit`.
    """
    shares = [exact(weight) for weight in weights]
    if any(share < 0 for share in shares):
        raise ValueError("weights must not be negative")
    whole = sum(shares, _ZERO)
    if whole == 0:
        raise ValueError("nothing to split by: all weights are zero")
    with localcontext(_HALF_UP):
        units = abs(total) / unit
        if units != units.to_integral_value():
            raise ValueError(f"{total} is no multiple of {unit}")
        sign = -1 if total < 0 else 1
        return [sign * count * unit + _ZERO for count in _largest_remainder(int(units), shares)]


def _largest_remainder(units: int, shares: Sequence[Decimal]) -> list[int]:
    """Whole units in proportion to shares, exact: in integers, without any rounding."""
    equal = shares.count(shares[0]) == len(shares)
    weights = [1] * len(shares) if equal else integers(shares)
    whole = sum(weights)
    counts, remainders = [], []
    for weight in weights:
        count, remainder = divmod(units * weight, whole)
        counts.append(count)
        remainders.append(remainder)
    order = sorted(range(len(weights)), key=lambda i: -remainders[i])
    for i in order[: units - sum(counts)]:
        counts[i] += 1
    return counts


def integers(numbers: Sequence[Decimal]) -> list[int]:
    """Decimals that are not negative, all times the same power of ten that makes them whole."""
    parts = [number.as_tuple() for number in numbers]
    lowest = min(int(part.exponent) for part in parts)
    return [
        int(number.scaleb(-int(part.exponent), _HALF_UP)) * 10 ** (int(part.exponent) - lowest)
        for number, part in zip(numbers, parts, strict=True)
    ]
