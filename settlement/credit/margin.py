"""Margin: the check before a trade is accepted, and the margin-call list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

import pandas as pd

from cases.errors import Failure, InputError
from cases.rulebook.settlement import CreditRules
from settlement.futures.mark_to_market import traded_lots
from settlement.futures.product import Futures
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import Number, exact, round_to

__all__ = ["accept_trades", "margin_calls", "margin_problems"]


def margin_problems(
    trades: pd.DataFrame,
    collateral: Mapping[str, Number],
    futures: Futures,
    *,
    unit: Decimal = Decimal("0.01"),
    months: Collection[str] | None = None,
) -> list[Failure]:
    """Trades that their owner's collateral does not cover, in order of the time of trade.

    The margin required is the initial margin of each net position (lots bought less lots sold) at
    the price of the trade that touched it last, plus the fees. A trade that makes the sum exceed
    the collateral is refused and does not enter the position; later trades are still checked. An
    owner without collateral has none. `months` are the delivery months that count; None: all.
    """
    ordered = trades.reset_index(drop=True).sort_values(
        "traded_at", kind="stable", na_position="first"
    )
    lots: dict[tuple[str, str, str], Decimal] = {}
    value: dict[tuple[str, str, str], Decimal] = {}
    fees: dict[str, Decimal] = {}
    found = Problems("futures")
    for position, row in zip(ordered.index, records(ordered), strict=True):
        owner, product, month = row["owner"], row["product"], row["month"]
        if months is not None and month not in months:
            continue
        key = (owner, product, month)
        held = lots.get(key, Decimal(0)) + traded_lots(row["side"], row["lots"])
        at = abs(held) * futures.lot_price(product, month, exact(row["price"]))
        fee = fees.get(owner, Decimal(0)) + exact(row["lots"]) * exact(futures.rules.fee)
        others = sum((v for k, v in value.items() if k[0] == owner and k != key), Decimal(0))
        needed = round_to((others + at) * exact(futures.rules.margin) + fee, unit)
        has = exact(collateral.get(owner, 0))
        smaller = abs(held) < abs(lots.get(key, Decimal(0)))
        if needed > has and not smaller:
            message = f"trade {row['trade']} of {owner} needs {needed} of margin and fees"
            found.add(int(position), "lots", "margin", f"{message}, its collateral is {has}")
            continue
        lots[key], value[key], fees[owner] = held, at, fee
    return found.failures


def accept_trades(trades: pd.DataFrame, collateral: Mapping[str, Number], futures: Futures) -> None:
    """Accept all trades, or none.

    Raises
    ------
    InputError
        Naming every trade that goes beyond its owner's margin.
    """
    failures = margin_problems(trades, collateral, futures)
    if failures:
        raise InputError(failures)


def margin_calls(
    exposures: pd.DataFrame, collateral: Mapping[str, Number], rules: CreditRules
) -> pd.DataFrame:
    """Owners whose collateral falls short of what is required: owner, required, collateral, call.

    Largest call first; shortfalls up to the rulebook's threshold are not called.
    """
    rows = []
    for row in records(exposures):
        has = exact(collateral.get(row["owner"], 0))
        short = row["required"] - has
        if short > exact(rules.call_threshold):
            rows.append((row["owner"], row["required"], has, short))
    rows.sort(key=lambda row: (-row[3], row[0]))
    return pd.DataFrame(rows, columns=["owner", "required", "collateral", "call"])
