"""Custom constraints for the oracles: one soft row per constraint and interval, as the tables say.

A row with a stamp replaces the blank one of its constraint. Terms: output of a unit, demand and
accepted bids of a load, an award, the base-case flow of a branch, MW sent on a link, discharge less
charge of a storage.
"""

from __future__ import annotations

import math
from typing import Any

from tests.oracles.lp import INF

PENALTY = 2000.0


def add_custom(model: Any, case: Any, penalty: float = PENALTY) -> set[str]:
    """Append the custom constraints of a case; give those that have a penalty of their own."""
    own: set[str] = set()
    for name, rows in case.custom_constraints.groupby("constraint", sort=False):
        terms = case.custom_terms[case.custom_terms.constraint == name]
        for t, start in enumerate(model.starts):
            stamped = rows[rows.interval_start == start]
            chosen = stamped if len(stamped) else rows[rows.interval_start.isna()]
            for row in chosen.itertuples():
                columns, constant = _sum(model, case, terms, t, start)
                low = -INF if row.sense == "<=" else row.limit_mw - constant
                high = INF if row.sense == ">=" else row.limit_mw - constant
                price = penalty if math.isnan(row.penalty) else row.penalty
                if not math.isnan(row.penalty):
                    own.add(str(name))
                model.soft((t, name, ""), columns, low, high, price)
    return own


def _sum(model: Any, case: Any, terms: Any, t: int, start: Any) -> tuple[dict[int, float], float]:
    columns: dict[int, float] = {}
    constant = 0.0
    for term in terms.itertuples():
        own, fixed = _quantity(model, case, term, t, start)
        constant += term.coefficient * fixed
        for column, value in own.items():
            columns[column] = columns.get(column, 0.0) + term.coefficient * value
    return columns, constant


def _quantity(
    model: Any, case: Any, term: Any, t: int, start: Any
) -> tuple[dict[int, float], float]:
    name = term.element
    if term.kind == "unit":
        return model.power[t, name], 0.0
    if term.kind == "load":
        row = case.demand[case.demand.interval_start == start].iloc[0]
        return dict.fromkeys(model.bids.get((t, name), []), 1.0), float(row[name])
    if term.kind == "branch":
        column = model.flows.get((t, name))
        return ({} if column is None else {column: 1.0}), 0.0
    if term.kind == "link":
        forth, back = model.links[t, name]
        return {forth: 1.0, back: -1.0}, 0.0
    if term.kind == "storage":
        return {model.discharge[t, name]: 1.0, model.charge[t, name]: -1.0}, 0.0
    return {model.awards[t, name, term.product]: 1.0}, 0.0
