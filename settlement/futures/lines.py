"""Futures in a run: the cash settlement of the run's intervals of the delivery month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.market_time import first_moment
from settlement.futures.delivery import months_between, time_value_charge
from settlement.futures.marks import Marks
from settlement.futures.matching import Matched
from settlement.futures.product import Futures
from settlement.ledger.frames import Row, records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.points import Prices

__all__ = ["Delivered", "clearing_house", "index_price", "settle_futures", "whole_month"]


@dataclass(frozen=True)
class _Side:
    """Lots that one owner holds against another, and the trade that they come from."""

    row: Row
    subject: str
    other: str
    lots: Decimal

    @property
    def sign(self) -> int:
        """1 for lots bought, -1 for lots sold."""
        return 1 if self.row["side"] == "buy" else -1


@dataclass(frozen=True)
class Delivered:
    """What a run delivered of a trade in a month: value at the index, and its time value charged.

    `months` from the trade to the delivery month; `at` is the first interval.
    """

    side: _Side
    month: tuple[int, int]
    at: pd.Timestamp
    value: Decimal
    charged: Decimal
    months: int


def index_price(futures: Futures, prices: Prices) -> pd.Series:
    """The price that settles futures, by interval: the rulebook's point, or load-weighted."""
    point = futures.rules.index
    if not point:
        return prices.load_weighted()
    problem = prices.problem(point)
    if problem:
        raise InputError([Failure("", None, "settlement.futures.index", "point", problem)])
    return prices.of(point)


def clearing_house(futures: Futures, operator: str) -> str:
    """Who stands for a side that nobody else takes; "" where the rulebook names nobody."""
    name = futures.rules.clearing_house
    return operator if name == "operator" else name


def settle_futures(
    ledger: Ledger,
    trades: pd.DataFrame,
    futures: Futures,
    prices: Prices,
    interval_hours: float,
    *,
    matched: Matched,
    marks: Marks,
    overrides: Mapping[str, str] | None = None,
) -> list[Delivered]:
    """Lines of every trade whose delivery month the run reaches; returns what was delivered.

    Item `futures` per interval of the block: MWh x (index - reference), where the reference is the
    last settlement price that the position was marked at (what came before was paid as variation)
    or, without marks, the traded price. Item `time_value` once per trade and month of delivery for
    the MWh of the run: over the runs of a month the charges on a traded value sum to the charge of
    the month, rounded once; those on the delivery value do in a month that is settled as one
    (`whole_month`). The clearing house is the other side of every trade; without one the two sides
    of a pair settle with each other.
    """
    if trades.empty:
        return []
    index = index_price(futures, prices)
    return [
        delivered
        for side in _sides(trades, futures, ledger.operator, matched)
        for delivered in _settle(
            ledger, side, futures, prices, index, interval_hours, marks, overrides or {}
        )
    ]


def _sides(trades: pd.DataFrame, futures: Futures, operator: str, matched: Matched) -> list[_Side]:
    rows = {row["trade"]: row for row in records(trades)}
    house = clearing_house(futures, operator)
    if house:
        return [
            _Side(row, name, house, exact(row["lots"]))
            for name, row in rows.items()
            if row["owner"] != house
        ]
    return [
        _Side(rows[buy], f"{buy} / {sale}", rows[sale]["owner"], lots)
        for buy, sale, lots in matched.pairs
    ]


def _settle(
    ledger: Ledger,
    side: _Side,
    futures: Futures,
    prices: Prices,
    index: pd.Series,
    interval_hours: float,
    marks: Marks,
    overrides: Mapping[str, str],
) -> list[Delivered]:
    row, sign = side.row, side.sign
    product, month = row["product"], row["month"]
    mw = futures.delivery_mw(product, month, prices.starts, interval_hours)
    if not mw.any():
        return []
    quoted, words = _reference(row, futures, marks)
    reference = ledger.price(futures.mwh_price(product, month, quoted))
    why = overrides.get(row["trade"]) or row.get("override")
    note = f"; override: {why}" if why else ""
    value: dict[tuple[int, int], Decimal] = {}
    for at, price, lot_mw in zip(prices.starts, index, mw, strict=True):
        if lot_mw == 0:
            continue
        if np.isnan(price):
            message = f"trade {row['trade']}: the index has no price from {at.isoformat()}"
            raise InputError.one("futures", None, "price", "price", message)
        mwh = ledger.quantity(side.lots * exact(lot_mw) * exact(interval_hours))
        spot = ledger.price(price)
        ledger.transfer(
            row["owner"],
            side.other,
            side.subject,
            at,
            "futures",
            sign * mwh,
            spot - reference,
            f"{product} {month}: MWh x (index {spot} - {words} {reference}){note}",
        )
        key = (at.year, at.month)
        value[key] = value.get(key, Decimal(0)) + mwh * spot
    if futures.rules.time_value == "none":
        return []
    return [
        _charge(ledger, side, futures, prices, interval_hours, key, delivered)
        for key, delivered in value.items()
    ]


