"""The balance sheet of a statement, and the reconciliation of its energy money."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.ledger.statement import BALANCE_COLUMNS, COLUMN_OF_ITEM, RECONCILIATION
from settlement.market.two_settlement import Market

__all__ = ["balance_sheet", "reconciliation"]

_ENERGY = ("energy", "link_rent", "energy_deviation", "link_rent_deviation")


def balance_sheet(ledger: Ledger, markets: Sequence[Market]) -> pd.DataFrame:
    """One row per owner, the operator last; `total` is the exact sum of its lines.

    Energy money is split by the components of the price: congestion is sum MWh x mcc, losses sum
    MWh x mlc, each rounded once per owner, and energy is the rest, so that the parts add up to the
    lines.
    """
    sheet: dict[str, dict[str, Decimal]] = {}
    split: dict[str, Decimal] = {}
    for (owner, item), amount in ledger.sums("owner", "item").items():
        columns = sheet.setdefault(owner, dict.fromkeys(BALANCE_COLUMNS, Decimal(0)))
        if item in _ENERGY:
            split[owner] = split.get(owner, Decimal(0)) + amount
        else:
            columns[COLUMN_OF_ITEM[item]] += amount
    parts = _component_money(markets)
    for owner, total in split.items():
        congestion, losses = (ledger.money(part) for part in parts[owner])
        sheet[owner]["congestion"] += congestion
        sheet[owner]["losses"] += losses
        sheet[owner]["energy"] += total - congestion - losses
    owners = sorted(sheet, key=lambda owner: (owner == ledger.operator, owner))
    table = pd.DataFrame({"owner": pd.Series(owners, dtype="str")})
    for name in BALANCE_COLUMNS:
        amounts = [ledger.money(sheet[owner][name]) for owner in owners]
        table[name] = pd.Series(amounts, dtype=object)
    totals = [sum(sheet[owner].values(), ledger.money(Decimal(0))) for owner in owners]
    table["total"] = pd.Series(totals, dtype=object)
    return table


def _component_money(markets: Sequence[Market]) -> dict[str, tuple[Decimal, Decimal]]:
    """Congestion and loss money of each owner's energy lines, not rounded."""
    result: dict[str, tuple[Decimal, Decimal]] = {}
    for market in markets:
        table = market.positions.merge(
            market.run.prices[["interval_start", "bus", "mcc", "mlc"]],
            on=["interval_start", "bus"],
            how="left",
        )
        energy = table["mw"] * table["hours"]
        sums = (
            pd.DataFrame(
                {
                    "owner": table["owner"],
                    "mcc": energy * table["mcc"],
                    "mlc": energy * table["mlc"],
                }
            )
            .groupby("owner")
            .sum()
        )
        for owner, mcc, mlc in sums.itertuples():
            before = result.get(owner, (Decimal(0), Decimal(0)))
            result[owner] = (before[0] + exact(mcc), before[1] + exact(mlc))
    return result


def reconciliation(ledger: Ledger, timezone: str) -> pd.DataFrame:
    """Day-ahead energy money by interval: what loads pay and where it goes.

    load_payment = generation_revenue + congestion_rent + link_rent + loss_surplus +
    unserved_energy + rounding, exactly.
    """
    names = [column.name for column in RECONCILIATION.columns[1:]]
    by_interval: dict[pd.Timestamp, dict[str, Decimal]] = {}
    for (at, item, withdrawn), amount in ledger.sums("interval_start", "item", "negative").items():
        sums = by_interval.setdefault(at, dict.fromkeys(names, ledger.money(Decimal(0))))
        if item == "energy":
            if withdrawn:
                sums["load_payment"] -= amount
            else:
                sums["generation_revenue"] += amount
        elif item in sums:
            sums[item] += amount
    rows = [(at, *sums.values()) for at, sums in sorted(by_interval.items())]
    table = pd.DataFrame(rows, columns=["interval_start", *names])
    table["interval_start"] = table["interval_start"].astype(pd.DatetimeTZDtype("us", timezone))
    for name in names:
        table[name] = table[name].astype(object)
    return table
