"""Daily mark-to-market of futures: what changes hands every trading day until delivery."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pandas as pd

from cases.errors import Failure, InputError
from settlement.frames import records
from settlement.futures.product import Futures
from settlement.money import exact, round_to

__all__ = ["mark_to_market", "settlement_prices", "traded_lots"]

Contract = tuple[str, str]
"""Product and delivery month."""


def traded_lots(side: str, lots: float | Decimal) -> Decimal:
    """Signed lots of a trade: bought positive, sold negative."""
    return exact(lots) if side == "buy" else -exact(lots)


def settlement_prices(table: pd.DataFrame) -> dict[date, dict[Contract, Decimal]]:
    """Daily settlement prices from a table with date, product, month and price.

    Raises
    ------
    InputError
        If a product has two prices on a day.
    """
    prices: dict[date, dict[Contract, Decimal]] = defaultdict(dict)
    failures = []
    for position, row in enumerate(records(table)):
        day = pd.Timestamp(row["date"]).date()
        key = (row["product"], row["month"])
        if key in prices[day]:
            failures.append(
                Failure(
                    "settlement_prices",
                    position + 2,
                    "price",
                    "duplicate",
                    f"two prices of {key[0]} {key[1]} on {day}",
                )
            )
        prices[day][key] = exact(row["price"])
    if failures:
        raise InputError(failures)
    return dict(sorted(prices.items()))


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
        If a trade has no time, or a day with a position has no settlement price.
    """
    daily = settlement_prices(prices)
    by_day = _by_day(trades, daily, timezone)
    held: dict[tuple[str, Contract], Decimal] = defaultdict(Decimal)
    before: dict[Contract, Decimal] = {}
    total: dict[tuple[str, Contract], Decimal] = defaultdict(Decimal)
    rows = []
    failures: list[Failure] = []
    for day in sorted({*daily, *by_day}):
        today = daily.get(day, {})
        fees: dict[tuple[str, Contract], Decimal] = defaultdict(Decimal)
        gains: dict[tuple[str, Contract], Decimal] = defaultdict(Decimal)
        new: dict[tuple[str, Contract], Decimal] = defaultdict(Decimal)
        touched = {key for key, lots in held.items() if lots}
        touched |= {(owner, contract) for owner, contract, _, _ in by_day.get(day, [])}
        missing = {contract for _, contract in touched if contract not in today}
        if missing:
            failures += [
                Failure(
                    "settlement_prices",
                    None,
                    "price",
                    "missing",
                    f"no settlement price of {product} {month} on {day}",
                )
                for product, month in sorted(missing)
            ]
            continue
        for key in touched:
            contract = key[1]
            if held[key]:
                change = _per_lot(futures, contract, today[contract]) - _per_lot(
                    futures, contract, before[contract]
                )
                gains[key] += held[key] * change
        for owner, contract, lots, price in by_day.get(day, []):
            key = (owner, contract)
            gains[key] += lots * (
                _per_lot(futures, contract, today[contract]) - _per_lot(futures, contract, price)
            )
            new[key] += lots
            fees[key] += abs(lots) * exact(futures.rules.fee)
        for key in sorted(touched):
            held[key] += new[key]
            variation = round_to(gains[key], unit)
            total[key] += variation
            owner, contract = key
            value = abs(held[key]) * _per_lot(futures, contract, today[contract])
            rows.append(
                (
                    day,
                    owner,
                    *contract,
                    held[key],
                    today[contract],
                    variation,
                    total[key],
                    round_to(value * exact(futures.rules.margin), unit),
                    round_to(fees[key], unit),
                )
            )
        before.update(today)
    if failures:
        raise InputError(failures)
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
    return pd.DataFrame(rows, columns=columns)


def _per_lot(futures: Futures, contract: Contract, price: Decimal) -> Decimal:
    return futures.lot_price(*contract, price)


def _by_day(
    trades: pd.DataFrame, daily: dict[date, dict[Contract, Decimal]], timezone: str
) -> dict[date, list[tuple[str, Contract, Decimal, Decimal]]]:
    failures: list[Failure] = []
    by_day: dict[date, list[tuple[str, Contract, Decimal, Decimal]]] = defaultdict(list)
    for position, row in enumerate(records(trades)):
        if pd.isna(row["traded_at"]):
            failures.append(
                Failure(
                    "futures",
                    position + 2,
                    "traded_at",
                    "traded_at",
                    f"trade {row['trade']} has no time, so no day to mark it from",
                )
            )
            continue
        day = row["traded_at"].tz_convert(timezone).date()
        by_day[day].append(
            (
                row["owner"],
                (row["product"], row["month"]),
                traded_lots(row["side"], row["lots"]),
                exact(row["price"]),
            )
        )
    if failures:
        raise InputError(failures)
    return by_day
