"""Offers above the prices at which limits may be exceeded: they are not used where they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cases.case import Case
from cases.errors import Failure

if TYPE_CHECKING:
    from cases.rulebook.book import RuleBook

__all__ = ["offers_above_penalties"]


def offers_above_penalties(case: Case, rulebook: RuleBook) -> list[Failure]:
    """Name each unit that offers above the penalty of the energy balance, by its dearest block.

    Load is shed before such a block is used. Rows count from the header, as in a CSV file.
    """
    offers, penalty = case.tables["offers"], rulebook.penalties.balance
    price = offers["price"].to_numpy(dtype=np.float64)
    dear = offers.assign(row=np.arange(len(offers)) + 2)[price > penalty]
    found = dear.sort_values("price", ascending=False, kind="stable").drop_duplicates("unit")
    return [
        Failure(
            "offers",
            int(row),
            "price",
            "offer_above_penalty",
            f"{unit} offers {mw:g} MW at {at:g}, above the penalty of the energy balance of "
            f"{penalty:g} (penalties.balance): load is shed before it is used",
        )
        for row, unit, mw, at in zip(
            found["row"], found["unit"], found["mw"], found["price"], strict=True
        )
    ]
