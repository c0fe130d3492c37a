"""What limits are said to be: one small day for each kind of row in `constraints` and `slacks`."""

from __future__ import annotations

import pandas as pd
import pytest

import cases
import clearing
from tests.clearing.reserve_days import reserve_day

START = pd.Timestamp("2024-05-01T00:00", tz="UTC")


def two_buses(demand: float, **tables: pd.DataFrame) -> cases.Case:
    """10 at bus 1, 30 at bus 2 with the load; two lines of 60 MW, of equal reactance, between."""
    return cases.Case.build(
        {"name": "kinds", "timezone": "UTC", "start": START},
        {
            "buses": pd.DataFrame({"bus": ["1", "2"]}),
            "branches": pd.DataFrame(
                {"branch": ["ramp_up:A", "b"], "from_bus": "1", "to_bus": "2", "x": 0.1,
                 "rating_mw": [60.0, 500.0], "emergency_rating_mw": [90.0, 500.0]}
            ),
            "units": pd.DataFrame({"unit": ["A", "B"], "bus": ["1", "2"], "p_max": 200.0}),
            "offers": pd.DataFrame(
                {"unit": ["A", "B"], "segment": 1, "mw": 200.0, "price": [10.0, 30.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["2"]}),
            "demand": pd.DataFrame({"interval_start": [START], "L": [demand]}),
            **tables,
        },
    )  # fmt: skip


def said(run: cases.Run, table: str = "constraints") -> list[tuple[str, ...]]:
    assert clearing.validate(run).empty
    rows = getattr(run, table)
    columns = ["constraint", "contingency", "kind", "element", "direction"]
    return [tuple(row) for row in rows[columns].to_numpy().tolist()]


def test_a_branch_whose_name_reads_like_a_ramp() -> None:
    """120 MW at 10 fit through; the line is called as ramps were, and still is a branch."""
    run = clearing.clear(two_buses(150.0), commitment=False)
    assert said(run) == [("ramp_up:A", "", "branch", "ramp_up:A", "upper")]
    assert run.dispatch["mw"].tolist() == pytest.approx([120.0, 30.0])
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 30.0])


def test_a_branch_after_an_outage() -> None:
    """After b is out all flows on the other line, up to 90 MW: so 90 at 10 and 60 at 30."""
    outage = pd.DataFrame({"contingency": ["b out"], "kind": ["branch"], "element": ["b"]})
    case = two_buses(150.0, contingencies=outage)
    run = clearing.clear(case, commitment=False, security="n-1")
    assert said(run) == [("ramp_up:A", "b out", "contingency", "ramp_up:A", "upper")]
    assert run.dispatch["mw"].tolist() == pytest.approx([90.0, 60.0])


def test_an_interface() -> None:
    """Both lines together carry at most 100 MW."""
    case = two_buses(
        150.0,
        interfaces=pd.DataFrame(
            {"interface": "both", "branch": ["ramp_up:A", "b"], "weight": [1.0, 1.0]}
        ),
        interface_limits=pd.DataFrame({"interface": ["both"], "max_mw": [100.0]}),
    )
    run = clearing.clear(case, commitment=False)
    assert said(run) == [("both", "", "interface", "both", "upper")]


def test_ramps_and_balance() -> None:
    """A rises by 20 MW an hour from 50, B falls by 10 from 60: at 160 MW 30 MW are missing.

    Then at 120 MW the dear B would fall further than to 50, with 70 from A.
    """
    starts = pd.date_range(START, periods=2, freq="h")
    case = cases.Case.build(
        {"name": "ramps", "timezone": "UTC", "start": START, "intervals": 2},
        {
            "buses": pd.DataFrame({"bus": ["1"]}),
            "units": pd.DataFrame(
                {"unit": ["A", "B"], "bus": "1", "p_max": [200.0, 60.0], "ramp_up": [20.0, 60.0],
                 "ramp_down": [200.0, 10.0], "initial_mw": [50.0, 60.0]}
            ),
            "offers": pd.DataFrame(
                {"unit": ["A", "B"], "segment": 1, "mw": [200.0, 60.0], "price": [10.0, 30.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["1"]}),
            "demand": pd.DataFrame({"interval_start": starts, "L": [160.0, 120.0]}),
        },
    )  # fmt: skip
    run = clearing.clear(case, commitment=False)
    assert said(run) == [
        ("ramp_up:A", "", "ramp_up", "A", "upper"),
        ("ramp_down:B", "", "ramp_down", "B", "lower"),
    ]
    assert said(run, "slacks") == [("balance", "", "balance", "0", "shortage")]
    assert run.slacks["mw"].tolist() == pytest.approx([30.0])
    assert run.dispatch["mw"].tolist() == pytest.approx([70.0, 60.0, 70.0, 50.0])
    assert any("the energy balance cannot be kept" in text for text in run.manifest["warnings"])


def test_an_island_is_named_by_its_number() -> None:
    """Two buses without a line: the second is 20 MW short."""
    case = two_buses(220.0)
    apart = case.branches.assign(in_service=False)
    run = clearing.clear(case.replace(branches=apart), commitment=False)
    assert said(run, "slacks") == [("balance:1", "", "balance", "1", "shortage")]
    assert any("the energy balance of island 1" in text for text in run.manifest["warnings"])


def test_reserves_that_are_short_say_product_and_zone() -> None:
    """30 MW asked for of hour in zone A and 10 of spin in all, of which 20 and 4 are offered."""
    units = {"G": {"p_max": 100.0, "price": 20.0}}
    products = {"hour": {"minutes": 60}, "spin": {"minutes": 10}}
    with pytest.warns(cases.DataWarning):
        case = reserve_day(
            units,
            [50.0],
            products,
            [("hour", "A", 30.0), ("spin", "", 10.0)],
            [("G", "hour", 20.0, 0.0), ("G", "spin", 4.0, 0.0)],
        )
        run = clearing.clear(case, commitment=False)
    rows = run.slacks.set_index("element")
    assert rows["zone"].to_dict() == {"hour": "A", "spin": ""}
    assert rows["mw"].to_dict() == pytest.approx({"hour": 10.0, "spin": 6.0})
    assert set(rows["kind"]) == {"reserve"}
    assert rows["minutes"].isna().all()
    assert clearing.validate(run).empty


def test_a_ramp_that_reserves_share_is_told_from_that_of_energy() -> None:
    """G must rise from 10 to 80 at 40 MW an hour: 30 MW beyond, and no MW left for an hour's."""
    units = {"G": {"p_max": 100.0, "price": 20.0, "ramp_up": 40.0, "initial_mw": 10.0}}
    case = reserve_day(
        units, [80.0], {"hour": {"minutes": 60}}, [("hour", "", 5.0)], [("G", "hour", 20.0, 0.0)]
    )
    case = case.replace(self_schedules=pd.DataFrame({"interval_start": [], "G": []}))
    run = clearing.clear(case, commitment=False, settings={"penalties.ramp": 100.0})
    rows = run.slacks[run.slacks["kind"] == "ramp"]
    assert rows["element"].tolist() == ["G"] * len(rows)
    assert rows["direction"].tolist() == ["upper"] * len(rows)
    assert rows["minutes"].isna().tolist() == [True, False]
    assert rows["minutes"].dropna().tolist() == [60.0]
    assert clearing.validate(run).empty
