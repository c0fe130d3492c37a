"""MW that a unit could give by its reference quantities and does not, by kind of withholding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from cases.run import Run
from mitigation.keys import CELL
from mitigation.references.curves import at_same_mw, for_intervals

__all__ = ["COLUMNS", "held_back"]

COLUMNS = [
    "interval_start",
    "interval_end",
    "unit",
    "owner",
    "screen",
    "reference_mw",
    "actual_mw",
    "excused_mw",
    "withheld_mw",
    "economic_mw",
]
_NOTHING = 1e-6


def held_back(
    run: Run,
    levels: pd.DataFrame,
    *,
    excused: pd.DataFrame | None = None,
    actual: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure what each unit holds back in each interval, against its reference quantities.

    ``outage``: nothing is available of what the reference says; ``derating``: less; ``ramp`` (up
    and down): the submitted ramp gives fewer MW over the interval than the reference ramp;
    ``refusal_to_offer``: available and not offered; ``refusal_to_follow``: dispatched and not
    produced.

    Parameters
    ----------
    run
        A cleared run; its case says what is available and offered.
    levels
        Reference levels: ``param:p_max`` and ``param:ramp_up``, ``param:ramp_down`` where there are
        (else p_max of ``units``, and no ramp screen), ``energy`` for what would have been economic.
    excused
        unit, interval_start (NaT = every interval), mw: outages and deratings that were approved.
    actual
        interval_start, unit, mw: metered output; without it nobody is screened for following.

    Returns
    -------
    DataFrame
        interval_start, interval_end, unit, owner, screen, reference_mw, actual_mw, excused_mw,
        withheld_mw, economic_mw: the part of it that pays at the LMP at reference cost (all of it
        for ramps and for following; all of it, too, where a unit has no energy reference).

    Source: NYISO Services Tariff 23.2.4.1: false forced outage, unjustified physical parameters,
    refusal to offer or to follow dispatch.
    """
    state = _state(run)
    state["full_mw"] = _reference(state, levels, "p_max", state["p_max"])
    state["excused_mw"] = _excused(state, excused)
    state["economic_top"] = _economic_top(state, levels)
    parts = [_missing(state), _unoffered(run, state), *_ramps(run, state, levels)]
    if actual is not None:
        parts.append(_unfollowed(state, actual))
    table = pd.concat(parts, ignore_index=True)
    order = ["interval_start", "unit", "screen"]
    return table[COLUMNS].sort_values(order, ignore_index=True)


def _state(run: Run) -> pd.DataFrame:
    """One row per unit and interval: what is available, dispatched and paid."""
    case = run.case
    units = case.units[["unit", "owner", "bus", "technology", "p_max"]]
    spans = pd.DataFrame(
        {"interval_start": case.interval_starts, "interval_end": case.interval_ends}
    )
    rows = spans.merge(units, how="cross")
    rows["available_mw"] = _available(case, rows)
    lmp = run.prices[["interval_start", "bus", "lmp"]]
    mw = run.dispatch[[*CELL, "mw"]].rename(columns={"mw": "dispatched_mw"})
    return rows.merge(lmp, on=["interval_start", "bus"], how="left", sort=False).merge(
        mw, on=CELL, how="left", sort=False
    )


def _available(case: Case, rows: pd.DataFrame) -> pd.Series:
    wide = case.availability
    reach = rows["p_max"]
    if len(wide.columns) > 1 and len(wide):
        long = wide.melt("interval_start", var_name="unit", value_name="reach")
        given = rows[CELL].merge(long, on=CELL, how="left", sort=False)["reach"]
        reach = np.minimum(reach, given.fillna(np.inf).to_numpy(dtype=float))
    result: pd.Series = reach
    return result


def _reference(
    rows: pd.DataFrame, levels: pd.DataFrame, name: str, otherwise: pd.Series | float
) -> pd.Series:
    """Reference value of a parameter for each row; `otherwise` where there is none."""
    own = levels[(levels["component"] == f"param:{name}") & levels["price"].notna()]
    spread = for_intervals(own[["unit", "interval_start", "price"]], rows)
    found = rows[CELL].merge(spread, on=CELL, how="left", sort=False)["price"]
    found.index = rows.index
    return found.fillna(otherwise)


