"""Settlement prices of futures: what a position was last marked at, and the limits of a day."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

import pandas as pd

from cases.errors import InputError
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import exact

__all__ = ["Contract", "Marks"]

Contract = tuple[str, str]
"""Product and delivery month."""


@dataclass(frozen=True)
class Marks:
    """Daily settlement prices in the rulebook's quote, by day and by product and month."""

    by_day: dict[date, dict[Contract, Decimal]]

    @classmethod
    def of(cls, table: pd.DataFrame | None) -> Marks:
        """Marks of a table with date, product, month and price; none of None.

        Raises
        ------
        InputError
            If a product has two prices on a day.
        """
        prices: dict[date, dict[Contract, Decimal]] = defaultdict(dict)
        found = Problems("settlement_prices")
        for position, row in enumerate(records(table) if table is not None else []):
            day = pd.Timestamp(row["date"]).date()
            key = (row["product"], row["month"])
            if key in prices[day]:
                message = f"two prices of {key[0]} {key[1]} on {day}"
                found.add(position, "price", "duplicate", message)
            prices[day][key] = exact(row["price"])
        if found.failures:
            raise InputError(found.failures)
        return cls(dict(sorted(prices.items())))

    @cached_property
    def _of(self) -> dict[Contract, list[tuple[date, Decimal]]]:
        days: dict[Contract, list[tuple[date, Decimal]]] = defaultdict(list)
        for day, prices in self.by_day.items():
            for contract, price in prices.items():
                days[contract].append((day, price))
        return dict(days)

    def last(self, contract: Contract, since: date | None = None) -> tuple[date, Decimal] | None:
        """The last mark of a contract on or after the day `since`; None where there is none."""
        days = self._of.get(contract, [])
        if not days or (since is not None and days[-1][0] < since):
            return None
        return days[-1]

    def before(self, contract: Contract, day: date) -> Decimal | None:
        """The last mark before a day: what its price limits count from."""
        days = self._of.get(contract, [])
        at = bisect_left(days, day, key=lambda entry: entry[0])
        return days[at - 1][1] if at else None
