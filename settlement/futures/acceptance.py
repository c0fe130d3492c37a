"""Acceptance of trades: every rule checked once, when a trade is made, and what was overridden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cases.errors import Failure, InputError
from settlement.futures.delivery import time_value_problems
from settlement.futures.marks import Marks
from settlement.futures.matching import Matched, match
from settlement.futures.product import Futures
from settlement.futures.trading import check_trades, position_problems

__all__ = ["Accepted", "accept"]


@dataclass(frozen=True)
class Accepted:
    """Trades that were accepted, what was overridden, and who stands on the other side.

    `trades` carry their overrides in the column `override`; `warnings` say which rules they broke.
    """

    trades: pd.DataFrame
    warnings: list[Failure]
    matched: Matched


def accept(
    trades: pd.DataFrame,
    futures: Futures,
    *,
    marks: pd.DataFrame | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Accepted:
    """Accept all trades of a ledger, or none.

    Parameters
    ----------
    trades
        Table `futures`.
    futures
        The product, with the market's timezone.
    marks
        Table `settlement_prices`: price limits count from the last one before a trade's day.
    overrides
        Trade -> "who: why".

    Raises
    ------
    InputError
        Naming every trade that breaks a rule and is not overridden, sides that nobody takes where
        there is no clearing house, and overrides of trades that do not exist.
    """
    given = dict(overrides or {})
    table = trades.reset_index(drop=True)
    refused, warned = check_trades(table, futures, futures.zone, Marks.of(marks), given)
    refused += time_value_problems(table, futures)
    for failure, name in position_problems(table, futures):
        (warned if name in given or _excused(table, name) else refused).append(failure)
    for name in given.keys() - set(table["trade"]):
        message = f"override for {name}, which is no trade"
        refused.append(Failure("futures", None, "trade", "override", message))
    matched = match(table)
    if matched.unmatched and not futures.rules.clearing_house:
        message = f"no other side at the same price: {matched.words}"
        refused.append(Failure("futures", None, "lots", "unmatched", message))
    if refused:
        raise InputError(refused)
    own = table["override"] if "override" in table else pd.Series("", index=table.index)
    table["override"] = [
        given.get(name) or why for name, why in zip(table["trade"], own, strict=True)
    ]
    return Accepted(table, warned, matched)


def _excused(table: pd.DataFrame, trade: str) -> bool:
    """Whether a trade brings its override with it."""
    if "override" not in table:
        return False
    return bool((table.loc[table["trade"] == trade, "override"] != "").any())
