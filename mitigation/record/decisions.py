"""Decisions: one row per unit, interval and component, with every number that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from cases.files.hashing import value_hash
from cases.run import Run
from cases.tables.schema import RUN_TABLES
from mitigation.components import is_parameter
from mitigation.conduct.by_key import by_key
from mitigation.impact.guarantee import payments
from mitigation.keys import KEY, LIMIT
from mitigation.slots import Outcome

__all__ = ["decide", "standing_decisions"]

_IMPACT: Final = {
    "with_offer": "lmp_with_offer",
    "with_reference": "lmp_with_reference",
    "limit": "impact_limit",
    "result": "impact_result",
    "counterfactual": "impact_scope",
    "subject": "impact_subject",
    "at": "impact_interval",
    "gap_bound": "gap_bound",
    "rule_id": "impact_rule",
    "near": "impact_near",
    "note": "impact_note",
}
_PAID_FOR: Final = ("startup", "no_load", "shutdown")
_TEXTS: Final = ("impact_result", "impact_scope", "impact_subject", "impact_rule", "impact_note")
_CARRIED: Final = (
    "lmp_with_offer",
    "lmp_with_reference",
    "impact_limit",
    "impact_result",
    "impact_scope",
    "impact_subject",
    "impact_interval",
    "gap_bound",
)


def standing_decisions(run: Run, rules_hash: str) -> pd.DataFrame:
    """Decisions of a run that was mitigated by the same rules and that kept what failed conduct.

    They stand: the impact of these offers was measured against the market as it was bid, and is
    not measured again in a market in which others have been replaced.
    """
    done = run.stated.get("mitigation")
    rows = run.decisions
    if not isinstance(done, Mapping) or done.get("rules") != rules_hash:
        return rows.head(0)
    return rows[(rows["action"] == "kept") & (rows["conduct_result"] == "fail")]


def decide(
    run: Run,
    outcome: Outcome,
    conduct: pd.DataFrame,
    levels: pd.DataFrame,
    override_of: pd.DataFrame,
    standing: pd.DataFrame,
    rulebook_hash: str,
) -> pd.DataFrame:
    """Make the run table ``decisions``, without the id of the run that will hold it.

    Parameters
    ----------
    run
        The run that was tested.
    outcome
        What the procedure came to.
    conduct
        The run table ``tests_conduct``.
    levels
        The run table ``reference_levels``.
    override_of
        KEY, action, author, reason: the override that holds for a key, where there is one.
    standing
        :func:`standing_decisions`.
    rulebook_hash
        Hash of the rulebook.
    """
    rows = by_key(conduct).rename(
        columns={"limit": "conduct_limit", "result": "conduct_result", "note": "conduct_note"}
    )
    rows = _with_impact(rows, outcome, standing)
    rows = _with_actions(rows, outcome, override_of, standing)
    rows = _with_structure(rows, run)
    for details in outcome.details:
        rows = _with_details(rows, details)
    rows["money_effect"] = _money(rows, run, outcome.final)
    rows["reference_inputs_hash"] = _hashes(rows, levels)
    parent = run.id
    stamps = rows["interval_start"].astype(str)
    names = zip(rows["unit"], stamps, rows["component"], strict=True)
    rows["decision_id"] = [
        value_hash({"parent": parent, "key": list(key), "rules": rulebook_hash}) for key in names
    ]
    rows = rows.assign(run_id="", parent_run=parent, rulebook_hash=rulebook_hash)
    return rows[[name for name in RUN_TABLES["decisions"].names if name in rows]]


def _with_impact(rows: pd.DataFrame, outcome: Outcome, standing: pd.DataFrame) -> pd.DataFrame:
    """The deciding row of the impact test beside each key that was measured."""
    measured = outcome.verdicts[[*KEY, *_IMPACT]].rename(columns=_IMPACT)
    if len(measured):
        rows = rows.merge(measured, on=KEY, how="left", sort=False)
    else:
        blank = {n: "" if n in _TEXTS else np.nan for n in _IMPACT.values()}
        never = rows["interval_start"].mask(rows["interval_start"].notna())
        rows = rows.assign(**(blank | {"impact_interval": never}))
    for name in _TEXTS:
        rows[name] = rows[name].astype(object).where(rows[name].notna(), "")
    rows["impact_near"] = rows["impact_near"].eq(True)
    if len(standing):
        before = standing[[*KEY, *_CARRIED]]
        carried = rows[KEY].merge(before, on=KEY, how="left", sort=False)
        there = carried["impact_scope"].notna().to_numpy()
        for name in _CARRIED:
            rows[name] = rows[name].where(~there, carried[name].to_numpy())
    return rows


def _with_actions(
    rows: pd.DataFrame, outcome: Outcome, override_of: pd.DataFrame, standing: pd.DataFrame
) -> pd.DataFrame:
    """What is done with each component, why, and the offer that is used."""
    index = pd.MultiIndex.from_frame(rows[KEY])
    replaced = np.asarray(index.isin(pd.MultiIndex.from_frame(outcome.mitigated[KEY])))
    through = _minimum_generation(rows, outcome.mitigated)
    exempt = (rows["conduct_result"] == "exempt").to_numpy()
    action = np.select([replaced | through, exempt], ["mitigated", "exempt"], "kept")
    failed = (rows["conduct_result"] == "fail").to_numpy()
    measured = (rows["impact_result"] != "").to_numpy()
    rule = np.where(measured, rows["impact_rule"], rows["rule_id"])
    note = rows["conduct_note"].astype(object).to_numpy()
    stands = np.asarray(index.isin(pd.MultiIndex.from_frame(standing[KEY]))) & ~replaced
    note = np.where(stands, "kept by the run before, by the same rules: that decision stands", note)
    rule = np.where(stands, standing["rule_id"].iloc[0] if len(standing) else "", rule)
    note = np.where(through & failed, "replaced through the energy offer and no-load", note)
    other = replaced & ~failed & (rows["component"] != "min_generation").to_numpy()
    note = np.where(other, "replaced because minimum generation failed", note)
    doubts = rows["impact_note"].to_numpy(dtype=object)
    note = np.where(doubts == "", note, np.where(note == "", doubts, note + "; " + doubts))
    author = np.full(len(rows), "", dtype=object)
    reason = author.copy()
    if len(override_of):
        held = rows[KEY].merge(override_of, on=KEY, how="left", sort=False)
        by_hand = held["action"].notna().to_numpy()
        action = np.where(by_hand, held["action"], action)
        author = np.where(by_hand, held["author"], author)
        reason = np.where(by_hand, held["reason"], reason)
        rule = np.where(by_hand, "override", rule)
        note = np.where(by_hand & other, "", note)
    done = action == "mitigated"
    offered, reference = (rows[name].to_numpy(dtype=float) for name in ("offered", "reference"))
    parameter = is_parameter(rows["component"]).to_numpy()
    used = np.where(parameter, reference, np.fmin(offered, reference))
    charge = (rows["component"] == "charge").to_numpy()
    used = np.where(charge, np.fmax(offered, reference), used)
    near = (action == "kept") & (rows["any_near"] | rows["impact_near"]).to_numpy()
    return rows.assign(
        action=action,
        rule_id=rule,
        note=note,
        override_by=author,
        override_reason=reason,
        offer_used=np.where(done, used, offered),
        near=near,
    )


def _with_details(rows: pd.DataFrame, details: pd.DataFrame) -> pd.DataFrame:
    """Rows with what the procedure found of them, but for those that are decided by hand."""
    by_hand = (rows["override_by"] != "").to_numpy()
    for name in details.columns.difference(KEY):
        column = rows[KEY].merge(details[[*KEY, name]], on=KEY, how="left", sort=False)[name]
        there = column.notna().to_numpy() & ~by_hand
        rows[name] = rows[name].mask(there, column.set_axis(rows.index))
    return rows


def _minimum_generation(
    rows: pd.DataFrame, mitigated: pd.DataFrame
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows of minimum generation whose energy offer of that interval was replaced."""
    least = (
        (rows["component"] == "min_generation") & (rows["conduct_result"] == "fail")
    ).to_numpy()
    energy = mitigated.loc[mitigated["component"] == "energy", ["unit", "interval_start"]]
    cells = pd.MultiIndex.from_frame(rows[["unit", "interval_start"]])
    return np.asarray(least & cells.isin(pd.MultiIndex.from_frame(energy)))


