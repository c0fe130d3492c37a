"""Indices against hand tables (cases A7 and H) and against solving again."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mitigation.indices.concentration import hhi, level, running_class, shares
from mitigation.indices.markup import (
    benchmark_markup,
    lerner,
    markup_component,
    markup_index,
    participation_factors,
)
from mitigation.indices.output_gap import economic_starts, output_gap
from mitigation.indices.pivotal import joint_counts, pivotal_indices
from mitigation.indices.residual_demand import (
    nodal_slope,
    residual_demand,
    residual_demand_indices,
)
from mitigation.indices.tested import indices_of
from mitigation.structure.owners import owners_of
from mitigation.structure.run import structure_tests
from mitigation.structure.what_if import cover
from tests.mitigation.markets import OracleModel, cleared, five_bus

BY = ["market"]


def test_a7_hhi() -> None:
    frame = pd.DataFrame({"market": "m", "owner": list("abcd"), "mw": [30.0, 30, 20, 20]})
    assert hhi(frame, BY, "mw")["hhi"].to_list() == pytest.approx([2600])
    split = pd.concat([frame.assign(mw=frame["mw"] / 2)] * 2)
    assert hhi(split, BY, "mw")["hhi"].to_list() == pytest.approx([2600])
    assert shares(frame, BY, "mw")["share"].to_list() == pytest.approx([0.3, 0.3, 0.2, 0.2])
    nothing = hhi(frame.assign(mw=0.0), BY, "mw")
    assert math.isnan(nothing["hhi"].iloc[0])


def test_levels_of_concentration() -> None:
    names = [level(index, 1000, 1800) for index in (999, 1000, 1800, 1801, float("nan"))]
    assert names == ["unconcentrated", "moderate", "moderate", "high", ""]


def test_segments_of_the_supply_curve() -> None:
    dispatch = pd.DataFrame(
        {
            "unit": ["b"] * 10 + ["i"] * 10 + ["p"] * 20,
            "mw": [1.0] * 5 + [0.0] * 5 + [1.0] + [0.0] * 9 + [1.0] + [0.0] * 19,
        }
    )
    assert running_class(dispatch, 0.5, 0.1).to_dict() == {
        "b": "base",
        "i": "intermediate",
        "p": "peaking",
    }


def test_psi_and_rsi_by_hand() -> None:
    """Supply 500 + 300 + 200 + 100 = 1100 MW, demand 700 MW."""
    supply = pd.DataFrame(
        {"market": "m", "owner": list("abcd"), "supply_mw": [500.0, 300, 200, 100]}
    )
    demand = pd.DataFrame({"market": ["m"], "demand_mw": [700.0]})
    found = pivotal_indices(supply, demand, BY).set_index("owner")
    assert found["psi"].to_dict() == {"a": 1, "b": 0, "c": 0, "d": 0}  # 600 < 700 <= 800
    assert found["rsi1"].to_dict() == pytest.approx(
        {"a": 600 / 700, "b": 800 / 700, "c": 900 / 700, "d": 1000 / 700}
    )
    assert found["rsi2"].to_dict() == pytest.approx(
        {"a": 300 / 700, "b": 300 / 700, "c": 400 / 700, "d": 500 / 700}
    )
    assert found["rsi3"].to_dict() == pytest.approx(
        {"a": 100 / 700, "b": 100 / 700, "c": 100 / 700, "d": 200 / 700}
    )
    assert joint_counts(supply, demand, BY)["jointly_pivotal"].to_list() == [1]
    # Half of a's output sold forward: 1100 - 250 = 850 are left without what it can withhold.
    net = pivotal_indices(supply.assign(contract_mw=[250.0, 0, 0, 0]), demand, BY)
    assert net.set_index("owner").loc["a", "rsi1"] == pytest.approx(850 / 700)
    assert net.set_index("owner").loc["a", "psi"] == 0


@pytest.mark.parametrize(
    ("demand", "size"), [(1150, 1), (650, 1), (600, 2), (301, 2), (300, 3), (101, 3), (100, 0)]
)
def test_joint_pivotality_by_hand(demand: float, size: int) -> None:
    """600 MW are left without the largest owner, 300 without two, 100 without three."""
    supply = pd.DataFrame(
        {"market": "m", "owner": list("abcd"), "supply_mw": [500.0, 300, 200, 100]}
    )
    table = pd.DataFrame({"market": ["m"], "demand_mw": [float(demand)]})
    assert joint_counts(supply, table, BY)["jointly_pivotal"].to_list() == [size]


def test_imports_cannot_be_withheld() -> None:
    supply = pd.DataFrame({"market": ["m"], "owner": ["a"], "supply_mw": [100.0]})
    demand = pd.DataFrame({"market": ["m"], "demand_mw": [150.0], "import_mw": [80.0]})
    assert pivotal_indices(supply, demand, BY)["rsi1"].to_list() == pytest.approx([80 / 150])


def test_markup_index_by_hand() -> None:
    assert markup_index(
        np.array([50.0, 30.0, 40.0]), np.array([40.0, 40.0, 40.0])
    ) == pytest.approx([0.20, -0.25, 0.0])
    adjusted = markup_index(np.array([44.0]), np.array([44.0]), cost_adder=0.10)
    assert adjusted == pytest.approx([(44 - 40) / 44])
    assert math.isnan(markup_index(np.array([0.0]), np.array([-5.0]))[0])
    assert lerner(np.array([50.0, 0.0]), np.array([40.0, 40.0]))[0] == pytest.approx(0.2)


def five_bus_factors() -> pd.DataFrame:
    """DFAX on D-E with the slack at E, printed in case F1."""
    return pd.DataFrame(
        {"D-E": [0.11195652, 0.26289991, 0.32091375, 0.48045178, 0.0]}, index=list("ABCDE")
    )


def test_h_unit_participation_factors() -> None:
    marginal = pd.DataFrame({"unit": ["Solitude", "Brighton"], "bus": ["C", "E"]})
    upf = participation_factors(marginal, five_bus_factors(), five_bus_factors())
    assert upf["Solitude"].to_list() == pytest.approx(
        [0.348868, 0.819223, 1, 1.497137, 0], abs=1e-6
    )
    assert upf["Brighton"].to_list() == pytest.approx(
        [0.651132, 0.180777, 0, -0.497137, 1], abs=1e-6
    )
    assert upf.sum(axis=1).to_list() == pytest.approx([1.0] * 5)
    weighted = (upf.loc[["B", "C", "D"]].mul([0.3, 0.3, 0.4], axis=0)).sum()
    assert weighted.to_dict() == pytest.approx(
        {"Solitude": 1.144622, "Brighton": -0.144622}, abs=1e-6
    )
    component = markup_component(
        weighted.to_frame().T, pd.Series({"Solitude": 6.0, "Brighton": 0.0})
    )
    assert component.iloc[0] == pytest.approx(6.867729, abs=1e-5)


def test_h_ties_share_and_too_few_marginal_units_say_nothing() -> None:
    tie = pd.DataFrame({"unit": ["s1", "s2", "e"], "bus": ["C", "C", "E"]})
    upf = participation_factors(tie, five_bus_factors(), five_bus_factors())
    assert upf.loc["D", ["s1", "s2"]].to_list() == pytest.approx([1.497137 / 2] * 2, abs=1e-6)
    assert upf.sum(axis=1).to_list() == pytest.approx([1.0] * 5)
    alone = pd.DataFrame({"unit": ["e"], "bus": ["E"]})
    assert participation_factors(alone, five_bus_factors(), five_bus_factors()).empty


def reference_of(run, **price: float) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    offers = run.offers_used.drop(columns="source")
    return offers.assign(price=offers["unit"].map(price).fillna(offers["price"]))


def values(result, index: str, scope: str = "market") -> pd.DataFrame:  # type: ignore[no-untyped-def]
    rows = indices_of(result)
    return rows[(rows["index"] == index) & (rows["scope"] == scope)].set_index("subject")


@pytest.mark.slow
def test_h_markup_component_of_a_whole_run() -> None:
    """Solitude's cost is 24 under an offer of 30: 6.867729 of the 32.892 load-weighted LMP."""
    run = cleared(five_bus("A1", reference="E"))
    result = structure_tests(run, model=run.model, reference=reference_of(run, Solitude=24.0))
    component = values(result, "markup_component")["value"].iloc[0]
    assert component == pytest.approx(6.867729, abs=1e-5)
    assert component / 32.892432 == pytest.approx(0.2088, abs=5e-5)
    # Solved again with Solitude at cost, the load-weighted price falls by exactly that much.
    again = cleared(five_bus("A1", reference="E", offers={"Solitude": 24.0}))
    weights = pd.Series({"B": 0.3, "C": 0.3, "D": 0.4})
    fall = (run.prices.set_index("bus")["lmp"] - again.prices.set_index("bus")["lmp"]) * weights
    assert fall.sum() == pytest.approx(component, abs=1e-6)
    assert values(result, "markup", "unit")["value"].to_dict() == pytest.approx(
        {"Solitude": 0.2, "Brighton": 0.0}
    )
    assert values(result, "adjusted_markup", "unit").loc["Brighton", "value"] == pytest.approx(
        1 - 1 / 1.1
    )
    assert values(result, "lerner", "unit").loc["Solitude", "value"] == pytest.approx(0.2)
    # The slack does not change prices, so it does not change what markups add to them.
    other = cleared(five_bus("A1"))
    same = structure_tests(other, model=other.model, reference=reference_of(other, Solitude=24.0))
    assert values(same, "markup_component")["value"].iloc[0] == pytest.approx(component, abs=1e-6)


