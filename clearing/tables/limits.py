"""Tables of the grid’s flows and limits: what flows, what binds, what is exceeded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.limits.names import limited, row_names
from clearing.program.rows import Kind, RowSet
from clearing.session.cleared import Cleared
from clearing.tables.custom import custom_constraints, custom_slacks
from clearing.tables.frames import long, stamps
from clearing.tables.reserves import reserve_slacks

__all__ = ["constraints", "flows", "slacks"]

_ZERO_PRICE = 1e-7


def flows(c: Cleared) -> pd.DataFrame:
    """Base-case flow of every branch and interval."""
    day = c.day
    rating = np.where(np.isfinite(day.grid.rating), day.grid.rating, np.nan)
    return pd.DataFrame(
        {
            **long(day, day.grid.branches, "branch", end=False),
            "flow_mw": c.flows.T.ravel(),
            "rating_mw": np.tile(rating, day.intervals),
        }
    )


def constraints(c: Cleared) -> pd.DataFrame:
    """Limits that have a shadow price or are exceeded."""
    day, excess = c.day, c.solution.excess
    told = (c.shadow > _ZERO_PRICE) | (excess > c.day.rulebook.security.tolerance_mw)
    rows, shadow, over = c.soft[told], c.shadow[told], excess[told]
    order = np.lexsort((rows.direction, rows.contingency, rows.element, rows.kind, rows.interval))
    rows, shadow, over = rows[order], shadow[order], over[order]
    ramp = rows.kind == Kind.RAMP
    limit, flow = np.empty(len(rows)), np.empty(len(rows))
    limit[~ramp] = c.network.limit(rows[~ramp])
    flow[~ramp] = c.network.flow_on(rows[~ramp], c.flows, c.output)
    limit[ramp], flow[ramp] = c.ramps.limit_and_change(rows[ramp], c.output)
    constraint, contingency = row_names(c.network, rows)
    tolerance = c.day.rulebook.security.tolerance_mw
    own = pd.DataFrame(
        {
            **stamps(day, rows.interval),
            "constraint": constraint,
            "contingency": contingency,
            "direction": _way(rows),
            **limited(c.network, rows),
            "limit_mw": limit,
            "flow_mw": flow,
            "shadow_price": shadow,
            "penalty_mw": np.where(over > tolerance, over, 0.0),
        }
    )
    custom = custom_constraints(c)
    if not custom:
        return own
    joined = pd.concat([own, *custom] if len(own) else custom, ignore_index=True)
    return joined.sort_values("interval_start", kind="stable", ignore_index=True)


def slacks(c: Cleared) -> pd.DataFrame:
    """Limits that are exceeded, with what that costs."""
    day = c.day
    parts = [_soft_slacks(c), *_balance_slacks(c), *reserve_slacks(c), *custom_slacks(c)]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    rows = rows.sort_values("interval", kind="stable", ignore_index=True)
    cost = rows["mw"] * rows["penalty"] * day.hours
    when = rows.pop("interval").to_numpy(dtype=np.intp)
    return pd.DataFrame({**stamps(day, when), **rows, "cost": cost})


def _soft_slacks(c: Cleared) -> pd.DataFrame:
    """Rows of the grid and ramps that are exceeded."""
    over = c.solution.excess > c.day.rulebook.security.tolerance_mw
    rows = c.soft[over]
    constraint, contingency = row_names(c.network, rows)
    labels = np.array([kind.label for kind in Kind], dtype=object)
    penalty = Kind.penalties(c.day.rulebook)
    return pd.DataFrame(
        {
            "interval": rows.interval,
            "constraint": constraint,
            "contingency": contingency,
            "kind": labels[rows.kind],
            "direction": _way(rows),
            "element": limited(c.network, rows)["element"],
            "zone": "",
            "minutes": np.nan,
            "mw": c.solution.excess[over],
            "penalty": penalty[rows.kind],
        }
    )


def _balance_slacks(c: Cleared) -> Iterator[pd.DataFrame]:
    """Islands that are short of energy or have too much."""
    day, tolerance = c.day, c.day.rulebook.security.tolerance_mw
    for direction, mw in zip(("shortage", "surplus"), c.unserved, strict=True):
        when, island = np.nonzero(mw > tolerance)
        number = [str(i) for i in island.tolist()]
        yield pd.DataFrame(
            {
                "interval": when,
                "constraint": [f"balance:{i}" if day.islands > 1 else "balance" for i in number],
                "contingency": "",
                "kind": "balance",
                "direction": direction,
                "element": number,
                "zone": "",
                "minutes": np.nan,
                "mw": mw[when, island],
                "penalty": day.rulebook.penalties.balance,
            }
        )


def _way(rows: RowSet) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.where(rows.direction > 0, "upper", "lower")
