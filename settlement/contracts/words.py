"""What the lines of a contract say: the rule of its kind, its point, its curve and its dates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from settlement.contracts.curve import Curve
from settlement.ledger.frames import Row
from settlement.points import Prices

__all__ = ["difference", "fixed_late", "place_words"]


def difference(kind: str, strike: Decimal, price: Decimal) -> tuple[Decimal, str]:
    """What the seller of one MWh receives from the buyer at spot `price`, and the rule's name.

    Two-way: K - P. A cap pays the buyer max(0, P - K); a floor pays the seller max(0, K - P).
    """
    if kind == "cap":
        return -max(Decimal(0), price - strike), "cap: -max(0, P - K)"
    if kind == "floor":
        return max(Decimal(0), strike - price), "floor: max(0, K - P)"
    return strike - price, "K - P"


def fixed_late(row: Row, curve: Curve | None) -> str:
    """Says that the curve was fixed after signing; "" where it was not or is not known."""
    signed, fixed = row["signed"], _fixed_on(row, curve)
    if pd.isna(signed) or pd.isna(fixed) or fixed <= signed:
        return ""
    return f"curve fixed on {fixed:%Y-%m-%d}, after signing on {signed:%Y-%m-%d}"


def _fixed_on(row: Row, curve: Curve | None) -> pd.Timestamp:
    """The day on which a curve was frozen, or what its contract says of it; NaT if not known."""
    if curve is not None and curve.fixed_on is not None:
        return curve.fixed_on
    stated: pd.Timestamp = row["curve_fixed"]
    return stated


def place_words(row: Row, curve: Curve, prices: Prices, overrides: Mapping[str, str] | None) -> str:
    """Point and curve of a contract, the day of the curve, and what was overridden."""
    late = fixed_late(row, curve)
    note = f"; {late}" if late else ""
    if overrides and row["contract"] in overrides:
        note += f"; override: {overrides[row['contract']]}"
    if row.get("declared"):
        note += f"; {row['declared']}"
    fixed = _fixed_on(row, curve)
    dated = "" if pd.isna(fixed) else f" of {fixed:%Y-%m-%d}"
    end = row.get("point_to") or ""
    where = prices.label(row["point"])
    if end:
        where = f"{prices.label(end)} less {where}"
    return f"{where}, {curve.source} curve{dated}{note}"
