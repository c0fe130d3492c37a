"""Who sets a price, from the optimal basis: hand arithmetic, and one MW more solved again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Case, Run
from tests.counterflow.marginal_check import cost_of
from tests.counterflow.test_cli import Call, call
from tests.strategies import FULL, random_case
from tests.strategies_commitment import UNITS, commitment_day

__all__ = ["call"]

START = "2030-06-03T00:00:00Z"
TRADED = {
    "contingencies": True,
    "bids": True,
    "virtuals": True,
    "storage": True,
    "reserves": True,
    "energy_limits": True,
}


def one_bus(
    demand: list[float], offers: dict[str, tuple[float, float]], **tables: pd.DataFrame
) -> Case:
    """One bus; `offers` has MW and price of each unit."""
    names = list(offers)
    starts = pd.date_range(START, periods=len(demand), freq="h")
    mw = [offers[name][0] for name in names]
    units = pd.DataFrame({"unit": names, "bus": "X", "p_max": mw})
    if "ramp_up" in tables:
        units["ramp_up"] = tables.pop("ramp_up")
    own = {
        "buses": pd.DataFrame({"bus": ["X"], "zone": "Z"}),
        "units": units,
        "offers": pd.DataFrame(
            {"unit": names, "segment": 1, "mw": mw, "price": [offers[n][1] for n in names]}
        ),
        "loads": pd.DataFrame({"load": ["town"], "bus": "X"}),
        "demand": pd.DataFrame({"interval_start": starts, "town": demand}),
    }
    return Case.build({"name": "one bus", "start": START, "intervals": len(demand)}, own | tables)


def cleared(case: Case) -> Run:
    return cf.clear(case, commitment=False)


def coefficients(found: cf.PriceExplanation) -> dict[tuple[str, str], float]:
    hour = found.setters["interval_start"].dt.strftime("%H")
    keys = zip(found.setters["name"], hour, strict=True)
    return dict(zip(keys, found.setters["coefficient"], strict=True))


def test_published_participation_factors_of_the_five_bus_system() -> None:
    # mitigation.md 9H: at D 1.497137 of Solitude (30) and -0.497137 of Brighton (10).
    found = cf.explain_price(cf.clear(cf.read_case("pjm5")), bus="D", at="17:00")
    assert found.method == "basis" and found.determined
    own = found.setters.set_index("name")["coefficient"]
    assert own["Solitude"] == pytest.approx(1.497137, abs=1e-6)
    assert own["Brighton"] == pytest.approx(-0.497137, abs=1e-6)
    assert found.setters["amount"].sum() == pytest.approx(found.lmp, abs=1e-6)
    assert found.ties == ("D-E",)


def test_a_ramp_brings_in_the_next_hour() -> None:
    # Demand 100 then 200; slow (10) may rise 50: slow 100, 150; fast (50) 0, 50. One MW more in
    # the first hour is slow's, lets it rise to one more later and saves one of fast:
    # 10 + 10 - 50 = -30.
    offers = {"slow": (200.0, 10.0), "fast": (200.0, 50.0)}
    case = one_bus([100.0, 200.0], offers, ramp_up=[50.0, np.nan])
    found = cf.explain_price(cleared(case), bus="X", at="00:00")
    assert found.lmp == pytest.approx(-30.0)
    assert coefficients(found) == {
        ("slow", "00"): pytest.approx(1.0),
        ("slow", "01"): pytest.approx(1.0),
        ("fast", "01"): pytest.approx(-1.0),
    }
    assert found.ties == ("ramp_up:slow at 2030-06-03 01:00",)


def test_storage_brings_in_the_hour_in_which_it_charges() -> None:
    # Stored at 10 in the first hour, used in the second: one MW more there is 1 / 0.8 MW more of
    # cheap in the first: 12.5, below dear's 50. The store (20 MWh, 15 kept) is not full.
    storage = pd.DataFrame(
        {
            "storage": ["S"],
            "bus": "X",
            "charge_mw": 50.0,
            "discharge_mw": 30.0,
            "energy_max": 60.0,
            "efficiency_in": 0.8,
        }
    )
    case = one_bus([100.0, 210.0], {"cheap": (200.0, 10.0), "dear": (100.0, 50.0)}, storage=storage)
    found = cf.explain_price(cleared(case), bus="X", at="01:00")
    assert found.lmp == pytest.approx(12.5)
    own = coefficients(found)
    assert own[("cheap", "00")] == pytest.approx(1.25)
    assert found.setters.set_index("name").loc["cheap", "price"] == 10.0
    assert {row["kind"] for row in found.setter_rows} == {"unit", "storage"}
    assert any(text.startswith("energy in S") for text in found.ties)


def test_an_energy_budget_brings_in_the_hour_that_it_leaves() -> None:
    # Hydro (0, 40 MWh a day) runs 10 + 30; every MWh of it more now is one less later, where dear
    # (50) makes it up: the price of the first hour is 50 as well, though dear is out there.
    limits = pd.DataFrame(
        {"unit": ["hydro"], "day": [pd.Timestamp("2030-06-03")], "max_mwh": [40.0]}
    )
    case = one_bus(
        [10.0, 60.0],
        {"hydro": (100.0, 0.0), "dear": (100.0, 50.0)},
        energy_limits=limits,
        availability=pd.DataFrame(
            {"interval_start": pd.date_range(START, periods=2, freq="h"), "dear": [0.0, 100.0]}
        ),
    )
    found = cf.explain_price(cleared(case), bus="X", at="00:00")
    assert found.lmp == pytest.approx(50.0)
    assert coefficients(found)[("dear", "01")] == pytest.approx(1.0)
    assert found.ties == ("energy budget of hydro",)


def test_a_reserve_sets_a_price_with_energy() -> None:
    # A (10, 100 MW) and B (30, 100 MW); 40 MW of spin, A offers it at 5, B at 12. Demand 70. A's
    # capacity is full: 70 of energy, 30 of spin, B 10 of spin. One MW more: A + 1 at 10, spin of
    # A - 1 (saves 5), of B + 1 (12): 10 - 5 + 12 = 17, below B's 30.
    tables = {
        "reserve_products": pd.DataFrame({"product": ["spin"], "minutes": 60.0}),
        "reserve_requirements": pd.DataFrame({"product": ["spin"], "zone": "", "mw": 40.0}),
        "reserve_offers": pd.DataFrame(
            {"unit": ["A", "B"], "product": "spin", "mw": [40.0, 40.0], "price": [5.0, 12.0]}
        ),
    }
    case = one_bus([70.0], {"A": (100.0, 10.0), "B": (100.0, 30.0)}, **tables)
    found = cf.explain_price(cleared(case), bus="X", at="00:00")
    assert found.lmp == pytest.approx(17.0)
    assert coefficients(found) == {
        ("A", "00"): pytest.approx(1.0),
        ("A spin", "00"): pytest.approx(-1.0),
        ("B spin", "00"): pytest.approx(1.0),
    }
    assert "requirement of spin" in found.ties


def test_a_price_between_two_offers_names_both_and_what_they_serve() -> None:
    # Demand is exactly the 100 MW of A at 10; the next is B at 50. One MW less saves 10 for the
    # 100 MW of A, one MW more costs 50 for the 60 MW of B.
    run = cleared(one_bus([100.0], {"A": (100.0, 10.0), "B": (60.0, 50.0)}))
    found = cf.explain_price(run, bus="X", at="00:00")
    assert not run.prices["unique"].iloc[0]
    sides = found.sides.set_index("side")
    assert sides.loc["more", ["price", "mw", "setters"]].tolist() == [50.0, 60.0, "B"]
    assert sides.loc["less", ["price", "mw", "setters"]].tolist() == [10.0, 100.0, "A"]
    assert found.determined and "every price between the two" in found.reason
    assert found.setters["amount"].sum() == pytest.approx(found.lmp)


def test_a_published_price_between_the_sides_is_made_of_both(tmp_path: Path) -> None:
    # 20 lies between 10 and 50: a quarter of B's side, three quarters of A's.
    run = cleared(one_bus([100.0], {"A": (100.0, 10.0), "B": (60.0, 50.0)}))
    prices = run.prices.assign(lmp=20.0, mec=20.0)
    other = Run(run.stated, {**run.tables, "prices": prices}, run.case, run.rulebook)
    found = cf.explain_price(other, bus="X", at="00:00")
    own = found.setters.set_index("name")["coefficient"]
    assert found.determined
    assert own.to_dict() == {"B": pytest.approx(0.25), "A": pytest.approx(0.75)}


def test_a_price_that_no_dual_makes_is_not_explained_away() -> None:
    run = cleared(one_bus([90.0], {"A": (100.0, 10.0), "B": (60.0, 50.0)}))
    prices = run.prices.assign(lmp=11.0, mec=11.0)
    other = Run(run.stated, {**run.tables, "prices": prices}, run.case, run.rulebook)
    found = cf.explain_price(other, bus="X", at="00:00")
    assert not found.determined
    assert "makes 10.000000" in found.reason


def test_what_is_not_served_sets_the_price_and_is_named() -> None:
    with pytest.warns(cf.DataWarning, match="above all supply"):
        case = one_bus([120.0], {"A": (100.0, 10.0)})
    found = cf.explain_price(cleared(case), bus="X", at="00:00")
    assert found.setters[["kind", "price", "amount"]].to_numpy().tolist() == [
        ["shortage", 5000.0, 5000.0]
    ]


@pytest.fixture(scope="module")
def twelve() -> Run:
    """Twelve buses with reserves, storage, virtuals, a bid, an interface and contingencies."""
    case = commitment_day(replace(UNITS, units=8, intervals=8, buses=12, **TRADED), 3)
    tables = {
        "interfaces": pd.DataFrame(
            {"interface": "I", "branch": case.branches["branch"].iloc[:2], "weight": 1.0}
        ),
        "interface_limits": pd.DataFrame({"interface": ["I"], "min_mw": -15.0, "max_mw": 15.0}),
    }
    return cf.clear(case.replace(**tables), security="n-1")


def test_every_price_of_a_twelve_bus_day_is_explained(twelve: Run) -> None:
    found = [one for one in cf.explain_prices(twelve, at="all") if not np.isnan(one.lmp)]
    assert len(found) == 12 * 8
    assert sum(one.determined for one in found) >= 0.99 * len(found)
    for one in found:
        assert abs(one.residual) < 1e-5 * max(1.0, abs(one.lmp))
        if one.determined:
            total = sum(row["amount"] for row in one.setter_rows)
            assert total == pytest.approx(one.lmp, abs=1e-5, rel=1e-6)


def assert_marginal(run: Run, rng: np.random.Generator, count: int) -> int:
    """Compare both sides of some prices with a day solved again; how many were compared."""
    rows = run.prices.dropna(subset=["lmp"])
    compared = 0
    for k in rng.choice(len(rows), count, replace=False).tolist():
        bus, start = str(rows["bus"].iloc[k]), rows["interval_start"].iloc[k]
        found = cf.explain_price(run, bus=bus, at=start)
        assert found.determined
        position = run.case.interval_starts.get_loc(start)
        for side in found.side_rows:
            step = min(0.5, side["mw"] / 2.0)
            if step < 1e-3:
                continue
            mw = step if side["side"] == "more" else -step
            done = cost_of(run, bus, position, mw)
            assert side["price"] == pytest.approx(done, abs=1e-3, rel=1e-3), (bus, start, side)
            compared += 1
    return compared


def test_both_sides_are_what_a_step_costs(twelve: Run) -> None:
    assert assert_marginal(twelve, np.random.default_rng(5), 2) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_both_sides_on_random_grids(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = random_case(replace(FULL, buses=8, intervals=3), seed)
    day = commitment_day(replace(UNITS, units=5, intervals=6, buses=4, **TRADED), seed)
    assert assert_marginal(cf.clear(grid, commitment=False, security="n-1"), rng, 6) >= 6
    assert assert_marginal(cf.clear(day, security="n-1"), rng, 6) >= 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{}, {"pricing.method": "extended"}, {"pricing.method": "relaxed"}]
)
def test_other_pricing_methods_and_a_run_read_back(
    settings: dict[str, str], tmp_path: Path
) -> None:
    day = commitment_day(replace(UNITS, units=5, intervals=6, buses=4, **TRADED), 1)
    run = cf.clear(day, security="n-1", settings=settings)
    run.write(tmp_path / "run")
    for each in (run, Run.read(tmp_path / "run")):
        found = [one for one in cf.explain_prices(each, at="all") if not np.isnan(one.lmp)]
        assert sum(one.method == "basis" for one in found) >= 0.99 * len(found)


def test_losses_have_their_setters() -> None:
    case = random_case(replace(FULL, buses=6, intervals=2), 2)
    run = cf.clear(case, commitment=False, settings={"losses.method": "marginal"})
    found = [one for one in cf.explain_prices(run, at="all") if not np.isnan(one.lmp)]
    assert all(one.determined for one in found)
    for one in found:
        total = sum(row["amount"] for row in one.setter_rows)
        assert total == pytest.approx(one.lmp, rel=1e-4, abs=1e-4)


def test_a_zone_is_explained_by_its_buses(twelve: Run) -> None:
    start = twelve.case.interval_starts[2]
    found = cf.explain_price(twelve, zone="Z1", at=start)
    inside = twelve.case.buses.loc[twelve.case.buses["zone"] == "Z1", "bus"]
    firm = twelve.case.loads.set_index("load")["bus"]
    demand = twelve.case.demand[twelve.case.demand["interval_start"] == start].iloc[0]
    mw = pd.Series({bus: 0.0 for bus in inside})
    for load, bus in firm.items():
        if bus in mw:
            mw[bus] += float(demand[load])
    mw = mw.clip(lower=0.0)
    lmp = twelve.prices[twelve.prices["interval_start"] == start].set_index("bus")["lmp"]
    assert found.lmp == pytest.approx(float((lmp[mw.index] * mw).sum() / mw.sum()))
    assert found.kind == "zone" and found.determined
    assert found.terms["amount"].sum() == pytest.approx(found.lmp, abs=1e-5)


def test_sentences_html_and_the_command(twelve: Run, tmp_path: Path, call: Call) -> None:
    found = cf.explain_price(twelve, bus="B1", at=twelve.case.interval_starts[1])
    assert str(found).startswith("commitment-3: bus B1, zone Z1, 2030-06-0")
    assert "One MW more there is made by" in str(found)
    assert "<table>" in found._repr_html_()
    hour = cf.explain_interval(twelve, at=twelve.case.interval_starts[1].isoformat())
    assert hour.groups["buses"].sum() == 12
    assert "<table>" in hour._repr_html_() and "12 prices" in str(hour)
    twelve.write(tmp_path / "run")
    at = twelve.case.interval_starts[1].isoformat()
    said = call("explain", tmp_path / "run", "--interval", at)
    assert said.code == 0 and "set by" in said.out
    said = call("explain", tmp_path / "run", "--bus", "B1", "--at", "all", "--json")
    document = json.loads(said.out)
    assert len(document["explanations"]) == 8
    later = twelve.case.interval_starts[2].isoformat()
    said = call("explain", tmp_path / "run", "--zone", "Z0", "--at", f"{at}..{later}")
    assert said.out.count("One MW more there is made by") == 2
    assert call("explain", tmp_path / "run", "--zone", "Z0", "--at", f"{later}..{at}").code == 1
    assert call("explain", tmp_path / "run", "--zone", "Z0").code == 1