def _charge(
    ledger: Ledger,
    side: _Side,
    futures: Futures,
    prices: Prices,
    interval_hours: float,
    month: tuple[int, int],
    delivered: Decimal,
) -> Delivered:
    """The time-value line of a month of delivery."""
    inside = (prices.starts.year == month[0]) & (prices.starts.month == month[1])
    at = prices.starts[inside][0]
    months = months_between(futures.local(side.row["traded_at"]), f"{month[0]:04d}-{month[1]:02d}")
    charge = _time_value(ledger, side, futures, prices, interval_hours, delivered, months, month)
    ledger.transfer(
        side.row["owner"],
        side.other,
        side.subject,
        at,
        "time_value",
        Decimal(-side.sign),
        charge,
        f"time value of {months} months on the {futures.rules.time_value} value, "
        f"{futures.rules.nominal_rate:g} a year by {futures.rules.rate_convention}",
    )
    return Delivered(side, month, at, delivered, charge, months)


def whole_month(ledger: Ledger, futures: Futures, parts: Sequence[Delivered]) -> None:
    """Lines that make the charges on delivery values of a month what they are rounded once.

    Parameters
    ----------
    ledger
        Where the lines go.
    futures
        The product.
    parts
        What the runs of one month delivered.
    """
    if futures.rules.time_value != "delivery":
        return
    by_trade: dict[tuple[str, tuple[int, int]], list[Delivered]] = {}
    for part in parts:
        by_trade.setdefault((part.side.subject, part.month), []).append(part)
    for own in by_trade.values():
        value = sum((part.value for part in own), Decimal(0))
        whole = ledger.money(time_value_charge(futures, value, value, own[0].months))
        rest = whole - sum((part.charged for part in own), Decimal(0))
        if rest:
            side = own[0].side
            rule = f"time value of the month rounded once: {whole} on a delivery value of {value}"
            ledger.transfer(side.row["owner"], side.other, side.subject, own[0].at, "time_value",
                            Decimal(-side.sign), rest, rule)  # fmt: skip


def _reference(row: Row, futures: Futures, marks: Marks) -> tuple[Decimal, str]:
    """The price that delivery is settled against, as quoted, and what it is."""
    at = row["traded_at"]
    contract = (row["product"], row["month"])
    since: date | None = None if pd.isna(at) else futures.local(at).date()
    mark: tuple[date, Decimal] | None = marks.last(contract, since)
    if mark is None:
        return exact(row["price"]), "traded"
    return mark[1], f"last mark of {mark[0]}"


def _time_value(
    ledger: Ledger,
    side: _Side,
    futures: Futures,
    prices: Prices,
    interval_hours: float,
    delivered: Decimal,
    months: int,
    month: tuple[int, int],
) -> Decimal:
    """Money of the run's part of the month, rounded so that the parts sum to the month's charge."""
    row = side.row
    product, period = row["product"], row["month"]
    energy = futures.month_mwh(product, period, *month)
    whole_value = side.lots * futures.lot_price(product, period, exact(row["price"]))
    value = whole_value * energy / futures.lot_mwh(product, period)
    whole = ledger.money(time_value_charge(futures, value, delivered, months))
    if futures.rules.time_value != "purchase":
        return whole
    inside = prices.starts[(prices.starts.year == month[0]) & (prices.starts.month == month[1])]
    step = pd.Timedelta(hours=interval_hours)
    begin = first_moment(pd.Timestamp(month[0], month[1], 1), str(prices.starts.tz))
    before = pd.date_range(begin, inside[0], freq=step, inclusive="left")
    hours = [
        exact(futures.delivery_mw(product, period, starts, interval_hours).sum() * interval_hours)
        for starts in (before, inside)
    ]
    first, last = hours[0] / energy, (hours[0] + hours[1]) / energy
    return ledger.money(whole * last) - ledger.money(whole * first)
