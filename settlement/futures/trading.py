"""What a trade must keep to: trading days and hours, last trading day, tick and price limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, time, timedelta
from decimal import Decimal

import pandas as pd

from cases.errors import Failure, InputError
from settlement.futures.marks import Marks
from settlement.futures.period import parse_period
from settlement.futures.product import Futures
from settlement.ledger.frames import records
from settlement.ledger.money import exact

__all__ = [
    "TradeCheck",
    "check_trades",
    "initial_margin",
    "last_trading_day",
    "position_problems",
    "price_band",
    "trading_days",
]

TradeCheck = tuple[list[Failure], list[Failure]]
"""Failures that refuse a trade, and failures that are only worth a warning."""


def last_trading_day(futures: Futures, month: str) -> date:
    """Last day on which a delivery month (day, quarter, year) is traded.

    `before_delivery_month` counts the rulebook's working days back from the delivery month's first
    day (October 2016: 26 September), `before_month_end` from the end of its last day (25 October).
    The paper's "5 working days before the delivery month's cut-off" can be read as either. Where
    that working day is a made-up weekend, on which trading is closed, it is the trading day before.
    """
    period = parse_period(month)
    if futures.rules.last_trading_day == "before_delivery_month":
        day = period.first
    else:
        day = period.last + timedelta(days=1)
    left = futures.rules.last_trading_notice
    while left > 0:
        day -= timedelta(days=1)
        left -= futures.working_days.is_working(day)
    while not _open(futures, day):
        day -= timedelta(days=1)
    return day


def _open(futures: Futures, day: date) -> bool:
    """Whether a day is a trading day: Monday to Friday, and no holiday."""
    return day.weekday() < 5 and futures.working_days.is_working(day)


def trading_days(futures: Futures, first: date, last: date) -> list[date]:
    """Trading days between two days, both included: Monday to Friday that are no holidays.

    Make-up working weekends are working days, but not trading days.
    """
    days = []
    day = first
    while day <= last:
        if _open(futures, day):
            days.append(day)
        day += timedelta(days=1)
    return days


def price_band(futures: Futures, settlement_price: Decimal) -> tuple[Decimal, Decimal]:
    """Lowest and highest price of the day: previous settlement price plus and minus the limit."""
    limit = exact(futures.rules.price_limit)
    return settlement_price * (1 - limit), settlement_price * (1 + limit)


def initial_margin(
    futures: Futures, product: str, month: str, lots: Decimal, price: Decimal
) -> Decimal:
    """Margin of a trade: the rulebook's share of its value, not rounded."""
    return lots * futures.lot_price(product, month, price) * exact(futures.rules.margin)


def check_trades(
    trades: pd.DataFrame,
    futures: Futures,
    timezone: str,
    previous: Mapping[tuple[str, str], Decimal] | Marks | None = None,
    overrides: Mapping[str, str] | None = None,
    months: Collection[str] | None = None,
) -> TradeCheck:
    """Every rule that a trade breaks: refusals, and what the rulebook only warns of.

    Parameters
    ----------
    trades
        Table `futures`; a blank `traded_at` is a trade whose time is not known.
    previous
        Previous settlement price by (product, month), in the rulebook's quote, or all marks, of
        which the last before the day of the trade counts; trades of other products have no price
        limit.
    overrides
        Trade -> "who: why": rules of trading that it breaks are warnings, on record; so are those
        of a trade with a text in its column `override`.
    months
        Delivery months to look at; None: all.
    """
    refused: list[Failure] = []
    warned: list[Failure] = []
    for position, row in enumerate(records(trades)):
        if months is not None and row["month"] not in months:
            continue
        line, name = position + 2, row["trade"]
        try:
            problems = _problems(row, futures, timezone, previous or {})
            excused = name in (overrides or {}) or bool(row.get("override"))
        except InputError as error:
            refused += [
                Failure("futures", line, f.column, f.rule, f"trade {name}: {f.message}")
                for f in error.failures
            ]
            continue
        for column, rule, message in problems:
            failure = Failure("futures", line, column, rule, f"trade {name}: {message}")
            mild = (rule == "tick" and futures.rules.off_tick == "warn") or excused
            (warned if mild else refused).append(failure)
    return refused, warned


