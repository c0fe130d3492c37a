"""Many statement lines in columns: names as codes, numbers as whole units, rules as templates.

A month of thousands of contracts is millions of lines. In columns they take some forty bytes each
and are added up without making one of them; a line is made when somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from settlement.ledger.line import Line
from settlement.ledger.units import Whole, decimal, decimals

__all__ = ["Block", "Names", "Places"]

Codes = NDArray[np.int32]

PRICE = "\0"
"""Stands in a rule for a price of its own (`Block.said`)."""


@dataclass(frozen=True)
class Places:
    """Decimal places of quantities, prices and money."""

    quantity: int
    price: int
    money: int


@dataclass(frozen=True, eq=False)
class Names:
    """A column of things that are few: the things, and the code of each row."""

    known: Sequence[Any]
    codes: Codes

    @classmethod
    def of(cls, values: Any) -> Names:
        """From a column of hashable values."""
        codes, known = pd.factorize(values)
        return cls(list(known), codes.astype(np.int32))

    @classmethod
    def same(cls, value: Any, rows: int) -> Names:
        """One value in every row."""
        return cls([value], np.zeros(rows, dtype=np.int32))

    def __getitem__(self, rows: Any) -> Names:
        return Names(self.known, self.codes[rows])

    def values(self) -> list[Any]:
        """The value of every row."""
        return [self.known[code] for code in self.codes.tolist()]


@dataclass(frozen=True, eq=False)
class Block:
    """Statement lines in columns, in order.

    `quantity`, `price`, `amount` are whole units of `places`. A rule with `PRICE` in it
    shows there the price `said` of its row.
    """

    owner: Names
    subject: Names
    interval_start: Names
    item: Names
    quantity: Whole
    price: Whole
    amount: Whole
    rule: Names
    said: Whole
    places: Places

    def __len__(self) -> int:
        return len(self.amount)

    def take(self, rows: Any) -> Block:
        """Some of the lines, by mask or position."""
        named = {name: getattr(self, name)[rows] for name in COLUMNS}
        return replace(self, **named)

    def rules(self) -> list[str]:
        """The rule of every line."""
        if not any(PRICE in rule for rule in self.rule.known):
            return self.rule.values()
        parts = [rule.partition(PRICE) for rule in self.rule.known]
        shown = {int(v): str(decimal(int(v), self.places.price)) for v in np.unique(self.said)}
        return [
            head + shown[price] + tail if mark else head
            for (head, mark, tail), price in (
                (parts[code], said)
                for code, said in zip(self.rule.codes.tolist(), self.said.tolist(), strict=True)
            )
        ]

    def lines(self) -> Iterator[Line]:
        """The lines, one by one."""
        columns = (
            self.owner.values(),
            self.subject.values(),
            self.interval_start.values(),
            self.item.values(),
            decimals(self.quantity, self.places.quantity),
            decimals(self.price, self.places.price),
            decimals(self.amount, self.places.money),
            self.rules(),
        )
        return map(Line._make, zip(*columns, strict=True))


COLUMNS = ("owner", "subject", "interval_start", "item", "quantity", "price", "amount", "rule",
           "said")  # fmt: skip
