"""Who pays for guarantee payments: load ratio shares, or deviations from the day ahead."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pandas as pd

from settlement.ledger.frames import records
from settlement.ledger.ledger import Ledger

__all__ = ["charge_uplift", "deviation_mwh", "load_mwh", "pay_uplift"]


def load_mwh(positions: pd.DataFrame) -> dict[str, float]:
    """MWh that each owner's loads take; loads that inject do not count."""
    rows = positions[(positions["kind"] == "load") & (positions["mw"] < 0)]
    energy = -rows["mw"] * rows["hours"]
    return _by_owner(rows, energy)


def deviation_mwh(deviations: pd.DataFrame) -> dict[str, float]:
    """Absolute MWh by which each owner deviates, over all subjects and intervals.

    Links are the operator's and do not count.
    """
    rows = deviations[deviations["kind"] != "link"]
    return _by_owner(rows, rows["mw"].abs() * rows["hours"])


def _by_owner(rows: pd.DataFrame, energy: pd.Series) -> dict[str, float]:
    sums = energy.groupby(rows["owner"]).sum()
    return {str(owner): float(mwh) for owner, mwh in sums.items()}


def pay_uplift(ledger: Ledger, payments: pd.DataFrame) -> dict[str, Decimal]:
    """Lines that pay each block; returns the total by reason."""
    totals: dict[str, Decimal] = {}
    for row in records(payments):
        amount: Decimal = row["amount"]
        ledger.add(
            row["owner"],
            row["unit"],
            row["interval_start"],
            "uplift",
            Decimal(1),
            amount,
            amount,
            f"make-whole, {row['reason']}: max(0, {row['cost']} offered cost - "
            f"{row['revenue']} revenue)",
        )
        totals[row["reason"]] = totals.get(row["reason"], Decimal(0)) + amount
    return totals


def charge_uplift(
    ledger: Ledger,
    totals: dict[str, Decimal],
    allocation: Literal["load_ratio", "deviation"],
    loads: dict[str, float],
    deviations: dict[str, float] | None,
    at: pd.Timestamp,
) -> None:
    """Lines that charge the totals, by load ratio or by deviation.

    `deviations` is None in the day ahead, where nobody deviates yet: day-ahead guarantees are
    charged by load ratio under either rule. Where the rule's shares are all zero, load ratio takes
    over, and without any load the operator bears the payment; the lines say so.
    """
    for reason, total in totals.items():
        shares, rule = loads, "load ratio"
        if allocation == "deviation" and deviations is not None:
            if any(mwh > 0 for mwh in deviations.values()):
                shares, rule = deviations, "deviation"
            else:
                rule = "load ratio, because nobody deviated"
        if any(mwh > 0 for mwh in shares.values()):
            ledger.share(-total, shares, reason, at, "uplift_charge", f"uplift by {rule}")
        else:
            ledger.add(
                ledger.operator,
                reason,
                at,
                "uplift_charge",
                Decimal(1),
                -total,
                -total,
                "uplift borne by the operator, because there is no load to charge",
            )
