"""Small markets cleared by the oracle, as runs, with a live model that structural tests can ask.

The oracle (bus angles, plain highspy) stands in for the engine, so that these tests need nothing
from it. The published five-bus system is that of the specification's cases A1 and A2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.book import RuleBook
from cases.run import Run
from mitigation.again.protocols import Resolved
from network import Grid, Slack
from tests.oracles import dcopf

LINES = [
    ("A-B", "A", "B", 0.0281, 400.0),
    ("A-D", "A", "D", 0.0304, None),
    ("A-E", "A", "E", 0.0064, None),
    ("B-C", "B", "C", 0.0108, None),
    ("C-D", "C", "D", 0.0297, None),
    ("D-E", "D", "E", 0.0297, 240.0),
]
UNITS = {"Alta": "A", "Park City": "A", "Solitude": "C", "Sundance": "D", "Brighton": "E"}
OWNERS = {
    "Alta": "north",
    "Park City": "north",
    "Solitude": "south",
    "Sundance": "east",
    "Brighton": "west",
}
VARIANTS: dict[str, dict[str, Any]] = {
    "A1": {"p_max": [40, 170, 520, 200, 600], "load": [300, 300, 400], "A-B": 400.0},
    "A2": {"p_max": [110, 100, 520, 200, 600], "load": [300, 300, 300], "A-B": None},
}
PRICES = [14.0, 15.0, 30.0, 40.0, 10.0]


def five_bus(
    variant: str,
    *,
    reference: str = "",
    offers: Mapping[str, float] | None = None,
    owners: Mapping[str, str] = OWNERS,
    load_factors: Sequence[float] = (1.0,),
) -> Case:
    """The five-bus system; one interval per load factor."""
    key = (tuple((offers or {}).items()), tuple(owners.items()), tuple(load_factors))
    return _five_bus(variant, reference, *key)


@cache
def _five_bus(
    variant: str,
    reference: str,
    offers: tuple[tuple[str, float], ...],
    owned: tuple[tuple[str, str], ...],
    load_factors: tuple[float, ...],
) -> Case:
    owners = dict(owned)
    data = VARIANTS[variant]
    starts = pd.date_range("2026-07-01", periods=len(load_factors), freq="h", tz="UTC")
    price = dict(zip(UNITS, PRICES, strict=True)) | dict(offers)
    branches = pd.DataFrame(LINES, columns=["branch", "from_bus", "to_bus", "x", "rating_mw"])
    branches.loc[branches["branch"] == "A-B", "rating_mw"] = data["A-B"]
    given: dict[str, pd.DataFrame] = {
        "buses": pd.DataFrame({"bus": list("ABCDE"), "zone": list("SSNNN")}),
        "branches": branches.astype({"rating_mw": float}),
        "units": pd.DataFrame(
            {
                "unit": list(UNITS),
                "bus": list(UNITS.values()),
                "owner": [owners.get(unit, "") for unit in UNITS],
                "p_max": data["p_max"],
            }
        ),
        "offers": pd.DataFrame(
            {
                "unit": list(UNITS),
                "segment": 1,
                "mw": [float(p) for p in data["p_max"]],
                "price": [price[unit] for unit in UNITS],
            }
        ),
        "loads": pd.DataFrame({"load": ["LB", "LC", "LD"], "bus": ["B", "C", "D"]}),
        "demand": pd.DataFrame(
            {
                "interval_start": starts,
                **{
                    name: [mw * f for f in load_factors]
                    for name, mw in zip(["LB", "LC", "LD"], data["load"], strict=True)
                },
            }
        ),
    }
    meta = {
        "name": variant,
        "start": starts[0].to_pydatetime(),
        "intervals": len(starts),
        "reference": reference,
    }
    return Case.build(meta, given)


@dataclass
class OracleModel:
    """The oracle behind the interface of a live model."""

    case: Case
    calls: list[pd.DataFrame] = field(default_factory=list)

    def solve_without(self, limits: pd.DataFrame, *, alike: float = 0.999) -> Resolved:
        self.calls.append(limits)
        model = dcopf.build(self.case)
        starts = {start: t for t, start in enumerate(model.starts)}
        for row in limits.itertuples():
            key = (starts[row.interval_start], row.constraint, row.contingency)
            model.lp.cost[model.slacks[(*key, row.direction)]] = 0.0
        found = dcopf.read(model)
        flow = [found.flows.loc[row.interval_start, row.constraint] for row in limits.itertuples()]
        return resolved(found, limits.assign(flow_mw=np.array(flow, dtype=float)))

    def solve_with_output(self, fixed: pd.DataFrame) -> Resolved:
        model = dcopf.build(self.case)
        starts = {start: t for t, start in enumerate(model.starts)}
        for row in fixed.itertuples():
            terms = model.power[starts[row.interval_start], row.unit]
            model.lp.row(row.mw, row.mw, terms)
        return resolved(dcopf.read(model), pd.DataFrame())


def resolved(found: dcopf.Outcome, flows: pd.DataFrame) -> Resolved:
    dispatch = long(found.dispatch, "unit", "mw")
    return Resolved(dispatch, long(found.lmp, "bus", "lmp"), flows)


def long(frame: pd.DataFrame, name: str, value: str) -> pd.DataFrame:
    stacked = frame.rename_axis("interval_start").reset_index()
    return stacked.melt("interval_start", var_name=name, value_name=value)


def cleared(case: Case, **settings: Any) -> Run:
    """Clear a case with the oracle and lay the result out as a run, its live model attached."""
    found = dcopf.solve(case)
    rulebook = RuleBook.load("default").with_settings(settings)
    grid = Grid.from_case(case)
    slack = Slack.from_case(case, grid)
    starts = case.interval_starts
    ends = dict(zip(starts, case.interval_ends, strict=True))
    limits, terms = [], []
    for (t, name, contingency, side), price in found.shadow_prices.items():
        if name not in set(case.branches["branch"]):
            continue
        sign = 1.0 if side == "upper" else -1.0
        dfax = -sign * grid.ptdf([name], slack)[0]
        flow = found.flows.iloc[t][name]
        limits.append(
            {
                "interval_start": starts[t],
                "interval_end": ends[starts[t]],
                "constraint": name,
                "contingency": contingency,
                "direction": side,
                "flow_mw": flow,
                "limit_mw": sign * flow - found.slacks.get((t, name, contingency, side), 0.0),
                "shadow_price": price,
                "penalty_mw": found.slacks.get((t, name, contingency, side), 0.0),
            }
        )
        terms.append(
            pd.DataFrame(
                {
                    "interval_start": starts[t],
                    "bus": case.buses["bus"],
                    "constraint": name,
                    "contingency": contingency,
                    "dfax": dfax,
                    "shadow_price": price,
                }
            )
        )
    prices = long(found.lmp, "bus", "lmp").merge(case.buses[["bus", "zone"]], on="bus")
    weights = dict(zip(case.buses["bus"], slack.weights, strict=True))
    energy = (prices["lmp"] * prices["bus"].map(weights)).groupby(prices["interval_start"]).sum()
    prices["mec"] = prices["interval_start"].map(energy)
    prices = prices.assign(mcc=prices["lmp"] - prices["mec"], mlc=0.0)
    offers = (
        case.offers.drop(columns="interval_start")
        .merge(pd.DataFrame({"interval_start": starts}), how="cross")
        .assign(source="submitted")
    )
    dispatch = (
        long(found.dispatch, "unit", "mw")
        .merge(case.units[["unit", "owner", "bus", "p_max"]], on="unit")
        .rename(columns={"p_max": "available_mw"})
        .assign(on=True, start=False, stop=False, cost=0.0)
    )
    loads = long(case.demand.set_index("interval_start"), "load", "mw").merge(case.loads, on="load")
    tables = {
        "prices": prices,
        "dispatch": dispatch,
        "load_awards": loads.assign(bid_mw=0.0),
        "offers_used": offers,
        "marginal_units": marginal_units(dispatch, offers),
    }
    if limits:
        tables |= {"constraints": pd.DataFrame(limits), "price_terms": pd.concat(terms)}
    tables = {name: with_end(frame, ends) for name, frame in tables.items()}
    return Run({"objective": found.objective}, tables, case, rulebook, model=OracleModel(case))


def marginal_units(dispatch: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Units inside their only block."""
    joined = dispatch.merge(offers, on=["interval_start", "unit"], suffixes=("", "_block"))
    inside = (joined["mw"] > 1e-6) & (joined["mw"] < joined["mw_block"] - 1e-6)
    return joined.loc[inside, ["interval_start", "unit", "price"]].assign(kind="unit")


def with_end(frame: pd.DataFrame, ends: Mapping[pd.Timestamp, pd.Timestamp]) -> pd.DataFrame:
    if "interval_end" in frame or {"segment", "dfax", "kind"} & set(frame.columns):
        return frame
    return frame.assign(interval_end=frame["interval_start"].map(ends))
