"""UnitCommitment.jl: every quantity of an instance against the tables, and what is refused."""

from __future__ import annotations

import copy
import gzip
import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases import Case, read_case
from cases.errors import DataWarning, InputError
from cases.importing import import_case
from tests.cases import uc_days
from tests.cases.test_pglib_uc import cost_of
from tests.oracles import commitment
from tests.outside import outside


def read(tmp_path: Path, content: Any, name: str = "2017-01-01.json", **options: Any) -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return read_case(uc_days.write(tmp_path / name, content), **options)


def failures(tmp_path: Path, content: Any) -> set[tuple[str | None, str]]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    return {(f.column, f.rule) for f in caught.value.failures}


def changed(place: str, value: Any) -> dict[str, Any]:
    """The example with one value changed or added."""
    content = uc_days.unitcommitment_jl()
    *path, last = place.split("/")
    at = content
    for key in path:
        at = at[key]
    at[last] = value
    return content


@pytest.mark.parametrize("name", ["2017-01-01.json", "2017-01-01.json.gz"])
def test_the_example(tmp_path: Path, name: str) -> None:
    case = read(tmp_path, uc_days.unitcommitment_jl(), name)
    assert case.meta.name == "2017-01-01"
    assert (case.meta.intervals, case.meta.interval_minutes) == (4, 60)
    assert case.interval_starts[0].isoformat() == "2017-01-01T00:00:00+00:00"
    assert case.meta.imported["format"] == "unitcommitment.jl"
    assert case.meta.imported["version"] == "0.4"
    assert case.meta.imported["cite"] == "made up for these tests"
    assert case.buses["bus"].tolist() == ["b1", "b2", "b3"]
    assert case.demand["b2"].tolist() == [60.0, 70.0, 90.0, 65.5]
    assert case.demand["b3"].tolist() == [12.5] * 4
    assert "b1" not in case.demand


def test_thermal_units(tmp_path: Path) -> None:
    case = read(tmp_path, uc_days.unitcommitment_jl())
    coal, gas = (case.units.set_index("unit").loc[name] for name in ("coal", "gas"))
    expected = {
        "bus": "b1",
        "p_min": 30.0,
        "p_max": 100.0,
        "ramp_up": 25.0,
        "ramp_down": 30.0,
        "startup_ramp": 55.0,  # the ramp of 25 above the minimum is tighter than the limit of 70
        "shutdown_ramp": 45.0,
        "min_up": 3.0,
        "min_down": 2.0,
        "initial_hours": 5.0,
        "initial_mw": 55.0,
        "must_run": True,
    }
    assert {key: coal[key] for key in expected} == expected
    assert (gas["initial_hours"], gas["initial_mw"], gas["p_max"]) == (-3.0, 0.0, 40.0)
    assert all(math.isnan(gas[key]) for key in ("ramp_up", "ramp_down", "startup_ramp"))
    rows = case.commitment_offers[case.commitment_offers["unit"] == "coal"]
    paid = rows[["component", "after_hours_off", "price"]].to_numpy().tolist()
    assert ["startup", 0.0, 300.0] in paid and ["startup", 6.0, 500.0] in paid
    assert ["shutdown", 0.0, 40.0] in paid


def test_cost_at_every_point_of_the_curves(tmp_path: Path) -> None:
    content = uc_days.unitcommitment_jl()
    case = read(tmp_path, content)
    for name in ("coal", "gas"):
        unit = content["Generators"][name]
        points = zip(
            unit["Production cost curve (MW)"], unit["Production cost curve ($)"], strict=True
        )
        for mw, cost in points:
            for t, at in enumerate(case.interval_starts):
                x, y = (v[t] if isinstance(v, list) else v for v in (mw, cost))
                assert cost_of(case, name, x, at) == pytest.approx(y, abs=1e-9)


def test_limits_that_change(tmp_path: Path) -> None:
    """The last point of the curve is the reach; a commitment that is false is an outage."""
    case = read(tmp_path, uc_days.unitcommitment_jl())
    assert case.availability["gas"].tolist() == [40.0, 30.0, 20.0, 0.0]
    assert case.self_schedules["wind minimum"].tolist() == [0.0, 5.0, 5.0, 0.0]
    assert case.availability["wind"].tolist() == [10.0, 15.0, 10.0, 0.0]
    for unit in ("wind", "wind minimum"):
        prices = case.offers[case.offers["unit"] == unit].set_index("interval_start")["price"]
        assert prices.tolist() == [1.0, 2.0, 2.0, 1.0]


