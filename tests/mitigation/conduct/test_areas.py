"""Constrained areas: formulas, members, which of nested areas decides, pivotal suppliers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import Case, InputError, RuleBook, Run
from cases.rulebook.areas import AreaFormula
from cases.rulebook.mitigation import AreaRules, MitigationRules
from clearing import clear
from mitigation.conduct import (
    area_members,
    area_thresholds,
    conduct_of_run,
    formula_threshold,
    guarantee_thresholds,
    pivotal_units,
    price_thresholds,
)
from mitigation.conduct import conduct_tests as conduct_test
from tests.mitigation import two_buses
from tests.mitigation.conduct.days import FIVE_BUS, five_bus, levels, rules


def book(tmp_path: Path, text: str, extends: str = "default") -> MitigationRules:
    path = tmp_path / "rules.toml"
    path.write_text(f'extends = "{extends}"\nname = "rules"\n{text}')
    return RuleBook.load(path).mitigation


def cleared(case: Case) -> Run:
    return clear(case, commitment=False)


def members(case: Case, area: AreaRules, run: Run | None = None) -> list[str]:
    found = area_members(case, {"x": area}, run=run).units["x"]
    return case.units["unit"][found[0]].tolist()


# Formulas


@pytest.mark.parametrize(
    ("price", "hours", "threshold"),
    [(60, 1000, 10.512), (45, 250, 31.536), (50, 8760, 1.00)],
)
def test_the_new_york_city_figures(price: float, hours: float, threshold: float) -> None:
    formula = AreaFormula(kind="two_percent")
    counted = formula_threshold(formula, average_price=price, constrained_hours=hours)
    assert counted == pytest.approx(threshold, abs=1e-9)
    stated = formula.model_copy(update={"average_price": price, "constrained_hours": hours})
    assert formula_threshold(stated, average_price=1.0, constrained_hours=1.0) == counted


@given(st.floats(1, 200), st.floats(1, 8760))
def test_two_percent_raises_the_yearly_average_by_two_percent(price: float, hours: float) -> None:
    formula = AreaFormula(kind="two_percent")
    threshold = formula_threshold(formula, average_price=price, constrained_hours=hours)
    assert threshold is not None
    raised = (price * 8760 + threshold * hours) / 8760
    assert raised == pytest.approx(1.02 * price)


def test_fixed_cost_over_hours_is_capped() -> None:
    formula = AreaFormula(kind="fixed_cost", annual_cost=90_000, cap=100)
    at = {
        h: formula_threshold(formula, average_price=None, constrained_hours=h) for h in (500, 4034)
    }
    assert at[500] == 100
    assert at[4034] == pytest.approx(22.31, abs=0.005)  # the lowest value seen in 2017


def test_no_constrained_hours_and_no_inputs() -> None:
    formula = AreaFormula(kind="two_percent")
    assert formula_threshold(formula, average_price=60, constrained_hours=0) == float("inf")
    assert formula_threshold(formula, average_price=None, constrained_hours=10) is None
    area = AreaRules(kind="pocket", zones=("J",), formula=formula)
    assert area_thresholds({"city": area}) == (
        {},
        (
            "area city: constrained hours and average price are neither in the rulebook nor "
            "counted in earlier runs, so its formula sets no threshold",
        ),
    )
    assert area_thresholds({"city": area}, {"city": (60.0, 1000.0)}) == ({"city": 10.512}, ())


# Members


def test_places_and_units() -> None:
    case = five_bus()
    assert members(case, AreaRules(kind="pocket", zones=("East",))) == ["Solitude", "Sundance"]
    assert members(case, AreaRules(kind="pocket", buses=("A", "E"))) == [
        "Alta",
        "Park City",
        "Brighton",
    ]
    assert members(case, AreaRules(kind="pocket", units=("Alta",), buses=("D",))) == [
        "Alta",
        "Sundance",
    ]
    table = case.units.assign(must_run=case.units["unit"] == "Solitude")
    must = AreaRules(kind="reliability", zones=("East",), must_run=True)
    assert members(five_bus(units=table), must) == ["Solitude"]
    by_interval = pd.DataFrame({"interval_start": case.interval_starts[:1], "Sundance": [1.0]})
    assert members(case.replace(must_run=by_interval), must) == ["Sundance"]


def test_units_that_move_a_named_constraint() -> None:
    # Relief of E -> D against the reference at E, reference/mitigation.md F1:
    # A .112, B .263, C .321, D .480, E 0.
    base = five_bus()
    case = Case.build(base.meta.model_copy(update={"reference": "E"}), base.tables)
    at = {
        least: members(
            case, AreaRules(kind="narrow", constraints=("D-E", "elsewhere"), dfax_min=least)
        )
        for least in (0.1, 0.3, 0.33)
    }
    assert at[0.1] == ["Alta", "Park City", "Solitude", "Sundance"]
    assert at[0.3] == ["Solitude", "Sundance"]
    assert at[0.33] == ["Sundance"]


def test_units_that_relieve_what_binds_and_only_then() -> None:
    demand = five_bus(intervals=2).demand.copy()
    demand.loc[1, ["B", "C", "D"]] = [150.0, 150.0, 200.0]  # at 500 MW nothing binds
    base = five_bus(intervals=2, demand=demand)
    case = Case.build(base.meta.model_copy(update={"reference": "E"}), base.tables)
    run = cleared(case)
    assert run.constraints["interval_start"].tolist() == case.interval_starts[:1].tolist()
    area = AreaRules(kind="broad", active="binding", dfax_min=0.2)
    found = area_members(case, {"x": area}, run=run)
    assert found.units["x"].tolist() == [[False, False, True, True, False], [False] * 5]
    assert found.buses["x"].tolist() == [[False, True, True, True, False], [False] * 5]
    other = area.model_copy(update={"constraints": ("A-B",)})
    empty = area_members(case, {"x": other}, run=run)
    assert not empty.units["x"].any() and empty.notes == ("area x has no units on this day",)
    east = AreaRules(kind="pocket", active="binding", zones=("East",))
    found = area_members(case, {"x": east}, run=run).units["x"]
    assert found.tolist() == [[False, False, True, True, False], [False] * 5]
    blind = area_members(case, {"x": area})
    assert blind.notes == ("area x is binding only in a cleared run: it has no units",)


def test_a_constraint_must_have_bound_often_enough_in_the_days_before() -> None:
    """M9: a line binds in all hours of days 1 to 5 and in none of days 6 to 10; day 11 is tested.

    Last five days: 0 of 120 hours. Last ten: 120 of 240, half of them. Last six: 24 of 144.
    """
    days = [
        two_buses.cleared(
            two_buses.market(
                two_buses.FIVE_UNITS,
                load_w=[40.0] * 24,
                load_j=[150.0 if number <= 5 else 90.0] * 24,
                start=two_buses.START + pd.Timedelta(days=number),
                name=f"day {number}",
            )
        )
        for number in range(1, 11)
    ]
    run = two_buses.cleared(
        two_buses.market(
            two_buses.FIVE_UNITS,
            load_w=[40.0] * 24,
            load_j=[150.0] * 24,
            start=two_buses.START + pd.Timedelta(days=11),
        )
    )

    def found(earlier: list[Run], **more: float) -> bool:
        area = AreaRules(kind="dynamic", active="binding", binding_share=0.15, **more)
        return bool(area_members(run.case, {"x": area}, run=run, earlier=earlier).units["x"].any())

    assert not found(days, binding_window=5, binding_days=5)
    assert found(days, binding_window=6, binding_days=5)  # 24 / 144 = 0.167
    assert not found(days, binding_window=7, binding_days=8)  # seven days are known
    assert found(days)  # of a year
    assert not found(days, binding_days=11)
    assert not found([])  # the tested day itself does not count
    assert not found(days[5:], binding_window=365)

    # M9 by the shipped rules: an offer of 86 over 30 passes the general 30 + 90, fails 30 + 25.
    units = two_buses.offering(two_buses.FIVE_UNITS, P1=86.0)
    tested = two_buses.cleared(
        run.case.replace(offers=two_buses.market(units, load_w=[40.0], load_j=[150.0]).offers)
    )
    for market, limit in (("miso", 120.0), ("ieso", 120.0)):
        rules = RuleBook.load(market).mitigation
        levels_of = two_buses.references(units).assign(interval_start=pd.NaT)
        rows = conduct_of_run(tested, levels_of, rules, earlier=days).tests
        own = rows[(rows["unit"] == "P1") & (rows["component"] == "energy")]
        assert own["limit"].unique().tolist() == [limit], market


def test_zones_priced_above_the_hub() -> None:
    hubs = pd.DataFrame({"hub": ["west"], "bus": ["A"], "weight": [1.0]})
    run = cleared(five_bus({"Solitude": 110.0}, hubs=hubs))
    area = AreaRules(kind="constrained", active="separated", hub="west", separation=25.0)
    # A 44.89; East, load-weighted: (91.92 * 300 + 110 * 300 + 159.71 * 400) / 1000 = 124.46.
    assert members(run.case, area, run) == ["Solitude", "Sundance"]
    assert members(run.case, area.model_copy(update={"separation": 80.0}), run) == []
    assert members(run.case, area.model_copy(update={"hub": "nowhere"}), run) == []
    average = area.model_copy(update={"hub": "", "separation": 0.0})
    assert members(run.case, average, run) == []  # all load is in the East: nothing above it


def test_what_lies_in_an_area_lies_in_those_around_it() -> None:
    areas = {
        "inner": AreaRules(kind="pocket", buses=("D",), nested_in="middle"),
        "middle": AreaRules(kind="pocket", buses=("C",), nested_in="outer"),
        "outer": AreaRules(kind="broad", buses=("B",)),
    }
    found = area_members(five_bus(), areas)
    assert {name: int(inside.sum()) for name, inside in found.units.items()} == {
        "inner": 1,
        "middle": 2,
        "outer": 2,
    }
    assert {name: int(inside.sum()) for name, inside in found.buses.items()} == {
        "inner": 1,
        "middle": 2,
        "outer": 3,
    }


# Verdicts


def test_the_tightest_of_nested_areas_decides(tmp_path: Path) -> None:
    text = """