def position_problems(trades: pd.DataFrame, futures: Futures) -> list[tuple[Failure, str]]:
    """Trades that take a net position beyond the rulebook's limit, with their names.

    In order of the time of trade; a trade that makes a position smaller is never refused.
    """
    limit = exact(futures.rules.position_limit)
    if not limit:
        return []
    found: list[tuple[Failure, str]] = []
    held: dict[tuple[str, str, str], Decimal] = {}
    ordered = trades.reset_index(drop=True).sort_values(
        "traded_at", kind="stable", na_position="first"
    )
    for position, row in zip(ordered.index.tolist(), records(ordered), strict=True):
        key = (row["owner"], row["product"], row["month"])
        before = held.get(key, Decimal(0))
        lots = exact(row["lots"])
        held[key] = before + (lots if row["side"] == "buy" else -lots)
        if abs(held[key]) > limit and abs(held[key]) > abs(before):
            message = (
                f"trade {row['trade']}: {row['owner']} would hold {abs(held[key])} lots of "
                f"{row['product']} {row['month']}, the limit is {limit.normalize():f}"
            )
            failure = Failure("futures", position + 2, "lots", "position_limit", message)
            found.append((failure, row["trade"]))
    return found


def _problems(
    row: Mapping[str, object],
    futures: Futures,
    timezone: str,
    previous: Mapping[tuple[str, str], Decimal] | Marks,
) -> list[tuple[str, str, str]]:
    product, month = str(row["product"]), str(row["month"])
    futures.lot_mwh(product, month)  # a product, month and working calendar that are known
    lots, price = exact(row["lots"]), exact(row["price"])  # type: ignore[arg-type]
    found: list[tuple[str, str, str]] = []
    if lots <= 0 or lots % 1:
        found.append(("lots", "lots", f"lots are whole and above zero, not {lots}"))
    found += _off_tick(futures, product, month, price)
    before: Decimal | None
    if isinstance(previous, Marks):
        at = row["traded_at"]
        day = None if pd.isna(at) else at.tz_convert(timezone).date()  # type: ignore[call-overload, attr-defined]
        before = None if day is None else previous.before((product, month), day)
    else:
        before = previous.get((product, month))
    if before is not None:
        low, high = price_band(futures, before)
        if not low <= price <= high:
            found.append(
                ("price", "price_limit", f"price {price} outside the day's limits {low} to {high}")
            )
    if not pd.isna(row["traded_at"]):  # type: ignore[call-overload]
        found += _off_hours(futures, month, row["traded_at"].tz_convert(timezone))  # type: ignore[attr-defined]
    return found


def _off_tick(
    futures: Futures, product: str, month: str, price: Decimal
) -> list[tuple[str, str, str]]:
    if futures.rules.off_tick == "off":
        return []
    step = exact(futures.rules.tick)
    if futures.rules.quote == "lot":
        step *= futures.lot_mwh(product, month)
    if price % step == 0:
        return []
    return [("price", "tick", f"price {price} is no multiple of the tick {step}")]


def _off_hours(futures: Futures, month: str, at: pd.Timestamp) -> list[tuple[str, str, str]]:
    found = []
    day = at.date()
    if not trading_days(futures, day, day):
        found.append(("traded_at", "trading_day", f"{day} is no trading day ({at:%A})"))
    elif not any(
        time.fromisoformat(start) <= at.time() <= time.fromisoformat(end)
        for start, end in futures.rules.sessions
    ):
        hours = " and ".join(f"{start}-{end}" for start, end in futures.rules.sessions)
        found.append(("traded_at", "trading_hours", f"{at:%H:%M} is outside trading hours {hours}"))
    last = last_trading_day(futures, month)
    if day > last:
        found.append(
            (
                "traded_at",
                "last_trading_day",
                f"{day} is after the last trading day of {month}, {last}",
            )
        )
    return found
