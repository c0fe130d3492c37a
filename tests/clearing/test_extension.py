"""What a user's function may add to a day, and what is said where it cannot be.

Numbers are those of the bus-angle oracles (the same constraints as tables) or worked out beside the
assertion. The five-bus day is the bundled `pjm5`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest

import clearing
import counterflow as cf
from cases.case import Case
from tests.clearing.custom_days import as_extension, with_custom
from tests.oracles import dcopf
from tests.strategies import Shape, random_case


def small(prices: tuple[float, float] = (10.0, 30.0), minutes: int = 60, hours: int = 2) -> Case:
    """Two buses, a line without a limit, a cheap unit at A, a dear one at B, 100 MW at B."""
    starts = pd.date_range("2030-06-01", periods=hours, freq=f"{minutes}min", tz="UTC")
    return Case.build(
        {
            "name": "two buses",
            "start": "2030-06-01T00:00:00+00:00",
            "interval_minutes": minutes,
            "intervals": hours,
        },
        {
            "buses": pd.DataFrame({"bus": ["A", "B"]}),
            "branches": pd.DataFrame(
                {"branch": ["L"], "from_bus": ["A"], "to_bus": ["B"], "x": [0.1]}
            ),
            "units": pd.DataFrame(
                {"unit": ["CHEAP", "DEAR"], "bus": ["A", "B"], "p_max": [200.0, 200.0]}
            ),
            "offers": pd.DataFrame(
                {
                    "unit": ["CHEAP", "DEAR"],
                    "segment": [1, 1],
                    "mw": [200.0, 200.0],
                    "price": list(prices),
                }
            ),
            "loads": pd.DataFrame({"load": ["D"], "bus": ["B"]}),
            "demand": pd.DataFrame({"interval_start": starts, "D": 100.0}),
        },
    )


@pytest.mark.parametrize("seed", range(4))
def test_an_extension_does_what_the_same_tables_do(seed: int) -> None:
    shape = Shape(buses=6, intervals=2, minutes=30, shifters=True, bids=True, ramps=True)
    case = with_custom(random_case(shape, seed), seed, commitment=False)
    terms = case.custom_terms[case.custom_terms.kind.isin(["unit", "branch"])]
    case = case.replace(custom_terms=terms)
    bare = case.replace(custom_terms=terms.iloc[:0], custom_constraints=case.custom_constraints[:0])
    expected = dcopf.solve(case)
    tables = cf.clear(case, commitment=False)
    added = cf.clear(bare, commitment=False, extend=as_extension(case))
    assert tables.objective == pytest.approx(expected.objective, rel=1e-7)
    assert added.objective == pytest.approx(expected.objective, rel=1e-7)
    lmp = [run.prices.lmp.to_numpy() for run in (tables, added)]
    assert np.abs(lmp[0] - lmp[1]).max() < 1e-6
    mcc = [run.prices.mcc.to_numpy() for run in (tables, added)]
    assert np.abs(mcc[0] - mcc[1]).max() < 1e-6


def test_a_limit_on_a_flow_prices_both_ends() -> None:
    """60 MW over the line: A is cheap at 10, B takes the rest at 30; the limit is worth 20."""

    def extend(model: Any) -> None:
        model.corridor = pyo.Constraint(model.intervals, rule=lambda m, t: m.flow["L", t] <= 60.0)

    run = cf.clear(small(), extend=extend)
    lmp = run.prices.pivot(index="interval_start", columns="bus", values="lmp")
    assert lmp["A"].tolist() == pytest.approx([10.0, 10.0])
    assert lmp["B"].tolist() == pytest.approx([30.0, 30.0])
    row = run.constraints.iloc[1]
    assert row.constraint == "corridor[1]"
    assert (row.limit_mw, row.flow_mw, row.shadow_price) == pytest.approx((60.0, 60.0, 20.0))
    # Load-weighted: B is the reference, so the term is 0 there and -1 * 20 at A.
    terms = run.price_terms[run.price_terms.constraint == "corridor[1]"].set_index("bus")
    assert terms.dfax["A"] * terms.shadow_price["A"] == pytest.approx(-20.0)
    assert run.manifest["extension"]["rows"] == {"corridor": 2}
    assert run.objective == pytest.approx(2 * (60 * 10 + 40 * 30))


def test_a_limit_on_an_output_is_the_units_own_matter() -> None:
    """CHEAP held to 60 MW: DEAR sets 30 everywhere, and no price has a term of the limit."""

    def extend(model: Any) -> None:
        for t in model.intervals:
            model.output["CHEAP", t].setub(60.0)

    run = cf.clear(small(), extend=extend)
    assert run.prices.lmp.tolist() == pytest.approx([30.0] * 4)
    assert run.price_terms.empty
    assert run.constraints.shadow_price.tolist() == pytest.approx([20.0, 20.0])
    assert run.constraints.constraint.tolist() == ["output[CHEAP,0]", "output[CHEAP,1]"]


@pytest.mark.parametrize("minutes", [60, 15])
def test_a_cap_over_the_day_has_a_price_per_its_own_unit(minutes: int) -> None:
    """1 t per MWh of CHEAP, none of DEAR, half of what CHEAP would emit: a tonne is worth 20.

    The offers are 10 and 30, so giving up one tonne costs 20 whatever the intervals' length.
    """
    hours = minutes / 60

    def extend(model: Any) -> None:
        emitted = sum(model.hours * model.output["CHEAP", t] for t in model.intervals)
        model.co2 = pyo.Constraint(expr=emitted <= 100.0 * hours)

    run = cf.clear(small(minutes=minutes), extend=extend)
    (row,) = run.constraints.itertuples()
    assert row.constraint == "co2"
    assert row.interval_start == run.case.interval_starts[0]
    assert row.interval_end == run.case.interval_ends[-1]
    assert row.shadow_price == pytest.approx(20.0)
    assert row.flow_mw == pytest.approx(100.0 * hours)
    # What one more MWh of CHEAP costs beside its price: 20 money for its tonne.
    assert run.future_values.value.tolist() == pytest.approx([-20.0, -20.0])


def test_injections_enter_the_price_of_their_bus() -> None:
    """At least 30 MW net into A's grid taken at B: injection at B >= -70, worth 20 a MW."""

    def extend(model: Any) -> None:
        model.local = pyo.Constraint(
            model.intervals, rule=lambda m, t: m.injection["B", t] >= -70.0
        )

    run = cf.clear(small(), extend=extend)
    lmp = run.prices.pivot(index="interval_start", columns="bus", values="lmp")
    assert lmp["A"].tolist() == pytest.approx([10.0, 10.0])
    assert lmp["B"].tolist() == pytest.approx([30.0, 30.0])
    assert run.constraints.direction.tolist() == ["lower", "lower"]


