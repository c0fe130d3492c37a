"""Cash settlement of futures in the delivery month, and the time-value charge.

In delivery a bought lot receives, and a sold lot pays, the index price less the traded price for
every MWh of its block. The index cancels between a purchase and a later sale of the same lots, so
a closed position keeps the difference of its two prices whatever the index does. The buyer also
pays the seller the time value of the money that the contract ties up until delivery, formula (2)
of the futures paper.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

import pandas as pd

from cases.errors import Failure
from settlement.futures.marks import Marks
from settlement.futures.period import parse_period
from settlement.futures.product import Futures
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import exact, round_to
from settlement.time.time_value import monthly_rate, time_value

__all__ = ["cash_settlement", "months_between", "time_value_charge", "time_value_problems"]


def months_between(traded_at: pd.Timestamp, month: str) -> int:
    """Months from the month of the trade (a) to the (first) delivery month (b): b - a.

    `traded_at` is on the market's own clock (`Futures.local`).
    """
    first = parse_period(month).first
    return (first.year - traded_at.year) * 12 + first.month - traded_at.month


def time_value_charge(
    futures: Futures, purchase: Decimal, delivery: Decimal, months: int
) -> Decimal:
    """Time value that the buyer pays the seller, money, not rounded.

    Parameters
    ----------
    futures
        Its rulebook names the monthly rate and the principal: `purchase`, the traded value, which
        table 5 of the paper uses; `delivery`, the value at the delivery price, formula (2) as
        written; or `none`.
    purchase, delivery
        Value of the lots at the traded price, and at the delivery price, money.
    months
        Months between trade and delivery.
    """
    rules = futures.rules
    if rules.time_value == "none":
        return Decimal(0)
    principal = purchase if rules.time_value == "purchase" else delivery
    return time_value(
        principal, monthly_rate(exact(rules.nominal_rate), rules.rate_convention), months
    )


def time_value_problems(
    trades: pd.DataFrame, futures: Futures, months: Collection[str] | None = None
) -> list[Failure]:
    """Trades (of some delivery months) whose time value needs a time that is not known."""
    if futures.rules.time_value == "none":
        return []
    found = Problems("futures")
    for position, row in enumerate(records(trades)):
        if pd.isna(row["traded_at"]) and (months is None or row["month"] in months):
            message = f"trade {row['trade']} has no time, so its time value is not known"
            found.add(position, "traded_at", "traded_at", message)
    return found.failures


def cash_settlement(
    trades: pd.DataFrame,
    index: Mapping[tuple[str, str], Decimal],
    futures: Futures,
    unit: Decimal = Decimal("0.01"),
    marks: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Cash settlement of whole delivery months.

    Parameters
    ----------
    trades
        Table `futures`.
    index
        Mean index price of the block over the delivery month by (product, month), in the rulebook's
        quote.
    futures
        The product definition.
    unit
        Smallest unit of money.
    marks
        Settlement prices that the positions were marked at (`mark_to_market`): delivery is settled
        against the last one, because the variation up to it was paid day by day.

    Returns
    -------
    The trades with `difference` (lots x (index - price or last mark), received by the buyer),
    `time_value` (paid by the buyer) and `amount`, their sum.
    """
    marked = Marks.of(marks)
    result = trades.reset_index(drop=True).copy()
    differences: list[Decimal] = []
    charges: list[Decimal] = []
    for row in records(result):
        product, month = row["product"], row["month"]
        lots = exact(row["lots"])
        known = not pd.isna(row["traded_at"])
        traded = lots * futures.lot_price(product, month, exact(row["price"]))
        delivered = lots * futures.lot_price(product, month, index[product, month])
        since = futures.local(row["traded_at"]).date() if known else None
        mark = marked.last((product, month), since)
        reference = traded if mark is None else lots * futures.lot_price(product, month, mark[1])
        sign = 1 if row["side"] == "buy" else -1
        months = months_between(futures.local(row["traded_at"]), month) if known else 0
        charge = time_value_charge(futures, traded, delivered, months)
        differences.append(round_to(sign * (delivered - reference), unit))
        charges.append(round_to(-sign * charge, unit))
    result["difference"] = pd.Series(differences, dtype=object)
    result["time_value"] = pd.Series(charges, dtype=object)
    amounts = [a + b for a, b in zip(differences, charges, strict=True)]
    result["amount"] = pd.Series(amounts, dtype=object)
    return result
