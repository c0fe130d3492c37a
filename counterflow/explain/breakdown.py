"""Terms that add up to a price: energy, shadow price x DFAX of each binding limit, loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["TERM_COLUMNS", "Breakdown"]

TERM_COLUMNS = (
    "term",
    "constraint",
    "contingency",
    "direction",
    "limit_mw",
    "flow_mw",
    "penalty_mw",
    "dfax",
    "shadow_price",
    "amount",
)

_DETAIL = ("direction", "limit_mw", "flow_mw", "penalty_mw")
_Key = tuple[str, str, float]


@dataclass(frozen=True, eq=False)
class Breakdown:
    """The terms of all prices of one interval."""

    dfax: Mapping[str, Mapping[_Key, float]]
    """DFAX by bus, and there by constraint, contingency and shadow price."""
    details: Mapping[tuple[str, str], Mapping[str, Any]]
    """Direction, limit, flow and excess of each binding limit."""

    @classmethod
    def of(cls, terms: pd.DataFrame, constraints: pd.DataFrame) -> Breakdown:
        """Read the rows of `price_terms` and `constraints` of one interval."""
        dfax: dict[str, dict[_Key, float]] = {}
        names = ("bus", "constraint", "contingency", "shadow_price", "dfax")
        for bus, name, outage, shadow, factor in zip(
            *(terms[column].tolist() for column in names), strict=True
        ):
            own = dfax.setdefault(bus, {})
            key = (name, outage, shadow)
            own[key] = own.get(key, 0.0) + factor
        binding = constraints[constraints["shadow_price"] > 0]
        details: dict[tuple[str, str], Mapping[str, Any]] = {}
        for row in binding[["constraint", "contingency", *_DETAIL]].to_dict("records"):
            limit = (row["constraint"], row["contingency"])
            details.setdefault(limit, {name: row[name] for name in _DETAIL})
        return cls(dfax, details)

    def rows(
        self, price: Mapping[str, float], shares: Mapping[str, float]
    ) -> tuple[dict[str, Any], ...]:
        """Terms of the price of a place, in the columns `TERM_COLUMNS`; money per MWh.

        Energy first, then the largest congestion amount, then loss.

        Parameters
        ----------
        price
            Its mec and mlc.
        shares
            Weight of each of its buses.
        """
        factors: dict[_Key, float] = {}
        for bus, share in shares.items():
            for key, factor in self.dfax.get(bus, {}).items():
                factors[key] = factors.get(key, 0.0) + share * factor
        limits = []
        for (name, outage, shadow), factor in factors.items():
            detail = self.details.get((name, outage), _no_detail())
            amounts = {"dfax": factor, "shadow_price": shadow, "amount": factor * shadow}
            about = {"term": "congestion", "constraint": name, "contingency": outage}
            limits.append({**about, **detail, **amounts})
        limits.sort(key=lambda row: -abs(row["amount"]))
        return (_plain("energy", price["mec"]), *limits, _plain("loss", price["mlc"]))


def _no_detail() -> dict[str, Any]:
    return {"direction": "", **dict.fromkeys(_DETAIL[1:], np.nan)}


def _plain(term: str, amount: float) -> dict[str, Any]:
    blank = {"constraint": "", "contingency": "", **_no_detail()}
    return {"term": term, **blank, "dfax": np.nan, "shadow_price": np.nan, "amount": amount}
