"""Settling transmission rights, and how far the congestion rent pays for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from cases.market_time import hours_of
from cases.run import Run
from network import Grid
from network.arrays import Floats
from settlement.ledger.frames import records
from settlement.ledger.ledger import Ledger, Line
from settlement.ledger.money import split
from settlement.rights.points import right_injections

__all__ = ["Funding", "right_targets", "settle_rights", "shortfall_cuts"]


@dataclass(frozen=True)
class Funding:
    """Rights against the rent of a run, money.

    `target` is what all rights would receive (obligations that pay count negative), `credits` and
    `charges` are its positive and negative parts, `shortfall` is what is not paid.
    """

    rent: Decimal
    credits: Decimal
    charges: Decimal
    shortfall: Decimal

    @property
    def target(self) -> Decimal:
        """Credits less charges."""
        return self.credits - self.charges

    @property
    def ratio(self) -> Decimal:
        """Rent and charges over credits; more than 1 leaves a surplus. NaN without credits."""
        if self.credits == 0:
            return Decimal("NaN")
        return (max(self.rent, Decimal(0)) + self.charges) / self.credits


def right_targets(rights: pd.DataFrame, run: Run, grid: Grid | None = None) -> pd.DataFrame:
    """What every right is due per interval: right, owner, interval_start, quantity (MWh), price.

    `price` is the congestion component at the sink less that at the source; an option's is not
    below zero. Intervals outside the term of a right are left out.
    """
    columns = ["right", "owner", "interval_start", "quantity", "price"]
    if rights.empty:
        return pd.DataFrame(columns=columns)
    grid = grid or Grid.from_case(run.case, run.rulebook.network.convention)
    injections = right_injections(rights, run.case, grid)
    mcc = run.prices.pivot(index="interval_start", columns="bus", values="mcc")
    mcc = mcc.reindex(columns=run.case.buses["bus"].tolist()).sort_index()
    spans = run.prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    starts = pd.DatetimeIndex(mcc.index)
    hours = hours_of(spans).reindex(starts).to_numpy()
    prices: Floats = mcc.to_numpy()
    frames: list[pd.DataFrame] = []
    for position, row in enumerate(records(rights)):
        net = injections[:, position]
        used = net != 0
        price = -(prices[:, used] @ net[used])
        if row["kind"] == "option":
            price = np.where(np.isnan(price), price, np.clip(price, 0.0, None))
        inside = np.ones(len(starts), dtype=bool)
        if not pd.isna(row["start"]):
            inside &= starts >= row["start"]
        if not pd.isna(row["end"]):
            inside &= starts < row["end"]
        frames.append(
            pd.DataFrame(
                {
                    "right": row["right"],
                    "owner": row["owner"],
                    "interval_start": starts[inside],
                    "quantity": row["mw"] * hours[inside],
                    "price": price[inside],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def settle_rights(
    ledger: Ledger, targets: pd.DataFrame, rent: Decimal, *, in_full: bool = False
) -> Funding:
    """Lines of all rights (`right_targets`) against the operator, which holds the rent.

    Where rent and the charges of counterflow obligations fall short of the credits and the rulebook
    says `prorate`, every credit is cut in proportion by a line `right_shortfall`; not where they
    are paid `in_full` because a month's rent funds them.
    """
    own = Ledger.like(ledger)
    targets = targets.rename(columns={"right": "subject"})
    own.priced(targets[targets["price"] != 0], "right", "MWh x (mcc at sink - mcc at source)")
    rows = own.rows
    credits = sum((row.amount for row in rows if row.amount > 0), Decimal(0))
    charges = -sum((row.amount for row in rows if row.amount < 0), Decimal(0))
    cuts = [] if in_full else shortfall_cuts(ledger, rows, rent)
    shortfall = -sum((cut.amount for cut in cuts), Decimal(0))
    for row in [*rows, *cuts]:
        ledger.put([row])
        ledger.add(
            ledger.operator,
            row.subject,
            row.interval_start,
            row.item,
            -row.quantity,
            row.price,
            -row.amount,
            row.rule,
        )
    return Funding(rent, credits, charges, shortfall)


def shortfall_cuts(ledger: Ledger, rows: Sequence[Line], rent: Decimal) -> list[Line]:
    """Lines that cut the credits of rights to what rent and charges pay for; none if they do.

    Parameters
    ----------
    ledger
        Its rules say whether credits are cut in proportion (`prorate`) or paid in full.
    rows
        Lines of item `right` of the holders.
    rent
        Congestion rent of the same period.
    """
    credits = sum((row.amount for row in rows if row.amount > 0), Decimal(0))
    charges = -sum((row.amount for row in rows if row.amount < 0), Decimal(0))
    available = max(rent, Decimal(0)) + charges
    if credits <= available or ledger.rules.rights.shortfall != "prorate":
        return []
    paid = [row for row in rows if row.amount > 0]
    amounts = split(available - credits, [row.amount for row in paid], ledger.money_unit)
    rule = f"rights are funded to {available} of {credits}"
    return [
        Line(row.owner, row.subject, row.interval_start, "right_shortfall", Decimal(1), cut, cut,
             rule)
        for row, cut in zip(paid, amounts, strict=True)
    ]  # fmt: skip
