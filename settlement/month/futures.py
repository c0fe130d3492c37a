"""Futures of a month beside delivery: daily variation of all positions, and fees."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from cases.market_time import day_of, first_moment
from settlement.futures.lines import clearing_house
from settlement.futures.mark_to_market import mark_to_market
from settlement.futures.product import Futures
from settlement.ledger.frames import records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact

__all__ = ["month_futures"]


def month_futures(
    ledger: Ledger,
    futures: pd.DataFrame,
    prices: pd.DataFrame,
    product: Futures,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> None:
    """Lines of the trading days of a month, against the clearing house (or the operator).

    Item `variation` by owner, contract and trading day, where there are settlement prices; item
    `futures_fee` for every trade of the month. Months of delivery may lie far ahead.

    Parameters
    ----------
    ledger
        Where the lines go.
    futures, prices
        Tables `futures` and `settlement_prices`.
    product
        The product, with the market's timezone.
    start, end
        First instant of the month, and of the next one.
    """
    timed = futures[futures["traded_at"].notna() & (futures["traded_at"] < end)]
    if timed.empty:
        return
    house = clearing_house(product, ledger.operator) or ledger.operator
    _fees(ledger, timed[timed["traded_at"] >= start], product, house)
    until = prices[prices["date"] < day_of(end)]
    if len(until):
        account = mark_to_market(timed, until, product, product.zone, ledger.money_unit)
        _variation(ledger, account, house, start)


def _fees(ledger: Ledger, trades: pd.DataFrame, product: Futures, house: str) -> None:
    fee = exact(product.rules.fee)
    for row in records(trades):
        if fee and row["owner"] != house:
            lots = exact(row["lots"])
            ledger.transfer(house, row["owner"], row["trade"], row["traded_at"], "futures_fee",
                            lots, fee, "lots traded x fee")  # fmt: skip


def _variation(ledger: Ledger, account: pd.DataFrame, house: str, start: pd.Timestamp) -> None:
    for row in records(account):
        at = first_moment(pd.Timestamp(row["date"]), str(start.tz))
        if at < start or row["variation"] == 0 or row["owner"] == house:
            continue
        subject = f"{row['product']} {row['month']}"
        rule = f"{row['lots'].normalize():f} lots marked at {row['price']}"
        ledger.transfer(row["owner"], house, subject, at, "variation", Decimal(1),
                        row["variation"], rule)  # fmt: skip