[mitigation.areas.city]
kind = "pocket"
zones = ["East"]
formula = { kind = "two_percent", average_price = 60, constrained_hours = 1000 }
conduct.startup = { percent = 50 }

[mitigation.areas.inner]
kind = "pocket"
buses = ["D"]
nested_in = "city"
formula = { kind = "two_percent", average_price = 50, constrained_hours = 8760 }
"""
    starts = pd.DataFrame(
        {"unit": ["Solitude", "Alta"], "component": "startup", "price": [151.0, 151.0]}
    )
    run = cleared(five_bus({"Solitude": 41.0, "Sundance": 41.1}))
    run = Run(run.manifest, run.tables, run.case.replace(commitment_offers=starts), run.rulebook)
    reference = levels(
        *({"unit": u, "component": "startup", "price": 100.0} for u in ("Solitude", "Alta"))
    )
    result = conduct_of_run(run, reference, book(tmp_path, text))
    found = result.tests.set_index(["unit", "component"])
    columns = ["limit", "area", "rule_id", "result"]
    solitude = found.loc[("Solitude", "energy"), columns].tolist()
    assert solitude[0] == pytest.approx(40.512)
    assert solitude[1:] == ["city", "mitigation.areas.city.formula", "fail"]
    sundance = found.loc[("Sundance", "energy"), columns].tolist()
    assert sundance == [41.0, "inner", "mitigation.areas.inner.formula", "fail"]
    assert found.loc[("Solitude", "startup"), columns].tolist() == [
        150,
        "city",
        "mitigation.areas.city.conduct.startup",
        "fail",
    ]
    assert found.loc[("Alta", "startup"), columns].tolist() == [
        300,
        "",
        "mitigation.conduct.startup",
        "pass",
    ]
    assert result.notes == ()


@settings(max_examples=12, deadline=None)
@given(
    offers=st.lists(st.floats(1, 400), min_size=5, max_size=5),
    inner=st.floats(0, 50),
    outer=st.floats(0, 120),
    general=st.sampled_from([50.0, 100.0, float("inf")]),
)
def test_a_nested_unit_fails_when_any_threshold_around_it_is_exceeded(
    offers: list[float], inner: float, outer: float, general: float
) -> None:
    case = five_bus(dict(zip(FIVE_BUS, offers, strict=True)))
    areas = {
        "inner": AreaRules(kind="pocket", buses=("D",), nested_in="outer"),
        "outer": AreaRules(kind="pocket", zones=("East",)),
    }
    money = {"inner": inner, "outer": outer}
    found = area_members(case, areas, money=money)
    rule = rules(conduct__energy__percent=float("inf"), conduct__energy__absolute=general)
    tests = conduct_test(case, levels(), rule, areas=found).set_index("unit")
    least = {"Sundance": min(inner, outer, general), "Solitude": min(outer, general)}
    for (unit, (_, _, reference)), offer in zip(FIVE_BUS.items(), offers, strict=True):
        limit = reference + least.get(unit, general)
        assert tests.loc[unit, "limit"] == pytest.approx(limit)
        if abs(offer - limit) > 1e-6:
            assert (tests.loc[unit, "result"] == "fail") == (offer > limit)


def test_only_pivotal_suppliers_where_the_profile_says_so(tmp_path: Path) -> None:
    # 1530 MW against 1000: a margin of 530, and Brighton has 600.
    run = cleared(five_bus({"Solitude": 500.0, "Brighton": 500.0}))
    isone = RuleBook.load("isone").mitigation
    found = pivotal_units(run, isone)
    assert run.case.units["unit"][found[0]].tolist() == ["Brighton"]
    tests = conduct_of_run(run, levels(), isone).tests.set_index("unit")
    assert tests.loc["Brighton", "result"] == "fail"
    assert tests.loc["Solitude", ["result", "note"]].tolist() == [
        "exempt",
        "no threshold holds for this unit and interval",
    ]
    with pytest.raises(InputError, match="pivotal suppliers"):
        conduct_test(run.case, levels(), isone)


def test_impact_thresholds_of_areas() -> None:
    case = five_bus()
    nyiso = RuleBook.load("nyiso").with_settings({"mitigation.areas.new_york_city.zones": "East"})
    found = area_members(case, nyiso.mitigation.areas, money={"new_york_city": 10.0})
    start = case.interval_starts[0]
    buses = pd.DataFrame({"interval_start": start, "subject": list("ABCD")})
    general, city = price_thresholds(buses, nyiso.mitigation, found)
    assert (general.key, general.rows.all()) == ("mitigation.impact.price", True)
    assert (city.key, city.rule.absolute) == ("mitigation.areas.new_york_city.formula", 10.0)
    assert city.rows.tolist() == [False, True, True, True]
    units = pd.DataFrame({"interval_start": start, "subject": [*FIVE_BUS, "unknown"]})
    payments = guarantee_thresholds(units, nyiso.mitigation, found)
    assert [held.rule.percent for held in payments] == [200, 50]
    assert payments[1].rows.tolist() == [False, False, True, True, False, False]


@pytest.mark.parametrize("name", ["nyiso", "isone", "miso", "spp"])
def test_every_profile_tests_a_cleared_day(name: str) -> None:
    run = cleared(five_bus({"Solitude": 125.0, "Sundance": 170.0}))
    result = conduct_of_run(run, levels(), RuleBook.load(name).mitigation)
    tests = result.tests.set_index("unit")
    # Against the load-weighted reference only Sundance relieves D-E (F2), by 0.113.
    expected = {
        "nyiso": ["Solitude", "Sundance"],
        "isone": [],  # neither is pivotal, all load is in the East
        "miso": ["Sundance"],
        "spp": ["Sundance"],
    }
    assert sorted(tests.index[tests["result"] == "fail"]) == expected[name]
    areas = {"miso": "broad", "spp": "constrained"}
    assert tests.loc["Sundance", "area"] == areas.get(name, "")
    assert np.isfinite(tests.loc[tests["result"] == "fail", "limit"]).all()


def test_hours_and_prices_are_counted_in_earlier_runs(tmp_path: Path) -> None:
    # Yesterday D-E bound in one hour of two: 4380 hours of a year. C paid 30 in it and 10 in the
    # other: 0.02 * 20 * 8760 / 4380 = 0.8.
    base = five_bus(intervals=2)
    demand = base.demand.copy()
    demand.loc[1, ["B", "C", "D"]] = [150.0, 150.0, 200.0]
    yesterday = five_bus(intervals=2, demand=demand)
    shifted = {
        name: table.assign(interval_start=table["interval_start"] - pd.Timedelta(days=1))
        if name == "demand"
        else table
        for name, table in yesterday.tables.items()
    }
    meta = yesterday.meta.model_copy(
        update={"start": yesterday.meta.start - pd.Timedelta(days=1), "reference": "E"}
    )
    earlier = cleared(Case.build(meta, shifted))
    text = """
