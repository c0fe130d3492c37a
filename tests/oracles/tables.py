"""A run made from the oracle's answer: every table of a clearing, without the engine.

The validator is tested on it, so that neither is checked only against the other. Sensitivities
come from dense inverses of each network state, the slack is the first bus of every island.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.case import Case
from cases.rulebook.book import RuleBook
from cases.run import Run
from tests.oracles import dcopf
from tests.oracles.dcopf import Branch, Model, Outcome

PENALTY = {"balance": 5000.0, "branch": 2000.0, "interface": 2000.0, "contingency": 2000.0,
           "ramp": 10000.0}  # fmt: skip


def sensitivities(
    buses: Sequence[str], branches: Sequence[Branch]
) -> dict[str, npt.NDArray[np.float64]]:
    """MW on each branch per MW from each bus to the first bus of its island: dense PTDF rows."""
    at = {bus: k for k, bus in enumerate(buses)}
    laplacian = np.zeros((len(buses), len(buses)))
    for b in branches:
        i, j = at[b.from_bus], at[b.to_bus]
        laplacian[[i, j], [i, j]] += b.susceptance
        laplacian[[i, j], [j, i]] -= b.susceptance
    references = [at[part[0]] for part in dcopf.islands(buses, branches)]
    laplacian[references] = 0.0
    laplacian[references, references] = 1.0
    angles = np.linalg.inv(laplacian)
    angles[:, references] = 0.0
    return {
        b.name: b.susceptance * (angles[at[b.from_bus]] - angles[at[b.to_bus]]) for b in branches
    }


def run_of(case: Case, *, security: str = "none", convention: str = "matpower") -> Run:
    """Clear a case with the oracle and write its answer as the tables of a run."""
    model = dcopf.build(case, security=security, convention=convention)
    best = dcopf.read(model)
    tables = {
        "dispatch": _dispatch(case, model, best),
        "load_awards": _load_awards(case, model, best),
        "link_flows": _link_flows(case, best),
        "flows": _flows(case, best),
        "slacks": _slacks(case, best),
        "constraints": _constraints(case, model, best),
        "offers_used": _offers_used(case, model),
    }
    tables["price_terms"] = _price_terms(case, model, tables["constraints"])
    tables["prices"] = _prices(case, model, best, tables["price_terms"])
    tables["zone_prices"] = _zone_prices(case, model, tables["prices"])
    rulebook = RuleBook.load("default").with_settings({"network.convention": convention})
    settings = {"commitment": False, "security": security}
    manifest = {"objective": best.objective, "settings": settings, "status": "optimal"}
    return Run(manifest, tables, case, rulebook)


def _stamped(case: Case, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Turn the interval numbers of rows into starts and ends."""
    frame = pd.DataFrame(rows, columns=None if rows else ["t"])
    t = frame.pop("t").to_numpy(dtype=np.intp)
    frame.insert(0, "interval_start", case.interval_starts[t])
    frame.insert(1, "interval_end", case.interval_ends[t])
    return frame


def _dispatch(case: Case, model: Model, best: Outcome) -> pd.DataFrame:
    units = case.units.set_index("unit")
    rows = []
    for (t, unit), columns in model.power.items():
        available = dcopf.value_at(case.availability, model.starts[t], unit)
        rows.append(
            {
                "t": t,
                "unit": unit,
                "owner": units.owner[unit],
                "bus": units.bus[unit],
                "mw": sum(best.values[c] for c in columns),
                "available_mw": np.fmin(units.p_max[unit], available),
                "on": True,
                "cost": sum(best.values[c] * model.lp.cost[c] for c in columns),
            }
        )
    return _stamped(case, rows)


