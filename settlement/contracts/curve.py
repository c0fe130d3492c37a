"""A contract curve: exact energy by interval, as whole units where that can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from settlement.ledger.money import split
from settlement.ledger.units import Whole, decimal, decimals, from_decimals

__all__ = ["Curve", "Steps", "nanoseconds", "units_of_all"]

_HOUR = 3_600_000_000_000
"""Nanoseconds."""
_ZERO = Decimal(0)


@dataclass(frozen=True, eq=False)
class Steps:
    """Energy by interval: starts, ascending, and MWh in units of 10^-`digits`."""

    starts: pd.DatetimeIndex
    units: Whole
    digits: int

    @cached_property
    def moments(self) -> NDArray[np.int64]:
        """Starts in nanoseconds."""
        return nanoseconds(self.starts)


@dataclass(frozen=True, eq=False)
class Curve:
    """Contract energy by interval.

    `energies` are exact MWh by interval start, ascending: a Series of Decimals, or `Steps`;
    `step_hours` is the length of the intervals; `source` says what the curve was made from;
    `fixed_on` is the day on which it was frozen (`settlement.contracts.frozen`), None for a curve
    that was not.
    """

    name: str
    source: str
    step_hours: float
    energies: pd.Series | Steps
    fixed_on: pd.Timestamp | None = None

    @cached_property
    def mwh(self) -> pd.Series:
        """MWh (Decimal) by interval start."""
        if isinstance(self.energies, Steps):
            steps = self.energies
            return pd.Series(decimals(steps.units, steps.digits), index=steps.starts, dtype=object)
        return self.energies

    @property
    def energy(self) -> Decimal:
        """Energy of the whole term, MWh."""
        if isinstance(self.energies, Steps):
            return decimal(int(self.energies.units.sum()), self.energies.digits)
        return sum(self.energies, _ZERO)

    def after(self, moment: pd.Timestamp) -> Decimal:
        """Energy of the intervals from `moment` on, MWh."""
        if isinstance(self.energies, Steps):
            first = int(self.energies.moments.searchsorted(moment.as_unit("ns").value))
            return decimal(int(self.energies.units[first:].sum()), self.energies.digits)
        return sum(self.energies[self.energies.index >= moment], _ZERO)

    def on(self, starts: pd.DatetimeIndex, interval_hours: float, unit: Decimal) -> list[Decimal]:
        """MWh in each interval, shape (T,); zero before and after the term of the curve.

        A step longer than the interval is spread evenly and exactly, a shorter one is summed.
        """
        steps = self.step_hours / interval_hours
        moments = nanoseconds(starts)
        if steps >= 1:
            return self._spread(moments, interval_hours, round(steps), unit)
        at, mwh = self._arrays
        known = dict(zip(at.tolist(), mwh, strict=True))
        step = round(self.step_hours * _HOUR)
        count = round(1 / steps)
        return [
            sum((known.get(start + k * step, _ZERO) for k in range(count)), _ZERO)
            for start in moments.tolist()
        ]

    def whole(self, digits: int) -> Steps | None:
        """Energies in whole units of 10^-`digits` MWh; None where they are no such units."""
        if digits not in self._whole:
            if isinstance(self.energies, Steps):
                own = self.energies
                factor = 10 ** max(digits - own.digits, 0)
                fits = own.digits <= digits and np.abs(own.units).max(initial=0) * factor < 2**53
                steps = Steps(own.starts, own.units * factor, digits) if fits else None
            else:
                units = from_decimals(self.mwh.tolist(), digits)
                index = pd.DatetimeIndex(self.mwh.index)
                steps = None if units is None else Steps(index, units, digits)
            self._whole[digits] = steps
        return self._whole[digits]

    @cached_property
    def _whole(self) -> dict[int, Steps | None]:
        own = self.energies
        return {own.digits: own} if isinstance(own, Steps) else {}

    @cached_property
    def _arrays(self) -> tuple[NDArray[np.int64], list[Decimal]]:
        """Interval starts, nanoseconds, and their MWh."""
        return nanoseconds(pd.DatetimeIndex(self.mwh.index)), self.mwh.tolist()

    def _spread(
        self, moments: NDArray[np.int64], interval_hours: float, parts: int, unit: Decimal
    ) -> list[Decimal]:
        at, mwh = self._arrays
        rows = at.searchsorted(moments, side="right") - 1
        since = moments - at[np.maximum(rows, 0)]
        part = np.rint(since / (interval_hours * _HOUR)).astype(int)
        part[(rows < 0) | (part < 0) | (part >= parts)] = -1
        if parts == 1:
            return [
                _ZERO if k < 0 else mwh[row]
                for row, k in zip(rows.tolist(), part.tolist(), strict=True)
            ]
        shares: dict[int, list[Decimal]] = {}
        result = []
        for row, k in zip(rows.tolist(), part.tolist(), strict=True):
            if k >= 0 and row not in shares:
                shares[row] = split(mwh[row], [1] * parts, unit)
            result.append(_ZERO if k < 0 else shares[row][k])
        return result


def nanoseconds(starts: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Instants as nanoseconds since 1970, UTC."""
    return np.asarray(starts.as_unit("ns").asi8, dtype=np.int64)


def units_of_all(
    curves: Sequence[Curve], moments: NDArray[np.int64], interval_hours: float, digits: int
) -> Whole | None:
    """`Curve.on` for many curves, (C, T), in whole units; None where one has no whole units.

    `moments` are the interval starts (`nanoseconds`). Curves over the same starts share their
    places in them.
    """
    result = np.zeros((len(curves), len(moments)), dtype=np.int64)
    places: dict[tuple[int, float], _Places] = {}
    for number, curve in enumerate(curves):
        steps = curve.whole(digits)
        if steps is None:
            return None
        if not len(steps.units):
            continue
        key = (id(steps.starts), curve.step_hours)
        if key not in places:
            places[key] = _Places.of(steps.moments, moments, curve.step_hours, interval_hours)
        result[number] = places[key].energies(steps.units)
    return result


@dataclass(frozen=True, eq=False)
class _Places:
    """Where intervals lie among the steps of a curve.

    `rows` and `inside` are (T, K): the steps that an interval takes, K more than one where it is
    longer than they are; `parts` intervals share a step, of which each is the `part`-th.
    """

    rows: NDArray[np.int64]
    inside: NDArray[np.bool_]
    parts: int
    part: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        at: NDArray[np.int64],
        moments: NDArray[np.int64],
        step_hours: float,
        interval_hours: float,
    ) -> _Places:
        steps = step_hours / interval_hours
        if steps < 1:
            wanted = moments[:, None] + np.arange(round(1 / steps)) * round(step_hours * _HOUR)
            rows = np.minimum(at.searchsorted(wanted), len(at) - 1)
            return cls(rows, at[rows] == wanted, 1, np.zeros(len(moments), dtype=np.int64))
        parts = round(steps)
        rows = at.searchsorted(moments, side="right") - 1
        inside, rows = rows >= 0, np.maximum(rows, 0)
        part = np.rint((moments - at[rows]) / (interval_hours * _HOUR)).astype(np.int64)
        inside &= part < parts
        return cls(rows[:, None], inside[:, None], parts, part)

    def energies(self, units: Whole) -> Whole:
        """Units of each interval, (T,)."""
        energy = np.where(self.inside, units[self.rows], 0).sum(axis=1)
        if self.parts == 1:
            return np.asarray(energy)
        # Largest remainder with equal shares: the first parts take the units that are left over.
        share, left = np.divmod(np.abs(energy), self.parts)
        return np.asarray(np.sign(energy) * (share + (self.part < left)))