def test_market_indices_of_a_whole_run() -> None:
    """A2: capacities 210 (north), 520, 200, 600 MW of 1530; load 900 MW."""
    run = cleared(five_bus("A2", reference="E"))
    result = structure_tests(run, model=run.model, owners=cover(owners_of(run), "west", 400))
    expected = sum((100 * mw / 1530) ** 2 for mw in (210, 520, 200, 600))
    assert values(result, "hhi.capacity")["value"].iloc[0] == pytest.approx(expected)
    assert values(result, "share.capacity", "owner")["value"].to_dict() == (
        pytest.approx(
            {"north": 210 / 1530, "south": 520 / 1530, "east": 200 / 1530, "west": 600 / 1530}
        )
    )
    gross = values(result, "rsi1", "owner")["value"]
    assert gross["west"] == pytest.approx(930 / 900)
    net = values(result, "rsi1.net", "owner")["value"]
    assert net["west"] == pytest.approx((1530 - 200) / 900)
    assert net["south"] == gross["south"]
    assert values(result, "jointly_pivotal")["value"].iloc[0] == 2  # 1530 - 600 - 520 < 900
    assert values(result, "jointly_pivotal.net")["value"].iloc[0] == 2
    assert values(result, "pivotal_owners")["value"].iloc[0] == 0
    # Zone S (buses A and B) holds 210 MW and 300 MW of load; 90 MW come in.
    zone = values(result, "rsi1", "zone_owner").query("zone == 'S'")["value"]
    assert zone.to_dict() == pytest.approx({"north": 90 / 300})
    relief = values(result, "hhi.relief", "constraint")["value"]
    assert relief.to_dict() == pytest.approx({"D-E": 58.9504**2 + 41.0496**2}, abs=0.01)