def test_lines(tmp_path: Path) -> None:
    """The reactance that the file also gives is the one that its susceptance says."""
    content = uc_days.unitcommitment_jl()
    case = read(tmp_path, content)
    branches = case.branches.set_index("branch")
    for name in ("l1", "l2"):
        given = content["Transmission lines"][name]["Reactance (ohms)"]
        assert branches["x"][name] == pytest.approx(given, rel=1e-4)
    assert branches["rating_mw"].tolist()[:2] == [80.0, 60.0]
    assert branches["emergency_rating_mw"].tolist()[:2] == [95.0, 1e8]
    assert branches.loc["l3", ["rating_mw", "emergency_rating_mw"]].isna().all()
    rows = case.contingencies.to_numpy().tolist()
    assert rows == [["c1", "branch", "l1"], ["c2", "branch", "l2"], ["c2", "unit", "gas"]]
    assert case.interfaces.to_numpy().tolist() == [["north", "l1", 1.0], ["north", "l3", -1.0]]
    limits = case.interface_limits.iloc[0]
    assert math.isnan(limits["min_mw"]) and limits["max_mw"] == 70.0


def test_interfaces_by_weight(tmp_path: Path) -> None:
    item = {"Branches": {"l1": 0.5, "l2": -1.0}, "Net flow lower limit (MW)": -20.0}
    case = read(tmp_path, changed("Interfaces/north", item))
    assert case.interfaces.to_numpy().tolist() == [["north", "l1", 0.5], ["north", "l2", -1.0]]
    assert case.interface_limits["min_mw"].tolist() == [-20.0]


def test_reserves(tmp_path: Path) -> None:
    case = read(tmp_path, uc_days.unitcommitment_jl())
    products = case.reserve_products[["product", "direction", "minutes"]].to_numpy().tolist()
    assert products == [["r1", "up", 60.0], ["flex up", "up", 60.0], ["flex down", "down", 60.0]]
    required = case.reserve_requirements.groupby("product")["mw"].apply(list).to_dict()
    assert required == {"r1": [6.0, 7.0, 9.0, 6.5], "flex up": [3.0] * 4, "flex down": [3.0] * 4}
    curve = case.reserve_demand[["product", "mw", "price"]].to_numpy().tolist()
    assert curve == [["r1", 9.0, 250.0]]
    offers = case.reserve_offers[["unit", "product", "mw", "price"]].to_numpy().tolist()
    assert offers == [
        ["coal", "r1", 70.0, 0.0],
        ["gas", "r1", 30.0, 0.0],
        ["gas", "flex up", 30.0, 0.0],
        ["gas", "flex down", 30.0, 0.0],
    ]


def test_storage_and_bids(tmp_path: Path) -> None:
    case = read(tmp_path, uc_days.unitcommitment_jl())
    row = case.storage.iloc[0]
    expected = {
        "storage": "s1",
        "bus": "b3",
        "charge_mw": 10.0,
        "discharge_mw": 8.0,
        "energy_min": 2.0,
        "energy_max": 40.0,
        "efficiency_in": 0.8,
        "efficiency_out": 0.9,
        "initial_mwh": 20.0,
        "final_mwh": 18.0,
        "charge_price": -1.5,
        "discharge_price": 2.5,
    }
    assert {key: row[key] for key in expected} == expected
    assert case.bids["load"].tolist() == ["mill"] * 4
    assert case.bids["mw"].tolist() == [15.0] * 4
    assert case.bids["price"].tolist() == [23.0, 30.0, 30.0, 23.0]
    assert case.demand["mill"].tolist() == [0.0] * 4


def test_least_cost_by_hand(tmp_path: Path) -> None:
    """The two-unit example of the tutorial of format 0.4: 200 MW at 5, the rest at 10.

    Demand 100, 150, 200, 250: 5 * (100 + 150 + 200 + 200) + 10 * 50.
    """
    unit = {"Bus": "b1", "Type": "Thermal", "Initial status (h)": -24, "Initial power (MW)": 0}
    curves = {"g1": ([0, 200], [0, 1000]), "g2": ([0, 300], [0, 3000])}
    content = {
        "Parameters": {"Version": "0.4", "Time horizon (h)": 4},
        "Buses": {"b1": {"Load (MW)": [100, 150, 200, 250]}},
        "Generators": {
            name: {**unit, "Production cost curve (MW)": mw, "Production cost curve ($)": cost}
            for name, (mw, cost) in curves.items()
        },
    }
    assert commitment.solve(read(tmp_path, content)).objective == pytest.approx(3750.0)


