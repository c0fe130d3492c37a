"""Table of virtual awards."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.formulation.virtuals import offered
from clearing.session.cleared import Cleared
from clearing.tables.frames import stamps

__all__ = ["virtual_awards"]


def virtual_awards(c: Cleared) -> pd.DataFrame:
    """What is accepted of every virtual in every interval in which it is offered."""
    which = offered(c.day)
    rows = c.day.case.tables["virtuals"].iloc[which.row]
    mw = np.zeros(0)
    if len(rows):
        most = rows["mw"].to_numpy(dtype=float)
        mw = np.clip(c.values("virtual"), 0.0, most)
    names = ("virtual", "owner", "kind", "bus", "sink_bus")
    return pd.DataFrame(
        {
            **stamps(c.day, which.interval),
            **{name: rows[name].array for name in names},
            "mw": mw,
            "price": rows["price"].to_numpy(dtype=float),
        }
    )
