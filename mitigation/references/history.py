"""The look-back: what was offered, accepted and paid, from the case and from earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from cases.run import Run
from mitigation.keys import AT

__all__ = ["History", "final_runs", "history"]

_MITIGATED: Final = "mitigated"


@dataclass(frozen=True, slots=True)
class History:
    """Frames of all that is on record before the case, stamps in the timezone of the case."""

    offers: pd.DataFrame
    """unit, interval_start, lower_mw, upper_mw, price, accepted_mw, mitigated"""
    prices: pd.DataFrame
    """bus, interval_start, lmp"""
    commitment: pd.DataFrame
    """unit, interval_start, component, after_hours_off, price, mitigated: offers of days on which
    the unit ran (no_load), started (startup) or stopped (shutdown)"""
    reserves: pd.DataFrame
    """unit, interval_start, component, price, mitigated: reserve offers that were taken"""
    parameters: pd.DataFrame
    """unit, interval_start, parameter, value: as submitted for earlier days"""


def final_runs(runs: Sequence[Run]) -> list[Run]:
    """The runs in order of time, without those that another of them replaced (their children).

    Raises
    ------
    InputError
        An interval is in two of the runs that remain.
    """
    parents = {run.manifest.get("parent") for run in runs} - {None}
    kept = sorted(
        (run for run in runs if run.id not in parents), key=lambda run: run.case.interval_starts[0]
    )
    for one, other in pairwise(kept):
        if other.case.interval_starts[0] < one.case.interval_ends[-1]:
            stamp = other.case.interval_starts[0].isoformat()
            message = (
                f"the interval {stamp} is in two of the earlier runs ({one.case.meta.name}, "
                f"{other.case.meta.name}): give one run of each day"
            )
            raise InputError.one("", None, None, "earlier_runs", message)
    return kept


def history(case: Case, earlier: Sequence[Run] = ()) -> History:
    """Put together the look-back of a case: its own tables and the tables of earlier runs.

    An interval that an earlier run has and the case's tables too counts once, by the run.
    ``earlier`` holds what :func:`final_runs` gives; intervals from the start of the case on do not
    count.
    """
    timezone = case.meta.timezone
    offers = [_of_run(run) for run in earlier]
    prices = [run.prices[["bus", "interval_start", "lmp"]] for run in earlier]
    offers.append(_of_table(case.offer_history))
    prices.append(case.price_history.rename(columns={"price": "lmp"}))
    return History(
        _before(_first(offers, AT), case, timezone),
        _before(_first(prices, ["bus", "interval_start"]), case, timezone),
        _before(_stacked([_commitment(run) for run in earlier]), case, timezone),
        _before(_stacked([_reserves(run) for run in earlier]), case, timezone),
        _before(_stacked([_parameters(run) for run in earlier]), case, timezone),
    )


def _spans(frame: pd.DataFrame) -> pd.DataFrame:
    """Blocks with the MW at which they begin and end."""
    ordered = frame.sort_values([*AT, "segment"], ignore_index=True)
    upper = ordered.groupby(AT, sort=False)["mw"].cumsum()
    return ordered.assign(upper_mw=upper, lower_mw=upper - ordered["mw"])


_OFFERS: Final = [*AT, "lower_mw", "upper_mw", "price", "accepted_mw", "mitigated"]


def _of_table(frame: pd.DataFrame) -> pd.DataFrame:
    spans = _spans(frame)
    accepted = spans["accepted_mw"].fillna(spans["mw"])
    return spans.assign(accepted_mw=accepted)[_OFFERS]


def _of_run(run: Run) -> pd.DataFrame:
    """Offers of a run: a block is accepted up to the unit's output."""
    spans = _spans(run.offers_used).merge(
        run.dispatch[[*AT, "mw"]], on=AT, how="left", suffixes=("", "_output"), sort=False
    )
    accepted = (spans["mw_output"].fillna(0.0) - spans["lower_mw"]).clip(0.0, spans["mw"])
    replaced = (spans["source"] == "reference") | _replaced(run, spans, "energy")
    return spans.assign(accepted_mw=accepted, mitigated=replaced)[_OFFERS]


