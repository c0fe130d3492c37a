"""Three pivotal suppliers of relief on every binding constraint of a run, all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.structure.base import ReliefBase
from mitigation.structure.owners import Ownership
from mitigation.structure.relief import reach, segments_between
from mitigation.structure.tables import sum_by
from mitigation.structure.three_pivotal import clear_relief, effective_price, judge_owners
from mitigation.structure.verdicts import stacked, verdict_rows
from network.arrays import Floats

PLACE = ["interval_start", "interval_end", "constraint", "contingency", "direction", "shadow_price"]


@dataclass(frozen=True, slots=True)
class ReliefSupply:
    """Offered relief of every test: what the tests of a constraint are made of.

    Attributes
    ----------
    segments
        test, interval_start, unit, bus, owner, segment, price, mw, dfax, effective_mw,
        effective_price; only segments that count.
    covered
        test, owner, covered_mw: effective MW that contracts oblige the owner to deliver.
    """

    segments: pd.DataFrame
    covered: pd.DataFrame


def relief_supply(
    run: Run,
    base: ReliefBase,
    factors: pd.DataFrame,
    ownership: Ownership,
    rules: StructureRules,
    cut_off: float,
) -> ReliefSupply:
    """Relief that units can add to the base dispatch, by segment and owner, in all tests.

    Counted are units whose factor is at least ``cut_off``. ``factors`` (test, unit, bus, dfax,
    energy_price) are measured against one slack or against what is displaced
    (:mod:`mitigation.structure.displaced`). A contract covers supply as far as the owner's base
    output does not serve it already, at the owner's average relief factor.
    """
    helping = factors.loc[factors["dfax"] >= cut_off]
    span = reach(run, base.dispatch, rules.supply).merge(
        helping[["test", "unit", "bus", "dfax", "energy_price"]],
        on=["test", "unit"],
        how="inner",
        sort=False,
    )
    columns = ["test", "interval_start", "unit", "bus", "dfax", "energy_price"]
    span = span[[*columns, "base_mw", "reach_mw"]]
    segments = ownership.split(segments_between(run.offers_used, span), "mw")
    energy_price = segments["energy_price"].to_numpy(dtype=float)
    segments = segments.assign(
        effective_mw=segments["mw"] * segments["dfax"],
        effective_price=effective_price(segments, energy_price, cut_off),
    ).drop(columns="energy_price")
    return ReliefSupply(segments, _covered(base, segments, ownership))


def _covered(base: ReliefBase, segments: pd.DataFrame, ownership: Ownership) -> pd.DataFrame:
    if not (ownership.contracts["net_contract_mw"] > 0).any():
        return pd.DataFrame(
            {
                "test": pd.Series([], dtype="int64"),
                "owner": pd.Series([], dtype="str"),
                "covered_mw": pd.Series([], dtype=float),
            }
        )
    at = ["test", "interval_start", "owner"]
    output = ownership.split(base.dispatch[["test", "interval_start", "unit", "mw"]], "mw")
    output = sum_by(output, at, ["mw"])
    supply = sum_by(segments, at, ["mw", "effective_mw"])
    joined = supply.merge(output, on=at, suffixes=("", "_base"), sort=False)
    open_mw = np.maximum(0.0, ownership.contract_mw(joined) - joined["mw_base"])
    factor = joined["effective_mw"] / joined["mw"]
    return joined[["test", "owner"]].assign(covered_mw=open_mw * factor)


def three_pivotal_tests(
    binding: pd.DataFrame,
    base: ReliefBase,
    supply: ReliefSupply,
    slack: str,
    rules: StructureRules,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Verdict rows of every test and owner, and the relief segments with ``relevant``.

    Tests without need of relief give one row without owner that passed; those that no one can
    relieve give one that failed. Where owners have contracts, rows of the rule
    ``three_pivotal_net`` repeat the test net of them.
    """
    tested = np.flatnonzero(base.need_mw > rules.relief_tolerance_mw)
    number = np.full(len(binding), -1)
    number[tested] = np.arange(len(tested))
    counted = number[supply.segments["test"].to_numpy(dtype=np.int64)]
    kept = counted >= 0
    segments = supply.segments[kept].assign(test=counted[kept])
    outcome = clear_relief(
        segments,
        base.need_mw[tested],
        screen=rules.three_pivotal.screen,
        negative_price=rules.three_pivotal.negative_price,
    )
    place = (
        binding[["test", *PLACE]]
        .iloc[tested]
        .assign(
            test=np.arange(len(tested)),
            total_supply_mw=outcome.supply_mw,
            need_mw=outcome.demand,
            relevant_price=outcome.price,
        )
    )
    same = {"slack": slack, "base": base.name}
    gross = place.merge(judge_owners(outcome), on="test", sort=False)
    rows = [verdict_rows(gross, rule_id="three_pivotal", **same)]
    if len(supply.covered):
        covered = supply.covered.assign(test=number[supply.covered["test"].to_numpy()])
        stake = outcome.owners.merge(covered, on=["test", "owner"], how="left", sort=False)
        net = judge_owners(outcome, covered_mw=stake["covered_mw"].fillna(0.0).to_numpy(float))
        rows.append(
            verdict_rows(
                place.merge(net, on="test", sort=False), rule_id="three_pivotal_net", **same
            )
        )
    nobody = place[~place["test"].isin(outcome.owners["test"])].assign(passed=False)
    rows.append(
        verdict_rows(
            nobody, rule_id="three_pivotal", note="no one can give relief", supply_mw=0.0, **same
        )
    )
    rows.append(_untested(binding, base.need_mw, rules.relief_tolerance_mw, same))
    segments = segments.assign(relevant=outcome.relevant)
    return stacked(rows), segments.assign(test=tested[segments["test"].to_numpy(dtype=np.int64)])


def _untested(
    binding: pd.DataFrame, need: Floats, tolerance: float, same: dict[str, str]
) -> pd.DataFrame:
    left = ~(need > tolerance)
    note = np.where(
        np.isnan(need[left]),
        "not tested: the dispatch before the interval is not known",
        "no need of relief from the base dispatch",
    )
    rows = binding.loc[left, PLACE].assign(
        need_mw=need[left], note=note, passed=~np.isnan(need[left])
    )
    return verdict_rows(rows, rule_id="three_pivotal", **same)
