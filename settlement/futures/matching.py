"""Both sides of every futures trade: buyers and sellers at one price, and who stands in.

A trade is a side: what one owner buys another sells at the same price. Sides that no other side
meets are open; the clearing house of the rulebook stands for them, by name, or without one they are
an error.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from settlement.ledger.frames import records
from settlement.ledger.money import exact

__all__ = ["Matched", "match"]


@dataclass(frozen=True)
class Matched:
    """Pairs of trades (buy, sell, lots), and the lots of each trade that has no other side."""

    pairs: list[tuple[str, str, Decimal]]
    unmatched: dict[str, Decimal]

    @property
    def words(self) -> str:
        """The open sides, for a message: "T1 (100 lots), T2 (5 lots)"."""
        listed = [f"{name} ({lots.normalize():f} lots)" for name, lots in self.unmatched.items()]
        more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
        return ", ".join(listed[:8]) + more


def match(trades: pd.DataFrame) -> Matched:
    """Match lots bought and sold of one product, month and price, first come first served.

    Parameters
    ----------
    trades
        Table `futures`. Two sides of one owner do not meet.
    """
    books: dict[tuple[str, str, Decimal], list[dict[str, Any]]] = defaultdict(list)
    ordered = trades.sort_values("traded_at", kind="stable", na_position="last")
    for row in records(ordered):
        books[row["product"], row["month"], exact(row["price"])].append(row)
    left = {row["trade"]: exact(row["lots"]) for row in records(trades)}
    pairs: list[tuple[str, str, Decimal]] = []
    for book in books.values():
        sales = [row for row in book if row["side"] == "sell"]
        for buy in (row for row in book if row["side"] == "buy"):
            for sale in sales:
                lots = min(left[buy["trade"]], left[sale["trade"]])
                if lots > 0 and buy["owner"] != sale["owner"]:
                    pairs.append((buy["trade"], sale["trade"], lots))
                    left[buy["trade"]] -= lots
                    left[sale["trade"]] -= lots
    return Matched(pairs, {name: lots for name, lots in left.items() if lots})
