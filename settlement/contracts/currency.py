"""Contracts in another currency, settled in that of the case at the rate that they declare."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from cases.errors import Failure
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import exact, round_to

__all__ = ["converted", "currency_problems"]


def currency_problems(contracts: pd.DataFrame, currency: str) -> list[Failure]:
    """Contracts whose currency has no rate, or whose rate has no currency to be of."""
    found = Problems("contracts")
    if "currency" not in contracts:
        return []
    for position, row in enumerate(records(contracts)):
        foreign = row["currency"] not in ("", currency)
        if foreign and pd.isna(row["rate"]):
            message = f"contract {row['contract']} is in {row['currency']}, the case in {currency}"
            found.add(position, "rate", "rate", f"{message}: it needs a declared rate")
        if not foreign and not pd.isna(row["rate"]) and row["rate"] != 1:
            message = f"contract {row['contract']} is in the currency of the case, {currency}"
            found.add(position, "rate", "rate", f"{message}, and declares a rate")
    return found.failures


def converted(contracts: pd.DataFrame, step: Decimal) -> pd.DataFrame:
    """The contracts with strike and premium in the case's money, rounded to the price step.

    A column `declared` says what was converted: "50 EUR at 7.8"; blank where nothing was.
    """
    if "rate" not in contracts or contracts["rate"].isna().all():
        return contracts
    table = contracts.copy()
    words = [""] * len(table)
    for position, row in enumerate(records(contracts)):
        if pd.isna(row["rate"]) or not row["currency"]:
            continue
        rate = exact(row["rate"])
        for name in ("strike", "premium"):
            own = row.get(name)
            if own is not None and not pd.isna(own):
                value = float(round_to(exact(own) * rate, step))
                table.iloc[position, table.columns.get_loc(name)] = value
        words[position] = f"{exact(row['strike'])} {row['currency']} at {rate}"
    return table.assign(declared=words)
