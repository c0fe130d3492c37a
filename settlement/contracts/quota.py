"""Planned quota: energy that units must sell at a fixed price, decomposed for fairness.

Every unit's quota takes the same shape, the typical days of the system load by season and by kind
of day (working day, rest day), so that no unit is given a better share of the dear hours than
another. Where a unit cannot carry its part of an interval, the rest goes to its own other intervals
in proportion to what they can still take: its energy stays what was planned, and the balance says
how far its shape had to leave that of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import InputError
from cases.market_time import day_of
from settlement.contracts.curves import Curve, CurveMaker
from settlement.ledger.frames import Problems
from settlement.ledger.money import Number, exact, round_to, split
from settlement.time.calendar import WorkingCalendar

__all__ = ["TypicalDays", "planned_quota", "quota_balance"]

Kind = tuple[str, bool]
"""Season and whether the day is a working day."""


@dataclass(frozen=True)
class TypicalDays:
    """Mean load by hour of the day for each season and kind of day, MW.

    `seasons` gives the season of each month (1 to 12); months that it does not name are one season,
    "". `hourly` holds 24 numbers for each season and kind that the load has.
    """

    seasons: Mapping[int, str]
    calendar: WorkingCalendar
    hourly: Mapping[Kind, NDArray[np.float64]]

    @classmethod
    def of(
        cls,
        load: pd.Series,
        calendar: WorkingCalendar,
        timezone: str,
        seasons: Mapping[int, str] | None = None,
    ) -> TypicalDays:
        """From a system load, MW by interval start (timezone-aware).

        Raises
        ------
        InputError
            Naming every season and kind of day that lacks an hour.
        """
        named = dict(seasons or {})
        starts = pd.DatetimeIndex(load.index).tz_convert(timezone)
        kinds = _kinds(starts, calendar, named)
        found = Problems("load")
        hourly: dict[Kind, NDArray[np.float64]] = {}
        for kind in sorted(set(kinds)):
            inside = np.array([other == kind for other in kinds])
            mean = load[inside].groupby(starts[inside].hour).mean().reindex(range(24))
            if mean.isna().any():
                hours = mean.index[mean.isna()].tolist()
                message = f"{_words(kind)}: the load has no value for the hours {hours}"
                found.add(None, None, "typical_day", message)
            hourly[kind] = mean.to_numpy(dtype=np.float64)
        if found.failures:
            raise InputError(found.failures)
        return cls(named, calendar, hourly)

    def weights(self, starts: pd.DatetimeIndex) -> NDArray[np.float64]:
        """Weight of each interval, shape (T,): the mean load of its hour on such a day.

        Raises
        ------
        InputError
            Naming every season and kind of day that the load did not have.
        """
        kinds = _kinds(starts, self.calendar, self.seasons)
        unknown = sorted(set(kinds) - set(self.hourly))
        if unknown:
            message = f"the load has no {', no '.join(_words(kind) for kind in unknown)}"
            raise InputError.one("load", None, None, "typical_day", message)
        hours = starts.hour.to_numpy()
        return np.array([self.hourly[kind][hour] for kind, hour in zip(kinds, hours, strict=True)])


def planned_quota(
    quotas: Mapping[str, Number],
    days: TypicalDays,
    maker: CurveMaker,
    first: pd.Timestamp,
    last: pd.Timestamp,
    capacity: Mapping[str, Number] | None = None,
) -> dict[str, Curve]:
    """The curve of every unit's quota; energies are exact.

    Parameters
    ----------
    quotas
        Energy of each unit in the term, MWh.
    days
        The typical days of the system load.
    maker
        Gives timezone, interval length and smallest energy.
    first, last
        First and last day of the term.
    capacity
        MW that a unit can carry; units that are not named have no limit.

    Raises
    ------
    InputError
        Naming every unit whose quota is more than it can carry in the term.
    """
    starts = maker.intervals(first, last)
    weights = days.weights(starts)
    curves: dict[str, Curve] = {}
    found = Problems("quotas")
    for unit, mwh in quotas.items():
        limit = (capacity or {}).get(unit)
        most = np.inf if limit is None else float(limit) * maker.interval_hours
        energy = float(mwh)
        if energy > most * len(starts) * (1 + 1e-12):
            message = f"unit {unit}: {energy:g} MWh are more than {most * len(starts):g} MWh"
            found.add(None, "mwh", "capacity", f"{message}, all that it can carry in the term")
            continue
        parts = split(round_to(exact(mwh), maker.unit), _filled(weights, energy, most), maker.unit)
        series = pd.Series(parts, index=starts, dtype=object)
        curves[unit] = Curve(unit, "planned quota by typical days", maker.interval_hours, series)
    if found.failures:
        raise InputError(found.failures)
    return curves


def quota_balance(curves: Mapping[str, Curve]) -> pd.DataFrame:
    """How evenly quotas lie: unit, mwh, most, least.

    `most` and `least` are the largest and the smallest ratio, over all intervals, of the unit's
    share of the interval's quota to its share of all quota: 1 and 1 where it has the same part of
    every hour, and of every price, as the others.
    """
    table = pd.DataFrame({name: curve.mwh.astype(float) for name, curve in curves.items()})
    whole = table.sum(axis=1)
    used = table[whole > 0].div(whole[whole > 0], axis=0)
    rows = []
    for name, curve in curves.items():
        share = float(table[name].sum()) / float(whole.sum())
        ratio = used[name] / share if share else used[name]
        rows.append((name, curve.energy, float(ratio.max()), float(ratio.min())))
    return pd.DataFrame(rows, columns=["unit", "mwh", "most", "least"])


def _filled(weights: NDArray[np.float64], energy: float, most: float) -> list[Decimal]:
    """Energy in proportion to weights, none above `most`: the rest fills what is free."""
    filled = np.zeros(len(weights))
    free = weights > 0
    left = energy
    while left > 0 and free.any():
        step = weights * free * (left / weights[free].sum())
        over = free & (filled + step > most)
        if not over.any():
            filled += step
            left = 0.0
            break
        left -= (most - filled[over]).sum()
        filled[over] = most
        free &= ~over
        # What others were given in this round is given anew, in proportion.
        left += filled[free].sum()
        filled[free] = 0.0
    if left > 1e-9 * max(energy, 1.0):
        # Hours without load take what the others cannot carry.
        idle = weights <= 0
        filled[idle] = left / idle.sum()
    return [exact(float(value)) for value in filled]


def _kinds(
    starts: pd.DatetimeIndex, calendar: WorkingCalendar, seasons: Mapping[int, str]
) -> list[Kind]:
    days = day_of(starts)
    known = {
        day: (seasons.get(day.month, ""), calendar.is_working(day.date())) for day in days.unique()
    }
    return [known[day] for day in days]


def _words(kind: Kind) -> str:
    season, working = kind
    return f"{'working' if working else 'rest'} day{f' in {season}' if season else ''}"
