"""The ledger: statement lines, each with its quantity, price, rule and exact amount."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.rulebook.settlement import SettlementRules
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import exact, products, round_to, split

__all__ = ["Ledger", "Line"]


class Line(NamedTuple):
    """One statement line; `amount` is money received, negative where paid."""

    owner: str
    subject: str
    interval_start: pd.Timestamp
    item: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    rule: str


class Ledger:
    """Collects statement lines under the rounding rules of a rulebook."""

    def __init__(self, rules: SettlementRules) -> None:
        self.rules = rules
        self.money_unit = exact(rules.smallest_unit)
        self.quantity_unit = exact(rules.quantity_unit)
        self.price_unit = exact(rules.price_unit)
        self.operator = rules.operator
        self.rows: list[Line] = []

    @classmethod
    def like(cls, other: Ledger) -> Ledger:
        """An empty ledger with the same rules."""
        return cls(other.rules)

    def take(self, other: Ledger) -> None:
        """Append the lines of another ledger."""
        self.rows.extend(other.rows)

    def money(self, amount: Decimal) -> Decimal:
        """An amount rounded to the smallest unit."""
        return round_to(amount, self.money_unit)

    def quantity(self, quantity: float | Decimal) -> Decimal:
        """A quantity as statements show it."""
        return round_to(exact(quantity), self.quantity_unit)

    def price(self, price: float | Decimal) -> Decimal:
        """A price as statements show it."""
        return round_to(exact(price), self.price_unit)

    def add(
        self,
        owner: str,
        subject: str,
        at: pd.Timestamp,
        item: str,
        quantity: Decimal,
        price: Decimal,
        amount: Decimal,
        rule: str,
    ) -> None:
        """One line, as it is."""
        self.rows.append(Line(owner, subject, at, item, quantity, price, amount, rule))

    def transfer(
        self,
        receiver: str,
        payer: str,
        subject: str,
        at: pd.Timestamp,
        item: str,
        quantity: Decimal,
        price: Decimal,
        rule: str,
    ) -> Decimal:
        """Two lines that cancel: `receiver` gets quantity x price from `payer`.

        The price is rounded to the rulebook's step first, so that a reader who multiplies what a
        line shows gets its amount.
        """
        price = self.price(price)
        amount = self.money(quantity * price)
        self.add(receiver, subject, at, item, quantity, price, amount, rule)
        self.add(payer, subject, at, item, -quantity, price, -amount, rule)
        return amount

    def priced(self, table: pd.DataFrame, item: str, rule: str) -> None:
        """Lines quantity x price for a table with owner, subject, interval_start, quantity, price.

        Raises
        ------
        InputError
            Where a quantity has no price: it cannot be settled.
        """
        table = table[table["quantity"] != 0]
        missing = table[table["price"].isna()]
        if len(missing):
            found = Problems("prices")
            for row in records(missing):
                what = f"{row['subject']} has {row['quantity']:g} MWh"
                when = f"from {row['interval_start'].isoformat()}"
                found.add(None, "lmp", "price", f"{what} {when} but there is no price for it")
            raise InputError(found.failures)
        quantities, prices, amounts = products(
            table["quantity"].to_numpy(),
            table["price"].to_numpy(),
            self.quantity_unit,
            self.price_unit,
            self.money_unit,
        )
        self.rows.extend(
            Line(owner, subject, at, item, quantity, price, amount, rule)
            for owner, subject, at, quantity, price, amount in zip(
                table["owner"],
                table["subject"],
                table["interval_start"],
                quantities,
                prices,
                amounts,
                strict=True,
            )
        )

    def share(
        self,
        total: Decimal,
        by_owner: Mapping[str, float],
        subject: str,
        at: pd.Timestamp,
        item: str,
        rule: str,
    ) -> None:
        """Lines that share `total` among owners in proportion to their MWh, without a residue.

        The price shown is the rate per MWh; amounts may differ from quantity x rate by one smallest
        unit so that they sum to the total.
        """
        owners = [owner for owner, weight in by_owner.items() if weight > 0]
        if total == 0:
            return
        weights = [by_owner[owner] for owner in owners]
        rate = self.price(abs(float(total)) / float(np.sum(weights)))
        sign = -1 if total < 0 else 1
        for owner, weight, amount in zip(
            owners, weights, split(total, weights, self.money_unit), strict=True
        ):
            if amount != 0:
                self.add(owner, subject, at, item, sign * self.quantity(weight), rate, amount, rule)

    def total(self, items: Sequence[str] | None = None) -> Decimal:
        """Sum of the amounts, of some items or of all."""
        return sum(
            (row.amount for row in self.rows if items is None or row.item in items), Decimal(0)
        )

    def by_interval(self) -> dict[pd.Timestamp, list[Line]]:
        """Lines of each interval, in order of time."""
        intervals: dict[pd.Timestamp, list[Line]] = {}
        for row in self.rows:
            intervals.setdefault(row.interval_start, []).append(row)
        return dict(sorted(intervals.items()))

    def frame(self, timezone: str) -> pd.DataFrame:
        """The lines as a table with the columns of `statement`, numbered in order."""
        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * len(Line._fields)
        width = len(str(len(self.rows)))
        numbers = [str(n + 1).zfill(width) for n in range(len(self.rows))]
        dtypes: dict[str, Any] = {"quantity": "object", "price": "object", "amount": "object"}
        table = pd.DataFrame(
            {"line": pd.Series(numbers, dtype="str")}
            | {
                name: pd.Series(values, dtype=dtypes.get(name, "str"))
                for name, values in zip(Line._fields, columns, strict=True)
                if name != "interval_start"
            }
        )
        # Nanoseconds: reading each stamp as an object would cost more than all the rest.
        value = {at: at.as_unit("ns").value for at in {row.interval_start for row in self.rows}}
        moments = np.array([value[row.interval_start] for row in self.rows], "int64")
        starts = pd.to_datetime(moments, unit="ns", utc=True).as_unit("us").tz_convert(timezone)
        table.insert(3, "interval_start", pd.Series(starts))
        return table
