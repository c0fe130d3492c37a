"""Netting of contracts: what an owner may have to pay, after what offsets it.

Energies of one owner at one point offset each other: sold 60 MW and bought 60 MW leave nothing that
a price could move. Caps and floors only offset at the same strike, and only the side that may have
to pay counts: the seller of a cap, the buyer of a floor.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any, Literal

import pandas as pd

from settlement.ledger.frames import Row, records

__all__ = ["Netting", "net_losses", "net_values"]

Netting = Literal["none", "pair", "portfolio"]

_ZERO = Decimal(0)


def net_values(contracts: pd.DataFrame, netting: Netting) -> dict[str, Decimal]:
    """Value of the open energy of every owner, money: |net MWh| x mean strike, summed.

    Parameters
    ----------
    contracts
        Table of `open_contracts`.
    netting
        Which contracts offset each other (`settlement.credit.netting`).
    """
    mwh: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    gross: dict[tuple[Any, ...], tuple[Decimal, Decimal]] = defaultdict(lambda: (_ZERO, _ZERO))
    for row in records(contracts):
        for owner, other, sign in _sides(row):
            key = (owner, *_group(row, other, netting))
            mwh[key] += sign * row["mwh"]
            value, energy = gross[key]
            gross[key] = value + abs(row["value"]), energy + row["mwh"]
    values: dict[str, Decimal] = defaultdict(Decimal)
    for key, net in mwh.items():
        value, energy = gross[key]
        owed = _may_pay(key, net)
        if owed and energy:
            values[key[0]] += owed * value / energy
    return dict(values)


def net_losses(contracts: pd.DataFrame, netting: Netting) -> dict[str, Decimal]:
    """What every owner would lose at the forward prices, money: losses after their offsets."""
    gains: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in records(contracts):
        for owner, other, sign in _sides(row):
            own: dict[str, tuple[Any, ...]] = {
                "none": (row["contract"],),
                "pair": (other,),
                "portfolio": (),
            }
            gains[(owner, *own[netting])] += sign * row["gain"]
    losses: dict[str, Decimal] = defaultdict(Decimal)
    for key, gain in gains.items():
        losses[key[0]] += max(_ZERO, -gain)
    return dict(losses)


def _sides(row: Row) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
    """Owner, counterparty and sign (sold: 1) of both sides of a contract."""
    return (row["seller"], row["buyer"], 1), (row["buyer"], row["seller"], -1)


def _group(row: Row, other: str, netting: Netting) -> tuple[Any, ...]:
    kind = row["kind"] if row["kind"] in ("cap", "floor") else "two-way"
    strike = row["strike"] if kind != "two-way" else _ZERO
    apart = {"none": row["contract"], "pair": other, "portfolio": ""}[netting]
    return kind, row["point"], strike, apart


def _may_pay(key: tuple[Any, ...], net: Decimal) -> Decimal:
    """MWh of a net position whose holder may have to pay."""
    kind = key[1]
    if kind == "cap":
        return max(_ZERO, net)
    if kind == "floor":
        return max(_ZERO, -net)
    return abs(net)