def _load_awards(case: Case, model: Model, best: Outcome) -> pd.DataFrame:
    parts = dcopf.islands(list(case.buses.bus), model.branches)
    rows = []
    for t, start in enumerate(model.starts):
        demand = case.demand.set_index("interval_start").loc[start]
        by_bus = demand.groupby(case.loads.set_index("load").bus).sum()
        positive = demand.clip(lower=0.0).groupby(case.loads.set_index("load").bus).sum()
        count = case.loads.bus.value_counts()
        for number, part in enumerate(parts):
            share = dcopf.shares(by_bus.to_dict(), part)
            missing = best.slacks.get((t, f"balance:{number}", "", "shortage"), 0.0)
            missing -= best.slacks.get((t, f"balance:{number}", "", "surplus"), 0.0)
            for row in case.loads[case.loads.bus.isin(part)].itertuples():
                bid = float(best.bids[row.load].iloc[t]) if row.load in best.bids else 0.0
                # Shared among loads by demand, never to injections.
                at_bus = positive[row.bus]
                own = max(demand[row.load], 0.0)
                within = own / at_bus if at_bus > 0 else 1.0 / count[row.bus]
                rows.append(
                    {
                        "t": t,
                        "load": row.load,
                        "owner": row.owner,
                        "bus": row.bus,
                        "mw": demand[row.load] + bid - missing * share[row.bus] * within,
                        "bid_mw": bid,
                    }
                )
    return _stamped(case, rows)


def _link_flows(case: Case, best: Outcome) -> pd.DataFrame:
    rows = [
        {
            "t": t,
            "link": row.link,
            "from_bus": row.from_bus,
            "to_bus": row.to_bus,
            "mw": best.links[row.link].iloc[t],
            "loss_mw": abs(best.links[row.link].iloc[t]) * row.loss_fraction,
        }
        for t in range(len(case.interval_starts))
        for row in case.links.itertuples()
    ]
    return _stamped(case, rows)


def _flows(case: Case, best: Outcome) -> pd.DataFrame:
    rows = [
        {
            "t": t,
            "branch": row.branch,
            "flow_mw": best.flows[row.branch].iloc[t] if row.branch in best.flows else 0.0,
            "rating_mw": row.rating_mw,
        }
        for t in range(len(case.interval_starts))
        for row in case.branches.itertuples()
    ]
    return _stamped(case, rows).drop(columns="interval_end")


def _kind(case: Case, constraint: str, contingency: str) -> str:
    if constraint.startswith(("balance", "ramp")):
        return constraint.partition(":")[0].partition("_")[0]
    if contingency:
        return "contingency"
    return "interface" if (case.interface_limits.interface == constraint).any() else "branch"


def _limited(case: Case, constraint: str, contingency: str, direction: str) -> dict[str, str]:
    """What a row of the model limits: kind and element of `constraints`."""
    kind = _kind(case, constraint, contingency)
    if kind == "ramp":
        kind = "ramp_up" if direction == "upper" else "ramp_down"
    return {"kind": kind, "element": constraint.rpartition(":")[2]}


def _limit_name(constraint: str, direction: str) -> str:
    return constraint.replace("ramp:", "ramp_up:" if direction == "upper" else "ramp_down:")


def _slacks(case: Case, best: Outcome) -> pd.DataFrame:
    rows = []
    for (t, constraint, contingency, direction), mw in best.slacks.items():
        kind = _kind(case, constraint, contingency)
        rows.append(
            {
                "t": t,
                "constraint": _limit_name(constraint, direction),
                "contingency": contingency,
                "kind": kind,
                "direction": direction,
                "element": constraint.rpartition(":")[2],
                "mw": mw,
                "penalty": PENALTY[kind],
                "cost": mw * PENALTY[kind] * case.interval_hours,
            }
        )
    return _stamped(case, rows)


def _constraints(case: Case, model: Model, best: Outcome) -> pd.DataFrame:
    rows = []
    for key in {**best.shadow_prices, **best.slacks}:
        t, constraint, contingency, direction = key
        if key not in model.sides:
            continue
        terms, limit = model.sides[key]
        rows.append(
            {
                "t": t,
                "constraint": _limit_name(constraint, direction),
                "contingency": contingency,
                "direction": direction,
                **_limited(case, constraint, contingency, direction),
                "limit_mw": limit if direction == "upper" else -limit,
                "flow_mw": sum(best.values[c] * v for c, v in terms.items()),
                "shadow_price": best.shadow_prices.get(key, 0.0),
                "penalty_mw": best.slacks.get(key, 0.0),
            }
        )
    return _stamped(case, rows)