def quarters() -> dict[str, Any]:
    """The example in steps of a quarter hour: one hour, the same numbers per step."""
    content = uc_days.unitcommitment_jl()
    del content["Parameters"]["Time horizon (h)"]
    content["Parameters"] |= {"Time horizon (min)": 60, "Time step (min)": 15}
    content["Generators"]["coal"]["Startup delays (h)"] = [1, 6]
    content["Storage units"]["s1"]["Last period minimum level (MWh)"] = 15.0
    return content


def test_quarter_hours(tmp_path: Path) -> None:
    """Ramps and money are per step in the file, per hour in the case; times are hours in both."""
    hourly, case = (
        read(tmp_path, content) for content in (uc_days.unitcommitment_jl(), quarters())
    )
    assert (case.meta.intervals, case.meta.interval_minutes) == (4, 15)
    coal = case.units.set_index("unit").loc["coal"]
    assert (coal["ramp_up"], coal["ramp_down"]) == (100.0, 120.0)
    assert (coal["startup_ramp"], coal["min_up"], coal["initial_hours"]) == (55.0, 3.0, 5.0)
    for mw in (30.0, 50.0, 80.0, 100.0):
        per_step = cost_of(case, "coal", mw) * case.interval_hours
        assert per_step == pytest.approx(cost_of(hourly, "coal", mw))
    assert case.bids["price"].tolist() == [92.0, 120.0, 120.0, 92.0]
    assert case.reserve_demand["price"].tolist() == [1000.0]
    assert set(case.reserve_products["minutes"]) == {15.0}
    assert any("penalties.balance=6000" in note for note in case.meta.imported["notes"])


def test_the_first_hours(tmp_path: Path) -> None:
    content = uc_days.unitcommitment_jl()
    case = read(tmp_path, content, hours=2)
    assert case.meta.intervals == 2 and len(case.demand) == 2
    assert set(case.offers["interval_start"].dropna()) <= set(case.interval_starts)
    assert math.isnan(case.storage["final_mwh"].iloc[0])
    assert any("s1: Last period minimum level" in str(w) for w in case.warnings)
    path = uc_days.write(tmp_path / "2017-01-01.json.gz", content)
    with pytest.warns(DataWarning):
        import_case(path, tmp_path / "out", hours=2)
    assert read_case(tmp_path / "out").offers.equals(case.offers)


@pytest.mark.parametrize("version", ["0.2", "0.3", 0.3, "0.3.0", "0.4"])
def test_versions(tmp_path: Path, version: Any) -> None:
    """Before 0.4 units need no Type; 0.2 has one spinning reserve, which units serve by default."""
    content = uc_days.unitcommitment_jl()
    content["Parameters"]["Version"] = version
    if str(version)[:3] < "0.4":
        for unit in ("coal", "gas"):
            del content["Generators"][unit]["Type"]
    if version == "0.2":
        content["Parameters"]["Reserve shortfall penalty ($/MW)"] = 80.0
        content["Reserves"] = {"Spinning (MW)": [6.0, 7.0, 9.0, 6.5]}
        for unit in ("coal", "gas"):
            del content["Generators"][unit]["Reserve eligibility"]
        del content["Generators"]["coal"]["Shutdown cost ($)"]
        content["Generators"]["gas"]["Provides spinning reserves?"] = [True, False, True, False]
    case = read(tmp_path, content)
    assert case.meta.imported["version"] == str(version)[:3]
    need = case.reserve_requirements[case.reserve_requirements["product"] == "r1"]
    assert need["mw"].tolist() == [6.0, 7.0, 9.0, 6.5]
    if version == "0.2":
        assert case.reserve_demand["price"].tolist() == [80.0]
        offers = case.reserve_offers
        assert offers["unit"].tolist() == ["coal", "gas", "gas"]
        stamps = offers["interval_start"][offers["unit"] == "gas"].tolist()
        assert stamps == [case.interval_starts[0], case.interval_starts[2]]


def of_format_0_2() -> dict[str, Any]:
    """The day in the form of the instances published for UnitCommitment.jl 0.2."""
    content = uc_days.unitcommitment_jl()
    for section in ("Storage units", "Interfaces"):
        content.pop(section, None)
    content["Reserves"] = {"Spinning (MW)": [6.0, 7.0, 9.0, 6.5]}
    units = content["Generators"]
    content["Generators"] = {name: units[name] for name in ("coal", "gas")}
    for unit in content["Generators"].values():
        unit.pop("Type")
        unit.pop("Shutdown cost ($)", None)
        unit.pop("Reserve eligibility", None)
    return content


