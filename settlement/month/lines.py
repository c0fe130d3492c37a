"""The lines of a month: kept in columns by version and run, made into a table when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd

from settlement.ledger.ledger import Ledger
from settlement.ledger.sums import Sums

__all__ = ["MonthLedger", "Piece", "invoices_of", "netting_of", "total"]


@dataclass(frozen=True, eq=False)
class Piece:
    """Lines that belong to one version of a run; those of the month itself have its name."""

    ledger: Ledger
    version: str
    run: str
    month: str = ""


@dataclass(frozen=True, eq=False)
class MonthLedger:
    """All lines of a month, in the order of their pieces."""

    ledger: Ledger
    pieces: Sequence[Piece]
    timezone: str

    def __len__(self) -> int:
        return len(self.ledger)

    @cached_property
    def sums(self) -> Sums:
        """Amounts by owner and item."""
        return self.ledger.sums("owner", "item")

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Table `statement` with day, version and run."""
        lines = self.ledger.frame(self.timezone)
        days: list[str] = []
        versions: list[str] = []
        runs: list[str] = []
        for piece in self.pieces:
            count = len(piece.ledger)
            own = lines["interval_start"].iloc[len(days) : len(days) + count]
            codes, moments = pd.factorize(own)
            named = [piece.month or f"{at:%Y-%m-%d}" for at in moments]
            days += [named[code] for code in codes.tolist()]
            versions += [piece.version] * count
            runs += [piece.run] * count
        labels = {"day": days, "version": versions, "run": runs}
        for place, (name, values) in enumerate(labels.items(), start=1):
            lines.insert(place, name, pd.Series(values, dtype="str"))
        return lines


def invoices_of(ledger: Ledger) -> pd.DataFrame:
    """Sums by owner and item, in the order of owners and items."""
    counts, quantities, amounts = (
        ledger.sums("owner", "item", of=of) for of in ("count", "quantity", "amount")
    )
    rows = [(*key, int(counts[key]), quantities[key], amounts[key]) for key in sorted(amounts)]
    columns = ["owner", "item", "lines", "quantity", "amount"]
    return _objects(pd.DataFrame(rows, columns=columns), ("quantity", "amount"))


def netting_of(ledger: Ledger) -> pd.DataFrame:
    """Credits, charges and net of every owner, the operator last; the nets sum to zero."""
    nets, above = ledger.sums("owner"), ledger.sums("owner", of="credit")
    rows: list[tuple[Any, ...]] = []
    for (owner,), net in sorted(nets.items()):
        credits = ledger.money(above[owner,])
        rows.append((owner, credits, ledger.money(credits - net), ledger.money(net)))
    rows.sort(key=lambda row: (row[0] == ledger.operator, row[0]))
    table = pd.DataFrame(rows, columns=["owner", "credits", "charges", "net"])
    return _objects(table, ("credits", "charges", "net"))


def _objects(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    for name in names:
        table[name] = table[name].astype(object)
    return table


def total(sums: Sums, owner: str | None, item: str | None) -> Decimal:
    """Sum of the amounts of an owner, of an item, or of both."""
    return sum(
        (
            amount
            for (whose, what), amount in sums.items()
            if owner in (None, whose) and item in (None, what)
        ),
        Decimal(0),
    )
