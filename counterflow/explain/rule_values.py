"""The rules that decided: each key with its value, clause and date, by the rulebook of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
from pydantic import BaseModel

from cases import RuleBook
from cases.rulebook.source import Source

__all__ = ["rule_sentences", "rule_values"]

_COLUMNS = ["rule", "key", "value", "clause", "sure", "read", "since"]


def rule_values(rulebook: RuleBook, rules: Iterable[str]) -> pd.DataFrame:
    """Values of the keys below each rule, and where they come from.

    Parameters
    ----------
    rulebook
        That of the run.
    rules
        Keys and sections such as ``mitigation.conduct.energy``; what is no key of the rulebook,
        such as ``override``, is left out, and so are values that set no limit.

    Returns
    -------
    DataFrame
        rule, key, value, clause, sure, read (month), since (day from which it holds, or None).
    """
    rows = []
    for rule in dict.fromkeys(rules):
        for key, value in _below(rule, rulebook.value_of(rule)):
            source = rulebook.source_of(key) or Source()
            rows.append({"rule": rule, "key": key, "value": value, **source.model_dump()})
    return pd.DataFrame(rows, columns=_COLUMNS, dtype=object)


def rule_sentences(rulebook: RuleBook, rules: Iterable[str]) -> list[str]:
    """One sentence a rule: its values, each group of them with its clause and date."""
    said = []
    for rule in dict.fromkeys(rules):
        groups: dict[str, list[str]] = {}
        for key, value in _below(rule, rulebook.value_of(rule)):
            name = key.removeprefix(rule).removeprefix(".")
            text = f"{name} {_text(value)}".strip()
            groups.setdefault(rulebook.evidence_for(key), []).append(text)
        if groups:
            parts = [
                ", ".join(values) + (f" ({source})" if source else "")
                for source, values in groups.items()
            ]
            said.append(f"Rule {rule}: {'; '.join(parts)}.")
    if said and rulebook.as_of is not None:
        said.append(f"Rules are those of {rulebook.as_of.isoformat()}.")
    return said


def _below(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Keys of a section with the values that they have and that say something."""
    if isinstance(value, BaseModel):
        for name, inside in value:
            if name != "limit_kind" or inside == "multiple":
                yield from _below(f"{key}.{name}", inside)
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from _below(f"{key}.{name}", inside)
    elif value is not None and value not in ("", ()) and not _unlimited(value):
        yield key, value


def _unlimited(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return " ".join(str(each) for each in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)
