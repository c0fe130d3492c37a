"""Pivotal suppliers of the whole system: ISO-NE's supply margin and the plain test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.keys import CELL
from mitigation.structure.owners import Ownership
from mitigation.structure.pivotal import ROUNDING, by_owner, residual_supply
from mitigation.structure.relief import segments_between
from mitigation.structure.tables import sum_by
from mitigation.structure.three_pivotal import ClearedRelief, clear_relief, judge_owners
from mitigation.structure.verdicts import stacked, verdict_rows
from network.arrays import Floats

SPAN = ["interval_start", "interval_end"]


def system_demand(run: Run, *, reserves: bool) -> pd.DataFrame:
    """MW that must be served in each interval: interval_start, interval_end, demand_mw.

    Fixed load (accepted bids are not a must), plus upward reserve requirements of the whole case
    where ``reserves``; a product that substitutes for another is not counted twice.
    """
    loads = run.load_awards
    fixed = loads.assign(demand_mw=loads["mw"] - loads["bid_mw"])
    demand = sum_by(fixed, SPAN, ["demand_mw"])
    if not reserves or run.reserve_prices.empty:
        return demand
    products = run.case.reserve_products
    upward = products.loc[products["direction"] == "up", "product"]
    prices = run.reserve_prices
    system = prices[prices["product"].isin(upward) & (prices["zone"] == "")]
    required = system.groupby("interval_start")["requirement_mw"].sum()
    extra = demand["interval_start"].map(required).fillna(0.0)
    return demand.assign(demand_mw=demand["demand_mw"] + extra)


def supply_margin(available: pd.DataFrame, demand_mw: float) -> pd.DataFrame:
    """ISO-NE's pivotal supplier test of one interval.

    The margin is what is available less the demand; a supplier with more than the margin is
    pivotal.

    Parameters
    ----------
    available
        owner, available_mw.
    demand_mw
        Load and reserve requirement, MW.

    Returns
    -------
    DataFrame
        owner, available_mw, margin_mw, pivotal.

    Source: ISO-NE Market Rule 1, appendix A, pivotal supplier test.
    """
    total = sum_by(available, ["owner"], ["available_mw"])
    margin = total["available_mw"].sum() - demand_mw
    tolerance = ROUNDING * max(1.0, abs(demand_mw))
    return total.assign(margin_mw=margin, pivotal=total["available_mw"] > margin + tolerance)


def margin_tests(run: Run, ownership: Ownership, rules: StructureRules) -> pd.DataFrame:
    """Verdict rows of the supply margin test, every owner and interval, gross and net."""
    demand = system_demand(run, reserves=rules.system.reserves)
    demand["test"] = np.arange(len(demand))
    owned = ownership.split(run.dispatch[[*CELL, "available_mw"]], "available_mw")
    owned = owned.merge(demand[["test", "interval_start"]], on="interval_start", sort=False)
    owners = by_owner(
        owned["test"].to_numpy(dtype=np.int64),
        owned["owner"],
        owned["available_mw"].to_numpy(dtype=float),
    ).merge(demand, on="test", sort=False)
    test = owners["test"].to_numpy(dtype=np.int64)
    supply = owners["supply_mw"].to_numpy(dtype=float)
    total = np.bincount(test, weights=supply, minlength=len(demand)).astype(float)
    need = demand["demand_mw"].to_numpy(dtype=float)

    def rows(withheld: Floats, rule: str) -> pd.DataFrame:
        index = residual_supply(test, withheld, total, need)
        margin = total - need
        pivotal = withheld > margin[test] + ROUNDING * np.maximum(1.0, np.abs(need[test]))
        frame = owners.assign(
            total_supply_mw=total[test],
            need_mw=need[test],
            rsi1=index.rsi1,
            rsi2=index.rsi2,
            rsi3=index.rsi3,
            passed=~pivotal,
            margin_mw=margin[test],
            note=[f"margin {value:.1f} MW" for value in margin[test]],
        )
        return verdict_rows(frame, rule_id=rule, base="available")

    result = [rows(supply, "system_margin")]
    contract = ownership.contract_mw(owners)
    if rules.system.contracts and (contract > 0).any():
        result.append(rows(_withheld(supply, contract), "system_margin_net"))
    return stacked(result)


def system_tests(run: Run, ownership: Ownership, rules: StructureRules) -> pd.DataFrame:
    """Verdict rows of the three-supplier test of the whole system.

    Every MW counts as one of relief, at its offer (factor 1, energy price 0), against the load.
    """
    demand = system_demand(run, reserves=False)
    demand["test"] = np.arange(len(demand))
    span = run.dispatch[[*CELL, "available_mw"]].merge(
        demand[["interval_start", "test"]], on="interval_start", sort=False
    )
    span = span.rename(columns={"available_mw": "reach_mw"}).assign(base_mw=0.0)
    owned = ownership.split(segments_between(run.offers_used, span), "mw")
    outcome = clear_relief(
        owned.rename(columns={"mw": "effective_mw", "price": "effective_price"}),
        demand["demand_mw"].to_numpy(dtype=float),
        screen=rules.three_pivotal.screen,
        negative_price=rules.three_pivotal.negative_price,
    )

    def rows(judged: pd.DataFrame, rule: str) -> pd.DataFrame:
        test = judged["test"].to_numpy(dtype=np.int64)
        frame = judged.merge(demand[["test", *SPAN]], on="test", sort=False).assign(
            total_supply_mw=outcome.supply_mw[test],
            need_mw=outcome.demand[test],
            relevant_price=outcome.price[test],
        )
        return verdict_rows(frame, rule_id=rule, base="available")

    result = [rows(judge_owners(outcome), "system")]
    covered = _system_cover(outcome, demand, ownership)
    if rules.system.contracts and (covered > 0).any():
        result.append(rows(judge_owners(outcome, covered_mw=covered), "system_net"))
    return stacked(result)


def _system_cover(outcome: ClearedRelief, demand: pd.DataFrame, ownership: Ownership) -> Floats:
    owners = outcome.owners.merge(demand[["test", "interval_start"]], on="test", sort=False)
    return np.maximum(0.0, ownership.contract_mw(owners))


def _withheld(supply: Floats, contract: Floats) -> Floats:
    """MW that an owner gains from withholding: its supply less what it has sold under contract."""
    return np.maximum(0.0, supply - np.maximum(0.0, contract))