def _excused(rows: pd.DataFrame, excused: pd.DataFrame | None) -> pd.Series:
    if excused is None or excused.empty:
        return pd.Series(0.0, index=rows.index)
    unknown = sorted(set(excused["unit"]) - set(rows["unit"]))
    if unknown:
        message = f"there is no unit {', '.join(unknown)}"
        raise InputError.one("excused", None, "unit", "unknown", message)
    always = excused[excused["interval_start"].isna()].groupby("unit")["mw"].sum()
    stamped = excused[excused["interval_start"].notna()].groupby(CELL)["mw"].sum()
    there = rows[CELL].join(stamped.rename("mw"), on=CELL)["mw"].fillna(0.0)
    return rows["unit"].map(always).fillna(0.0) + there


def _economic_top(rows: pd.DataFrame, levels: pd.DataFrame) -> pd.Series:
    """MW up to which running pays at the LMP, at reference energy cost; inf without reference."""
    energy = levels[(levels["component"] == "energy") & levels["price"].notna()]
    whole = rows[CELL].assign(segment=1, mw=rows["full_mw"], price=0.0)
    pieces = at_same_mw(energy, whole[whole["mw"] > _NOTHING])
    lmp = rows.set_index(CELL)["lmp"]
    pieces = pieces.join(lmp, on=CELL)
    pays = pieces["reference"] <= pieces["lmp"]
    top = pieces["upper_mw"].where(pays, 0.0).groupby([pieces[name] for name in CELL]).max()
    unknown = pieces["reference"].isna().groupby([pieces[name] for name in CELL]).any()
    top = top.mask(unknown, np.inf)
    found: pd.Series = rows[CELL].join(top.rename("top"), on=CELL)["top"].fillna(np.inf)
    return found


def _rows(
    state: pd.DataFrame, screen: str | np.ndarray, reference: pd.Series, actual: pd.Series
) -> pd.DataFrame:
    """Rows of a screen with all that is missing counted as economic."""
    missing = np.maximum(0.0, reference - actual)
    return state.assign(
        screen=screen,
        reference_mw=reference,
        actual_mw=actual,
        withheld_mw=missing,
        economic_mw=missing,
    )


def _between(state: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with only the MW above ``actual_mw`` that pay at reference cost as economic."""
    paying = np.maximum(0.0, state["economic_top"] - rows["actual_mw"])
    return rows.assign(economic_mw=np.minimum(rows["withheld_mw"], paying))


def _missing(state: pd.DataFrame) -> pd.DataFrame:
    """Outages and deratings: available against the reference, less what was approved."""
    kind = np.where(state["available_mw"] <= _NOTHING, "outage", "derating")
    rows = _rows(state, kind, state["full_mw"] - state["excused_mw"], state["available_mw"])
    return _between(state, rows).assign(reference_mw=state["full_mw"])


def _unoffered(run: Run, state: pd.DataFrame) -> pd.DataFrame:
    offered = run.offers_used.groupby(CELL)["mw"].sum()
    own = run.case.self_schedules
    mw = state[CELL].join(offered.rename("mw"), on=CELL)["mw"].fillna(0.0)
    if len(own.columns) > 1 and len(own):
        # What is taken at any price needs no offer.
        long = own.melt("interval_start", var_name="unit", value_name="own").dropna()
        fixed = state[CELL].join(long.set_index(CELL)["own"], on=CELL)["own"]
        mw = mw.where(fixed.isna(), np.inf)
    rows = _rows(
        state,
        "refusal_to_offer",
        state["available_mw"],
        mw.clip(upper=state["available_mw"]),
    )
    return _between(state, rows).assign(excused_mw=0.0)


def _unfollowed(state: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    metered = state[CELL].join(actual.groupby(CELL)["mw"].sum().rename("mw"), on=CELL)["mw"]
    known = state.assign(metered=metered)[metered.notna()]
    rows = _rows(known, "refusal_to_follow", known["dispatched_mw"].fillna(0.0), known["metered"])
    return rows.assign(excused_mw=0.0)


def _ramps(run: Run, state: pd.DataFrame, levels: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """MW of an interval that a reference ramp allows and the submitted one does not."""
    units = run.case.units.set_index("unit")
    hours = run.case.interval_hours
    for name in ("ramp_up", "ramp_down"):
        reference = _reference(state, levels, name, np.nan)
        there = reference.notna()
        rows = state[there]
        own = rows["unit"].map(units[name]).astype(float).fillna(np.inf)
        most = rows["full_mw"]
        yield _rows(
            rows,
            name,
            (reference[there] * hours).clip(upper=most),
            (own * hours).clip(upper=most),
        ).assign(excused_mw=0.0)
