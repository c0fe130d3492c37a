"""Custom constraints recomputed from case and run tables: amounts, limits, what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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
    for rows, always in ((table[~stamped], True), (table[stamped], False)):
        t = facts.interval_of(rows)
        for k, (name, sense, limit, own) in enumerate(
            zip(
                *(rows[c].tolist() for c in ("constraint", "sense", "limit_mw", "penalty")),
                strict=True,
            )
        ):
            place = (slice(None) if always else int(t[k]), _at(names, name))
            low[place] = -np.inf if sense == "<=" else limit
            high[place] = np.inf if sense == ">=" else limit
            penalty[place] = own if np.isfinite(own) else facts.rulebook.penalties.custom
    amount, flow_factor = np.zeros(shape), np.zeros((len(names), len(facts.names("branches"))))
    branches = facts.names("branches")
    for term in _terms(terms):
        c = _at(names, term.constraint)
        amount[:, c] += term.coefficient * _quantity(facts, term)
        if term.kind == "branch":
            factors = flow_factor[c]
            factors[_at(branches, term.element)] += term.coefficient
    return CustomFacts(names, amount, low, high, penalty, flow_factor, _duals(facts, names))


class _Term(NamedTuple):
    constraint: str
    kind: str
    element: str
    product: str
    coefficient: float


def _terms(table: pd.DataFrame) -> list[_Term]:
    columns = (table[name].tolist() for name in _Term._fields)
    return [_Term(*row) for row in zip(*columns, strict=True)]


def _quantity(facts: Facts, term: _Term) -> Floats:
    """MW of an element (T,)."""
    kind, element, product = term.kind, term.element, term.product

    def place(table: str) -> int:
        return _at(facts.names(table), element)

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
    return real.award[:, place("units"), _at(real.products, product)]


def _at(names: pd.Index[str], name: str) -> int:
    """Position of a name that the case has checked to be there."""
    return int(names.get_loc(name))  # type: ignore[arg-type]


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
    for term in _terms(own):
        c = _at(real.names, term.constraint)
        value = term.coefficient * real.dual[:, c]
        where = _at(names, term.element)
        if kind == "reserve":
            worth[:, where, _at(products, term.product)] += value
        else:
            worth[:, where] += value
    return worth