def test_no_version_and_nothing_later_is_format_0_2(tmp_path: Path) -> None:
    """The published instances name no version: read as one that says 0.2, with a note."""
    content = of_format_0_2()
    content["Parameters"]["Version"] = "0.2"
    said = read(tmp_path, content)
    del content["Parameters"]["Version"]
    case = read(tmp_path, content)
    assert case.meta.imported["version"] == "0.2"
    note = "the file names no version of the format: read as 0.2"
    assert note in case.meta.imported["notes"] and note not in said.meta.imported["notes"]
    assert case.replace(imported={}).hash == said.replace(imported={}).hash


@pytest.mark.parametrize("later", ["Type", "Reserve eligibility", "Reserves", "Storage units"])
def test_no_version_but_something_later_is_refused(tmp_path: Path, later: str) -> None:
    """What 0.2 does not have would be read by the wrong rules."""
    content, newer = of_format_0_2(), uc_days.unitcommitment_jl()
    del content["Parameters"]["Version"]
    if later in newer:
        content[later] = newer[later]
    else:
        content["Generators"]["coal"][later] = newer["Generators"]["coal"][later]
    assert failures(tmp_path, content) == {("Parameters/Version", "missing_key")}


PUBLISHED = {
    "case118": (118, 54, 186, 177),
    "case300": (300, 69, 411, 320),
    "case1354pegase": (1354, 260, 1991, 1288),
    "case2383wp": (2383, 323, 2896, 2240),
    "case3375wp": (3374, 590, 4161, 3245),
    "case6515rte": (6515, 1368, 9037, 6063),
}
"""Buses, generators, lines and contingencies of the files, counted in their JSON."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_instances_are_read(name: str) -> None:
    path = outside(f"unitcommitment-jl/{name}-2017-02-01.json.gz")
    case = read_case(path)
    sizes = tuple(len(t) for t in (case.buses, case.units, case.branches, case.contingencies))
    assert sizes == PUBLISHED[name] and case.meta.intervals == 36
    content = json.loads(gzip.decompress(path.read_bytes()))
    for bus, load in content["Buses"].items():
        series = np.broadcast_to(load["Load (MW)"], 36)
        if series.any():
            np.testing.assert_array_equal(case.demand[bus], series)
    required = case.reserve_requirements["mw"].to_numpy()
    np.testing.assert_array_equal(required, content["Reserves"]["Spinning (MW)"])


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, 'Parameters/Version: is missing; add the format of the file, such as "Version"'),
        ("0.5", "Parameters/Version: format 0.5 is not known; 0.2, 0.3, 0.4 are read"),
        ("new", "Parameters/Version: format new is not known; 0.2, 0.3, 0.4 are read"),
        (1, "Parameters/Version: format 1 is not known; 0.2, 0.3, 0.4 are read"),
    ],
)
def test_unknown_versions(tmp_path: Path, version: Any, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, changed("Parameters/Version", version))
    assert len(caught.value.failures) == 1 and expected in str(caught.value)


STORAGE, COAL, GAS = "Storage units/s1", "Generators/coal", "Generators/gas"


@pytest.mark.parametrize(
    ("place", "value", "rule"),
    [
        (f"{STORAGE}/Loss factor", 0.01, "not_said"),
        (f"{STORAGE}/Minimum charge rate (MW)", 2.0, "not_said"),
        (f"{STORAGE}/Last period maximum level (MWh)", 30.0, "not_said"),
        (f"{STORAGE}/Maximum level (MWh)", [40.0, 40.0, 30.0, 40.0], "time_series"),
        (f"{COAL}/Must run?", [True, False, False, False], "time_series"),
        (f"{COAL}/Production cost curve (MW)", [[30, 31, 30, 30], 50, 80, 100], "time_series"),
        (f"{COAL}/Commitment status", [True, None, None, None], "ok"),
        (f"{GAS}/Commitment status", [True, None, None, None], "time_series"),
        (f"{GAS}/Commitment status", [None, False], "length"),
        (f"{COAL}/Ramp up limt (MW)", 3.0, "unknown_key"),
        (f"{COAL}/Investment cost ($)", 3.0, "unknown_key"),
        (f"{COAL}/Reserve eligibility", ["r2"], "unknown_name"),
        (f"{COAL}/Startup delays (h)", [3, 6], "startup"),
        (f"{COAL}/Startup costs ($)", [3.0], "startup"),
        (f"{COAL}/Initial status (h)", 0, "initial_state"),
        (f"{COAL}/Initial power (MW)", None, "missing_key"),
        (f"{COAL}/Bus", "b9", "unknown_bus"),
        (f"{COAL}/Type", "Hydro", "type"),
        ("Transmission lines/l1/Normal flow limit (MW)", [80, 80, 70, 80], "time_series"),
        ("Transmission lines/l1/Susceptance (S)", 0.0, "zero"),
        ("Reserves/r1/Type", "non-spinning", "type"),
        ("Reserves/r1/Parent", "flex", "unknown_key"),
        ("Buses/b2/Load (MW)", [1.0, 2.0, 3.0], "length"),
        ("Buses/b2/Load (MW)", "much", "number"),
        ("Contingencies/c1/Affected lines", ["l9"], "unknown_name"),
        ("Interfaces/north/Inbound lines", ["l9"], "unknown_name"),
        ("Generators/wind/Minimum power (MW)", 60.0, "range"),
        ("Parameters/Time step (min)", 25, "step"),
        ("Parameters/Time horizon (min)", 240, "horizon"),
        ("Parameters/Time horizon (h)", 0.5, "horizon"),
        ("Shunt devices", {"sh1": {"Bus": "b1"}}, "unknown_key"),
    ],
)
def test_what_a_case_cannot_say_is_refused(
    tmp_path: Path, place: str, value: Any, rule: str
) -> None:
    content = changed(place, value)
    if rule == "ok":
        read(tmp_path, content)
        return
    found = failures(tmp_path, content)
    assert [kind for _, kind in found] == [rule]
    [(where, _)] = found
    assert where is not None and where.startswith(place.rpartition("/")[0])


def test_every_failure_at_once(tmp_path: Path) -> None:
    content = uc_days.unitcommitment_jl()
    del content["Generators"]["coal"]["Production cost curve ($)"]
    del content["Generators"]["wind"]["Type"]
    content["Generators"]["gas"]["Production cost curve ($)"] = [450.0, 1000.0, 2000.0]
    content["Buses"]["b3"]["Load (MW)"] = [1.0]
    del content["Storage units"]["s1"]["Bus"]
    content["Price-sensitive loads"]["mill"]["Demand (MW)"] = -3.0
    assert failures(tmp_path, content) == {
        ("Generators/coal/Production cost curve ($)", "missing_key"),
        ("Generators/wind/Type", "missing_key"),
        ("Generators/gas/Production cost curve ($)", "length"),
        ("Buses/b3/Load (MW)", "length"),
        ("Storage units/s1/Bus", "missing_key"),
        ("Price-sensitive loads/mill/Demand (MW)", "range"),
    }


def test_what_is_read_otherwise_is_warned_of(tmp_path: Path) -> None:
    content = copy.deepcopy(uc_days.unitcommitment_jl())
    content["Transmission lines"]["l1"]["Flow limit penalty ($/MW)"] = 1000.0
    content["Parameters"] |= {"Scenario name": "wet", "Scenario weight": 0.5}
    content["Storage units"]["s1"]["Allow simultaneous charging and discharging"] = False
    path = uc_days.write(tmp_path / "a.json", content)
    with pytest.warns(DataWarning) as issued:
        case = read_case(path)
    texts = [str(w.message) for w in issued]
    for part in (
        "flexible ramp flex is read as two reserves",
        "penalties for flow limits of lines run from 1000 to 5000 $/MW",
        "scenario wet has a weight",
        "storage s1: Allow simultaneous charging and discharging is false",
    ):
        assert any(part in text for text in texts)
        assert any(part in str(w) for w in case.warnings)
        assert any(part in note for note in case.meta.imported["notes"])
    assert any("penalties.balance=1500" in note for note in case.meta.imported["notes"])


def test_names_of_loads_do_not_collide(tmp_path: Path) -> None:
    content = uc_days.unitcommitment_jl()
    content["Price-sensitive loads"]["b2"] = content["Price-sensitive loads"].pop("mill")
    case = read(tmp_path, content)
    assert case.loads["load"].tolist() == ["b2", "b3", "b2 bid"]
    np.testing.assert_array_equal(case.demand["b2"], [60.0, 70.0, 90.0, 65.5])
