"""Futures in a run: the cash settlement of the run's intervals of the delivery month."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from cases.errors import Failure, InputError
from settlement.futures.delivery import months_between, time_value_charge
from settlement.futures.product import Futures
from settlement.ledger.frames import records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.points import Prices

__all__ = ["index_price", "settle_futures"]


def index_price(futures: Futures, prices: Prices) -> pd.Series:
    """The price that settles futures, by interval: the rulebook's point, or load-weighted."""
    point = futures.rules.index
    if not point:
        return prices.load_weighted()
    problem = prices.problem(point)
    if problem:
        raise InputError([Failure("", None, "settlement.futures.index", "point", problem)])
    return prices.of(point)


def settle_futures(
    ledger: Ledger, trades: pd.DataFrame, futures: Futures, prices: Prices, interval_hours: float
) -> None:
    """Lines of every trade whose delivery month the run reaches; the operator clears them.

    Item `futures` per interval of the block: MWh x (index - traded price), and item `time_value`
    once per trade for the MWh of the run.
    """
    if trades.empty:
        return
    index = index_price(futures, prices)
    for row in records(trades):
        product, month = row["product"], row["month"]
        mw = futures.delivery_mw(product, month, prices.starts, interval_hours)
        if not mw.any():
            continue
        sign = 1 if row["side"] == "buy" else -1
        traded = ledger.price(futures.mwh_price(product, month, exact(row["price"])))
        bought = Decimal(0)
        delivered = Decimal(0)
        for at, price, lot_mw in zip(prices.starts, index, mw, strict=True):
            if lot_mw == 0:
                continue
            mwh = ledger.quantity(exact(row["lots"]) * exact(lot_mw) * exact(interval_hours))
            spot = ledger.price(price)
            ledger.transfer(
                row["owner"],
                ledger.operator,
                row["trade"],
                at,
                "futures",
                sign * mwh,
                spot - traded,
                f"{product} {month}: MWh x (index {spot} - traded {traded})",
            )
            bought += mwh * traded
            delivered += mwh * spot
        if futures.rules.time_value == "none":
            continue
        months = months_between(futures.local(row["traded_at"]), month)
        charge = time_value_charge(futures, bought, delivered, months)
        ledger.transfer(
            row["owner"],
            ledger.operator,
            row["trade"],
            prices.starts[0],
            "time_value",
            Decimal(-sign),
            charge,
            f"time value of {months} months on the {futures.rules.time_value} value, "
            f"{futures.rules.nominal_rate:g} a year by {futures.rules.rate_convention}",
        )
