"""The standardised futures product: blocks, lots, calendar, tick, limit, margin and fee.

Shi, Liu and Feng, "A new mode for medium and long-term electricity trade based on standardized
futures" (Electric Power, 2021), table 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import InputError
from cases.market_time import day_of
from cases.rulebook.settlement import FuturesRules
from settlement.futures.period import Period, parse_period
from settlement.ledger.money import exact
from settlement.time.blocks import Block, named_blocks
from settlement.time.calendar import WorkingCalendar

__all__ = ["PRODUCTS", "Futures", "lot_hours"]

PRODUCTS = ("base", "mid", "peak")


def lot_hours(year: int, month: int, summer: bool = False) -> dict[str, int]:
    """Hours of one lot of the paper's products in a delivery month: base, mid and peak.

    The lot is 1 MW; mid and peak count working days only, Chinese make-up working weekends
    included. `summer` gives the peak block its summer hours.

    Raises
    ------
    InputError
        If the working days of the year are not announced.

    Examples
    --------
    >>> lot_hours(2016, 10)
    {'base': 744, 'mid': 288, 'peak': 108}
    """
    product = Futures(FuturesRules(summer_months=(month,) if summer else ()))
    return {name: int(product.hours(name, f"{year:04d}-{month:02d}")) for name in PRODUCTS}


@dataclass(frozen=True)
class Futures:
    """The product definition of a rulebook, ready for use.

    `timezone` is the market's own: trading days, months and hours are those of its clock. Where it
    is not given, a product of the Chinese calendar is in Chinese time.
    """

    rules: FuturesRules
    timezone: str = ""

    @property
    def zone(self) -> str:
        """The timezone of the product; "" where it is not known."""
        return self.timezone or ("Asia/Shanghai" if self.rules.calendar == "CN" else "")

    def local(self, at: pd.Timestamp) -> pd.Timestamp:
        """A time on the market's own clock, however it was written.

        Raises
        ------
        InputError
            If the time carries an offset and the product's timezone is not known.
        """
        if at.tzinfo is None:
            return at
        if not self.zone:
            raise InputError.one(
                "futures", None, "traded_at", "timezone",
                "the product's timezone is not known: give Futures(rules, timezone)",
            )  # fmt: skip
        return at.tz_convert(self.zone)

    @cached_property
    def _definition(self) -> tuple[dict[str, Block], WorkingCalendar]:
        return named_blocks(self.rules)

    @property
    def working_days(self) -> WorkingCalendar:
        """Working calendar of the product."""
        return self._definition[1]

    def block(self, product: str) -> Block:
        """The block of base, mid or peak."""
        blocks = self._definition[0]
        if product not in blocks:
            raise InputError.one(
                "futures",
                None,
                "product",
                "product",
                f"unknown product {product!r}: one of {', '.join(blocks)}",
            )
        return blocks[product]

    @property
    def products(self) -> tuple[str, ...]:
        """Names of the products."""
        return tuple(self._definition[0])

    def hours(self, product: str, month: str) -> Decimal:
        """Hours of the product's block in a delivery period, clock changes included."""
        hours = self._hours_of(product, parse_period(month))
        if hours == 0:
            message = f"{product} has no hour in {month}"
            raise InputError.one("futures", None, "month", "month", message)
        return hours

    def month_mwh(self, product: str, period: str, year: int, month: int) -> Decimal:
        """Energy of one lot in the part of its delivery period that lies in a month, MWh."""
        part = parse_period(period).in_month(year, month)
        return Decimal(0) if part is None else exact(self.rules.lot_mw) * self._hours_of(
            product, part
        )  # fmt: skip

    def _hours_of(self, product: str, period: Period) -> Decimal:
        key = (product, period)
        if key not in self._hours:
            block = self.block(product)
            hours = block.hours_of(period.days(), self.working_days, self.zone)
            self._hours[key] = exact(hours) if hours % 1 else Decimal(int(hours))
        return self._hours[key]

    @cached_property
    def _hours(self) -> dict[tuple[str, Period], Decimal]:
        return {}

    def lot_mwh(self, product: str, month: str) -> Decimal:
        """Energy of one lot, MWh: lot MW times the hours of the block."""
        return exact(self.rules.lot_mw) * self.hours(product, month)

    def lot_price(self, product: str, month: str, price: Decimal) -> Decimal:
        """Money per lot of a quoted price, whichever unit the rulebook quotes in."""
        if self.rules.quote == "lot":
            return price
        return price * self.lot_mwh(product, month)

    def mwh_price(self, product: str, month: str, price: Decimal) -> Decimal:
        """Money per MWh of a quoted price; of a lot price, the exact quotient."""
        if self.rules.quote == "lot":
            return price / self.lot_mwh(product, month)
        return price

    def delivery_mw(
        self, product: str, month: str, starts: pd.DatetimeIndex, interval_hours: float
    ) -> NDArray[np.float64]:
        """MW of one lot that counts in each interval of a run, shape (T,)."""
        period, days = parse_period(month), day_of(starts)
        inside = (days >= pd.Timestamp(period.first)) & (days <= pd.Timestamp(period.last))
        mw = np.zeros(len(starts))
        if inside.any():
            hours = self.block(product).hours(starts[inside], interval_hours, self.working_days)
            mw[inside] = hours / interval_hours * self.rules.lot_mw
        return mw
