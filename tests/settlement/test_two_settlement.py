"""Two settlements: deviations at real-time prices, by hand and as properties."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from cases.run import Run
from settlement import settle
from tests.settlement.markets import case_of, run_of


def market(load: list[float], minutes: int = 60, **tables: pd.DataFrame) -> object:
    return case_of(
        ["P"],
        {"G": ("g", "P", 300.0, 20.0), "H": ("h", "P", 300.0, 60.0)},
        {"L": ("l", "P", load), "M": ("m", "P", [10.0] * len(load))},
        minutes=minutes,
        tables=tables,
    )


def day_ahead() -> Run:
    case = market([100.0, 100.0])
    start, end = case.interval_starts, case.interval_ends
    tables = {
        "virtual_awards": pd.DataFrame(
            {"interval_start": start, "interval_end": end, "virtual": "V", "owner": "v",
             "kind": "inc", "bus": "P", "sink_bus": "", "mw": [5.0, 0.0], "price": 25.0}
        ),
        "storage_schedule": pd.DataFrame(
            {"interval_start": start, "interval_end": end, "storage": "S", "owner": "s",
             "bus": "P", "charge_mw": [0.0, 10.0], "discharge_mw": 0.0, "energy_mwh": 10.0}
        ),
    }  # fmt: skip
    # Hour 1: 105 generated + 5 virtual = 110. Hour 2: 120 generated = 110 + 10 charged.
    return run_of(
        case, {"P": [30.0, 40.0]}, {"G": [105.0, 120.0], "H": [0.0, 0.0]}, tables=tables,
        settings={"uplift.allocation": "deviation"},
    )  # fmt: skip


def real_time() -> Run:
    """Half hours: loads rise to 120 in the second half of hour 1; storage does not charge."""
    case = market([100.0, 120.0, 100.0, 100.0], minutes=30)
    return run_of(
        case,
        {"P": [30.0, 60.0, 40.0, 40.0]},
        {"G": [110.0, 120.0, 110.0, 110.0], "H": [0.0, 10.0, 0.0, 0.0]},
    )


def test_deviations_by_hand() -> None:
    statement = settle(day_ahead(), real_time=real_time())
    first = {o: statement.total(o, "energy") for o in "ghlmvs"}
    assert first == {
        "g": 105 * 30 + 120 * 40, "h": 0, "l": -(100 * 30 + 100 * 40),
        "m": -(10 * 30 + 10 * 40), "v": 5 * 30, "s": -10 * 40,
    }  # fmt: skip
    second = {o: statement.total(o, "energy_deviation") for o in "ghlmvs"}
    assert second == {
        # +5 MW for half an hour at 30, +15 at 60, twice -10 at 40
        "g": 5 * 15 + 15 * 30 - 2 * 10 * 20,
        "h": 10 * 30,
        "l": -20 * 30,  # 20 MW more for half an hour at 60
        "m": 0,
        "v": -5 * 15 - 5 * 30,  # sold at 30, bought back at 30 and 60
        "s": 2 * 10 * 20,  # sells back what it does not charge
    }
    assert statement.total() == 0


def test_without_deviation_real_time_prices_do_not_matter() -> None:
    case = market([100.0, 100.0])
    mw = {"G": [110.0, 110.0], "H": [0.0, 0.0]}
    ahead = run_of(case, {"P": [30.0, 40.0]}, mw)
    alone = settle(ahead)
    for prices in ([10.0, 10.0], [500.0, -50.0]):
        both = settle(ahead, real_time=run_of(case, {"P": prices}, mw))
        for owner in "glm":
            assert both.total(owner, "energy") == alone.total(owner, "energy")
            assert both.total(owner, "energy_deviation") == 0


def test_real_time_uplift_is_charged_by_deviation() -> None:
    # H is started for 10 MW in half an hour at a cost of 700 and earns 10 x 0.5 x 60 = 300.
    run = real_time()
    dispatch = run.dispatch.copy()
    dispatch.loc[(dispatch["unit"] == "H") & (dispatch["mw"] > 0), "cost"] = 700.0
    run = Run({}, {**run.tables, "dispatch": dispatch}, run.case, run.rulebook)
    statement = settle(day_ahead(), real_time=run)
    assert statement.total("h", "uplift") == 400
    moved = {"g": 2.5 + 7.5 + 10, "h": 5.0, "l": 10.0, "v": 5.0, "s": 10.0}
    charged = {o: statement.total(o, "uplift_charge") for o in moved}
    assert charged == {o: Decimal(-400) * Decimal(mwh) / 50 for o, mwh in moved.items()}
    assert statement.total("m", "uplift_charge") == 0
    assert statement.total() == 0


def test_load_ratio_is_the_default_allocation() -> None:
    run = real_time()
    dispatch = run.dispatch.copy()
    dispatch.loc[(dispatch["unit"] == "H") & (dispatch["mw"] > 0), "cost"] = 700.0
    run = Run({}, {**run.tables, "dispatch": dispatch}, run.case, run.rulebook)
    ahead = day_ahead()
    ahead = Run({}, ahead.tables, ahead.case, run.rulebook)
    statement = settle(ahead, real_time=run)
    # Real-time load: l 210 MWh, m 20 MWh.
    assert statement.total("l", "uplift_charge") == Decimal("-365.22")
    assert statement.total("m", "uplift_charge") == Decimal("-34.78")


def test_reserve_deviations() -> None:
    case = market([100.0])
    span = {"interval_start": case.interval_starts, "interval_end": case.interval_ends}

    def run(mw: float, price: float) -> Run:
        tables = {
            "reserves": pd.DataFrame({**span, "unit": "H", "product": "spin", "mw": mw}),
            "reserve_prices": pd.DataFrame({**span, "product": "spin", "zone": "", "price": price}),
        }
        return run_of(case, {"P": [20.0]}, {"G": [110.0], "H": [0.0]}, tables=tables)

    statement = settle(run(10.0, 4.0), real_time=run(7.0, 6.0))
    assert statement.total("h", "reserve") == 40
    assert statement.total("h", "reserve_deviation") == -3 * 6
    assert statement.total(item="reserve_charge") == -40
    assert statement.total(item="reserve_charge_deviation") == 18
    assert statement.total() == 0


@pytest.mark.parametrize(
    ("start", "count", "words"),
    [
        (
            "2024-03-05T00:00:00+00:00",
            1,
            "does not cover the day-ahead interval from 2024-03-05T01",
        ),
        ("2024-03-05T01:00:00+00:00", 2, "from 2024-03-05T02:00:00.* is not inside"),
    ],
)
def test_runs_of_different_times_are_refused(start: str, count: int, words: str) -> None:
    units = {"G": ("g", "P", 300.0, 20.0), "H": ("h", "P", 300.0, 60.0)}
    case = case_of(["P"], units, {"L": ("l", "P", [110.0] * count)}, start=start)
    other = run_of(case, {"P": [30.0] * count}, {"G": [110.0] * count, "H": [0.0] * count})
    with pytest.raises(InputError, match=words):
        settle(day_ahead(), real_time=other)
