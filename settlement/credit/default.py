"""The default waterfall, as a report: who would bear the loss of an owner that does not pay."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from cases.errors import InputError
from settlement.ledger.money import Number, exact, split

__all__ = ["default_waterfall"]


def default_waterfall(
    defaulter: str,
    loss: Number,
    *,
    collateral: Number = 0,
    bond: Number = 0,
    operator_funds: Number = 0,
    operator: str = "operator",
    members: Mapping[str, Number] | None = None,
    unit: Decimal = Decimal("0.01"),
) -> pd.DataFrame:
    """Layers that a loss runs through: layer, payer, available, used, left.

    The defaulter's margin and collateral, its performance bond, the operator's own funds, then the
    other members in proportion to their margin (`members`), without a limit. Nothing is booked:
    this is what would happen. Used amounts sum to the loss; what no layer covers stays in `left`
    of the last row.

    Raises
    ------
    InputError
        If an amount is negative, no number, or no multiple of the smallest unit.
    """
    amounts = {
        "loss": loss,
        "collateral": collateral,
        "bond": bond,
        "operator_funds": operator_funds,
        **(members or {}),
    }
    for name, amount in amounts.items():
        problem = _problem(amount, unit)
        if problem:
            raise InputError.one("", None, None, "amount", f"{name} {problem}")
    left = exact(loss)
    rows: list[tuple[str, str, Decimal, Decimal, Decimal]] = []
    for layer, payer, amount in (
        ("collateral", defaulter, collateral),
        ("performance bond", defaulter, bond),
        ("operator funds", operator, operator_funds),
    ):
        available = exact(amount)
        used = min(left, available)
        left -= used
        rows.append((layer, payer, available, used, left))
    others = {
        owner: exact(margin)
        for owner, margin in (members or {}).items()
        if owner != defaulter and exact(margin) > 0
    }
    if left and others:
        for (owner, margin), used in zip(
            others.items(), split(left, list(others.values()), unit), strict=True
        ):
            left -= used
            rows.append(("members", owner, margin, used, left))
    return pd.DataFrame(rows, columns=["layer", "payer", "available", "used", "left"])


def _problem(amount: Number, unit: Decimal) -> str:
    try:
        value = exact(amount)
    except ValueError:
        return f"must be a finite number, not {amount}"
    if value < 0:
        return "must not be negative"
    return f"of {value} is no multiple of the smallest unit, {unit}" if value % unit else ""
