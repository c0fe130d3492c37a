"""Congestion rent and loss surplus: what is left between loads and generators, and why.

Per interval, with net withdrawal w_b at each bus (MWh) and lmp = mec + mcc + mlc,

    sum_b lmp_b w_b = sum_k shadow price_k * flow_k + surplus

where flow_k = sum_b dfax_kb (w_b + loss_b) is the MWh that the injections send through constraint k
in its binding direction; loss_b is what is lost at the bus (`settlement.market.losses`): with it
the withdrawals of an island sum to zero, so that neither the rent nor the surplus depends on the
reference. At a binding limit without phase shifters flow_k is the limit; with phase shifters it is
the limit less the flow that the shifts cause at zero injection; where slack was used it is the
flow. What is left, sum_b (mec_b + mlc_b) w_b - sum_b mcc_b loss_b, is the loss surplus. Without
losses it is zero, unless a run charges loads for energy that its balance was short of: then it is
the money for unserved energy.
"""

from __future__ import annotations

import pandas as pd

from cases.run import Run

__all__ = ["congestion_rent", "loss_surplus", "withdrawals"]

CONSTRAINT = ["interval_start", "constraint", "contingency"]


def withdrawals(positions: pd.DataFrame) -> pd.DataFrame:
    """Net withdrawal by interval and bus: interval_start, bus, mwh."""
    table = positions.assign(mwh=-positions["mw"] * positions["hours"])
    return table.groupby(["interval_start", "bus"], sort=True)["mwh"].sum().reset_index()


def congestion_rent(positions: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Rent of each binding constraint from the positions that it charges and pays.

    `positions` include the losses, where there are any (`lost_at_buses`).

    Returns
    -------
    Table with interval_start, constraint, contingency, quantity (MWh sent through the constraint in
    its binding direction by the positions), price (shadow price, money per MWh) and rent (money).
    Where the run has congestion components but no price terms, one row per interval with
    constraint "" holds the sum of mcc times withdrawal.
    """
    net = withdrawals(positions)
    if run.price_terms.empty:
        return _without_terms(net, run.prices)
    terms = run.price_terms.merge(net, on=["interval_start", "bus"])
    terms["quantity"] = terms["dfax"] * terms["mwh"]
    # A constraint may bind with two prices in an interval only through two contingencies.
    table = terms.groupby([*CONSTRAINT, "shadow_price"], sort=True)["quantity"].sum().reset_index()
    table = table.rename(columns={"shadow_price": "price"})
    table["rent"] = table["quantity"] * table["price"]
    return table[table["price"] != 0].reset_index(drop=True)


def _without_terms(net: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    both = net.merge(prices[["interval_start", "bus", "mcc"]], on=["interval_start", "bus"])
    both["rent"] = both["mcc"] * both["mwh"]
    table = both.groupby("interval_start", sort=True)["rent"].sum().reset_index()
    table = table[table["rent"].abs() > 1e-9].assign(constraint="", contingency="", quantity=1.0)
    table["price"] = table["rent"]
    return table[[*CONSTRAINT, "quantity", "price", "rent"]].reset_index(drop=True)


def loss_surplus(
    positions: pd.DataFrame, prices: pd.DataFrame, losses: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What is paid beyond the rent for energy and losses, by interval.

    That is sum (mec + mlc) w - sum mcc loss, with `losses` from `lost_at_buses`.

    Returns interval_start, quantity (injections less withdrawals, MWh: what is lost; negative where
    more was withdrawn than injected) and surplus (money).
    """
    net = withdrawals(positions)
    parts = ["interval_start", "bus", "mec", "mcc", "mlc"]
    both = net.merge(prices[parts], on=["interval_start", "bus"])
    both["surplus"] = (both["mec"] + both["mlc"]) * both["mwh"]
    if losses is not None and len(losses):
        lost = withdrawals(losses).merge(prices[parts], on=["interval_start", "bus"])
        lost["surplus"] = -lost["mcc"] * lost["mwh"]
        both = pd.concat([both, lost.assign(mwh=0.0)], ignore_index=True)
    table = both.groupby("interval_start", sort=True)[["mwh", "surplus"]].sum().reset_index()
    table["quantity"] = -table["mwh"]
    return table[["interval_start", "quantity", "surplus"]]
