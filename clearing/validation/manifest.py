"""What a run says of itself: status, gap, bound and proof belong to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts
from clearing.validation.report import rows

__all__ = ["proof", "sources"]

_GAP = 1e-6
_MONEY = 1e-6
_STATUS = ("optimal", "limit")


def proof(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that status, gap and bound are those of the proof, and that the proof adds up.

    The gap is (objective - bound) / abs(objective). A run is "limit" where a decided commitment
    lies beyond the gap of its rules, and only then is it stopped by anything.
    """
    stated = facts.run.stated
    said = stated.get("proof")
    if not isinstance(said, Mapping):
        return
    objective = facts.run.objective
    gap, bound = _number(said.get("gap")), _number(said.get("bound"))
    for key, inside in (("gap", gap), ("bound", bound)):
        yield _off(f"manifest.{key}", _number(stated.get(key)), inside, 0.0)
    status, stopped = stated.get("status"), bool(said.get("stopped_by"))
    if status not in _STATUS or (status == "limit") != stopped:
        yield _one("manifest.status", np.nan, np.nan)
    if said.get("problem") == "commitment_held":
        yield _off("manifest.held", gap, np.nan, 0.0)
        return
    if not np.isnan(gap) and not np.isnan(bound):
        expected = (objective - bound) / max(abs(objective), 1e-9)
        yield _off("manifest.gap", gap, expected, _GAP + _MONEY / max(abs(objective), 1e-9))
    if said.get("problem") == "commitment" and not np.isnan(gap):
        asked = facts.rulebook.solver.gap
        if (gap > asked + 1e-9) != (status == "limit"):
            yield _one("manifest.status", gap, asked)


def sources(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that offers are references only where something was mitigated."""
    table = facts.table("offers_used")
    if facts.run.stated.get("mitigation") is not None or facts.run.stated.get("parent"):
        return
    bad = table[(table["source"] != "submitted").to_numpy()]
    one = np.ones(len(bad))
    yield rows("offers_used.source", bad["unit"], bad["interval_start"], one, 0.0 * one, one)


def _number(value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number else np.nan  # type: ignore[arg-type]


def _off(check: str, value: float, expected: float, tolerance: float) -> pd.DataFrame:
    """One row where a number is not what it should be; two NaN agree."""
    if (np.isnan(value) and np.isnan(expected)) or abs(value - expected) <= tolerance:
        return pd.DataFrame()
    return _one(check, value, expected)


def _one(check: str, value: float, limit: float) -> pd.DataFrame:
    return rows(check, ["run"], [pd.NaT], [value], [limit], [1.0])
