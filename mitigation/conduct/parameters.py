"""Time and physical parameters against their references: too long, too high, too low."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.rulebook.conduct import ConductRules
from mitigation.components import subjects
from mitigation.conduct.components import MAXIMUMS, TIMES
from mitigation.conduct.thresholds import ROUNDING
from network.arrays import Booleans, Floats

__all__ = ["judge_parameters"]


def judge_parameters(
    pairs: pd.DataFrame, conduct: ConductRules, holds: Booleans, near_miss: float
) -> pd.DataFrame:
    """Judge time and physical parameters.

    A time may be ``time.single`` hours longer than its reference, and all times of a unit together
    ``time.total`` hours; a minimum higher by ``physical.minimum_percent``, a maximum or a ramp
    lower by ``physical.maximum_percent``.

    Parameters
    ----------
    pairs
        unit, component (``param:COLUMN``), offered, reference.
    conduct
        Section ``mitigation.conduct`` of a rulebook.
    holds
        Rows that are tested, (n,).
    near_miss
        Share of the limit within which a row that does not fail is near it.

    Returns
    -------
    DataFrame
        limit, area, rule_id, result, near, note, with the index of ``pairs``.

    Source: NYISO Services Tariff 23.3.1.2.1, time-based and other parameters.
    """
    name = subjects(pairs["component"])
    offered, reference = (pairs[c].to_numpy(dtype=float) for c in ("offered", "reference"))
    timed, most = name.isin(TIMES).to_numpy(), name.isin(MAXIMUMS).to_numpy()
    alone = reference + conduct.time.single
    together = reference + _room_for_times(pairs, timed, conduct.time.total)
    summed = timed & (together < alone)
    physical = conduct.physical
    with np.errstate(invalid="ignore"):
        higher = np.where(
            np.isinf(physical.minimum_percent),
            np.inf,
            reference * (1 + physical.minimum_percent / 100),
        )
        lower = reference * (1 - physical.maximum_percent / 100)
    if physical.maximum_percent >= 100.0:
        lower = np.full(len(pairs), -np.inf)
    limit = np.select([summed, timed, most], [together, alone, lower], higher)
    sign = np.where(most, -1.0, 1.0)
    known = ~np.isnan(reference)
    with np.errstate(invalid="ignore"):
        rounding = ROUNDING * np.maximum(1.0, np.abs(np.where(np.isinf(limit), 0.0, limit)))
        failed = known & holds & (sign * (offered - limit) > rounding)
        close = sign * (offered - limit) >= -near_miss * np.abs(limit)
        beyond = sign * (offered - reference) > 0.0
    near = known & holds & ~failed & np.isfinite(limit) & close & beyond
    note = np.where(known, np.where(holds, "", "no threshold holds for this unit"), "")
    key = np.select(
        [summed, timed, most],
        ["time.total", "time.single", "physical.maximum_percent"],
        "physical.minimum_percent",
    )
    text = {
        "area": np.full(len(pairs), "", dtype=object),
        "rule_id": np.char.add("mitigation.conduct.", key),
        "result": np.where(failed, "fail", np.where(known & holds, "pass", "exempt")),
        "note": np.where(known, note, "no reference level"),
    }
    result: pd.DataFrame = pd.DataFrame({"limit": limit, **text, "near": near}, index=pairs.index)
    return result.astype(dict.fromkeys(text, "str"))


def _room_for_times(pairs: pd.DataFrame, timed: Booleans, total: float) -> Floats:
    """Hours that the other times of its unit leave to each row, (n,)."""
    over = np.where(timed, np.fmax(pairs["offered"] - pairs["reference"], 0.0), 0.0)
    summed = pd.Series(over, index=pairs.index).groupby(pairs["unit"]).transform("sum")
    return np.maximum(total - (summed.to_numpy(dtype=float) - over), 0.0)