[mitigation.areas.city]
kind = "pocket"
buses = ["C"]
constraints = ["D-E"]
formula = { kind = "two_percent" }
"""
    run = cleared(five_bus({"Solitude": 60.0}))
    result = conduct_of_run(run, levels(), book(tmp_path, text), earlier=[earlier])
    assert result.areas.money == {"city": pytest.approx(0.8)}
    row = result.tests.set_index("unit").loc["Solitude"]
    assert (row["area"], row["result"]) == ("city", "fail")
    assert row["limit"] == pytest.approx(30.8)
    without = conduct_of_run(run, levels(), book(tmp_path, text))
    assert without.areas.money == {} and "sets no threshold" in without.notes[0]


# Pockets behind limits


def test_a_pocket_behind_a_named_limit_is_what_it_separates_or_the_nearer_side() -> None:
    """The limit D-E parts A, E from B, C, D: half of the way by DFAX (network.behind)."""
    case = five_bus()
    pocket = AreaRules(kind="pocket", behind=True, constraints=("D-E",))
    assert members(case, pocket) == ["Alta", "Park City", "Brighton"]
    radial = case.branches[case.branches["branch"].isin(["A-B", "B-C", "C-D", "D-E"])]
    line = five_bus(branches=radial)  # A-B-C-D-E in a row: behind B-C lie A and B
    assert members(line, AreaRules(kind="pocket", behind=True, constraints=("B-C",))) == [
        "Alta",
        "Park City",
    ]
    for named, expected in (
        ((), "must name them"),
        (("D-F",), r"there is no branch or interface D-F"),
    ):
        with pytest.raises(InputError, match=expected):
            members(case, AreaRules(kind="pocket", behind=True, constraints=named))


def test_a_pocket_behind_whatever_binds_is_there_while_it_binds() -> None:
    """A-B-C-D-E in a row, C-D held to 100 MW: D with 400 MW of load and E lie behind it."""
    case = five_bus()
    branches = case.branches[case.branches["branch"].isin(["A-B", "B-C", "C-D", "D-E"])]
    limit = branches["branch"].map({"C-D": 100.0})
    held = five_bus(branches=branches.assign(rating_mw=limit), offers={"Brighton": 50.0})
    run = cleared(held)
    binding = run.constraints[run.constraints["shadow_price"] > 0]
    assert binding["constraint"].tolist() == ["C-D"]
    area = AreaRules(kind="pocket", active="binding", behind=True)
    assert members(held, area, run) == ["Sundance", "Brighton"]
    assert members(held, area) == []
    named = area.model_copy(update={"constraints": ("A-B",)})
    assert members(held, named, run) == []