def test_variables_and_costs_join_the_objective() -> None:
    """A user's slack at 5 above a limit of 60 MW is cheaper than the 20 that DEAR costs more.

    It takes 40 MW in each of two hours: 2 * (100 * 10 + 40 * 5), and the limit is worth 5.
    """

    def extend(model: Any) -> None:
        model.more = pyo.Var(model.intervals, within=pyo.NonNegativeReals)
        model.corridor = pyo.Constraint(
            model.intervals, rule=lambda m, t: m.flow["L", t] <= 60.0 + m.more[t]
        )
        model.cost += sum(5.0 * model.more[t] for t in model.intervals)

    run = cf.clear(small(), extend=extend)
    assert run.objective == pytest.approx(2 * (100 * 10 + 40 * 5))
    assert run.manifest["extension"]["cost"] == pytest.approx(400.0)
    assert run.constraints.shadow_price.tolist() == pytest.approx([5.0, 5.0])


def test_a_must_run_rule_decides_the_commitment() -> None:
    """One of the two must be on in every hour with its 50 MW, though a third is cheaper."""
    case = cf.read_case("pjm5")
    names = case.units.unit.tolist()
    case = case.replace(units=case.units.assign(p_min=[20.0, 50.0, 50.0, 50.0, 50.0]))
    plain = cf.clear(case)
    idle = [u for u in names if not plain.dispatch[plain.dispatch.unit == u].on.any()]
    assert idle  # otherwise the rule would ask for nothing

    def extend(model: Any) -> None:
        model.must_run = pyo.Constraint(model.intervals, rule=lambda m, t: m.on[idle[0], t] >= 1.0)

    run = cf.clear(case, extend=extend)
    assert run.dispatch[run.dispatch.unit == idle[0]].on.all()
    assert run.objective > plain.objective


