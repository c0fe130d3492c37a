"""Random custom constraints on a day, tight enough to bind, and the same as an extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo

import counterflow as cf
from cases.case import Case


def amounts(run: Any, terms: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Sum of terms in every interval of a run, (T,), from its tables."""
    total = np.zeros(run.case.meta.intervals)
    sources = {
        "unit": ("dispatch", "unit", "mw"),
        "load": ("load_awards", "load", "mw"),
        "branch": ("flows", "branch", "flow_mw"),
        "link": ("link_flows", "link", "mw"),
    }
    for term in terms.itertuples():
        if term.kind == "storage":
            table = run.storage_schedule.assign(
                net=run.storage_schedule.discharge_mw - run.storage_schedule.charge_mw
            )
            value = table[table.storage == term.element].net
        elif term.kind == "reserve":
            table = run.reserves[
                (run.reserves.unit == term.element) & (run.reserves["product"] == term.product)
            ]
            value = table.set_index("interval_start").mw.reindex(
                run.case.interval_starts, fill_value=0
            )
        else:
            name, by, column = sources[term.kind]
            table = getattr(run, name)
            value = table[table[by] == term.element][column]
        total += term.coefficient * value.to_numpy(dtype=float)
    return total


def with_custom(
    case: Case, seed: int, count: int = 3, *, tight: float = 0.85, **clear: Any
) -> Case:
    """The day with random constraints that its own clearing just breaks."""
    rng = np.random.default_rng(seed)
    run = cf.clear(case, **clear)
    pools = {
        kind: case.tables[table][kind].tolist()
        for kind, table in (
            ("unit", "units"),
            ("branch", "branches"),
            ("load", "loads"),
            ("link", "links"),
            ("storage", "storage"),
        )
        if len(case.tables[table])
    }
    limits, terms = [], []
    for k in range(count):
        name = f"K{k}"
        own = []
        for kind in ["branch", "branch", "unit", *rng.choice(list(pools), 2)]:
            if kind in pools:
                element = str(rng.choice(pools[kind]))
                own.append(
                    {
                        "constraint": name,
                        "kind": kind,
                        "element": element,
                        "coefficient": round(float(rng.uniform(-1.5, 1.5)), 2) or 1.0,
                    }
                )
        if len(case.reserve_offers) and k == 0:
            row = case.reserve_offers.iloc[int(rng.integers(len(case.reserve_offers)))]
            own.append(
                {
                    "constraint": name,
                    "kind": "reserve",
                    "element": row.unit,
                    "product": row["product"],
                    "coefficient": 1.0,
                }
            )
        frame = pd.DataFrame(own).drop_duplicates(["constraint", "kind", "element"])
        frame["product"] = frame["product"].fillna("") if "product" in frame else ""
        value = amounts(run, frame)
        sense = str(rng.choice(["<=", ">=", "<=", "="]))
        size = float(np.abs(value).max()) or 1.0
        step = (1.0 - tight) * size * (1.0 if sense == ">=" else -1.0)
        limit = float(np.median(value)) + step
        penalty = float(rng.choice([np.nan, np.nan, 40.0]))
        limits.append({"constraint": name, "sense": sense, "limit_mw": limit, "penalty": penalty})
        if rng.random() < 0.5:
            stamp = case.interval_starts[int(rng.integers(case.meta.intervals))]
            limits.append({**limits[-1], "interval_start": stamp, "limit_mw": limit + step / 2})
        terms.append(frame)
    table = pd.DataFrame(limits)
    if "interval_start" not in table:
        table["interval_start"] = pd.NaT
    table["interval_start"] = pd.to_datetime(table["interval_start"], utc=True)
    return case.replace(custom_constraints=table, custom_terms=pd.concat(terms, ignore_index=True))


def with_possible(case: Case, seed: int, count: int = 2, **clear: Any) -> Case:
    """The day with limits that another schedule of it keeps, and its own may not.

    That schedule is the best one at other prices, so all limits hold at once without a penalty.
    Some have a penalty of their own instead, at which they may be exceeded.
    """
    rng = np.random.default_rng(seed)
    offers = case.offers.assign(
        price=case.offers.groupby("unit").price.transform(
            lambda price: price * float(rng.uniform(0.4, 2.5))
        )
    )
    run = cf.clear(case, **clear)
    other = cf.clear(case.replace(offers=offers), **clear)
    kinds = [("unit", "units"), ("branch", "branches"), ("load", "loads"), ("storage", "storage")]
    pools = [(kind, case.tables[table][kind].tolist()) for kind, table in kinds]
    limits, terms = [], []
    for k in range(count):
        picked = [(kind, str(rng.choice(pool))) for kind, pool in pools if pool]
        if len(case.reserve_offers):
            row = case.reserve_offers.iloc[int(rng.integers(len(case.reserve_offers)))]
            picked.append(("reserve", row.unit))
        own = pd.DataFrame(
            {
                "constraint": f"K{k}",
                "kind": [kind for kind, _ in picked],
                "element": [element for _, element in picked],
                "product": [row["product"] if kind == "reserve" else "" for kind, _ in picked],
                "coefficient": np.round(rng.uniform(0.3, 1.5, len(picked)), 2)
                * rng.choice([-1.0, 1.0], len(picked)),
            }
        )
        before, after = amounts(run, own), amounts(other, own)
        limits += [
            {
                "constraint": f"K{k}",
                "interval_start": start,
                "sense": "<=" if there < here else ">=",
                # Tables are rounded: a little room, so that the other schedule keeps the limit.
                "limit_mw": float(there) + (1e-4 if there < here else -1e-4),
                "penalty": 3.0 if k == count - 1 else np.nan,
            }
            for start, here, there in zip(case.interval_starts, before, after, strict=True)
        ]
        terms.append(own)
    return case.replace(
        custom_constraints=pd.DataFrame(limits), custom_terms=pd.concat(terms, ignore_index=True)
    )


def as_extension(case: Case) -> Callable[[Any], None]:
    """The custom constraints of a case as an extension, each with slacks and their cost.

    Only terms of units and branches can be written so.
    """
    limits, terms = case.custom_constraints, case.custom_terms
    assert set(terms.kind) <= {"unit", "branch"}

    def extend(model: Any) -> None:
        model.over = pyo.Var(
            limits.constraint.unique(), model.intervals, within=pyo.NonNegativeReals
        )
        model.under = pyo.Var(
            limits.constraint.unique(), model.intervals, within=pyo.NonNegativeReals
        )
        model.limit = pyo.Constraint(limits.constraint.unique(), model.intervals)
        for name, rows in limits.groupby("constraint", sort=False):
            own = terms[terms.constraint == name]
            for t in model.intervals:
                stamped = rows[rows.interval_start == model.starts[t]]
                row = (stamped if len(stamped) else rows[rows.interval_start.isna()]).iloc[0]
                body = sum(
                    k.coefficient * (model.output if k.kind == "unit" else model.flow)[k.element, t]
                    for k in own.itertuples()
                )
                body = body - model.over[name, t] + model.under[name, t]
                model.limit[name, t] = {
                    "<=": body <= row.limit_mw,
                    ">=": body >= row.limit_mw,
                    "=": body == row.limit_mw,
                }[row.sense]
                penalty = 2000.0 if np.isnan(row.penalty) else row.penalty
                cost = penalty * model.hours * (model.over[name, t] + model.under[name, t])
                model.cost += cost

    return extend
