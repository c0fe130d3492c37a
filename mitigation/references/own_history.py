"""References of commitment costs, reserves and parameters from a unit's own earlier offers."""

from __future__ import annotations

from datetime import date

import numpy as np

from cases.start_tiers import reached
from mitigation.references.blocks import Level
from mitigation.references.cost_based import Missing
from mitigation.references.evidence import Evidence, inputs_hash
from mitigation.references.fuel import days_of
from mitigation.references.statistics import central, fuel_adjusted

__all__ = ["offered_commitment", "offered_parameter", "offered_reserve"]


def offered_commitment(
    evidence: Evidence, unit: str, component: str, hours: float, day: date
) -> Level | Missing:
    """No-load, start-up (at a tier) or shut-down from the offers of earlier days.

    A day counts once, where the unit ran (no_load), started or stopped with an offer that was not
    mitigated. The fuel-indexed share moves with the fuel price.
    """
    rows = evidence.commitment.get(unit)
    if rows is None:
        return Missing("no earlier run in the look-back")
    rows = rows[
        (rows["component"] == component)
        & ~rows["mitigated"]
        & reached(rows["after_hours_off"], hours)
    ]
    last = rows.groupby("interval_start")["after_hours_off"].transform("max")
    rows = rows[rows["after_hours_off"] == last]
    share = evidence.rules.offer.fuel_share
    then = days_of(rows["interval_start"])
    ratio, note = evidence.fuels.ratio(evidence.unit_fuel[unit], day, then)
    if share == 0:
        ratio, note = np.ones(len(rows)), ""
    known = ~np.isnan(ratio)
    sample = fuel_adjusted(rows["price"].to_numpy(dtype=float), ratio, share)[known]
    return _level(evidence, unit, component, sample, note)


def offered_reserve(evidence: Evidence, unit: str, component: str) -> Level | Missing:
    """A reserve from the offers of earlier runs that were taken; no fuel is in it."""
    rows = evidence.reserves.get(unit)
    if rows is None:
        return Missing("no earlier award in the look-back")
    rows = rows[(rows["component"] == component) & ~rows["mitigated"] & rows["price"].notna()]
    return _level(evidence, unit, component, rows["price"].to_numpy(dtype=float), "")


def _level(
    evidence: Evidence, unit: str, component: str, sample: np.ndarray, note: str
) -> Level | Missing:
    rules = evidence.rules.offer
    if len(sample) < rules.min_samples:
        return Missing(f"{len(sample)} samples, {rules.min_samples} needed")
    ordered = np.sort(sample)
    digest = inputs_hash("offer", (rules, evidence.rules.window), unit, component, ordered)
    return Level(central(ordered, rules.statistic), "offer", len(ordered), digest, note)


def offered_parameter(evidence: Evidence, unit: str, parameter: str, submitted: float) -> Level:
    """Reference of a time or physical parameter.

    The registered value, else the median of earlier days (where there are enough), else what is
    submitted now: then nothing can be found wrong with it, and the note says so.
    """
    registered = evidence.rows("reference_parameters", unit)
    own = dict(zip(registered["parameter"], registered["value"], strict=True))
    if parameter in own:
        value = float(own[parameter])
        return Level(value, "registered", inputs_hash=inputs_hash("registered", "", unit, value))
    rows = evidence.parameters.get(unit)
    past = np.zeros(0)
    if rows is not None:
        past = rows.loc[rows["parameter"] == parameter, "value"].dropna().to_numpy(dtype=float)
    if len(past) >= evidence.rules.offer.min_samples:
        ordered = np.sort(past)
        digest = inputs_hash("offer", evidence.rules.offer, unit, parameter, ordered)
        return Level(float(np.median(ordered)), "offer", len(ordered), digest)
    digest = inputs_hash("submitted", "", unit, parameter, submitted)
    return Level(submitted, "submitted", inputs_hash=digest, note="not registered: as submitted")
