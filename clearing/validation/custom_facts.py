"""Custom constraints recomputed from case and run tables: amounts, limits, what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.reserve_facts import reserve_facts

__all__ = ["CustomFacts", "custom_facts", "worth_of"]


@dataclass(frozen=True)
class CustomFacts:
    """The constraints of `custom_constraints`, C of them, over T intervals."""

    names: pd.Index[str]
    amount: Floats
    """Sum of the terms (T, C), MW."""
    low: Floats
    """Least amount (T, C); -inf where there is none."""
    high: Floats
    penalty: Floats
    """Price of each MW beyond (T, C); NaN where the constraint has no row."""
    flow_factor: Floats
    """Factor on the flow of each branch (C, L)."""
    dual: Floats
    """Shadow price signed against the amount (T, C): negative where the upper limit binds."""


def custom_facts(facts: Facts) -> CustomFacts:
    """Recompute the custom constraints of a case; a stamped row replaces the blank one."""
    table, terms = (facts.case.tables[f"custom_{name}"] for name in ("constraints", "terms"))
    names: pd.Index[str] = pd.Index(table["constraint"].unique(), dtype="str")
    shape = (len(facts.starts), len(names))
    low, high, penalty = np.full(shape, -np.inf), np.full(shape, np.inf), np.full(shape, np.nan)
    stamped = table["interval_start"].notna()
    for rows, at in ((table[~stamped], slice(None)), (table[stamped], None)):
        for row in rows.itertuples(index=False):
            t = facts.starts.get_loc(row.interval_start) if at is None else at
            c = names.get_loc(row.constraint)
            low[t, c] = -np.inf if row.sense == "<=" else row.limit_mw
            high[t, c] = np.inf if row.sense == ">=" else row.limit_mw
            own = np.isfinite(row.penalty)
            penalty[t, c] = row.penalty if own else facts.rulebook.penalties.custom
    amount, flow_factor = np.zeros(shape), np.zeros((len(names), len(facts.names("branches"))))
    for row in terms.itertuples(index=False):
        c = names.get_loc(row.constraint)
        amount[:, c] += row.coefficient * _quantity(facts, row.kind, row.element, row.product)
        if row.kind == "branch":
            flow_factor[c, facts.names("branches").get_loc(row.element)] += row.coefficient
    return CustomFacts(names, amount, low, high, penalty, flow_factor, _duals(facts, names))


def _quantity(facts: Facts, kind: str, element: str, product: str) -> Floats:
    """MW of an element (T,)."""

    def place(table: str) -> int:
        return int(facts.names(table).get_indexer(pd.Index([element], dtype="str"))[0])

    if kind == "unit":
        return facts.dispatch[:, place("units")]
    if kind == "load":
        return np.nan_to_num((facts.demand + facts.bid_mw)[:, place("loads")])
    if kind == "branch":
        return facts.computed_flow[:, place("branches")]
    if kind == "link":
        return facts.link_mw[:, place("links")]
    if kind == "storage":
        net = facts.by_name("storage_schedule", "discharge_mw")
        net = net - facts.by_name("storage_schedule", "charge_mw")
        return np.asarray(np.nan_to_num(net[:, place("storage")]))
    real = facts.once(reserve_facts)
    return real.award[:, place("units"), real.products.get_loc(product)]


def _duals(facts: Facts, names: pd.Index[str]) -> Floats:
    table = facts.custom_constraints
    sign = np.where(table["direction"] == "upper", -1.0, 1.0)
    signed = table.assign(dual=sign * table["shadow_price"].to_numpy(dtype=np.float64))
    return facts.limit_rows(signed, "dual", names)


def worth_of(facts: Facts, kind: str) -> Floats:
    """What custom constraints make of one more MW of a kind of term, money per MWh.

    (T, N) by unit, load, link or storage; (T, U, K) for reserves. It comes on top of the price that
    the element acts on.
    """
    source = {"unit": "units", "load": "loads", "link": "links", "storage": "storage"}
    terms = facts.case.tables["custom_terms"]
    own = terms[terms["kind"] == kind]
    names = facts.names(source.get(kind, "units"))
    if kind == "reserve":
        products = pd.Index(facts.case.tables["reserve_products"]["product"])
        worth = np.zeros((len(facts.starts), len(names), len(products)))
    else:
        worth = np.zeros((len(facts.starts), len(names)))
    if own.empty:
        return worth
    real = facts.once(custom_facts)
    for row in own.itertuples(index=False):
        value = row.coefficient * real.dual[:, real.names.get_loc(row.constraint)]
        where = names.get_loc(row.element)
        if kind == "reserve":
            worth[:, where, products.get_loc(row.product)] += value
        else:
            worth[:, where] += value
    return worth
