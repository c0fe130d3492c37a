"""What a pack says in words: the rules with clause and date, the reasons, the way to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cases import Run
from counterflow.evidence.selection import Subject
from counterflow.explain.decision_explanation import explain_decision
from counterflow.explain.rule_values import rule_sentences, rule_values

__all__ = ["cited", "command_text", "read_me", "reasons", "rule_table", "rule_text"]


def cited(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Keys of the rules that the rows of a pack name, each once."""
    names = [str(name) for table in tables.values() if "rule_id" in table for name in
             table["rule_id"]]  # fmt: skip
    return [name for name in dict.fromkeys(names) if name and name != "override"]


def rule_table(run: Run, rules: list[str]) -> pd.DataFrame:
    """Values of the rules used: key, value, clause, whether it is sure, when read, since when."""
    return rule_values(run.rulebook, rules)


def rule_text(run: Run, rules: list[str]) -> str:
    """The same as sentences."""
    manifest = run.manifest
    head = f"Rulebook {manifest['rulebook']}, hash {manifest['rulebook_hash']}."
    return "\n".join([head, *rule_sentences(run.rulebook, rules)]) + "\n"


def reasons(run: Run, subject: Subject) -> str:
    """The chain of tests of the mitigated offers, or of the one that the pack is about."""
    decisions = subject.of(run.decisions)
    if subject.unit is not None and subject.start is not None:
        chosen = pd.DataFrame({"unit": [subject.unit], "interval_start": [subject.start]})
    else:
        failed = decisions[decisions["conduct_result"].eq("fail") | decisions["override_by"].ne("")]
        chosen = failed[["unit", "interval_start"]].dropna().drop_duplicates()
    parts = []
    for unit, start in zip(chosen["unit"], chosen["interval_start"], strict=True):
        told = explain_decision(run, unit=str(unit), at=pd.Timestamp(start))
        parts.append(f"{unit}, {pd.Timestamp(start).isoformat()}: {told.action}\n{told}\n")
    return "\n".join(parts) or "No offer failed the conduct test.\n"


def command_text(run: Run, subject: Subject, *, parent: bool) -> str:
    """The command that makes the run again from its parent, and the one that makes this pack."""
    manifest: Mapping[str, Any] = run.manifest
    before = str(manifest.get("parent") or "")
    again = ["counterflow", "mitigate", f"RUN-{before[:12]}", "--rulebook", "rulebook.toml"]
    mitigation = manifest.get("mitigation") or {}
    lines = [f"# run {before} is the parent; rulebook.toml is in this pack", ""]
    if not parent:
        lines[0] += "; the parent was not at hand when the pack was made"
    if any(run.decisions["override_by"] != ""):
        again += ["--overrides", "overrides.csv"]
        lines.insert(1, "# overrides.csv: the decisions taken by hand, in decisions.csv")
    for each in mitigation.get("earlier") or ():
        lines.insert(1, f"# earlier run used: {each}")
    lines.append(shlex.join([*again, "-o", f"RUN-{run.id[:12]}"]))
    words = ["counterflow", "evidence", f"RUN-{run.id[:12]}"]
    if subject.unit is not None:
        words += ["--unit", subject.unit]
    if subject.start is not None:
        words += ["--at", subject.start.isoformat()]
    lines.append(shlex.join([*words, "-o", "evidence.zip"]))
    return "\n".join([*lines, "counterflow verify evidence.zip", ""])


def read_me(run: Run, subject: Subject, *, parent: bool) -> str:
    """What the pack is, file by file."""
    about = "the whole run"
    if subject.unit is not None or subject.start is not None:
        start = "" if subject.start is None else f" at {subject.start.isoformat()}"
        about = f"{subject.unit or 'every unit'}{start}"
    prices = "before and after" if parent else "after alone: the parent run was not found"
    return f"""Evidence of run {run.id}
case {run.case.meta.name}, {about}

decisions.csv, decision_terms.csv    what was decided, and every number that it follows from
tests_structure.csv, relief.csv      the supplier test at the limits named, with every supplier
tests_conduct.csv, tests_impact.csv  the tests of conduct and impact
references.csv                       reference levels and how they were made
offers_submitted.csv, offers_used.csv, commitment_offers_submitted.csv
prices*.csv, dispatch*.csv, constraints*.csv   {prices}
rules.csv, rules.txt                 values of the rules used, with clause and date
rulebook.toml                        the whole rulebook
why.txt                              the chain of tests in sentences
command.txt                          how to make it again
run_manifest.json, parent_manifest.json   hashes of everything in the runs, with their seals
manifest.json                        the hash of every file here, and the seal over them

Money in {run.case.meta.currency}, power in MW, times in {run.case.meta.timezone}.
Text that a spreadsheet would take for a formula has an apostrophe in front.
"""
