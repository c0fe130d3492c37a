"""Outages of units: what is picked up where, against power flows that are solved anew."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import Phase, given, settings

import cases
from cases.errors import DataWarning
from network import contingencies as listed
from tests.clearing.traded import dispatched
from tests.fresh import FIXED
from tests.oracles import dcopf
from tests.oracles.tables import sensitivities
from tests.strategies import Shape, random_case, seeds, shapes

quick = {Phase.explicit, Phase.generate, Phase.shrink}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)

Row = tuple[str, str, str]


def triangle(outages: Sequence[Row], emergency: float = 95.0, demand: float = 160.0) -> cases.Case:
    """A (200 MW at 10), B (150 MW at 20) and C (50 MW at 40), 160 MW of load at C, equal lines."""
    start = pd.Timestamp("2024-03-01T00:00", tz="UTC")
    size, names = [200.0, 150.0, 50.0], ["GA", "GB", "GC"]
    return cases.Case.build(
        {"name": "triangle", "start": start, "timezone": "UTC"},
        {
            "buses": pd.DataFrame({"bus": ["A", "B", "C"]}),
            "branches": pd.DataFrame(
                {
                    "branch": ["AB", "BC", "AC"],
                    "from_bus": ["A", "B", "A"],
                    "to_bus": ["B", "C", "C"],
                    "x": 0.1,
                    "rating_mw": 120.0,
                    "emergency_rating_mw": emergency,
                }
            ),
            "units": pd.DataFrame({"unit": names, "bus": ["A", "B", "C"], "p_max": size}),
            "offers": pd.DataFrame(
                {"unit": names, "segment": 1, "mw": size, "price": [10.0, 20.0, 40.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["C"]}),
            "demand": pd.DataFrame({"interval_start": [start], "L": [demand]}),
            "contingencies": pd.DataFrame(outages, columns=["contingency", "kind", "element"]),
        },
    )


def test_an_outage_by_hand() -> None:
    """GA lost: GB and GC, with ranges of 150 and 50 MW, take 3/4 and 1/4 of what it produced.

    A line carries 2/3 and 1/3 of what one end sends to the other. With a MW at A and 160 - a at B,
    after the outage of GA: at B 160 - a + 3a/4, at C a/4, so BC carries 2/3 * (160 - a/4). For 90
    MW at most that asks for a >= 100: no limit for the cheap unit. The outage of GB (b = 160 - a):
    GA takes 4/5, GC 1/5: AC carries 2/3 * (160 - b/5) <= 90 asks for b >= 125, the other way round.
    GC may take part from the start: with c MW of it, B's loss leaves 2/3 * (160 - c - b/5) <= 90.
    """
    run = dispatched(triangle([("GA out", "unit", "GA")], emergency=90.0), security="n-1")
    assert run.dispatch["mw"].tolist() == pytest.approx([160.0, 0.0, 0.0])
    run = dispatched(triangle([("GB out", "unit", "GB")], emergency=90.0), security="n-1")
    # Least cost of 10 a + 20 b + 40 c with a + b + c = 160 and c + b / 5 >= 25: by b a MW of relief
    # costs 5 * 10, by c 30. So c = 25.
    assert run.dispatch["mw"].tolist() == pytest.approx([135.0, 0.0, 25.0])
    limit = run.constraints.iloc[0]
    assert limit[["constraint", "contingency"]].tolist() == ["AC", "GB out"]
    assert limit["flow_mw"] == pytest.approx(90.0)
    # One MW more of limit is 3/2 MW less of c: 30 * 3/2.
    assert limit["shadow_price"] == pytest.approx(45.0)
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 25.0, 40.0])


def test_a_unit_sees_another_price_than_its_bus() -> None:
    """Were it not for its own outage, GB at 20 would be worth its bus price of 25.

    With b MW of it, AC carries 2/3 * (160 - c - b/5) after its outage, where an injection at B that
    stays would leave 2/3 * (160 - c) - b/3: its MW relieves 2/15, not 1/3. 25 - 45 * (1/3 - 2/15) =
    16 < 20: it does not run. The validator, which knows, finds nothing.
    """
    run = dispatched(triangle([("GB out", "unit", "GB")], emergency=90.0), security="n-1")
    bus_price = run.prices["lmp"].iloc[1]
    assert bus_price > 20.0 > bus_price - 45 * (1 / 3 - 2 / 15)
    assert run.dispatch["mw"].iloc[1] == 0.0


def test_where_nobody_can_pick_up_load_is_shed() -> None:
    """Only GA is there: after its outage nothing flows, whatever the emergency rating is."""
    case = triangle([("GA out", "unit", "GA")], emergency=1.0)
    alone = case.replace(
        units=case.units.iloc[:1],
        offers=case.offers.iloc[:1],
    )
    run = dispatched(alone, security="n-1")
    assert run.dispatch["mw"].tolist() == pytest.approx([160.0])
    assert len(run.constraints) == 0
    assert any("taken off the loads" in text for text in run.manifest["warnings"])


def after_outage(run: cases.Run, name: str) -> dict[str, npt.NDArray[np.float64]]:
    """Flows of the branches left after a contingency, by interval: injections moved, then solved.

    Dense sensitivities of the grid without the branches that are out; ranges from the case.
    """
    case = run.case
    branches = dcopf.branches_in_service(case, "matpower", angle_limits=True)
    rows = case.contingencies[case.contingencies["contingency"] == name]
    gone = set(rows.loc[rows["kind"] == "branch", "element"])
    lost = set(rows.loc[rows["kind"] == "unit", "element"])
    left = [b for b in branches if b.name not in gone]
    buses = list(case.buses["bus"])
    part_of = {bus: k for k, part in enumerate(dcopf.islands(buses, branches)) for bus in part}
    result: dict[str, list[float]] = {b.name: [] for b in left}
    ptdf = sensitivities(buses, left)
    for start in case.interval_starts:
        injection = dict.fromkeys(buses, 0.0)
        mw = run.dispatch[run.dispatch["interval_start"] == start].set_index("unit")["mw"]
        awards = run.load_awards[run.load_awards["interval_start"] == start]
        demand = dcopf.fixed_demand(case, start)
        missing = dict.fromkeys(set(part_of.values()), 0.0)
        spare: dict[str, float] = {}
        for unit in case.units.itertuples():
            if unit.unit in lost:
                missing[part_of[unit.bus]] += mw[unit.unit]
                continue
            injection[unit.bus] += mw[unit.unit]
            fixed = dcopf.value_at(case.self_schedules, start, unit.unit)
            reach = dcopf.value_at(case.availability, start, unit.unit)
            top = unit.p_max if np.isnan(reach) else min(reach, unit.p_max)
            spare[unit.unit] = max(top - unit.p_min, 0.0) if np.isnan(fixed) else 0.0
        for row in awards.itertuples():
            injection[row.bus] -= row.mw
        for link in run.link_flows[run.link_flows["interval_start"] == start].itertuples():
            injection[link.from_bus] -= link.mw + (link.loss_mw if link.mw < 0 else 0.0)
            injection[link.to_bus] += link.mw - (link.loss_mw if link.mw > 0 else 0.0)
        for island, mw_lost in missing.items():
            own = [u for u in case.units.itertuples() if part_of[u.bus] == island]
            total = sum(spare.get(u.unit, 0.0) for u in own)
            for u in own:
                if total > 0:
                    injection[u.bus] += mw_lost * spare.get(u.unit, 0.0) / total
            if total == 0:
                part = [bus for bus in buses if part_of[bus] == island]
                for bus, share in dcopf.shares(demand, part).items():
                    injection[bus] += mw_lost * share
        for b in left:
            injection[b.from_bus] += b.shift_mw
            injection[b.to_bus] -= b.shift_mw
        vector = np.array([injection[bus] for bus in buses])
        for b in left:
            result[b.name].append(float(ptdf[b.name] @ vector) - b.shift_mw)
    return {branch: np.array(flows) for branch, flows in result.items()}


def with_unit_outages(case: cases.Case, seed: int) -> cases.Case:
    """Outages of three units, of two together, of a unit with a branch, and of a branch alone."""
    rng = np.random.default_rng(seed)
    units = rng.permutation(case.units["unit"].to_numpy(dtype=object))[:3].tolist()
    names = case.branches.loc[case.branches["in_service"], "branch"].to_numpy(dtype=object)
    branch = str(rng.choice(names))
    rows = [(f"out-{unit}", "unit", unit) for unit in units]
    rows += [("two", "unit", unit) for unit in units[:2]]
    rows += [("mixed", "unit", units[-1]), ("mixed", "branch", branch)]
    rows += [("line", "branch", branch)]
    table = pd.DataFrame(rows, columns=["contingency", "kind", "element"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return case.replace(contingencies=table)


@pytest.mark.slow
@settings(examples, max_examples=10)
@given(shapes(most_buses=9, most_intervals=3, tight=True), seeds)
def test_flows_after_outages_are_those_of_a_power_flow(shape: Shape, seed: int) -> None:
    """After every outage a flow keeps its emergency rating, or slacks tell by what it does not."""
    case = with_unit_outages(random_case(shape, seed), seed)
    run = dispatched(case, security="n-1")
    grid_names = [c.name for c in listed(case, run.model.cleared.network.grid)]
    rating = case.branches.set_index("branch")["rating_mw"]
    emergency = case.branches.set_index("branch")["emergency_rating_mw"].fillna(rating)
    emergency = emergency.fillna(np.inf)
    told = run.slacks[run.slacks["kind"] == "contingency"]
    binding = run.constraints[run.constraints["contingency"] != ""]
    for name in grid_names:
        flows = after_outage(run, name)
        for branch, flow in flows.items():
            over = np.maximum(np.abs(flow) - emergency[branch], 0.0)
            rows = told[(told["contingency"] == name) & (told["constraint"] == branch)]
            expected = rows.set_index("interval_start")["mw"].reindex(case.interval_starts)
            assert over == pytest.approx(expected.fillna(0.0).to_numpy(), abs=2e-3)
        for row in binding[binding["contingency"] == name].itertuples():
            t = case.interval_starts.get_loc(row.interval_start)
            sign = 1.0 if row.direction == "upper" else -1.0
            assert sign * row.flow_mw == pytest.approx(sign * flows[row.constraint][t], abs=1e-3)