def _with_structure(rows: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The limit that moves the price at a unit most, and the three-supplier test on it.

    For rows that failed the conduct test; those of the structural tests where the run has them.
    """
    blank = rows.assign(**dict.fromkeys([*LIMIT, "pivotal_group", "tps_result"], ""))
    numbers = [
        "shadow_price",
        "need_mw",
        "effective_supply_mw",
        "relevant_price",
        "rsi1",
        "rsi2",
        "rsi3",
    ]
    blank = blank.assign(**dict.fromkeys(numbers, np.nan))
    failed = (rows["conduct_result"] == "fail") & rows["interval_start"].notna()
    if not failed.any() or not len(run.constraints):
        return blank
    bus_of = run.case.tables["units"].set_index("unit")["bus"]
    own = rows.loc[failed, ["unit", "owner", "interval_start"]]
    own = own.assign(bus=own["unit"].map(bus_of), row=own.index)
    terms = run.price_terms
    terms = terms[terms["bus"].isin(own["bus"].unique())]
    terms = terms.assign(part=terms["dfax"] * terms["shadow_price"])
    # Relief goes first; under a slack from which none of it is relief, whatever moves it most.
    terms = terms.assign(lifts=terms["part"] > 0, size=terms["part"].abs())
    terms = terms[terms["shadow_price"] > 0]
    terms = terms.sort_values(["lifts", "size"], ascending=False, kind="stable")
    found = own.merge(
        terms.drop_duplicates(["interval_start", "bus"]), on=["interval_start", "bus"], sort=False
    )
    binding = run.constraints.drop_duplicates(["interval_start", "constraint", "contingency"])
    found = found.merge(
        binding[["interval_start", *LIMIT]],
        on=["interval_start", "constraint", "contingency"],
        how="left",
        sort=False,
    )
    for name in LIMIT:
        blank.loc[found["row"], name] = found[name].fillna("").to_numpy()
    blank.loc[found["row"], "shadow_price"] = found["shadow_price"].to_numpy()
    tests = run.tests_structure
    tests = tests[tests["rule_id"] == "three_pivotal"].drop(columns="pivotal_group")
    if len(tests):
        _with_pivotal(blank, found, tests)
    return blank


def _with_pivotal(rows: pd.DataFrame, found: pd.DataFrame, tests: pd.DataFrame) -> None:
    """Fill in the three-supplier test of the owner on the limit, in place."""
    at = ["interval_start", *LIMIT]
    ranked = tests.sort_values([*at, "supply_mw"], ascending=[True] * 4 + [False])
    largest = ranked.groupby(at, sort=False).head(3)
    group = largest.groupby(at, sort=False)["owner"].agg(", ".join).rename("pivotal_group")
    both = found.merge(tests.drop_duplicates([*at, "owner"]), on=[*at, "owner"], sort=False)
    both = both.join(group, on=at)
    columns = {
        "need_mw": "need_mw",
        "effective_supply_mw": "total_supply_mw",
        "relevant_price": "relevant_price",
        "rsi1": "rsi1",
        "rsi2": "rsi2",
        "rsi3": "rsi3",
        "pivotal_group": "pivotal_group",
    }
    for name, source in columns.items():
        rows.loc[both["row"], name] = both[source].to_numpy()
    rows.loc[both["row"], "tps_result"] = np.where(both["passed"], "pass", "fail")


def _money(rows: pd.DataFrame, before: Run, after: Run) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Change of what a unit is paid: for energy, that interval's; guarantees once per unit."""
    effect = np.full(len(rows), np.nan)
    energy = (rows["component"] == "energy").to_numpy()
    if after is before:
        return np.where(energy, 0.0, effect)
    change = _revenue(after) - _revenue(before)
    cells = pd.MultiIndex.from_frame(rows[["unit", "interval_start"]])
    effect[energy] = change.reindex(cells[energy]).to_numpy(dtype=float)
    paid = payments(after).groupby("subject")["amount"].sum()
    paid = paid.sub(payments(before).groupby("subject")["amount"].sum(), fill_value=0.0)
    order = rows["component"].map({name: k for k, name in enumerate(_PAID_FOR)})
    kept = (rows["action"] != "mitigated").astype(int)
    first = rows.assign(order=order, kept=kept).dropna(subset="order")
    first = first.sort_values(["unit", "kept", "order"])
    first = first.drop_duplicates("unit")
    effect[first.index] = first["unit"].map(paid).fillna(0.0).to_numpy(dtype=float)
    return effect


def _revenue(run: Run) -> pd.Series:
    """Energy revenue by unit and interval."""
    price = run.prices.set_index(["interval_start", "bus"])["lmp"]
    table = run.dispatch
    at = pd.MultiIndex.from_frame(table[["interval_start", "bus"]])
    lmp = price.reindex(at).to_numpy(dtype=float)
    mw = table["mw"].to_numpy(dtype=float)
    money = np.where(mw == 0, 0.0, mw * lmp) * run.case.interval_hours
    return pd.Series(money, index=pd.MultiIndex.from_frame(table[["unit", "interval_start"]]))


def _hashes(rows: pd.DataFrame, levels: pd.DataFrame) -> list[str]:
    """Hash of the inputs of each row's reference."""
    if "inputs_hash" not in levels:
        return [""] * len(rows)
    known = levels.drop_duplicates(KEY)[[*KEY, "inputs_hash"]]
    own = rows[KEY].merge(known, on=KEY, how="left", sort=False)["inputs_hash"]
    always = known[known["interval_start"].isna()].drop(columns="interval_start")
    general = rows[KEY].merge(always, on=["unit", "component"], how="left", sort=False)
    return own.fillna(general["inputs_hash"]).fillna("").astype(str).to_list()
