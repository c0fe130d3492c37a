"""Who gets what is left of congestion rent and loss surplus: the operator keeps neither by rule.

What is left of the rent after the rights, and the loss surplus, go back by local day, or once over
the period of a month: to loads by the energy they take, to the holders of rights by their MWh, or
to a named account. A deficit is charged to the same owners in the same shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from cases.rulebook.settlement import SurplusRules
from settlement.ledger.frames import records
from settlement.ledger.ledger import Ledger

__all__ = ["RENT", "SURPLUS", "Shares", "give_back"]

RENT = ("congestion_rent", "congestion_rent_deviation", "right", "right_shortfall")
SURPLUS = ("loss_surplus", "loss_surplus_deviation")


@dataclass(frozen=True)
class Shares:
    """MWh by owner that money is shared by: what loads take, and what rights cover."""

    loads: Mapping[str, float]
    rights: Mapping[str, float]

    @classmethod
    def of(cls, loads: pd.DataFrame, rights: pd.DataFrame) -> Shares:
        """From positions (`positions`) and right targets (`right_targets`)."""
        taken = loads[(loads["kind"] == "load") & (loads["mw"] < 0)]
        return cls(
            _sums((row["owner"], -row["mw"] * row["hours"]) for row in records(taken)),
            _sums((row["owner"], row["quantity"]) for row in records(rights)),
        )


def give_back(
    ledger: Ledger, held: Mapping[str, Decimal], shares: Shares, at: pd.Timestamp, words: str
) -> None:
    """Lines that give back, or charge, what the operator holds of rent and of loss surplus.

    Parameters
    ----------
    ledger
        Where the lines go; its rules say who gets what.
    held
        What the operator has from each item in the period.
    shares
        Energies of the period.
    at
        Where the lines stand in time.
    words
        The period, for the rule: "of 2016-10-10".
    """
    left = {"rent_credit": Decimal(0), "surplus_credit": Decimal(0)}
    for item, amount in held.items():
        if item in RENT:
            left["rent_credit"] += amount
        elif item in SURPLUS:
            left["surplus_credit"] += amount
    for item, total in left.items():
        rent = item == "rent_credit"
        rules = ledger.rules.congestion_rent if rent else ledger.rules.loss_surplus
        owners, by = _receivers(rules, shares)
        if not total or not any(mwh > 0 for mwh in owners.values()):
            continue
        what = "congestion rent after rights" if rent else "loss surplus"
        ledger.share(total, owners, what, at, item, f"{what} {words} by {by}")
        ledger.add(
            ledger.operator, what, at, item, Decimal(1), -total, -total, f"given back by {by}"
        )


def _receivers(rules: SurplusRules, shares: Shares) -> tuple[Mapping[str, float], str]:
    if rules.to == "load_ratio":
        return shares.loads, "load ratio"
    if rules.to == "right_holders":
        return shares.rights, "MWh of rights"
    if rules.to == "account":
        return {rules.account: 1.0}, f"rule, to the account {rules.account}"
    return {}, ""


def _sums(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for owner, mwh in pairs:
        sums[owner] = sums.get(owner, 0.0) + mwh
    return sums
