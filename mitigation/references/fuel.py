"""Fuel prices of the market day and of the look-back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from cases.case import Case
from network.arrays import Floats

__all__ = ["DatedPrices", "FuelPrices", "days_before", "days_of", "unit_fuel"]


class DatedPrices:
    """Prices that hold from a day on; a price without a day holds before all others."""

    def __init__(self, table: pd.DataFrame) -> None:
        """Take rows of date and price."""
        rows = table.sort_values("date", na_position="first", kind="stable")
        self._days = [date.min if pd.isna(day) else day.date() for day in rows["date"]]
        self._prices = [float(price) for price in rows["price"]]

    def on(self, day: date) -> float:
        """The price that holds on a day; NaN = none."""
        place = bisect_right(self._days, day)
        return self._prices[place - 1] if place else float("nan")


class FuelPrices:
    """Prices of fuels: today's from the case, those of earlier days also from earlier cases."""

    def __init__(self, case: Case, earlier: Sequence[Case] = ()) -> None:
        """Take the tables ``fuel_prices`` of the market day and of earlier days."""
        self._today = _by_fuel(case)
        self._then: dict[tuple[str, date], float] = {}
        for other in earlier:
            days = sorted(set(other.interval_starts.date))
            for fuel, prices in _by_fuel(other).items():
                self._then |= {(fuel, day): prices.on(day) for day in days}

    def on(self, fuel: str, day: date) -> float:
        """Price of a fuel by the table of the market day; NaN where there is none."""
        prices = self._today.get(fuel)
        return float("nan") if prices is None else prices.on(day)

    def ratio(self, fuel: str, today: date, then: Sequence[date]) -> tuple[Floats, str]:
        """``Fuel(today) / Fuel(then)`` of each day, NaN where the price of then is not known.

        Where the fuel has no price today nothing is adjusted: ones, and a text that says so.
        """
        now = self.on(fuel, today) if fuel else float("nan")
        if np.isnan(now) or now <= 0:
            reason = f"{fuel} has no price above zero" if fuel else "no fuel is named"
            return np.ones(len(then)), f"not fuel-adjusted: {reason}"
        known = {day: self._then.get((fuel, day), self.on(fuel, day)) for day in set(then)}
        past = np.array([known[day] for day in then], dtype=float)
        return np.where(past > 0, now / np.where(past > 0, past, 1.0), np.nan), ""


def unit_fuel(case: Case) -> dict[str, str]:
    """The fuel of each unit: that of ``units``, else that of its first cost block."""
    units, costs = case.units, case.costs
    named = costs[costs["fuel"] != ""].sort_values("segment", kind="stable")
    first = dict(zip(named["unit"][::-1], named["fuel"][::-1], strict=True))
    return {
        unit: fuel or first.get(unit, "")
        for unit, fuel in zip(units["unit"], units["fuel"], strict=True)
    }


def _by_fuel(case: Case) -> dict[str, DatedPrices]:
    groups = case.fuel_prices.groupby("fuel", sort=False)
    return {str(fuel): DatedPrices(rows) for fuel, rows in groups}


def days_of(stamps: pd.Series) -> list[date]:
    """The day of each stamp, in its own timezone."""
    place, distinct = pd.factorize(stamps)
    days = [stamp.date() for stamp in distinct]
    return [days[k] for k in place]


def days_before(day: date, count: int) -> date:
    """The day ``count`` days earlier."""
    return day - timedelta(days=count)
