"""Fuel prices of the market day and of the look-back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from cases.case import Case
from mitigation.pivotal import Floats

__all__ = ["FuelPrices", "price_on", "unit_fuel"]


def price_on(table: pd.DataFrame, day: date) -> float:
    """The price of a dated table on a day: its latest row that is not later; NaN = none.

    A row without a date holds before all others.
    """
    dates = table["date"]
    known = table[dates.isna() | (dates <= pd.Timestamp(day))]
    if not len(known):
        return float("nan")
    last = known.sort_values("date", na_position="first", kind="stable")["price"]
    return float(last.iloc[-1])


class FuelPrices:
    """Prices of fuels: today's from the case, those of earlier days also from earlier cases."""

    def __init__(self, case: Case, earlier: Sequence[Case] = ()) -> None:
        """Take the tables ``fuel_prices`` of the market day and of earlier days."""
        self._today = dict(iter(case.fuel_prices.groupby("fuel", sort=False)))
        self._then: dict[tuple[str, date], float] = {}
        for other in earlier:
            days = sorted(set(other.interval_starts.date))
            for fuel, rows in other.fuel_prices.groupby("fuel", sort=False):
                self._then |= {(str(fuel), day): price_on(rows, day) for day in days}

    def on(self, fuel: str, day: date) -> float:
        """Price of a fuel by the table of the market day; NaN where there is none."""
        rows = self._today.get(fuel)
        return float("nan") if rows is None else price_on(rows, day)

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


def days_before(day: date, count: int) -> date:
    """The day ``count`` days earlier."""
    return day - timedelta(days=count)