def test_whole_numbers_are_decided_with_the_commitment() -> None:
    """CHEAP gives above 60 MW only where 300 an hour are paid: 40 MW * 20 = 800 > 300."""

    def extend(model: Any) -> None:
        model.open = pyo.Var(model.intervals, within=pyo.Binary)
        model.room = pyo.Constraint(
            model.intervals, rule=lambda m, t: m.output["CHEAP", t] <= 60.0 + 140.0 * m.open[t]
        )
        model.cost += sum(300.0 * model.open[t] for t in model.intervals)

    case = small()
    units = case.units.assign(p_min=1.0)
    case = case.replace(
        units=units,
        commitment_offers=pd.DataFrame(
            {"unit": ["DEAR"], "component": ["startup"], "price": [1.0]}
        ),
    )
    run = cf.clear(case, extend=extend)
    # CHEAP gives 100, or 99 beside DEAR at its 1 MW, which is off: 2 * (1000 + 300).
    assert run.objective == pytest.approx(2 * (100 * 10 + 300))
    assert clearing.reclear(run, run.case).objective == pytest.approx(run.objective)
    with pytest.raises(cf.InputError, match=r"open\[0\] takes whole numbers"):
        cf.clear(case, commitment=False, extend=extend)


@pytest.mark.parametrize(
    ("extend", "said"),
    [
        (lambda m: m.output["CHEAPER", 0], "no unit CHEAPER.*CHEAP"),
        (lambda m: m.flow["K", 0], "no branch K"),
        (lambda m: m.injection["C", 0], "no bus C"),
        (lambda m: m.output["CHEAP", 2], "positions 0 to 1"),
        (lambda m: m.output["CHEAP"], "indexed by a unit and an interval"),
        (lambda m: m.outputs["CHEAP", 0], "model has no outputs.*output"),
    ],
)
def test_names_that_are_not_there(extend: Any, said: str) -> None:
    with pytest.raises(cf.InputError, match=said):
        cf.clear(small(), extend=extend)


def test_names_inside_a_rule() -> None:
    def extend(model: Any) -> None:
        model.c = pyo.Constraint(model.intervals, rule=lambda m, t: m.on["DEER", t] >= 1)

    with pytest.raises(cf.InputError, match=r"no unit DEER.*DEAR"):
        cf.clear(small(), extend=extend)


def test_names_of_other_limits_are_taken() -> None:
    def extend(model: Any) -> None:
        model.L = pyo.Constraint(expr=model.flow["L", 0] <= 60.0)

    with pytest.raises(cf.InputError, match="there is a limit L in the case already"):
        cf.clear(small(), extend=extend)


def test_whole_numbers_where_no_unit_has_a_state_to_decide() -> None:
    """Blocks of 30 MW over the line: three of them, and 10 MW of DEAR. 2 * (900 + 300)."""

    def extend(model: Any) -> None:
        model.blocks = pyo.Var(model.intervals, within=pyo.NonNegativeIntegers)
        model.lots = pyo.Constraint(
            model.intervals, rule=lambda m, t: m.flow["L", t] == 30.0 * m.blocks[t]
        )

    run = cf.clear(small(), extend=extend)
    assert run.objective == pytest.approx(2 * (90 * 10 + 10 * 30))


def test_products_of_decisions_are_refused() -> None:
    def extend(model: Any) -> None:
        model.c = pyo.Constraint(expr=model.output["CHEAP", 0] * model.output["DEAR", 0] <= 1.0)

    with pytest.raises(cf.InputError, match="c is not linear"):
        cf.clear(small(), extend=extend)


@pytest.mark.parametrize("commitment", [True, False])
def test_a_limit_that_cannot_hold_is_named(commitment: bool) -> None:
    def extend(model: Any) -> None:
        model.too_much = pyo.Constraint(expr=model.output["CHEAP", 1] >= 201.0)

    with pytest.raises(cf.NoClearing) as error:
        cf.clear(small(), commitment=commitment, extend=extend)
    assert any("too_much" in name for name in error.value.conflicts)


@pytest.mark.parametrize("commitment", [True, False])
def test_a_cost_without_an_end_is_named(commitment: bool) -> None:
    def extend(model: Any) -> None:
        model.profit = pyo.Var(within=pyo.NonNegativeReals)
        model.link = pyo.Constraint(expr=model.output["CHEAP", 1] + model.profit >= 5.0)
        model.cost += -1.0 * model.profit

    with pytest.raises(cf.InputError, match=r"profit rises.*link"):
        cf.clear(small(), commitment=commitment, extend=extend)


def test_a_cost_on_a_flow_needs_a_variable_of_its_own() -> None:
    def extend(model: Any) -> None:
        model.cost += model.flow["L", 0]

    with pytest.raises(cf.InputError, match=r"a cost on flow\[L,0\]"):
        cf.clear(small(), extend=extend)


def test_marginal_losses_and_flows_are_refused() -> None:
    def extend(model: Any) -> None:
        model.c = pyo.Constraint(expr=model.flow["L", 0] <= 60.0)

    with pytest.raises(cf.InputError, match="losses"):
        cf.clear(small(), extend=extend, settings={"losses.method": "marginal"})
