"""Hunan and Shaanxi: offers capped at a price that follows from past prices, or from coal.

Source: second-hand copies of official texts (Hunan, detailed rules of the spot market, 2025-10-24,
section 12.2; Shaanxi, annex 1 of 2026-01-05, section 8.2), read in copies (S).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.market_time import day_of
from cases.rulebook.china import HunanRules, ShaanxiRules
from cases.run import Run
from mitigation.keys import AT, KEY
from mitigation.procedures.common import capped, passed_by, with_energy
from mitigation.slots import AssessedRun, Replacement, Subjects
from mitigation.slots.terms import terms_of
from mitigation.structure.owners import Ownership, owners_of
from mitigation.structure.system_margin import system_demand
from mitigation.structure.tables import sum_by

__all__ = [
    "banded_cost",
    "group_residual_supply",
    "settlement_price_cap",
    "shaanxi_reference",
    "thermal_residual_supply",
]


def thermal_residual_supply(run: Run, owners: Ownership, rules: HunanRules) -> pd.DataFrame:
    r"""Residual supply index of every generation group over thermal capacity.

    .. math:: RSI_{it} = (\sum_k Q_{kt} - Q_{it}) / (D_t + R_t)

    with Q what is available of thermal units, R the upward reserve requirements, and D the load
    less what other units have available (outside the spot market, or forecast of renewables).

    Returns
    -------
    DataFrame
        interval_start, owner (the group), thermal_mw, demand_mw, rsi; infinite where nothing is
        left to serve.
    """
    thermal = _thermal(run.case, rules.thermal)
    state = run.dispatch[[*AT, "available_mw"]]
    is_thermal = state["unit"].isin(thermal)
    own = owners.split(state[is_thermal], "available_mw")
    groups = sum_by(own, ["interval_start", "owner"], ["available_mw"])
    total = groups.groupby("interval_start")["available_mw"].transform("sum")
    other = state[~is_thermal].groupby("interval_start")["available_mw"].sum()
    need = system_demand(run, reserves=True).set_index("interval_start")["demand_mw"]
    demand = groups["interval_start"].map(need.sub(other, fill_value=0.0)).astype(float)
    left = total - groups["available_mw"]
    with np.errstate(divide="ignore"):
        rsi = np.where(demand > 0, left / demand.where(demand > 0, 1.0), np.inf)
    return groups.rename(columns={"available_mw": "thermal_mw"}).assign(demand_mw=demand, rsi=rsi)


def group_residual_supply(assessed: AssessedRun) -> Subjects:
    """Thermal units of groups whose residual supply index lies below the regulator's, ex ante.

    Raises
    ------
    InputError
        The values that the regulator sets, or settlement prices, are not there: all of them.
    """
    rules = assessed.rules.hunan
    _hunan_has(assessed.run.case, rules)
    owners = assessed.owners or owners_of(assessed.run)
    found = thermal_residual_supply(assessed.run, owners, rules)
    energy = assessed.failing[assessed.failing["component"] == "energy"]
    energy = energy[energy["unit"].isin(_thermal(assessed.run.case, rules.thermal))]
    rows = energy.assign(owner=energy["unit"].map(dict(assessed.owner_of)))
    rows = rows.merge(found, on=["interval_start", "owner"], how="left", sort=False)
    assert rules.rsi_ref is not None
    below = rows["rsi"] < rules.rsi_ref
    keys = rows.loc[below, KEY].reset_index(drop=True)
    notes = np.where(below, "", "its group has enough residual supply")
    return Subjects(
        keys,
        details=rows[KEY].assign(note=notes, rsi1=rows["rsi"], rule_id="mitigation.hunan.rsi_ref"),
        terms=terms_of(rows, residual_supply_index="rsi"),
    )


def settlement_price_cap(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    r"""Offers above the reference price, at the higher of it and the approved cost.

    .. math:: P_{ref} = K \max(\text{mean of daily maxima of the settlement price}, C)

    over the last ``days`` days in ``price_history`` (all that there are, where fewer), not above
    the offer cap; C is the unit's reference level. The settlement price of an hour is the mean of
    the buses that units stand at, weighted by their capacity.
    """
    rules, run = assessed.rules.hunan, assessed.run
    assert rules.factor is not None
    before = _mean_of_daily_maxima(run.case, rules.days)
    approved = _costs(assessed.levels)
    cells = subjects.keys[KEY].reset_index(drop=True)
    cost = cells["unit"].map(approved).astype(float)
    limit = rules.factor * np.fmax(before, cost)
    capped_at = pd.Series(np.fmin(limit, run.rulebook.offers.cap), index=cells.index)
    return _at_floor(assessed, cells, capped_at, "mitigation.hunan.factor", "reference_price")


def shaanxi_reference(ratio: float, rules: ShaanxiRules) -> float:
    """Reference offer: coal price / 1000 x coal rate x heat ratio x factor of the ratio's band.

    Money per MWh with the coal price in money per tonne and the rate in g/kWh.

    Raises
    ------
    InputError
        No coal price; bands and factors that do not fit together.
    """
    if rules.coal_price is None:
        raise InputError([_lacks("mitigation.shaanxi.coal_price", "money per tonne of coal")])
    if len(rules.factors) != len(rules.ratios) + 1:
        message = "needs one factor more than there are ratios"
        raise InputError.one("", None, "mitigation.shaanxi.factors", "bands", message)
    band = int(np.searchsorted(np.asarray(rules.ratios), ratio, side="left"))
    return rules.coal_price / 1000.0 * rules.coal_rate * rules.heat_ratio * rules.factors[band]


def banded_cost(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """Offers of thermal units above the reference offer of the day's supply-demand ratio."""
    rules, run = assessed.rules.shaanxi, assessed.run
    thermal = _thermal(run.case, rules.thermal)
    state = run.dispatch[run.dispatch["unit"].isin(thermal)]
    other = run.dispatch[~run.dispatch["unit"].isin(thermal)]
    need = system_demand(run, reserves=False)
    left = float(need["demand_mw"].sum() - other["available_mw"].sum())
    supply = float(state["available_mw"].sum())
    ratio = supply / left if left > 0 else np.inf
    level = shaanxi_reference(ratio, rules)
    cells = subjects.keys.loc[
        (subjects.keys["component"] == "energy") & subjects.keys["unit"].isin(thermal), KEY
    ].reset_index(drop=True)
    limit = pd.Series(level, index=cells.index)
    return _at_floor(assessed, cells, limit, "mitigation.shaanxi.factors", "reference_price")


