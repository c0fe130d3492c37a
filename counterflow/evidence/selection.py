"""The rows of a run and its parent that a pack is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cases import Run
from mitigation.conduct.sellers import owners_by_name, places_by_name

__all__ = ["Subject", "before_after", "selected"]

_PLACE = ["interval_start", "constraint", "contingency", "direction"]


@dataclass(frozen=True)
class Subject:
    """What a pack is about: a unit, an interval, both, or neither for the whole run."""

    unit: str | None = None
    start: pd.Timestamp | None = None

    def at(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows of the interval, and those that hold in every interval."""
        if self.start is None:
            return table
        when = table["interval_start"]
        return table[when.isna() | (when == self.start)]

    def of(self, table: pd.DataFrame, column: str = "unit") -> pd.DataFrame:
        """Rows of the unit in the interval."""
        rows = self.at(table) if "interval_start" in table else table
        return rows if self.unit is None else rows[rows[column] == self.unit]


def selected(run: Run, subject: Subject) -> dict[str, pd.DataFrame]:
    """Tables of numbers by name: decisions, their terms, tests, relief, references and offers."""
    decisions = subject.of(run.decisions)
    terms = run.decision_terms
    out = {
        "decisions": decisions,
        "decision_terms": terms[terms["decision_id"].isin(decisions["decision_id"])],
        "tests_structure": _of_constraints(subject, run.tests_structure, decisions),
        "tests_conduct": subject.of(run.tests_conduct),
        "tests_impact": _impact(run, subject),
        "relief": _of_constraints(subject, run.relief, decisions),
        "references": subject.of(run.reference_levels),
        "offers_used": subject.of(run.offers_used),
        "offers_submitted": subject.of(run.case.offers),
        "commitment_offers_submitted": subject.of(run.case.commitment_offers),
    }
    return {name: table.reset_index(drop=True) for name, table in out.items()}


def _of_constraints(subject: Subject, table: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Every owner's rows at the limits that the decisions name: a supplier test needs them all."""
    rows = subject.at(table)
    if subject.unit is None:
        return rows
    named = decisions.loc[decisions["constraint"] != "", _PLACE].drop_duplicates()
    wanted = pd.MultiIndex.from_frame(named)
    return rows[pd.MultiIndex.from_frame(rows[_PLACE]).isin(wanted)]


def _impact(run: Run, subject: Subject) -> pd.DataFrame:
    rows = subject.at(run.tests_impact)
    if subject.unit is None:
        return rows
    owner = str(owners_by_name(run.case).get(subject.unit, ""))
    ours = rows["counterfactual"].isin({"joint", owner, subject.unit})
    return rows[ours & ((rows["scope"] != "unit") | (rows["subject"] == subject.unit))]


def before_after(run: Run, parent: Run | None, subject: Subject) -> dict[str, pd.DataFrame]:
    """Prices, output and limits before and after; of the parent nothing where there is none."""
    out = {}
    shapes: Mapping[str, tuple[list[str], list[str]]] = {
        "prices": (["interval_start", "bus"], ["lmp", "mec", "mcc", "mlc"]),
        "dispatch": (["interval_start", "unit"], ["mw", "on", "cost"]),
        "constraints": (_PLACE, ["limit_mw", "flow_mw", "shadow_price", "penalty_mw"]),
    }
    for name, (keys, values) in shapes.items():
        after = _rows(run, name, keys, values, subject)
        if parent is None:
            out[f"{name}_after"] = after
            continue
        before = _rows(parent, name, keys, values, subject)
        out[f"{name}_before_after"] = before.merge(
            after, "outer", on=keys, suffixes=("_before", "_after"), sort=True
        )
    if subject.unit is not None:
        key = "prices_after" if parent is None else "prices_before_after"
        bus = str(places_by_name(run.case).get(subject.unit, ""))
        out[key] = out[key].assign(at_unit=out[key]["bus"] == bus)
    return {name: table.reset_index(drop=True) for name, table in out.items()}


def _rows(
    run: Run, name: str, keys: list[str], values: list[str], subject: Subject
) -> pd.DataFrame:
    table = subject.at(run.tables[name])
    return table[[*keys, *(value for value in values if value in table)]]
