"""What must hold of every clearing, whatever its numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import counterflow as cf
from cases.case import Case
from cases.errors import DataWarning
from cases.run import Run
from tests.fresh import FIXED
from tests.oracles import dcopf
from tests.oracles.tables import sensitivities
from tests.oracles.uniqueness import price_range
from tests.strategies import Shape, random_case, seeds, shapes

quick = {Phase.explicit, Phase.generate, Phase.shrink}
examples = settings(deadline=None, derandomize=FIXED, phases=quick)


def engine(case: Case, **options: object) -> Run:
    return cf.clear(case, commitment=False, **options)  # type: ignore[arg-type]


def changed(case: Case, **tables: object) -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return case.replace(**tables)


def lmp(run: Run) -> pd.DataFrame:
    return run.prices.pivot(index="interval_start", columns="bus", values="lmp")


@pytest.mark.slow
@settings(examples, max_examples=8)
@given(shapes(most_intervals=2), seeds)
def test_prices_do_not_move_with_the_slack(shape: Shape, seed: int) -> None:
    case = random_case(shape, seed)
    bus = case.buses["bus"].iloc[seed % len(case.buses)]
    here, there = (engine(changed(case, reference=name)) for name in ("", bus))
    assert here.objective == pytest.approx(there.objective, rel=1e-7, abs=1e-5)
    among = price_range(dcopf.build(case))
    unique = among.unique().reindex(columns=lmp(here).columns).to_numpy()
    assert np.abs((lmp(here) - lmp(there)).to_numpy())[unique].max(initial=0.0) <= 1e-4
    at_reference = there.prices[there.prices["bus"] == bus]
    assert at_reference["mcc"].abs().max() <= 1e-6


def shift_flow(case: Case) -> dict[tuple[str, str], float]:
    """Flow that the phase shifts cause alone, by (constraint, contingency): dense arithmetic.

    A shift is a pair of injections at the ends of its branch, less what it takes off the branch.
    """
    branches = dcopf.branches_in_service(case, "matpower", angle_limits=True)
    buses = list(case.buses["bus"])
    states = {"": set[str](), **dcopf.contingencies(case, branches)}
    result: dict[tuple[str, str], float] = {}
    for name, out in states.items():
        left = [b for b in branches if b.name not in out]
        pushed = dict.fromkeys(buses, 0.0)
        for b in left:
            pushed[b.from_bus] += b.shift_mw
            pushed[b.to_bus] -= b.shift_mw
        injection = np.array([pushed[bus] for bus in buses])
        for branch, row in sensitivities(buses, left).items():
            own = next(b.shift_mw for b in left if b.name == branch)
            result[branch, name] = float(row @ injection) - own
    for interface, rows in case.interfaces.groupby("interface"):
        result[str(interface), ""] = sum(
            row.weight * result.get((row.branch, ""), 0.0) for row in rows.itertuples()
        )
    return result


@settings(examples, max_examples=10)
@given(
    shapes(most_buses=9, most_intervals=3, shifters=True, link=True, bids=True),
    seeds,
    st.sampled_from(["none", "n-1"]),
)
def test_rent_identity(shape: Shape, seed: int, security: str) -> None:
    """Load payment - generation revenue = sum shadow price * (limit - shift flow) + link rents."""
    case = random_case(shape, seed)
    run = engine(case, security=security)
    price = run.prices.set_index(["interval_start", "bus"])["lmp"]

    def worth(frame: pd.DataFrame, bus: str, mw: pd.Series[float]) -> pd.Series[float]:
        keys = pd.MultiIndex.from_frame(frame[["interval_start", bus]])
        value = mw.to_numpy() * price.reindex(keys).to_numpy()
        return pd.Series(value).groupby(frame["interval_start"].to_numpy()).sum()

    awards, dispatch, links = run.load_awards, run.dispatch, run.link_flows
    paid = worth(awards, "bus", awards["mw"]) - worth(dispatch, "bus", dispatch["mw"])
    sent, loss = links["mw"], links["loss_mw"]
    bought = sent.where(sent > 0, sent + loss)
    sold = sent.where(sent < 0, sent - loss)
    link_rent = worth(links, "to_bus", sold) - worth(links, "from_bus", bought)

    table = run.constraints[~run.constraints["constraint"].str.startswith("ramp")]
    own = shift_flow(case)
    sign = np.where(table["direction"] == "upper", 1.0, -1.0)
    shift = np.array(
        [own[key] for key in zip(table["constraint"], table["contingency"], strict=True)]
    )
    met = np.where(table["penalty_mw"] > 0, sign * table["flow_mw"], table["limit_mw"])
    rent = pd.Series(table["shadow_price"].to_numpy() * (met - sign * shift), dtype=float)
    rent = rent.groupby(table["interval_start"].to_numpy()).sum()
    total = rent.reindex(paid.index, fill_value=0.0) + link_rent
    assert paid.to_numpy() == pytest.approx(total.to_numpy(), rel=1e-6, abs=0.05)


@pytest.mark.slow
@settings(examples, max_examples=8)
@given(
    shapes(most_buses=9, most_intervals=3, tight=True),
    seeds,
    st.sampled_from([1.02, 1.2, 1.5]),
    st.sampled_from(["none", "n-1"]),
)
def test_relaxing_limits_never_raises_cost(
    shape: Shape, seed: int, factor: float, security: str
) -> None:
    case = random_case(shape, seed)
    tight = engine(case, security=security).objective
    branches = case.branches
    for column in ("rating_mw", "emergency_rating_mw"):
        branches[column] = branches[column] * factor
    wider = engine(changed(case, branches=branches), security=security).objective
    assert wider <= tight + 1e-6 * abs(tight)


@settings(examples, max_examples=8)
@given(
    shapes(most_buses=8, most_intervals=2, tight=True, angle_limits=False, parallel=True),
    seeds,
    st.sampled_from(["none", "n-1"]),
)
def test_a_shadow_price_is_the_cost_change_of_one_megawatt(
    shape: Shape, seed: int, security: str
) -> None:
    """Cost is convex in a limit, so for any step d: cost(limit + d) >= cost - shadow price * d.

    Where a small step either way changes the cost alike, that change is the shadow price.
    """
    case = random_case(shape, seed)
    run = engine(case, security=security)
    priced = run.constraints[run.constraints["constraint"].isin(case.branches["branch"])]
    total = priced.groupby(["constraint", priced["contingency"] == ""])["shadow_price"].sum()
    for (branch, base), shadow in list(total.items())[:1]:
        column = "rating_mw" if base else "emergency_rating_mw"
        cost = {
            step: engine(widened(case, str(branch), column, step), security=security).objective
            for step in (-1.0, -0.02, 0.02, 1.0)
        }
        worth = shadow * case.interval_hours
        for step, value in cost.items():
            assert value >= run.objective - worth * step - 1e-6 * abs(run.objective)
        down = (cost[-0.02] - run.objective) / 0.02
        up = (run.objective - cost[0.02]) / 0.02
        if down - up <= 1e-3:
            assert worth == pytest.approx(up, abs=max(1e-2, 1e-4 * abs(worth)))


def widened(case: Case, branch: str, column: str, step: float) -> Case:
    """One limit moved by a step, the other limit of the branch kept as it was."""
    branches = case.branches
    branches["emergency_rating_mw"] = branches["emergency_rating_mw"].fillna(branches["rating_mw"])
    branches.loc[branches["branch"] == branch, column] += step
    return changed(case, branches=branches)


def test_the_split_moves_with_the_slack_as_published() -> None:
    """Li & Bo's five-bus system: the energy price is 10 at E and 32.892432 load-weighted.

    Load-weighted it is .3 * 26.384460 + .3 * 30 + .4 * 39.942736, the mean price of load.
    """
    case = cf.read_case("matpower/case5")
    load = engine(case.replace(reference=""))
    bus = engine(case.replace(reference="5"))
    assert load.prices["mec"].to_list() == pytest.approx([32.892432] * 5, abs=1e-5)
    assert bus.prices["mec"].to_list() == pytest.approx([10.0] * 5, abs=1e-6)
    assert load.prices["lmp"].to_list() == pytest.approx(bus.prices["lmp"].to_list(), abs=1e-6)


def published_terms() -> Mapping[str, float]:
    """DFAX of the five buses on D-E, slack at E (mitigation.md, F1)."""
    return {"1": 0.11195652, "2": 0.26289991, "3": 0.32091375, "4": 0.48045178, "5": 0.0}


def test_the_terms_of_congestion_are_dfax_times_shadow_price() -> None:
    """62.322042 * .32091375 = 20 = 30 - 10: what congestion adds at C over E."""
    run = engine(cf.read_case("matpower/case5").replace(reference="5"))
    terms = run.price_terms.set_index("bus")
    expected = {bus: dfax for bus, dfax in published_terms().items() if bus in terms.index}
    assert set(published_terms()) - set(expected) <= {"5"}
    assert terms["dfax"].to_dict() == pytest.approx(expected, abs=1e-7)
    assert terms["shadow_price"].unique() == pytest.approx([62.322042], abs=1e-5)


@settings(examples, max_examples=6)
@given(seeds)
def test_a_price_that_is_not_unique_follows_the_tie_break(seed: int) -> None:
    """Demand ends exactly where a block does: one MW more costs the next block, one less this one.

    Without limits in the way the price is the same at every bus, and the oracle's one-sided
    derivatives are the two offers.
    """
    bare = random_case(Shape(buses=5), seed)
    blocks = bare.offers.sort_values("price")
    k = seed % (len(blocks) - 1)
    demand = bare.demand
    loads = demand.columns[1:]
    demand[loads] = float(blocks["mw"].iloc[: k + 1].sum()) / len(loads)
    case = changed(bare, demand=demand, branches=bare.branches.assign(rating_mw=np.nan,
                   emergency_rating_mw=np.nan))  # fmt: skip
    among = price_range(dcopf.build(case))
    for side, expected in (("lower", among.left), ("upper", among.right)):
        run = engine(case, settings={"pricing.tie_break": side})
        offer = blocks["price"].iloc[k if side == "lower" else k + 1]
        assert expected.to_numpy() == pytest.approx(offer, abs=1e-4)
        assert lmp(run).to_numpy() == pytest.approx(offer, abs=1e-6)
        assert any("not be unique" in warning for warning in run.manifest["warnings"])
        assert not run.prices["unique"].any()