def _at_floor(
    assessed: AssessedRun, cells: pd.DataFrame, limit: pd.Series, rule: str, term: str
) -> Replacement:
    """Energy offers of some cells at the higher of a price and their reference."""
    floors = cells[AT].assign(floor=limit.to_numpy(dtype=float), from_mw=0.0)
    pieces = capped(assessed.run.case, assessed.levels, cells, floors)
    lowered = passed_by(pieces)
    rows = cells.merge(lowered, on=KEY, how="left", sort=False)
    return Replacement(
        lowered[KEY],
        with_energy(assessed.levels, pieces, lowered),
        details=rows[[*KEY, "offer_used"]].assign(rule_id=rule),
        terms=terms_of(cells.merge(floors, on=AT, sort=False), **{term: "floor"}),
    )


def _thermal(case: Case, names: tuple[str, ...]) -> set[str]:
    units = case.tables["units"]
    known = {name.casefold() for name in names}
    kinds = units["technology"].str.casefold(), units["fuel"].str.casefold()
    return set(units.loc[kinds[0].isin(known) | kinds[1].isin(known), "unit"])


def _costs(levels: pd.DataFrame) -> pd.Series:
    """Highest energy reference of each unit."""
    own = levels[(levels["component"] == "energy") & levels["price"].notna()]
    return own.groupby("unit")["price"].max()


def _mean_of_daily_maxima(case: Case, days: int) -> float:
    history = case.tables["price_history"]
    units = case.tables["units"]
    weight = units.groupby("bus")["p_max"].sum()
    rows = history[history["interval_start"] < case.interval_starts[0]]
    rows = rows.assign(weight=rows["bus"].map(weight).fillna(0.0).astype(float))
    rows = rows[rows["weight"] > 0]
    parts = (rows["price"] * rows["weight"]).groupby(rows["interval_start"]).sum()
    price = parts / rows["weight"].groupby(rows["interval_start"]).sum()
    daily = price.groupby(day_of(price.index.to_series()).to_numpy()).max().sort_index()
    return float(daily.tail(days).mean())


def _hunan_has(case: Case, rules: HunanRules) -> None:
    missing = [
        _lacks(f"mitigation.hunan.{name}", what)
        for name, what in (("rsi_ref", "the index"), ("factor", "the factor K"))
        if getattr(rules, name) is None
    ]
    history = case.tables["price_history"]
    if not (history["interval_start"] < case.interval_starts[0]).any():
        message = "needs prices of days before this one: the settlement prices of up to ten days"
        missing.append(Failure("price_history", None, "price", "missing_data", message))
    if not _thermal(case, rules.thermal):
        message = f"no unit is thermal: none is one of {', '.join(rules.thermal)}"
        missing.append(Failure("units", None, "technology", "missing_data", message))
    if missing:
        raise InputError(missing)


def _lacks(key: str, what: str) -> Failure:
    message = f"the regulator sets {what}; give it with --set {key}=... or in a rulebook"
    return Failure("", None, key, "missing_data", message)
