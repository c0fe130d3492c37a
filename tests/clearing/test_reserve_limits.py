"""What a unit can give: ramps, the interval, quick starts, what it cannot reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import clearing
from cases import RuleBook, Run
from clearing.day.day import Day
from clearing.day.schedule import Commitment
from clearing.session.session import Session
from clearing.tables import result_tables
from tests.clearing.reserve_days import awards_of, output_of, prices_of, reserve_day

approx = pytest.approx
SPIN = {"spin": {"minutes": 10}}


def clear(*args: Any, **more: Any) -> Run:
    return clearing.clear(reserve_day(*args, **more), commitment=False)


def test_an_award_is_what_the_unit_ramps_in_the_response_time() -> None:
    """60 MW an hour are 10 MW in 10 minutes; 20 of the 30 MW are short."""
    units = {"G": {"p_max": 100.0, "price": 20.0, "ramp_up": 60.0, "initial_mw": 50.0}}
    run = clear(units, [50.0], SPIN, [("spin", "", 30.0)], [("G", "spin", 40.0, 0.0)])
    assert awards_of(run) == approx({("G", "spin"): 10.0})
    assert run.objective == approx(50 * 20 + 20 * 1000)


def test_products_share_the_ramp() -> None:
    """In 5 minutes 5 MW, in 10 minutes 10 MW, of both together: 5 of reg and 5 of spin."""
    units = {"G": {"p_max": 100.0, "price": 20.0, "ramp_up": 60.0}}
    products = {"reg": {"minutes": 5}, "spin": {"minutes": 10}}
    offers = [("G", "reg", 40.0, 0.0), ("G", "spin", 40.0, 0.0)]
    run = clear(units, [50.0], products, [("reg", "", 8.0), ("spin", "", 8.0)], offers)
    assert awards_of(run) == approx({("G", "reg"): 5.0, ("G", "spin"): 5.0})
    assert prices_of(run, "shortage_mw") == approx({("reg", ""): 3.0, ("spin", ""): 3.0})


def test_downward_products_share_the_downward_ramp() -> None:
    units = {"G": {"p_max": 100.0, "price": 20.0, "ramp_down": 60.0, "ramp_up": 600.0}}
    products = {
        "a": {"minutes": 5, "direction": "down"},
        "b": {"minutes": 10, "direction": "down"},
        "c": {"minutes": 10},
    }
    offers = [("G", name, 40.0, 0.0) for name in products]
    needs = [(name, "", 8.0) for name in products]
    run = clear(units, [50.0], products, needs, offers)
    assert awards_of(run)["G", "a"] + awards_of(run)["G", "b"] == approx(10.0)
    assert awards_of(run)["G", "c"] == approx(8.0)


def test_a_reserve_of_an_interval_shares_the_ramp_with_energy() -> None:
    """p rises from 40 to 50 to 80 at 40 MW an hour: 30 MW are left, then 10 of the 20 required.

    A cheap hour earlier cannot help: the load alone sets p. One MW more of load in the second hour
    costs 20 and takes a MW of reserve (1000).
    """
    units = {"G": {"p_max": 200.0, "price": 20.0, "ramp_up": 40.0, "initial_mw": 40.0}}
    hour = {"hour": {"minutes": 60}}
    run = clear(units, [50.0, 80.0], hour, [("hour", "", 20.0)], [("G", "hour", 100.0, 0.0)])
    assert run.reserves["mw"].tolist() == approx([20.0, 10.0])
    assert run.objective == approx(130 * 20 + 10 * 1000)
    assert run.prices["lmp"].tolist() == approx([20.0 - 1000.0, 20.0 + 1000.0])


def test_a_ramp_that_cannot_be_kept_is_paid_for_and_named() -> None:
    """From 10 MW to a p_min of 80 breaks 40 MW an hour by 30; the case still clears."""
    units = {
        "G": {"p_max": 100.0, "p_min": 80.0, "price": 20.0, "ramp_up": 40.0, "initial_mw": 10.0},
        "H": {"p_max": 100.0, "price": 30.0},
    }
    case = reserve_day(
        units,
        [100.0],
        {"hour": {"minutes": 60}},
        [("hour", "", 5.0)],
        [("G", "hour", 20.0, 0.0), ("H", "hour", 50.0, 1.0)],
    )
    run = clearing.clear(case, commitment=False)
    ramps = run.slacks[run.slacks["kind"] == "ramp"].set_index("constraint")["mw"]
    assert ramps.to_dict() == approx({"ramp_up:G": 30.0, "reserve_ramp_up_60:G": 30.0})
    assert len(clearing.validate(run)) == 0


def test_a_schedule_faster_than_its_ramp_leaves_nothing_for_reserves() -> None:
    """10 then 80 MW at 40 MW an hour: nothing is decided, so nothing is paid; G cannot reserve."""
    units = {
        "G": {"p_max": 100.0, "price": 20.0, "ramp_up": 40.0},
        "H": {"p_max": 100.0, "price": 30.0},
    }
    case = reserve_day(
        units,
        [20.0, 100.0],
        {"hour": {"minutes": 60}},
        [("hour", "", 5.0)],
        [("G", "hour", 20.0, 0.0), ("H", "hour", 50.0, 1.0)],
    )
    fixed = pd.DataFrame({"interval_start": case.interval_starts, "G": [10.0, 80.0]})
    for commitment in (False, True):
        run = clearing.clear(case.replace(self_schedules=fixed), commitment=commitment)
        assert run.slacks.empty
        given = run.reserves.pivot(index="interval_start", columns="unit", values="mw").fillna(0.0)
        assert given["G"].tolist() == approx([5.0, 0.0])
        assert given["H"].tolist() == approx([0.0, 5.0])
        assert len(clearing.validate(run)) == 0


def committed(case: Any, on: list[bool]) -> dict[str, pd.DataFrame]:
    """Tables of a day of one interval with these units on."""
    flags = np.array([on])
    day = Day.of(case, RuleBook.load("default"))
    given = Commitment(flags, np.zeros(flags.shape))
    tables = result_tables(Session.open(day.committed(given), "none").solve())
    return {name: t for name, t in tables.items() if isinstance(t, pd.DataFrame)}


@pytest.mark.parametrize(
    ("offline", "quick", "startup_ramp", "mw"),
    [
        (True, True, None, 30.0),
        (True, True, 20.0, 20.0),
        (True, False, None, 0.0),
        (False, True, None, 0.0),
    ],
)
def test_a_quick_start_unit_gives_offline_products_while_it_is_off(
    offline: bool, quick: bool, startup_ramp: float | None, mw: float
) -> None:
    """Up to what it reaches in its first interval; other units and products give nothing off."""
    peaker: dict[str, Any] = {"p_max": 50.0, "price": 100.0, "p_min": 20.0, "quick_start": quick}
    if startup_ramp is not None:
        peaker["startup_ramp"] = startup_ramp
    case = reserve_day(
        {"G": {"p_max": 100.0, "price": 20.0}, "P": peaker},
        [90.0],
        {"nonspin": {"minutes": 10, "offline": offline}},
        [("nonspin", "", 30.0)],
        [("P", "nonspin", 40.0, 1.0)],
    )
    tables = committed(case, [True, False])
    assert tables["reserves"]["mw"].sum() == approx(mw)
    assert tables["reserve_prices"]["shortage_mw"].tolist() == approx([30.0 - mw])
    assert tables["dispatch"]["mw"].tolist() == approx([90.0, 0.0])
    # While on it keeps to what is left of its capacity: 50 - 20 of output.
    running = committed(case, [True, True])
    assert running["reserves"]["mw"].tolist() == approx([30.0])


def test_a_start_leaves_no_more_than_the_start_up_ramp_for_an_hour_of_reserve() -> None:
    """A unit that starts reaches 30 MW; at p_min 20 it gives 10 MW for an hour, or 60 in 10 min."""
    late = {
        "p_max": 80.0,
        "price": 20.0,
        "p_min": 20.0,
        "startup_ramp": 30.0,
        "initial_hours": -5.0,
    }
    units = {"G": {"p_max": 100.0, "price": 10.0}, "S": late}
    for minutes, mw in ((60, 10.0), (10, 60.0)):
        case = reserve_day(
            units,
            [90.0],
            {"r": {"minutes": minutes}},
            [("r", "", 70.0)],
            [("S", "r", 100.0, 0.0)],
        )
        assert committed(case, [True, True])["reserves"]["mw"].tolist() == approx([mw])


def test_a_derated_unit_gives_what_is_left_and_an_outage_nothing() -> None:
    units = {
        "G": {"p_max": 100.0, "price": 20.0},
        "H": {"p_max": 100.0, "price": 30.0, "p_min": 10.0},
    }
    case = reserve_day(
        units,
        [50.0, 50.0],
        SPIN,
        [("spin", "", 60.0)],
        [("H", "spin", 100.0, 0.0)],
    )
    reach = pd.DataFrame({"interval_start": case.interval_starts, "H": [40.0, 0.0]})
    run = clearing.clear(case.replace(availability=reach), commitment=False)
    assert run.reserves["mw"].tolist() == approx([30.0])
    assert run.reserve_prices["shortage_mw"].tolist() == approx([30.0, 60.0])


def test_a_schedule_at_any_price_leaves_its_headroom_for_reserves() -> None:
    units = {"G": {"p_max": 100.0, "price": 20.0}, "H": {"p_max": 50.0, "price": 30.0}}
    case = reserve_day(units, [90.0], SPIN, [("spin", "", 30.0)], [("H", "spin", 40.0, 0.0)])
    fixed = pd.DataFrame({"interval_start": case.interval_starts, "H": [35.0]})
    run = clearing.clear(case.replace(self_schedules=fixed), commitment=False)
    assert awards_of(run) == approx({("H", "spin"): 15.0})
    assert output_of(run) == approx({"G": 55.0, "H": 35.0})


def test_a_case_without_requirements_has_no_reserve_market() -> None:
    units = {"G": {"p_max": 100.0, "price": 20.0}}
    run = clear(units, [50.0], SPIN, [], [("G", "spin", 40.0, 0.0)])
    assert run.objective == approx(1000.0)
    assert len(run.reserves) == 0
    assert len(run.reserve_prices) == 0


COMMITTED = {
    "G": {"p_max": 100.0, "price": 20.0, "initial_hours": 5.0},
    "P": {
        "p_max": 50.0,
        "price": 100.0,
        "p_min": 20.0,
        "quick_start": True,
        "initial_hours": -5.0,
    },
}


@pytest.mark.parametrize(
    ("offline", "objective", "on"),
    [
        # G serves 90 and 95 MW; P gives 30 MW at 1 while it is off.
        (True, 185 * 20 + 60, False),
        # P starts for 500 and makes its 20 MW in both hours, to give 30 MW more.
        (False, 145 * 20 + 40 * 100 + 500 + 60, True),
    ],
)
def test_commitment_starts_a_unit_for_reserves_that_must_spin(
    offline: bool, objective: float, on: bool
) -> None:
    start = pd.DataFrame({"unit": ["P"], "component": "startup", "price": 500.0})
    case = reserve_day(
        COMMITTED,
        [90.0, 95.0],
        {"r": {"minutes": 10, "offline": offline}},
        [("r", "", 30.0)],
        [("P", "r", 40.0, 1.0)],
        commitment_offers=start,
    )
    run = clearing.clear(case)
    assert run.objective == approx(objective)
    assert run.dispatch.loc[run.dispatch["unit"] == "P", "on"].tolist() == [on, on]


def test_identical_units_and_the_largest_of_them() -> None:
    """Three units of 100 MW at 20 with a p_min of 40, for 120 MW of load.

    Each is 100 per hour to run. Two of them at 60 MW hold 80 MW of reserve, more than the 60 MW of
    the largest; one alone cannot serve the load. Merged, their sum would count as one unit.
    """
    one = {"p_max": 100.0, "price": 20.0, "p_min": 40.0, "initial_hours": 9.0}
    case = reserve_day(
        {name: one for name in ("A1", "A2", "A3")},
        [120.0],
        SPIN,
        [("spin", "", "largest_unit")],
        [(name, "spin", 100.0, 0.0) for name in ("A1", "A2", "A3")],
        commitment_offers=pd.DataFrame(
            {"unit": ["A1", "A2", "A3"], "component": "no_load", "price": 100.0}
        ),
    )
    run = clearing.clear(case)
    assert run.objective == approx(120 * 20 + 200)
    assert run.dispatch["on"].sum() == 2
