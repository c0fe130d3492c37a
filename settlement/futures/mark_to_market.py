"""Daily mark-to-market of futures: what changes hands every trading day until delivery."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from cases.errors import InputError
from settlement.futures.marks import Contract, Marks
from settlement.futures.product import Futures
from settlement.futures.trading import last_trading_day
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import exact, round_to

__all__ = ["mark_to_market", "traded_lots"]

Key = tuple[str, Contract]
"""Owner and contract."""


class Trade(NamedTuple):
    """Signed lots of one owner at a quoted price."""

    key: Key
    lots: Decimal
    price: Decimal

    def lot_price(self, futures: Futures) -> Decimal:
        """Money per lot."""
        return futures.lot_price(*self.key[1], self.price)


def traded_lots(side: str, lots: float | Decimal) -> Decimal:
    """Signed lots of a trade: bought positive, sold negative."""
    return exact(lots) if side == "buy" else -exact(lots)


def mark_to_market(
    trades: pd.DataFrame,
    prices: pd.DataFrame,
    futures: Futures,
    timezone: str,
    unit: Decimal = Decimal("0.01"),
) -> pd.DataFrame:
    """Daily account of every owner and contract.

    Parameters
    ----------
    trades
        Table `futures`, with the time of every trade.
    prices
        Settlement prices: date, product, month, price in the rulebook's quote.
    futures
        The product definition.
    timezone
        Timezone of the trading day.
    unit
        Smallest unit of money.

    Returns
    -------
    One row per date, owner, product and month with an open position or a trade: lots (signed, at
    the end of the day), price (settlement price), variation (variation margin of the day, received
    positive: the position of the day before times the price change, and new trades from their own
    price), total (sum of the variations so far), margin (initial margin required on the position)
    and fee (on the lots traded that day). Variation of all owners sums to zero where the table
    holds both sides of every trade.

    Raises
    ------
    InputError
        If a trade has no time, or a day with a position has no settlement price. A month whose
        trading has ended needs none: its positions wait for delivery, which settles against the
        last mark.
    """
    daily = Marks.of(prices).by_day
    by_day = _by_day(trades, timezone)
    account = _Account(futures, unit)
    for day in sorted({*daily, *by_day}):
        account.mark(day, daily.get(day, {}), by_day.get(day, []))
    if account.missing.failures:
        raise InputError(account.missing.failures)
    columns = [
        "date",
        "owner",
        "product",
        "month",
        "lots",
        "price",
        "variation",
        "total",
        "margin",
        "fee",
    ]
    return pd.DataFrame(account.rows, columns=columns)


@dataclass
class _Account:
    """Positions of all owners, marked day by day."""

    futures: Futures
    unit: Decimal
    rows: list[tuple[object, ...]] = field(default_factory=list)
    missing: Problems = field(default_factory=lambda: Problems("settlement_prices"))
    held: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    total: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    before: dict[Contract, Decimal] = field(default_factory=dict)
    """Money per lot at the last settlement price."""

    def mark(self, day: date, prices: dict[Contract, Decimal], trades: list[Trade]) -> None:
        """Add the rows of one day."""
        rules = self.futures.rules
        today = {c: self.futures.lot_price(*c, price) for c, price in prices.items()}
        touched = {key for key, lots in self.held.items() if lots} | {t.key for t in trades}
        traded = {trade.key for trade in trades}
        ended = {
            key
            for key in touched - traded
            if key[1] not in today and _ended(self.futures, key[1][1], day)
        }
        touched -= ended
        unknown = {contract for _, contract in touched if contract not in today}
        for product, month in sorted(unknown):
            message = f"no settlement price of {product} {month} on {day}"
            self.missing.add(None, "price", "missing", message)
        if unknown:
            return
        for key in sorted(touched):
            owner, contract = key
            own = [trade for trade in trades if trade.key == key]
            gain = sum(
                (t.lots * (today[contract] - t.lot_price(self.futures)) for t in own), Decimal(0)
            )
            if self.held[key]:
                gain += self.held[key] * (today[contract] - self.before[contract])
            self.held[key] += sum((trade.lots for trade in own), Decimal(0))
            variation = round_to(gain, self.unit)
            self.total[key] += variation
            margin = abs(self.held[key]) * today[contract] * exact(rules.margin)
            fee = sum((abs(t.lots) for t in own), Decimal(0)) * exact(rules.fee)
            self.rows.append(
                (
                    day,
                    owner,
                    *contract,
                    self.held[key],
                    prices[contract],
                    variation,
                    self.total[key],
                    round_to(margin, self.unit),
                    round_to(fee, self.unit),
                )
            )
        self.before.update(today)


def _ended(futures: Futures, month: str, day: date) -> bool:
    """Whether the trading of a delivery month has ended; not where its calendar is not known."""
    try:
        return day > last_trading_day(futures, month)
    except InputError:
        return False


def _by_day(trades: pd.DataFrame, timezone: str) -> dict[date, list[Trade]]:
    found = Problems("futures")
    by_day: dict[date, list[Trade]] = defaultdict(list)
    for position, row in enumerate(records(trades)):
        if pd.isna(row["traded_at"]):
            message = f"trade {row['trade']} has no time, so no day to mark it from"
            found.add(position, "traded_at", "traded_at", message)
            continue
        key = (row["owner"], (row["product"], row["month"]))
        lots = traded_lots(row["side"], row["lots"])
        day = row["traded_at"].tz_convert(timezone).date()
        by_day[day].append(Trade(key, lots, exact(row["price"])))
    if found.failures:
        raise InputError(found.failures)
    return by_day
