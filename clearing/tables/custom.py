"""Rows of the user's own constraints in the tables of limits, and what units make of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.formulation.custom import CustomRows
from clearing.session.cleared import Cleared
from clearing.session.custom_prices import custom_duals, shadow_prices
from clearing.tables.frames import stamps
from network.arrays import Floats

__all__ = ["custom_constraints", "custom_slacks", "custom_values", "extension_cost"]

_ZERO_PRICE = 1e-7
_NOTHING = 1e-9


def custom_constraints(c: Cleared) -> list[pd.DataFrame]:
    """Rows of `constraints` for the user's own limits that have a shadow price or are exceeded.

    A row of several intervals goes from the first of them to the end of the last. Limit and flow
    are the row's amount: MW, or what an extension makes of them.
    """
    frames = []
    for custom in c.compiled.market.custom:
        dual = custom_duals(c.compiled, custom, c.row_dual)
        shadow = shadow_prices(custom, dual, c.day.hours)
        beyond = _beyond(c, custom)
        over = np.abs(beyond) > c.day.rulebook.security.tolerance_mw
        at = np.flatnonzero((shadow > _ZERO_PRICE) | over)
        upper = np.where(over[at], beyond[at] > 0.0, dual[at] < 0.0)
        frames.append(
            pd.DataFrame(
                {
                    "interval_start": c.day.case.interval_starts[custom.first[at]],
                    "interval_end": c.day.case.interval_ends[custom.last[at]],
                    "constraint": pd.Index([custom.names[k] for k in at.tolist()], dtype="str"),
                    "contingency": "",
                    "kind": "custom",
                    "element": pd.Index([custom.names[k] for k in at.tolist()], dtype="str"),
                    "direction": np.where(upper, "upper", "lower"),
                    "limit_mw": np.where(upper, custom.high[at], -custom.low[at]) + 0.0,
                    "flow_mw": _amount(c, custom)[at],
                    "shadow_price": shadow[at],
                    "penalty_mw": np.where(over[at], np.abs(beyond[at]), 0.0),
                }
            )
        )
    return [frame for frame in frames if len(frame)]


def custom_slacks(c: Cleared) -> Iterator[pd.DataFrame]:
    """Custom constraints that are exceeded, as rows of the table of slacks."""
    for custom in c.compiled.market.custom:
        beyond = _beyond(c, custom)
        at = np.flatnonzero(np.abs(beyond) > c.day.rulebook.security.tolerance_mw)
        names = [custom.names[k] for k in at.tolist()]
        yield pd.DataFrame(
            {
                "interval": custom.first[at],
                "constraint": names,
                "contingency": "",
                "kind": "custom",
                "direction": np.where(beyond[at] > 0.0, "upper", "lower"),
                "element": names,
                "zone": "",
                "minutes": np.nan,
                "mw": np.abs(beyond[at]),
                "penalty": custom.penalty[at],
            }
        )


def custom_values(c: Cleared) -> pd.DataFrame:
    """What an extension makes of one more MW of a unit's output, money per MWh.

    The LMP does not have it, since it is the unit's own matter.
    """
    day, market, extension = c.day, c.compiled.market, c.day.extension
    value = np.zeros((day.intervals, len(day.units)))
    if extension is not None and "output" in extension.entries:
        custom = market.custom[-1]
        dual = np.append(custom_duals(c.compiled, custom, c.row_dual), -1.0)
        own = extension.entries["output"]
        worth = dual[own.row] * own.coefficient / day.hours
        np.add.at(value, (own.interval, own.element), worth)
    when, unit = np.nonzero(np.abs(value) > _NOTHING)
    return pd.DataFrame(
        {
            **stamps(day, when, end=False),
            "unit": day.units.take(unit),
            "reason": "extension",
            "value": value[when, unit],
        }
    )


def extension_cost(c: Cleared) -> float:
    """Money that the costs of an extension add to the objective."""
    return float(c.compiled.market.extension_cost.values(_values(c)).sum())


def _values(c: Cleared) -> Floats:
    """Values of the market's variables, (n,)."""
    every = np.arange(len(c.compiled.market.variables))
    return np.asarray(c.solution.x[c.compiled.column_of(every)])


def _amount(c: Cleared, custom: CustomRows) -> Floats:
    return custom.body.values(_values(c))


def _beyond(c: Cleared, custom: CustomRows) -> Floats:
    """Amount by which each row is exceeded, (R,): > 0 above its limit, < 0 below it."""
    x = _values(c)
    over, under = (
        np.where(slack >= 0, np.maximum(x[slack], 0.0), 0.0)
        for slack in (custom.over, custom.under)
    )
    return np.asarray(over - under)
