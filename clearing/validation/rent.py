"""Congestion rent: what loads pay beyond what generation earns belongs to the limits that bind."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.binding import binding
from clearing.validation.custom import custom_rent
from clearing.validation.facts import Facts
from clearing.validation.losses import surplus
from clearing.validation.report import differing

__all__ = ["rent_identity"]


def rent_identity(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check load payment - generation revenue = rent of limits and links + loss surplus.

    A limit's rent is its shadow price * (limit - the flow that phase shifts cause at zero
    injection); where slack was used the flow stands for the limit. A link's rent is what it
    sells at one end less what it buys at the other: here it stands on the left, as withdrawals
    and injections of the link at the prices of its ends. Custom constraints keep the rent of the
    flows in them.
    """
    if facts.priced_otherwise:
        return
    lmp = np.nan_to_num(facts.lmp)
    paid = -(lmp * facts.injections).sum(axis=1)
    table = facts.network_constraints
    sign = np.where(table["direction"] == "upper", 1.0, -1.0)
    flow = sign * table["flow_mw"].to_numpy(dtype=np.float64)
    exceeded = table["penalty_mw"].to_numpy(dtype=np.float64) > facts.tolerance
    met = np.where(exceeded, flow, table["limit_mw"].to_numpy(dtype=np.float64))
    shadow = table["shadow_price"].to_numpy(dtype=np.float64)
    rent = shadow * (met - facts.once(binding).shift_flow)
    expected = np.zeros(len(facts.starts))
    t = facts.interval_of(table)
    np.add.at(expected, t[t >= 0], rent[t >= 0])
    # Prices may be off by their tolerance on every MW, limits by theirs at every shadow price.
    slack = facts.price_tolerance * np.abs(facts.injections).sum(axis=1)
    np.add.at(slack, t[t >= 0], shadow[t >= 0] * facts.tolerance)
    slack += facts.tolerance * np.abs(lmp).max(axis=1)
    more, inexact = surplus(facts)
    own, rough = custom_rent(facts)
    expected += more + own
    slack += inexact + rough
    yield differing(
        "rent.identity",
        ["system"],
        facts.starts,
        paid[:, None],
        expected[:, None],
        slack[:, None],
    )
