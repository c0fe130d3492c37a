"""Dynamic competitive path assessment of every binding constraint of a run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.keys import CELL
from mitigation.structure.competitive_path import assess_paths, is_competitive, path_index
from mitigation.structure.owners import Ownership
from mitigation.structure.relief import ramp_bounds, reach, self_scheduled
from mitigation.structure.relief_tests import PLACE
from mitigation.structure.tables import sum_by
from mitigation.structure.verdicts import verdict_rows


def counterflow(
    run: Run, factors: pd.DataFrame, ownership: Ownership, rules: StructureRules
) -> pd.DataFrame:
    """Counterflow of every portfolio on every binding constraint.

    Counted are units whose factor reaches the cut-off. A unit reaches what is available less upward
    reserves, within its ramp where ``supply.online`` is ramp; it cannot go below its minimum or
    self-schedule (nor below its ramp) while on line; off line it has no minimum.

    Returns
    -------
    DataFrame
        test, portfolio, dispatched_mw, max_mw, min_mw, net_seller; MW of flow on the constraint.
    """
    span = run.dispatch[[*CELL, "mw", "on"]]
    supply = rules.supply.model_copy(update={"net_of_reserves": True})
    state = reach(run, span, supply)
    state = state.assign(least_mw=_least(run, state, rules))
    helping = factors.loc[factors["dfax"] >= rules.competitive_path.dfax_min]
    placed = helping[["test", *CELL, "dfax"]].merge(state, on=CELL, sort=False)
    flows = placed[["test", *CELL]].assign(
        dispatched_mw=placed["base_mw"] * placed["dfax"],
        max_mw=placed["reach_mw"] * placed["dfax"],
        min_mw=placed["least_mw"] * placed["dfax"],
    )
    values = ["dispatched_mw", "max_mw", "min_mw"]
    owned = ownership.split(flows, *values).rename(columns={"owner": "portfolio"})
    portfolios = sum_by(owned, ["test", "portfolio"], values)
    buyers = list(rules.competitive_path.net_buyers)
    return portfolios.assign(net_seller=~portfolios["portfolio"].isin(buyers))


def _least(run: Run, state: pd.DataFrame, rules: StructureRules) -> np.ndarray:
    on = state["on"].to_numpy(dtype=bool)
    base = state["base_mw"].to_numpy(dtype=float)
    floor = state["unit"].map(run.case.units.set_index("unit")["p_min"]).to_numpy(dtype=float)
    fixed = state[CELL].merge(self_scheduled(run.case), on=CELL, how="left", sort=False)["self_mw"]
    floor = np.maximum(floor, fixed.fillna(0.0).to_numpy(dtype=float))
    if rules.supply.online == "ramp":
        floor = np.maximum(floor, ramp_bounds(run, state, rules.supply)[0])
    return np.where(on, np.minimum(floor, base), 0.0)


def path_tests(
    run: Run,
    binding: pd.DataFrame,
    factors: pd.DataFrame,
    ownership: Ownership,
    slack: str,
    rules: StructureRules,
) -> pd.DataFrame:
    """Verdict rows of the competitive path assessment, one per binding constraint, without owner.

    ``rsi3`` holds the index, ``need_mw`` and ``total_supply_mw`` the demand and supply of
    counterflow, ``pivotal_group`` the potentially pivotal portfolios.
    """
    path = rules.competitive_path
    portfolios = counterflow(run, factors, ownership, rules)
    test = portfolios["test"].to_numpy(dtype=np.int64)
    assessed, demand, supply = assess_paths(
        portfolios, test, len(binding), day_ahead=path.day_ahead, suppliers=path.suppliers
    )
    rsi = path_index(supply, demand)
    named = assessed[assessed["pivotal"]].groupby("test")["portfolio"].agg(", ".join)
    group = binding["test"].map(named).fillna("nobody")
    rows = binding[PLACE].assign(
        total_supply_mw=supply,
        need_mw=demand,
        rsi3=rsi,
        passed=is_competitive(rsi, path.rsi_min),
        pivotal_group=group,
        note="potentially pivotal: " + group,
    )
    return verdict_rows(rows, rule_id="competitive_path", slack=slack, base="dispatch")
