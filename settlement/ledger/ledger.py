"""The ledger: statement lines, each with its quantity, price, rule and exact amount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.rulebook.settlement import SettlementRules
from settlement.ledger.block import Block, Names, Places
from settlement.ledger.frames import Problems, records
from settlement.ledger.line import Line
from settlement.ledger.money import exact, products, round_to, split
from settlement.ledger.sums import Sums, add_block, add_lines, columns_of
from settlement.ledger.units import places, rounded_products, whole_units

__all__ = ["Ledger", "Line"]

_FEW = 200
"""Lines that are not worth a block."""


class Ledger:
    """Collects statement lines under the rounding rules of a rulebook.

    Lines are kept in order, one by one or, where there are many of a kind, in columns (`Block`);
    sums of them never make lines of the columns.
    """

    def __init__(self, rules: SettlementRules) -> None:
        self.rules = rules
        self.money_unit = exact(rules.smallest_unit)
        self.quantity_unit = exact(rules.quantity_unit)
        self.price_unit = exact(rules.price_unit)
        self.operator = rules.operator
        digits = [places(u) for u in (self.quantity_unit, self.price_unit, self.money_unit)]
        self.places = None if None in digits else Places(*digits)  # type: ignore[arg-type]
        """Decimal places; None where a unit is no power of ten, and lines are kept one by one."""
        self.parts: list[list[Line] | Block] = []

    @classmethod
    def like(cls, other: Ledger) -> Ledger:
        """An empty ledger with the same rules."""
        return cls(other.rules)

    @property
    def rows(self) -> list[Line]:
        """All lines, made one by one."""
        return [line for part in self.parts for line in _lines(part)]

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def take(self, other: Ledger) -> None:
        """Append the lines of another ledger."""
        self.parts += [part if isinstance(part, Block) else list(part) for part in other.parts]

    def put(self, lines: Iterable[Line]) -> None:
        """Append lines as they are."""
        if not self.parts or isinstance(self.parts[-1], Block):
            self.parts.append([])
        tail = self.parts[-1]
        assert isinstance(tail, list)
        tail.extend(lines)

    def put_block(self, block: Block) -> None:
        """Append lines that are in columns."""
        if len(block):
            self.parts.append(block)

    def within(self, start: pd.Timestamp, end: pd.Timestamp) -> Ledger:
        """The lines of the intervals from `start` until before `end`."""
        own = Ledger.like(self)
        for part in self.parts:
            if isinstance(part, Block):
                inside = np.array([start <= at < end for at in part.interval_start.known])
                rows = inside[part.interval_start.codes]
                own.put_block(part if rows.all() else part.take(rows))
            else:
                own.put(line for line in part if start <= line.interval_start < end)
        return own

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
        self.put([Line(owner, subject, at, item, quantity, price, amount, rule)])

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
        if len(table) > _FEW and self._priced_block(table, item, rule):
            return
        quantities, prices, amounts = products(
            table["quantity"].to_numpy(),
            table["price"].to_numpy(),
            self.quantity_unit,
            self.price_unit,
            self.money_unit,
        )
        self.put(
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

    def _priced_block(self, table: pd.DataFrame, item: str, rule: str) -> bool:
        """Put the lines of a table as one block; False where they do not fit whole units."""
        if self.places is None:
            return False
        quantity = whole_units(table["quantity"].to_numpy(dtype=float), self.places.quantity)
        price = whole_units(table["price"].to_numpy(dtype=float), self.places.price)
        if quantity is None or price is None:
            return False
        dropped = self.places.quantity + self.places.price - self.places.money
        amount = rounded_products(quantity, price, dropped)
        if amount is None:
            return False
        owner, subject, start = (
            Names.of(table[name]) for name in ("owner", "subject", "interval_start")
        )
        rows = len(table)
        self.put_block(
            Block(owner, subject, start, Names.same(item, rows), quantity, price, amount,
                  Names.same(rule, rows), np.zeros(rows, dtype=np.int64), self.places)
        )  # fmt: skip
        return True

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
        sums = self.sums("item")
        return sum(
            (amount for (item,), amount in sums.items() if items is None or item in items),
            Decimal(0),
        )

    def of_item(self, item: str) -> Iterator[Line]:
        """The lines of one item."""
        for part in self.parts:
            if not isinstance(part, Block) or item in part.item.known:
                yield from (line for line in _lines(part) if line.item == item)

    def of_owner(self, owner: str) -> Iterator[Line]:
        """The lines of one owner."""
        for part in self.parts:
            if isinstance(part, Block):
                codes = [k for k, name in enumerate(part.owner.known) if name == owner]
                yield from part.take(np.isin(part.owner.codes, codes)).lines()
            else:
                yield from (line for line in part if line.owner == owner)

    def sums(self, *by: str, of: str = "amount", items: Sequence[str] | None = None) -> Sums:
        """Sums of all lines, or of those of some items, by the columns `by`.

        `of` is what is added: amount, size (its absolute value), credit (what is above zero),
        quantity, volume (its absolute value), or count. Keys come in order of appearance.
        """
        found: Sums = {}
        for part in self.parts:
            if isinstance(part, Block):
                add_block(found, part, by, of, items)
            else:
                add_lines(found, part, by, of, items)
        return found

    def frame(self, timezone: str) -> pd.DataFrame:
        """The lines as a table with the columns of `statement`, numbered in order."""
        columns: dict[str, list[Any]] = {name: [] for name in Line._fields}
        moments: list[np.ndarray] = []
        for part in self.parts:
            values, when = columns_of(part)
            moments.append(when)
            for name, cells in values.items():
                columns[name] += cells
        rows = len(columns["amount"])
        width = len(str(rows))
        numbers = [str(n + 1).zfill(width) for n in range(rows)]
        dtypes: dict[str, Any] = {"quantity": "object", "price": "object", "amount": "object"}
        table = pd.DataFrame(
            {"line": pd.Series(numbers, dtype="str")}
            | {
                name: pd.Series(values, dtype=dtypes.get(name, "str"))
                for name, values in columns.items()
                if name != "interval_start"
            }
        )
        # Nanoseconds: reading each stamp as an object would cost more than all the rest.
        stamps = np.concatenate(moments) if moments else np.array([], dtype="int64")
        starts = pd.to_datetime(stamps, unit="ns", utc=True).as_unit("us").tz_convert(timezone)
        table.insert(3, "interval_start", pd.Series(starts))
        return table


def _lines(part: list[Line] | Block) -> Iterator[Line]:
    return part.lines() if isinstance(part, Block) else iter(part)
