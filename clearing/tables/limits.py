"""Tables of the grid’s flows and limits: what flows, what binds, what is exceeded."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clearing.limits.names import row_names
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
    day, tolerance = c.day, c.day.rulebook.security.tolerance_mw
    over = c.solution.excess > tolerance
    rows, excess = c.soft[over], c.solution.excess[over]
    constraint, contingency = row_names(c.network, rows)
    rules = day.rulebook.penalties
    penalty = Kind.penalties(day.rulebook)[rows.kind]
    labels = np.array([kind.label for kind in Kind], dtype=object)
    parts = [
        (rows.interval, constraint, contingency, labels[rows.kind], _way(rows), excess, penalty)
    ]
    for direction, mw in zip(("shortage", "surplus"), c.unserved, strict=True):
        when, island = np.nonzero(mw > tolerance)
        name = [f"balance:{i}" if day.islands > 1 else "balance" for i in island.tolist()]
        blank = [""] * len(when)
        kind = ["balance"] * len(when)
        way = [direction] * len(when)
        price = np.full(len(when), rules.balance)
        parts.append((when, name, blank, kind, way, mw[when, island], price))  # type: ignore[arg-type]
    parts.extend(reserve_slacks(c))
    parts.extend(custom_slacks(c))
    columns = [np.concatenate([np.asarray(p[k], dtype=object) for p in parts]) for k in range(1, 5)]
    when = np.concatenate([p[0] for p in parts]).astype(np.intp)
    mw, price = (np.concatenate([p[k] for p in parts]).astype(float) for k in (5, 6))
    order = np.argsort(when, kind="stable")
    names = ("constraint", "contingency", "kind", "direction")
    return pd.DataFrame(
        {
            **stamps(day, when[order]),
            **{
                name: pd.Index(column[order], dtype="str")
                for name, column in zip(names, columns, strict=True)
            },
            "mw": mw[order],
            "penalty": price[order],
            "cost": (mw * price * day.hours)[order],
        }
    )


def _way(rows: RowSet) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.where(rows.direction > 0, "upper", "lower")
