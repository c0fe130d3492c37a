"""The chain of mitigation: references, conduct, impact, substitution, the final run, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.files.hashing import table_hash, value_hash
from cases.proof import Proof
from cases.rulebook.area_names import refuse_unknown_names
from cases.rulebook.book import RuleBook
from cases.rulebook.mitigation import MitigationRules
from cases.run import Run
from cases.tables.schema import RUN_TABLES, conform
from mitigation.again.rerun import EngineRerun, Rerun
from mitigation.conduct import conduct_of_run, failing_components
from mitigation.conduct.area_counts import counted_areas
from mitigation.conduct.by_key import by_key
from mitigation.conduct.sellers import STORAGE
from mitigation.keys import KEY
from mitigation.procedures.carry_out import but_for, carry_out
from mitigation.procedures.shipped import procedure_of
from mitigation.record.decisions import decide, standing_decisions
from mitigation.record.overrides import OVERRIDES, applied_to, read_overrides
from mitigation.record.terms import decision_terms
from mitigation.references import reference_levels
from mitigation.references.frequently_mitigated import with_frequent_adders
from mitigation.references.given_levels import given_levels
from mitigation.references.stored import with_storage_levels
from mitigation.references.substitution import replaced_blocks, segment_levels
from mitigation.slots import AssessedRun, Outcome, Procedure
from mitigation.slots.parts import among
from mitigation.structure.owners import Ownership
from mitigation.unused import refuse_unused
from settlement.ledger.frames import records

__all__ = ["Mitigation", "mitigate_offers"]

_OWN: Final = (
    "tables",
    "files",
    "created",
    "run_id",
    "case_hash",
    "rulebook_hash",
    "rulebook_as_of",
    "rulebook",
)
_RULE: Final = ["action", "author", "reason"]


class Mitigation(NamedTuple):
    """What makes the child run of a mitigation.

    Attributes
    ----------
    manifest, tables
        Of the child run.
    market
        The run of the market result: its case has the offers that were used, its live model goes
        on.
    events
        The chain, entry by entry.
    """

    manifest: dict[str, Any]
    tables: dict[str, Any]
    market: Run
    events: list[dict[str, Any]]

    @property
    def whole(self) -> bool:
        """Whether schedules were replaced as wholes, so that single prices may have risen."""
        return bool(self.manifest["mitigation"]["whole_schedules"])


def mitigate_offers(
    run: Run,
    rulebook: RuleBook,
    *,
    levels: pd.DataFrame | None = None,
    earlier: Sequence[Run] = (),
    overrides: str | Path | pd.DataFrame | None = None,
    rerun: Rerun | None = None,
    accept_limit: bool = False,
    owners: Ownership | None = None,
) -> Mitigation:
    """Test a run's offers, replace those that fail, clear again, and keep the chain of reasons.

    Parameters
    ----------
    run
        A cleared run with offers as submitted.
    rulebook
        The run's rulebook with the ``mitigation`` section that counts.
    levels
        Reference levels to use instead of those that the rulebook's methods give.
    earlier
        Runs of earlier days, whose offers and prices extend the look-back.
    overrides
        Manual decisions, see :func:`mitigation.record.overrides.read_overrides`.
    rerun
        Clears the day again; default the engine.
    accept_limit
        Mitigate a run that a time limit stopped before its gap was proven.
    owners
        Control over units instead of the case's, for what-ifs.

    Returns
    -------
    Mitigation
        What makes the child run.

    Raises
    ------
    InputError
        A run that was stopped by a limit, wrong overrides, an unknown procedure, references that
        must be there and are not.
    """
    _proven(run, accept_limit)
    rules = rulebook.mitigation
    procedure = procedure_of(rules)
    refuse_unused(rulebook, run.rulebook)
    refuse_unknown_names(rulebook, run.case)
    chosen = read_overrides(overrides, run.case)
    clears = rerun or EngineRerun(run)
    if levels is None:
        levels = reference_levels(run, rules=rules.reference, earlier=earlier)
        levels = with_frequent_adders(levels, run.case, rules.reference, earlier)
        if STORAGE in rules.conduct.kinds:
            levels = with_storage_levels(
                levels,
                run,
                rules.reference,
                lambda case: clears.held(case, check=False),
            )
    else:
        levels = given_levels(levels, run.case)
    counted = counted_areas(earlier, rules.areas, until=run.case.interval_starts[0])
    conduct = conduct_of_run(run, levels, rules, counted=counted, earlier=earlier, owners=owners)
    rules_hash = value_hash(rules.model_dump(mode="json"))
    standing = standing_decisions(run, rules_hash)
    settled = _Settled(conduct.tests, chosen, failing_components(conduct.tests, run.case), standing)
    assessed = AssessedRun(
        run=run,
        rules=rules,
        levels=_levels_to_use(levels, run, rules, conduct.tests),
        failing=settled.failing,
        forced=settled.forced,
        areas=conduct.areas,
        rerun=clears,
        kept=settled.kept,
        tests=conduct.tests,
        owners=owners,
    )
    outcome = carry_out(procedure, assessed)
    if len(settled.override_of):
        outcome = _with_but_for(outcome, procedure, assessed, settled)
    decisions = decide(
        run, outcome, conduct.tests, levels, settled.override_of, standing, rulebook.hash
    )
    tables: dict[str, Any] = {
        **_unmade(run),
        **_market_tables(run, outcome),
        **outcome.tables,
        "reference_levels": _conformed("reference_levels", levels, run),
        "tests_conduct": conduct.tests,
        "tests_impact": _conformed("tests_impact", outcome.impact, run),
        "decisions": decisions,
        "decision_terms": decision_terms(decisions, outcome.terms),
    }
    funnel = _funnel(conduct.tests, decisions)
    record = {
        "profile": rules.profile,
        "rulebook": rulebook.name,
        "rules": rules_hash,
        "references": table_hash(RUN_TABLES["reference_levels"], tables["reference_levels"]),
        "overrides": table_hash(OVERRIDES, chosen),
        "procedure": procedure.names,
        "registered": {
            f"{each.slot}.{each.name}": each.origin()
            for each in procedure.functions
            if not each.shipped
        },
        "whole_schedules": outcome.whole,
        "impact": _grouping(procedure, rules),
        "commitment": rules.rerun.commitment,
        "earlier": [other.id for other in earlier],
        "funnel": funnel,
        "notes": [*conduct.notes, *outcome.notes],
    }
    manifest = _manifest(run, outcome.final, record)
    events = _first_events(conduct.tests, levels, settled, record)
    events += [dict(event) for event in outcome.events]
    events.append({"pass": "decisions", **funnel})
    return Mitigation(manifest, tables, outcome.final, events)


@dataclass(frozen=True, eq=False)
class _Settled:
    """Which keys are measured, which are settled by hand or by an earlier decision."""

    tests: pd.DataFrame
    overrides: pd.DataFrame
    failed: pd.DataFrame
    standing: pd.DataFrame

    @property
    def override_of(self) -> pd.DataFrame:
        """The override of each tested key that has one: KEY, action, author, reason."""
        keys = self.tests[KEY].drop_duplicates(ignore_index=True)
        at = applied_to(keys, self.overrides)
        rows = self.overrides.iloc[at[at >= 0]][_RULE].reset_index(drop=True)
        return pd.concat([keys[at >= 0].reset_index(drop=True), rows], axis=1)

    @property
    def forced(self) -> pd.DataFrame:
        """Keys that a monitor has replaced."""
        rows = self.override_of
        return rows.loc[rows["action"] == "mitigated", KEY].reset_index(drop=True)

    @property
    def kept(self) -> pd.DataFrame:
        """Keys that a monitor, or the same rules before, have left as they are."""
        rows = self.override_of
        by_hand = rows.loc[rows["action"] != "mitigated", KEY]
        return pd.concat([by_hand, self.standing[KEY]], ignore_index=True)

    @property
    def failing(self) -> pd.DataFrame:
        """Keys that failed the conduct test and are not settled."""
        index = pd.MultiIndex.from_frame(self.failed[KEY])
        done = index.isin(pd.MultiIndex.from_frame(self.override_of[KEY]))
        done |= index.isin(pd.MultiIndex.from_frame(self.standing[KEY]))
        return self.failed[~np.asarray(done)].reset_index(drop=True)


def _with_but_for(
    outcome: Outcome, procedure: Procedure, assessed: AssessedRun, settled: _Settled
) -> Outcome:
    """The outcome, with what the impact of overridden keys is without their override."""
    by_hand = settled.override_of[KEY]
    keys = pd.concat([settled.failed[KEY], settled.forced], ignore_index=True)
    found = but_for(
        procedure,
        replace(
            assessed,
            failing=keys.drop_duplicates(ignore_index=True),
            forced=settled.forced.head(0),
            kept=settled.standing[KEY],
            _structure=[],
        ),
    )
    own = found.verdicts[among(found.verdicts, by_hand)] if len(found.verdicts) else found.verdicts
    if own.empty:
        return outcome
    others = outcome.verdicts[~among(outcome.verdicts, own)] if len(outcome.verdicts) else own[:0]
    parts = [part for part in (others, own) if len(part)]
    events = [*outcome.events, {"pass": "but for overrides", "measured": len(own)}]
    return replace(outcome, verdicts=pd.concat(parts, ignore_index=True), events=events)


def _proven(run: Run, accept_limit: bool) -> None:
    if run.stated.get("status") == "limit" and not accept_limit:
        gap = Proof.of(run.stated).gap
        reached = "without a gap" if gap is None else f"at a gap of {gap:.2%}"
        message = (
            f"the run was stopped by a limit {reached}, so that an impact could be the "
            "solver's; clear it to its gap, or mitigate it as it is with --accept-limit "
            "(accept_limit=True)"
        )
        raise InputError.one("", None, "status", "limit", message)


def _levels_to_use(
    levels: pd.DataFrame, run: Run, rules: MitigationRules, tests: pd.DataFrame
) -> pd.DataFrame:
    """Levels by which offers are replaced: whole curves, or only the segments that failed."""
    if rules.conduct.granularity == "curve":
        return levels
    failed = tests[(tests["result"] == "fail") & (tests["component"] == "energy")]
    return segment_levels(levels, run.case, failed[["unit", "interval_start", "segment"]])


def _grouping(procedure: Procedure, rules: MitigationRules) -> str:
    """What the impact test replaces together; the name of the impact where it has no choice."""
    chosen = "mitigation.impact.mode" in procedure.impact.keys(rules)
    return rules.impact.mode if chosen else procedure.impact.name


def _market_tables(run: Run, outcome: Outcome) -> dict[str, Any]:
    """The tables of the market result; those of the tested run itself where nothing changed."""
    final = outcome.final
    if final is run:
        return {}
    tables = dict(_unmade(final))
    tables["offers_used"] = _sources(run, outcome)
    return tables


def _unmade(run: Run) -> dict[str, Any]:
    """Tables of a run, the long ones still to be made when they are asked for."""
    return {
        name: run.tables[name] if run.made(name) else (lambda n=name: run.tables[n])
        for name in run.tables
    }


def _sources(run: Run, outcome: Outcome) -> pd.DataFrame:
    """Offers used, each with its source: submitted, or reference where that is the lower one."""
    used = outcome.final.offers_used
    names = ["unit", "interval_start", "segment"]
    before = run.offers_used
    index = pd.MultiIndex.from_frame(used[names])
    replaced = replaced_blocks(run.case, outcome.final.case, outcome.mitigated)
    reference = index.isin(pd.MultiIndex.from_frame(replaced))
    earlier = before[before["source"] == "reference"]
    if len(earlier):
        # What an earlier mitigation replaced and this one left alone is still a reference.
        cells = outcome.mitigated.loc[outcome.mitigated["component"] == "energy", names[:2]]
        left = ~pd.MultiIndex.from_frame(earlier[names[:2]]).isin(pd.MultiIndex.from_frame(cells))
        reference |= index.isin(pd.MultiIndex.from_frame(earlier.loc[left, names]))
    return used.assign(source=np.where(reference, "reference", "submitted"))


def _conformed(name: str, frame: pd.DataFrame, run: Run) -> pd.DataFrame:
    table = RUN_TABLES[name]
    known = [column for column in frame.columns if column in table.names]
    if frame.empty:
        frame = getattr(run, name).head(0)
        return conform(table, frame, run.case.meta.timezone)
    return conform(table, frame[known], run.case.meta.timezone)


def _funnel(tests: pd.DataFrame, decisions: pd.DataFrame) -> dict[str, int]:
    """How many components were tested, failed conduct, failed impact, were mitigated."""
    keys = by_key(tests)
    failed = keys["result"] == "fail"
    return {
        "tested": len(keys),
        "exempt": int((keys["result"] == "exempt").sum()),
        "conduct_failed": int(failed.sum()),
        "units_failing_conduct": int(keys.loc[failed, "unit"].nunique()),
        "impact_failed": int((decisions["impact_result"] == "fail").sum()),
        "mitigated": int((decisions["action"] == "mitigated").sum()),
        "units_mitigated": int(decisions.loc[decisions["action"] == "mitigated", "unit"].nunique()),
        "near_misses": int(decisions["near"].sum()),
        "overridden": int((decisions["override_by"] != "").sum()),
    }


def _manifest(run: Run, final: Run, record: dict[str, Any]) -> dict[str, Any]:
    """The child's manifest: that of the market result, its parent the run that was tested."""
    given = {key: value for key, value in final.stated.items() if key not in _OWN}
    settings = {**run.settings, "mitigation": {k: record[k] for k in ("rules", "overrides")}}
    notes = [*given.get("warnings", []), *record["notes"]]
    return {
        **given,
        "parent": run.id,
        "settings": settings,
        "mitigation": record,
        "warnings": list(dict.fromkeys(notes)),
    }


def _first_events(
    tests: pd.DataFrame, levels: pd.DataFrame, settled: _Settled, record: dict[str, Any]
) -> list[dict[str, Any]]:
    """Events of references, conduct and overrides."""
    methods = levels["method"].value_counts().to_dict() if "method" in levels else {}
    events: list[dict[str, Any]] = [
        {
            "pass": "references",
            "levels": len(levels),
            "methods": methods,
            "inputs_hash": record["references"],
        },
        {
            "pass": "conduct",
            "profile": record["profile"],
            "rules": record["rules"],
            "results": tests["result"].value_counts().to_dict(),
            "failed": sorted(tests.loc[tests["result"] == "fail", "unit"].unique()),
        },
    ]
    for row in records(settled.overrides.astype({"interval_start": "str"})):
        events.append({"pass": "override", **row})
    return events
