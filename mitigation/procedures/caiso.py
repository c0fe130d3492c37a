"""CAISO: local market power mitigation against the competitive LMP.

All-constraints run with bids as submitted, dynamic competitive path test of every binding
constraint, congestion split by its verdicts, mitigation of the resources that non-competitive
congestion favors, binding run. Source: CAISO tariff 39.7 and 30.11; reference/mitigation.md
section 3.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from cases.warned import Warned
from mitigation.conduct.thresholds import margin_above
from mitigation.keys import AT, KEY, LIMIT
from mitigation.procedures.common import capped, needs_test, passed_by, with_energy
from mitigation.references.substitution import COMMITMENT
from mitigation.slots import AssessedRun, Replacement, Subjects
from mitigation.slots.terms import terms_of
from mitigation.structure.relief import self_scheduled
from mitigation.structure.run import StructureTests

__all__ = ["competitive_lmp", "noncompetitive_congestion", "reference_bus", "split_rules"]

_LEAST_PART: Final = 1e-6
_RULE: Final = "mitigation.structure.competitive_path"


def noncompetitive_congestion(assessed: AssessedRun) -> Subjects:
    """Energy bids at buses that congestion favors which is not competitive, and commitment costs.

    Every binding constraint is tested as a path; congestion is split by the verdicts. Start-up and
    no-load above their cap count whatever the congestion.
    """
    rules, chosen = split_rules(assessed)
    found = assessed.structure_tests(rules)
    needs_test(found, "competitive_path", "the subject of non-competitive congestion")
    failing = assessed.failing
    split = _at_units(assessed.run, found, failing.loc[failing["component"] == "energy", KEY])
    cells = split.loc[split["subject"].eq(True), KEY]
    costs = failing.loc[failing["component"].isin(COMMITMENT), KEY]
    paths = found.verdicts[found.verdicts["rule_id"] == "competitive_path"]
    failed = paths[~paths["passed"]]
    tested = {
        "pass": "path assessment",
        "reference_bus": rules.slack_bus,
        "constraints": sorted(paths["constraint"].unique()),
        "not_competitive": sorted(failed["constraint"].unique()),
        "intervals": int(failed["interval_start"].nunique()),
        "subject": len(cells),
    }
    return Subjects(
        pd.concat([cells, costs], ignore_index=True),
        details=_assessment(split, paths, found),
        terms=_terms(split),
        events=(tested,),
        notes=(Warned(chosen, "reference_bus"),) if len(paths) else (),
    )


def competitive_lmp(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """Replace bids by ``max(default bid, competitive LMP)`` where they are dearer.

    Reference levels are the default energy bids. Of a curve only the blocks at or above the
    dispatch (or self-schedule) move, and none is left below one that stays. Start-up and no-load
    count at their cap, the limit of the conduct test over the proxy cost; anything else at its
    reference.
    """
    found = assessed.structure_tests(split_rules(assessed)[0])
    needs_test(found, "competitive_path", "the competitive LMP")
    keys = subjects.keys
    energy = keys.loc[keys["component"] == "energy", KEY]
    split = _at_units(assessed.run, found, energy)
    floors = _floors(assessed.run, split)
    pieces = capped(assessed.run.case, assessed.levels, energy, floors)
    lowered = passed_by(pieces)
    others = keys.loc[keys["component"] != "energy", KEY]
    costs = others[others["component"].isin(COMMITMENT)]
    levels = _capped_commitment(with_energy(assessed.levels, pieces, lowered), assessed, costs)
    return Replacement(
        pd.concat([lowered[KEY], others], ignore_index=True),
        levels,
        details=pd.concat(
            [_lowered_bids(split, lowered), _capped_costs(assessed, costs)], ignore_index=True
        ),
    )


def reference_bus(run: Run, buses: tuple[str, ...], path: str) -> tuple[str, str]:
    """Reference bus of a day for the split of congestion, and why it is that one.

    Of the two buses at the ends of a path the one from which it runs, by the sum of its flows of
    the day. Where the case has none of them, the bus with the lowest average price: the sending end
    of what binds, from which no bus has negative congestion on average.

    Source: CAISO, Midway or Vincent by the direction of Path 26.
    """
    known = set(run.case.tables["buses"]["bus"])
    here = [bus for bus in buses if bus in known]
    if here:
        if len(here) == 1 or not path:
            return here[0], f"reference bus {here[0]}, named by the rulebook"
        flow = _path_flow(run, path)
        bus = here[0] if flow >= 0 else here[1]
        return bus, f"reference bus {bus}: the sending end of {path} on this day"
    prices = run.prices.assign(lmp=run.prices["lmp"] - run.prices["mlc"].fillna(0.0))
    average = prices.groupby("bus", sort=False)["lmp"].mean().round(6)
    bus = str(average.idxmin()) if average.notna().any() else str(next(iter(known)))
    named = f"{', '.join(buses)}: none of them is in the case, so " if buses else ""
    return bus, f"{named}reference bus {bus}, the one with the lowest average price of the day"


def _path_flow(run: Run, path: str) -> float:
    """Sum of the flows over a branch or interface, MW."""
    flows = run.flows
    of_branch = flows[flows["branch"] == path]
    if len(of_branch):
        return float(of_branch["flow_mw"].sum())
    weights = run.case.tables["interfaces"]
    weights = weights.loc[weights["interface"] == path, ["branch", "weight"]]
    both = flows.merge(weights, on="branch", sort=False)
    return float((both["flow_mw"] * both["weight"]).sum())


def split_rules(assessed: AssessedRun) -> tuple[StructureRules, str]:
    """Rules of the structural tests with the reference bus of the day, and why it is that one."""
    rules = assessed.rules.structure
    if rules.slack != "bus" or rules.slack_bus:
        return rules, f"congestion is split from the slack {rules.slack} {rules.slack_bus}".strip()
    market = assessed.rules.caiso
    bus, why = reference_bus(assessed.run, market.reference_buses, market.reference_path)
    return rules.model_copy(update={"slack_bus": bus}), f"congestion is split from {why}"


def _at_units(run: Run, found: StructureTests, energy: pd.DataFrame) -> pd.DataFrame:
    """Competitive LMP and the like at the unit of each key."""
    bus = run.case.tables["units"].set_index("unit")["bus"]
    names = ["interval_start", "bus", "mcc_noncompetitive", "competitive_lmp", "subject"]
    return energy.assign(bus=energy["unit"].map(bus)).merge(
        found.competitive[names], on=["interval_start", "bus"], how="left", sort=False
    )


def _floors(run: Run, split: pd.DataFrame) -> pd.DataFrame:
    """Competitive LMP and the MW from which bids move: dispatch, or self-schedule above it."""
    rows = split.merge(run.dispatch[[*AT, "mw"]], on=AT, how="left", sort=False)
    rows = rows.merge(self_scheduled(run.case), on=AT, how="left", sort=False)
    from_mw = np.fmax(rows["mw"].fillna(0.0), rows["self_mw"].fillna(0.0))
    return rows[AT].assign(floor=rows["competitive_lmp"], from_mw=from_mw)


def _capped_commitment(
    levels: pd.DataFrame, assessed: AssessedRun, costs: pd.DataFrame
) -> pd.DataFrame:
    """Levels of commitment costs raised from the proxy cost to its cap."""
    if costs.empty:
        return levels
    price = levels["price"].to_numpy(dtype=float).copy()
    component = levels["component"].to_numpy(dtype=object)
    for name in COMMITMENT:
        here = component == name
        rule = getattr(assessed.rules.conduct, name)
        zero = assessed.rules.reference_at_or_below_zero
        price[here] = price[here] + margin_above(price[here], rule, zero)
    return levels.assign(price=price)


def _terms(split: pd.DataFrame) -> pd.DataFrame:
    """The two parts that the price at the unit is split into."""
    congestion, competitive = "mcc_noncompetitive", "competitive_lmp"
    return terms_of(split, noncompetitive_congestion=congestion, competitive_lmp=competitive)


def _assessment(split: pd.DataFrame, paths: pd.DataFrame, found: StructureTests) -> pd.DataFrame:
    """What the path tests found at every energy bid above its default bid."""
    rows = split.merge(_favoring(split, paths, found), on=KEY, how="left", sort=False)
    tested = rows["interval_start"].isin(paths["interval_start"]).to_numpy()
    untested = "above its default bid, but no constraint binds in the interval"
    notes = [
        ""
        if there and congestion > _LEAST_PART
        else f"non-competitive congestion of {congestion:g}: not subject to mitigation"
        if there
        else untested
        for congestion, there in zip(rows["mcc_noncompetitive"], tested, strict=True)
    ]
    columns = ["bus", "mcc_noncompetitive", "competitive_lmp", "subject"]
    return rows.drop(columns=columns).assign(note=notes, rule_id=_RULE)


def _lowered_bids(split: pd.DataFrame, lowered: pd.DataFrame) -> pd.DataFrame:
    """What became of the energy bids that are subject to mitigation."""
    rows = split.merge(lowered[[*KEY, "offer_used", "reference"]], on=KEY, how="left", sort=False)
    notes = [
        f"non-competitive congestion of {congestion:g}: bid lowered to {used:g}, default "
        f"bid {reference:g}, competitive LMP {price:g}"
        if used == used
        else f"non-competitive congestion of {congestion:g}, but no block at or above the "
        f"dispatch lies above both default bid and competitive LMP {price:g}"
        for congestion, price, reference, used in zip(
            rows["mcc_noncompetitive"],
            rows["competitive_lmp"],
            rows["reference"],
            rows["offer_used"],
            strict=True,
        )
    ]
    return rows[[*KEY, "offer_used"]].assign(note=notes, rule_id=_RULE)


def _favoring(split: pd.DataFrame, paths: pd.DataFrame, found: StructureTests) -> pd.DataFrame:
    """The constraint behind each key: of those that are not competitive the one that adds most."""
    factors = found.factors.merge(
        found.binding[["test", *LIMIT, "shadow_price"]], on="test", sort=False
    )
    names = ["interval_start", *LIMIT]
    verdicts = paths[[*names, "total_supply_mw", "need_mw", "rsi3", "passed", "pivotal_group"]]
    verdicts = verdicts.drop_duplicates(names)
    rows = split[KEY].merge(factors, on=AT, sort=False).merge(verdicts, on=names, sort=False)
    rows["part"] = rows["dfax"] * rows["shadow_price"]
    rows = rows.sort_values(["passed", "part"], ascending=[True, False], kind="stable")
    first = rows.drop_duplicates(KEY)
    names = [*KEY, *LIMIT, "shadow_price", "need_mw", "rsi3", "pivotal_group"]
    return first[names].assign(
        effective_supply_mw=first["total_supply_mw"],
        tps_result=np.where(first["passed"], "pass", "fail"),
    )


def _capped_costs(assessed: AssessedRun, costs: pd.DataFrame) -> pd.DataFrame:
    """Commitment costs count at their cap."""
    tests = assessed.tests[assessed.tests["result"] == "fail"]
    rows = costs.merge(tests[[*KEY, "limit", "offered"]], on=KEY, sort=False)
    rows = rows.assign(over=rows["offered"] - rows["limit"]).sort_values("over", ascending=False)
    worst = rows.drop_duplicates(KEY)
    return worst[KEY].assign(
        offer_used=worst["limit"],
        rule_id="mitigation.conduct." + worst["component"],
        note=[f"above the cap of {limit:g}: counted at it" for limit in worst["limit"]],
    )
