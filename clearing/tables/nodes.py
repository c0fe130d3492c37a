"""Prices of price nodes, and those that the market's operator published."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.session.cleared import Cleared
from clearing.tables.frames import long
from network.arrays import Floats

__all__ = ["node_prices", "published"]

_PUBLISHED = {
    "published_prices": ("interval_start", "node"),
    "published_reserve_prices": ("interval_start", "product", "zone"),
}


def node_prices(c: Cleared) -> pd.DataFrame:
    """Price of every price node: the weighted mean of its buses, unique where all of them are."""
    day, p, nodes = c.day, c.prices, c.day.nodes
    if not len(nodes.names):
        return pd.DataFrame()
    parts = {"lmp": p.lmp, "mec": p.energy, "mcc": p.congestion, "mlc": p.loss}
    lmp = nodes.mean(p.lmp)
    return pd.DataFrame(
        {
            **long(day, nodes.names, "node"),
            **{name: nodes.mean(values).ravel() for name, values in parts.items()},
            "unique": _unique(c, lmp),
        }
    )


def _unique(c: Cleared, lmp: Floats) -> pd.Series:
    unique, nodes = c.prices.unique, c.day.nodes
    if unique is None:
        return pd.Series(pd.NA, index=range(lmp.size), dtype="boolean")
    counted = np.where(nodes.weight == 0.0, 1.0, unique[:, nodes.bus].astype(float))
    least = np.ones(lmp.shape)
    np.minimum.at(least.T, nodes.node, counted.T)
    known = pd.Series(least.ravel() > 0.5).astype("boolean")
    return known.mask(np.isnan(lmp.ravel()))


def published(c: Cleared) -> dict[str, pd.DataFrame]:
    """What the operator published for the intervals of the run."""
    starts, made = c.day.case.interval_starts, {}
    for name in _PUBLISHED:
        frame = c.day.case.tables[name]
        if len(frame):
            frame = frame[[*_PUBLISHED[name], "price"]]
            inside = pd.DatetimeIndex(frame["interval_start"]).isin(starts)
            made[name] = frame[inside].reset_index(drop=True)
    return made
