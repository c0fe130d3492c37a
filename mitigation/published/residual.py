r"""Residual demand of every owner from published offers, and the hours in which each is pivotal.

:math:`RD_j = D - \sum_{i \ne j} K_i`, with K what the others can produce: above 0 the owner is
pivotal. At the published price the others' supply is what they offer at or below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.case import Case
from cases.run import Run
from mitigation.published.stack import demand_of, price_of_hub, stack_of

__all__ = ["ResidualDemand", "residual_by_owner"]

_ROUNDING_MW = 1e-6


@dataclass(frozen=True, eq=False)
class ResidualDemand:
    """Residual demand by owner.

    Attributes
    ----------
    hours
        interval_start, owner, demand_mw, owned_mw (what the owner can produce), others_mw,
        residual_mw (at least 0), pivotal, rsi (others_mw / demand_mw), residual_at_price_mw
        (demand less what others offer at or below the published price, at least 0).
    owners
        owner, hours, pivotal_hours, pivotal_share, least_rsi, mean_rsi; the most pivotal first.
    """

    hours: pd.DataFrame
    owners: pd.DataFrame


def residual_by_owner(market: Case | Run) -> ResidualDemand:
    """Residual demand of every owner and hour; affiliates count as one (`owners.parent`).

    Raises InputError where the case was not imported from published offers.
    """
    case = market.case if isinstance(market, Run) else market
    stack = stack_of(case)
    demand = demand_of(case)
    price = price_of_hub(case)["lmp"].to_numpy()
    parents = case.owners.set_index("owner")["parent"]
    groups = parents[parents != ""].to_dict()
    owner = stack.owner.map(lambda name: groups.get(name, name))
    code, names = pd.factorize(owner, sort=True)
    count, width = len(demand), len(names)
    owned = np.zeros((count, width))
    np.add.at(owned, (stack.hour, code), stack.mw)
    paid = stack.price <= np.nan_to_num(price, nan=np.inf)[stack.hour] + 1e-9
    offered = np.zeros((count, width))
    np.add.at(offered, (stack.hour[paid], code[paid]), stack.mw[paid])
    others = owned.sum(axis=1, keepdims=True) - owned
    cheap = offered.sum(axis=1, keepdims=True) - offered
    need = demand[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rsi = np.where(need > 0, others / need, np.nan)
    pivotal = need - others > _ROUNDING_MW
    hours = pd.DataFrame(
        {
            "interval_start": case.interval_starts.repeat(width),
            "owner": np.tile(np.asarray(names), count),
            "demand_mw": np.repeat(demand, width),
            "owned_mw": owned.ravel(),
            "others_mw": others.ravel(),
            "residual_mw": np.maximum(0.0, need - others).ravel(),
            "pivotal": pivotal.ravel(),
            "rsi": rsi.ravel(),
            "residual_at_price_mw": np.maximum(0.0, need - cheap).ravel(),
        }
    )
    owners = pd.DataFrame(
        {
            "owner": np.asarray(names),
            "hours": count,
            "pivotal_hours": pivotal.sum(axis=0),
            "pivotal_share": pivotal.mean(axis=0) if count else 0.0,
            "least_rsi": rsi.min(axis=0) if count else np.nan,
            "mean_rsi": rsi.mean(axis=0) if count else np.nan,
        }
    )
    order = ["pivotal_hours", "least_rsi", "owner"]
    ranked = owners.sort_values(order, ascending=[False, True, True], ignore_index=True)
    return ResidualDemand(hours, ranked)
