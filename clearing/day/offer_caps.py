"""Cap and floor of a rulebook: they hold for every price that is offered or bid for energy."""

from __future__ import annotations

from typing import Final

import numpy as np

from cases.case import Case
from cases.errors import Failure, InputError
from cases.rulebook.clearing import OfferRules

__all__ = ["check_offer_caps"]

_PRICED: Final = (
    ("offers", "unit", "price", "offers"),
    ("bids", "load", "price", "bids"),
    ("virtuals", "virtual", "price", "offers"),
    ("storage", "storage", "discharge_price", "offers to discharge at"),
    ("storage", "storage", "charge_price", "bids to charge at"),
    ("storage_offers", "storage", "discharge_price", "offers to discharge at"),
    ("storage_offers", "storage", "charge_price", "bids to charge at"),
)
"""Table, name, price and what the price is; reserve offers have no cap of their own."""


def check_offer_caps(case: Case, rules: OfferRules) -> None:
    """Refuse offers and bids outside the cap and floor of a rulebook.

    The price of a transaction up to congestion is a difference of two prices: neither holds for it.

    Raises
    ------
    InputError
        All of them, with table, row and column.
    """
    failures = []
    for table, name, column, what in _PRICED:
        rows = case.tables[table]
        price = rows[column].to_numpy(dtype=float)
        outside = (price > rules.cap) | (price < rules.floor)
        if table == "virtuals":
            outside &= (rows["kind"] != "utc").to_numpy()
        failures += [
            Failure(
                table,
                int(row) + 2,
                column,
                "offer_cap",
                f"{rows[name].iloc[row]} {what} {price[row]:g}, outside the rulebook's "
                f"{rules.floor:g} to {rules.cap:g}",
            )
            for row in np.flatnonzero(outside)
        ]
    if failures:
        raise InputError(failures)
