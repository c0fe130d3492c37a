"""The hedge report: tables 5 and 6 of the futures paper, line by line.

A user buys lots, sells them before delivery and buys its energy on the spot market; the report says
how much of the rise of the spot cost the futures gave back. What the paper leaves out (fees and
margin) and what its tables assume without saying (the time-value convention) are lines and names
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pandas as pd

from cases.errors import InputError
from settlement.futures.delivery import months_between
from settlement.futures.product import Futures
from settlement.futures.trading import initial_margin
from settlement.ledger.frames import Problems, Row, items, records
from settlement.ledger.money import exact, round_to
from settlement.time.time_value import RateConvention, monthly_rate, time_value

__all__ = ["CONVENTIONS", "TimeValueConvention", "hedge_report"]


@dataclass(frozen=True, slots=True)
class TimeValueConvention:
    """One reading of "the buyer also pays the time value".

    `principal`: the purchase value or the sale value; `rate`: how the annual rate becomes monthly;
    `until`: months run from the purchase to the delivery month, or to the sale that closes it.
    """

    principal: Literal["purchase", "sale"]
    rate: RateConvention
    until: Literal["delivery", "close"]


CONVENTIONS: dict[str, TimeValueConvention] = {
    "paper-2016": TimeValueConvention("purchase", "paper-2016", "delivery"),
    "nominal": TimeValueConvention("purchase", "nominal/12", "delivery"),
    "formula-2": TimeValueConvention("sale", "nominal/12", "delivery"),
    "formula-2-paper-rate": TimeValueConvention("sale", "paper-2016", "delivery"),
    "effective": TimeValueConvention("purchase", "effective", "delivery"),
    "until-close": TimeValueConvention("sale", "nominal/12", "close"),
}
"""Every convention by name. Tables 5 and 6 of the paper follow `paper-2016`; its formula (2) reads
as `formula-2`."""


def hedge_report(
    trades: pd.DataFrame,
    spot: pd.DataFrame,
    futures: Futures,
    *,
    convention: str = "nominal",
    unit: Decimal = Decimal(1),
) -> pd.DataFrame:
    """What a futures hedge was worth, one column per owner.

    Parameters
    ----------
    trades
        Table `futures`: purchases and the sales that close them, of one delivery month, with times.
    spot
        owner, forecast, actual: spot cost of the owner's load at the forecast prices (when the lots
        were bought) and at the actual ones, money.
    futures
        The product definition (quote, fee, margin, nominal rate).
    convention
        A name of `CONVENTIONS`.
    unit
        Smallest unit that money is rounded to, halves up (the paper: 1 yuan).

    Returns
    -------
    Lines: bought, sold, gross_gain, time_value, hedge_gain (gross gain less time value),
    spot_forecast, spot_actual, spot_rise, rise_left (after the hedge), share_offset (hedge gain
    over rise), final_cost (actual spot cost less hedge gain), time_value_share (of the gross gain),
    fee_per_side, gain_after_one_fee, gain_after_both_fees, initial_margin. Decimals.

    Raises
    ------
    InputError
        If the convention is unknown, a trade has no time, a position is not closed, or an owner has
        no spot cost.
    """
    if convention not in CONVENTIONS:
        raise InputError.one(
            "",
            None,
            None,
            "convention",
            f"unknown time-value convention {convention!r}: one of {', '.join(CONVENTIONS)}",
        )
    _check(trades, spot)
    costs = {row["owner"]: row for row in records(spot)}
    columns = {
        str(owner): _column(rows, costs[owner], futures, CONVENTIONS[convention], unit)
        for owner, rows in trades.groupby("owner", sort=False)
    }
    return pd.DataFrame(columns, dtype=object).rename_axis("line")


def _check(trades: pd.DataFrame, spot: pd.DataFrame) -> None:
    found = Problems("futures")
    for position, row in enumerate(records(trades)):
        if pd.isna(row["traded_at"]):
            found.add(position, "traded_at", "traded_at", f"trade {row['trade']} has no time")
    signed = trades["lots"].where(trades["side"] == "buy", -trades["lots"])
    held = signed.groupby([trades["owner"], trades["product"], trades["month"]]).sum()
    for (owner, product, month), lots in items(held):
        if lots != 0:
            message = f"{owner} still holds {lots:g} lots of {product} {month}"
            found.add(None, "lots", "open_position", f"{message}: a report needs closed positions")
    for owner in trades["owner"].unique():
        if (spot["owner"] == owner).sum() != 1:
            found.add(None, "owner", "spot", f"{owner} needs one row of spot costs")
    if found.failures:
        raise InputError(found.failures)


def _column(
    trades: pd.DataFrame,
    spot: Row,
    futures: Futures,
    convention: TimeValueConvention,
    unit: Decimal,
) -> dict[str, Decimal]:
    rows = records(trades)
    value = {side: Decimal(0) for side in ("buy", "sell")}
    margin = lots_bought = Decimal(0)
    for row in rows:
        lots, price = exact(row["lots"]), exact(row["price"])
        value[row["side"]] += lots * futures.lot_price(row["product"], row["month"], price)
        if row["side"] == "buy":
            lots_bought += lots
            margin += initial_margin(futures, row["product"], row["month"], lots, price)
    bought, sold = round_to(value["buy"], unit), round_to(value["sell"], unit)
    charge = round_to(_time_value(rows, futures, convention), unit)
    forecast, actual = (round_to(exact(spot[name]), unit) for name in ("forecast", "actual"))
    gross, rise = sold - bought, actual - forecast
    gain = gross - charge
    fee = lots_bought * exact(futures.rules.fee)
    return {
        "bought": bought,
        "sold": sold,
        "gross_gain": gross,
        "time_value": charge,
        "hedge_gain": gain,
        "spot_forecast": forecast,
        "spot_actual": actual,
        "spot_rise": rise,
        "rise_left": rise - gain,
        "share_offset": gain / rise if rise else Decimal("NaN"),
        "final_cost": actual - gain,
        "time_value_share": charge / gross if gross else Decimal("NaN"),
        "fee_per_side": fee,
        "gain_after_one_fee": gain - fee,
        "gain_after_both_fees": gain - 2 * fee,
        "initial_margin": round_to(margin, unit),
    }


def _time_value(
    rows: list[dict[str, object]], futures: Futures, convention: TimeValueConvention
) -> Decimal:
    """Time value of all purchases of an owner."""
    rate = monthly_rate(exact(futures.rules.nominal_rate), convention.rate)
    total = Decimal(0)
    for buy in (row for row in rows if row["side"] == "buy"):
        product, month = str(buy["product"]), str(buy["month"])
        sales = [
            row
            for row in rows
            if row["side"] == "sell" and (row["product"], row["month"]) == (product, month)
        ]
        bought_at = futures.local(pd.Timestamp(buy["traded_at"]))  # type: ignore[arg-type]
        if convention.until == "delivery":
            months = months_between(bought_at, month)
        else:
            closed = max(futures.local(pd.Timestamp(row["traded_at"])) for row in sales)  # type: ignore[arg-type]
            months = months_between(bought_at, f"{closed:%Y-%m}")
        price = exact(buy["price"])  # type: ignore[arg-type]
        if convention.principal == "sale":
            sold = sum((exact(row["lots"]) * exact(row["price"]) for row in sales), Decimal(0))  # type: ignore[arg-type]
            price = sold / sum((exact(row["lots"]) for row in sales), Decimal(0))  # type: ignore[arg-type]
        principal = exact(buy["lots"]) * futures.lot_price(product, month, price)  # type: ignore[arg-type]
        total += time_value(principal, rate, months)
    return total