OUTPUT_GAP_AT = pd.DatetimeIndex(["2026-07-01"]).tz_localize("UTC")


def blocks(*rows: tuple[float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["mw", "price"])
    return frame.assign(unit="u", interval_start=OUTPUT_GAP_AT[0], segment=range(1, len(rows) + 1))


@pytest.mark.parametrize(("threshold", "gap"), [(10.0, 100.0), (35.0, 100.0), (36.0, 0.0)])
def test_h_output_gap(threshold: float, gap: float) -> None:
    reference = blocks((100, 30), (100, 45), (100, 70))
    offers = blocks((100, 30), (100, 80), (100, 100))
    state = pd.DataFrame(
        {
            "interval_start": OUTPUT_GAP_AT,
            "unit": "u",
            "mw": 100.0,
            "available_mw": 300.0,
            "lmp": 60.0,
            "economic_start": True,
        }
    )
    limits = reference[["unit", "interval_start", "segment"]].assign(threshold=threshold)
    found = output_gap(reference, offers, state, limits, fractions=(1.0,)).iloc[0]
    assert found["economic_mw"] == 200
    assert found["offered_mw"] == 100
    assert found["gap_mw"] == gap
    halves = output_gap(reference, offers, state, limits, fractions=(1.0, 0.5))
    assert halves["gap_mw"].to_list() == [gap, 100.0]
    produced = output_gap(reference, offers, state.assign(mw=150.0), limits, fractions=(0.0,))
    assert produced["gap_mw"].to_list() == [50.0]
    derated = output_gap(
        reference, offers, state.assign(available_mw=120.0), limits, fractions=(0.0,)
    )
    assert derated["gap_mw"].to_list() == [20.0]
    never = output_gap(reference, offers, state.assign(economic_start=False), limits)
    assert never["gap_mw"].to_list() == [0, 0, 0]


def test_output_gap_compares_different_blocks_at_the_same_mw() -> None:
    reference = blocks((300, 30))
    offers = blocks((50, 20), (100, 90), (150, 200))
    state = pd.DataFrame(
        {
            "interval_start": OUTPUT_GAP_AT,
            "unit": "u",
            "mw": 0.0,
            "available_mw": 300.0,
            "lmp": 60.0,
            "economic_start": True,
        }
    )
    limits = reference[["unit", "interval_start", "segment"]].assign(threshold=100.0)
    found = output_gap(reference, offers, state, limits, fractions=(1.0, 0.5))
    assert found["gap_mw"].to_list() == [150.0, 250.0]  # above 130, above 80


def test_a_start_must_pay_over_the_minimum_run_time() -> None:
    """100 MW at 30, LMP 50, 50, 20, 20: margins 2000, 2000 and nothing, p_min 0."""
    reference = pd.DataFrame({"mw": [100.0], "price": [30.0]})
    lmp = np.array([50.0, 50.0, 20.0, 20.0])
    same = {"hours": 1.0, "p_min": 0.0, "no_load": 0.0}
    pays = economic_starts(reference, lmp, min_up=1, startup=3500, **same)
    assert pays.tolist() == [True, True, False, False]
    assert not economic_starts(reference, lmp, min_up=1, startup=4500, **same).any()
    # Held at 50 MW for four hours it loses 500 in each of the last two: 4000 - 1000 < 3500.
    held = economic_starts(
        reference, lmp, min_up=4, startup=3500, hours=1.0, p_min=50.0, no_load=0.0
    )
    assert not held.any()


def test_residual_demand_by_hand() -> None:
    others = pd.DataFrame({"price": [10.0, 30.0, 20.0], "mw": [100.0, 300.0, 200.0]})
    left = residual_demand(others, 700, np.array([5.0, 10.0, 25.0, 30.0]))
    assert left.tolist() == [700, 600, 400, 100]


def test_nodal_slope_finds_the_step_to_the_next_offer() -> None:
    """A2: Solitude runs at 173.78 MW. A tenth less, and Sundance (40) takes over beside Brighton;
    a tenth more, and Park City (15) is held back instead.
    """
    case = five_bus("A2", reference="E")
    run = cleared(case)
    own = run.dispatch[run.dispatch["unit"] == "Solitude"]
    found = nodal_slope(OracleModel(case), own, run.prices, step=0.1).iloc[0]
    # Price at C by the other marginal unit and Brighton at E:
    # 10 + (40 - 10) / .48045178 x .32091375 = 30.0382, 10 + (15 - 10) / .11195652 x .32091375.
    assert found["lmp"] == pytest.approx(30)
    assert found["lmp_less"] == pytest.approx(10 + 30 / 0.48045178 * 0.32091375, abs=1e-4)
    assert found["mw_more"] - found["mw_less"] == pytest.approx(0.2 * 173.781165, abs=1e-4)
    assert found["lmp_more"] == pytest.approx(10 + 5 / 0.11195652 * 0.32091375, abs=1e-4)
    slope = 0.2 * 173.781165 / (30.038196 - 24.332071)
    assert found["slope_mw"] == pytest.approx(slope, abs=1e-4)
    assert found["lerner"] == pytest.approx(173.781165 / (slope * 30), abs=1e-3)


def test_residual_demand_indices_of_all_owners() -> None:
    run = cleared(five_bus("A2", reference="E"))
    rows = residual_demand_indices(run, owners_of(run), run.model, step=0.1)
    lerner_of = rows[rows["index"] == "residual_demand_lerner"].set_index("subject")
    slope = 0.2 * 173.781165 / (30.038196 - 24.332071)
    assert lerner_of.loc["south", "value"] == pytest.approx(173.781165 / (slope * 30), abs=1e-3)
    assert math.isnan(lerner_of.loc["east", "value"])
    assert lerner_of.loc["east", "reason"] == "produces nothing"


def test_benchmark_markup() -> None:
    high = cleared(five_bus("A1", offers={"Solitude": 125})).prices
    low = cleared(five_bus("A1")).prices
    found = benchmark_markup(high, low).set_index("bus")["markup"]
    assert found["C"] == pytest.approx(125 / 30 - 1)
    assert found["A"] == pytest.approx(50.119813 / 16.977359 - 1, abs=1e-5)
    assert math.isnan(benchmark_markup(high, low.assign(lmp=0.0))["markup"].iloc[0])


def test_ratios_to_prices_that_are_not_above_zero_do_not_exist() -> None:
    assert np.isnan(lerner(np.array([0.0, 1e-14, -10.0]), np.array([5.0, 5.0, 5.0]))).all()
    assert np.isnan(markup_index(np.array([-5.0]), np.array([-10.0]))).all()


@pytest.mark.slow
def test_markups_of_a_day_are_the_share_of_offers_in_every_price() -> None:
    """All references at 0.8 of the offers: every price that offers alone make is 0.8 of itself."""
    run = cleared(five_bus("A2", reference="E", load_factors=(0.3, 0.8, 1.0, 1.1)))
    offers = run.offers_used.drop(columns="source")
    result = structure_tests(run, reference=offers.assign(price=0.8 * offers["price"]))
    component = values(result, "markup_component").set_index("interval_start")["value"]
    priced = run.load_awards.merge(run.prices, on=["interval_start", "bus"])
    worth = (priced["mw"] * priced["lmp"]).groupby(priced["interval_start"]).sum()
    weighted = worth / priced.groupby("interval_start")["mw"].sum()
    assert component.to_list() == pytest.approx((0.2 * weighted).to_list())