def _replaced(run: Run, rows: pd.DataFrame, component: str) -> pd.Series:
    """Whether a decision of the run replaced this component of the unit in the interval."""
    decisions = run.decisions
    taken = decisions[(decisions["action"] == _MITIGATED) & (decisions["component"] == component)]
    keys = pd.MultiIndex.from_frame(taken[AT])
    return pd.Series(pd.MultiIndex.from_frame(rows[AT]).isin(keys), index=rows.index)


def _commitment(run: Run) -> pd.DataFrame:
    """Commitment offers of the units that ran, started or stopped, at the first such interval."""
    offers = run.case.commitment_offers
    parts = []
    for component, event in (("no_load", "on"), ("startup", "start"), ("shutdown", "stop")):
        happened = run.dispatch[run.dispatch[event]].groupby("unit", sort=False)
        first = happened["interval_start"].min().rename("interval_start").reset_index()
        rows = offers[offers["component"] == component].merge(first, on="unit", sort=False)
        decisions = run.decisions
        taken = decisions[
            (decisions["action"] == _MITIGATED) & (decisions["component"] == component)
        ]
        parts.append(rows.assign(mitigated=rows["unit"].isin(taken["unit"])))
    return pd.concat(parts, ignore_index=True)


def _reserves(run: Run) -> pd.DataFrame:
    """Reserve offers that were taken, interval by interval."""
    taken = run.reserves[run.reserves["mw"] > 0][[*AT, "product"]]
    offers = run.case.reserve_offers[["unit", "product", "interval_start", "price"]]
    stamped = offers[offers["interval_start"].notna()]
    always = offers[offers["interval_start"].isna()].drop(columns="interval_start")
    own = taken.merge(stamped, on=[*AT, "product"], how="left", sort=False)
    general = taken.merge(always, on=["unit", "product"], how="left", sort=False)["price"]
    own["price"] = own["price"].fillna(general)
    named = own.assign(component="reserve:" + own["product"]).drop(columns="product")
    parts = [
        rows.assign(mitigated=_replaced(run, rows, str(component)))
        for component, rows in named.groupby("component", sort=False)
    ]
    return pd.concat(parts, ignore_index=True) if parts else named.assign(mitigated=False)


PARAMETERS: Final = (
    *("p_min", "p_max", "min_up", "min_down"),
    *("ramp_up", "ramp_down", "startup_ramp", "shutdown_ramp"),
)
"""Columns of `units` that are time or physical parameters of an offer."""


def _parameters(run: Run) -> pd.DataFrame:
    long = run.case.units.melt(
        id_vars="unit", value_vars=list(PARAMETERS), var_name="parameter", value_name="value"
    )
    return long.assign(interval_start=run.case.interval_starts[0])


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _first(frames: list[pd.DataFrame], keys: list[str]) -> pd.DataFrame:
    """Stack frames; of rows about the same thing in several of them those of the first count."""
    filled = [frame.assign(source=k) for k, frame in enumerate(frames) if len(frame)]
    if not filled:
        return frames[-1]
    rows = pd.concat(filled, ignore_index=True)
    rows = rows[rows["source"] == rows.groupby(keys, sort=False)["source"].transform("min")]
    return rows.drop(columns="source").reset_index(drop=True)


def _before(frame: pd.DataFrame, case: Case, timezone: str) -> pd.DataFrame:
    if not len(frame):
        return frame
    stamps = frame["interval_start"].dt.tz_convert(timezone)
    kept = np.asarray(stamps < case.interval_starts[0], dtype=bool)
    return frame.assign(interval_start=stamps)[kept].reset_index(drop=True)