def _offers_used(case: Case, model: Model) -> pd.DataFrame:
    rows = [
        {"t": t, "unit": unit, "segment": k + 1, "mw": mw, "price": price, "source": "submitted"}
        for t, start in enumerate(model.starts)
        for unit, blocks in dcopf.blocks_of(case.offers, start, "unit").items()
        for k, (mw, price) in enumerate(blocks)
    ]
    return _stamped(case, rows).drop(columns="interval_end")


def _price_terms(case: Case, model: Model, constraints: pd.DataFrame) -> pd.DataFrame:
    buses = list(case.buses.bus)
    states: dict[str, Mapping[str, npt.NDArray[np.float64]]] = {}
    for name, out in {"": set[str](), **model.outages}.items():
        states[name] = sensitivities(buses, [b for b in model.branches if b.name not in out])
    for name, rows in case.interfaces.groupby("interface"):
        live = rows[rows.branch.isin(states[""].keys())]
        weighted = [r.weight * states[""][r.branch] for r in live.itertuples()]
        states[""] = {**states[""], str(name): np.sum(weighted, axis=0)}
    terms = []
    for row in constraints.itertuples():
        if row.shadow_price > 0 and not row.constraint.startswith("ramp"):
            sign = -1.0 if row.direction == "upper" else 1.0
            dfax = sign * states[row.contingency][row.constraint]
            terms += [
                {
                    "interval_start": row.interval_start,
                    "bus": bus,
                    "constraint": row.constraint,
                    "contingency": row.contingency,
                    "dfax": value,
                    "shadow_price": row.shadow_price,
                }
                for bus, value in zip(buses, dfax, strict=True)
            ]
    return pd.DataFrame(
        terms,
        columns=["interval_start", "bus", "constraint", "contingency", "dfax", "shadow_price"],
    )


def _prices(case: Case, model: Model, best: Outcome, terms: pd.DataFrame) -> pd.DataFrame:
    parts = dcopf.islands(list(case.buses.bus), model.branches)
    reference = {bus: part[0] for part in parts for bus in part}
    product = (terms["dfax"] * terms["shadow_price"]).astype(float)
    mcc = product.groupby([terms["interval_start"], terms["bus"]]).sum().to_dict()
    rows = []
    for t, start in enumerate(model.starts):
        for bus, zone in zip(case.buses.bus, case.buses.zone, strict=True):
            lmp, mec = best.lmp[bus].iloc[t], best.lmp[reference[bus]].iloc[t]
            congestion = float(mcc.get((start, bus), 0.0))
            # The prices of the program must be what the shadow prices make of them.
            assert abs(lmp - mec - congestion) < 1e-5
            rows.append(
                {
                    "t": t,
                    "bus": bus,
                    "zone": zone,
                    "lmp": mec + congestion,
                    "mec": mec,
                    "mcc": congestion,
                    "mlc": 0.0,
                }
            )
    return _stamped(case, rows)


def _zone_prices(case: Case, model: Model, prices: pd.DataFrame) -> pd.DataFrame:
    """Mean prices of the zones, weighted by what each bus takes."""
    rows = []
    bus_of = case.loads.set_index("load").bus
    for t, start in enumerate(model.starts):
        demand = case.demand.set_index("interval_start").loc[start].groupby(bus_of).sum()
        now = prices[prices["interval_start"] == start].set_index("bus")
        for zone, buses in case.buses.groupby("zone").bus:
            if zone:
                weight = demand.reindex(buses).fillna(0.0).clip(lower=0.0)
                weight = weight if weight.sum() > 0 else weight + 1.0
                mean = {
                    part: float((now.loc[buses, part] * weight).sum() / weight.sum())
                    for part in ("lmp", "mec", "mcc", "mlc")
                }
                rows.append({"t": t, "point": zone, "kind": "zone", **mean})
    return _stamped(case, rows)
