"""Days whose midnight does not exist (Santiago) or comes twice (Havana): cleared, settled, read.

H gives up to 80 MW at 5, G 20 to 300 MW at 50 with 500 a start and 100 an hour; it was off before.
The load is 100, 101, 102, ... MW, so H gives 80 and G the rest of every hour.
"""

from __future__ import annotations

import pandas as pd
import pytest

import counterflow as cf
from cases import Case
from cases.market_time import first_moment
from counterflow.explain.lookup import resolve_interval
from mitigation.impact.guarantee import days_of, payments


def day(zone: str, start: str, hours: int, **more: pd.DataFrame) -> Case:
    first = pd.Timestamp(start).tz_convert(zone)
    stamps = pd.date_range(first, periods=hours, freq=pd.Timedelta(hours=1))
    tables = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "owners": pd.DataFrame({"owner": ["Hyd", "Gas", "City"]}),
        "units": pd.DataFrame(
            {
                "unit": ["H", "G"],
                "bus": "A",
                "p_min": [0.0, 20.0],
                "p_max": [80.0, 300.0],
                "owner": ["Hyd", "Gas"],
                "initial_hours": [1.0, -10.0],
            }
        ),
        "offers": pd.DataFrame(
            {"unit": ["H", "G"], "segment": 1, "mw": [80.0, 300.0], "price": [5.0, 50.0]}
        ),
        "commitment_offers": pd.DataFrame(
            {"unit": "G", "component": ["startup", "no_load"], "price": [500.0, 100.0]}
        ),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["A"], "owner": ["City"]}),
        "demand": pd.DataFrame({"interval_start": stamps, "L": [100.0 + k for k in range(hours)]}),
    }
    meta = {"name": "midnight", "timezone": zone, "start": first, "intervals": hours}
    return Case.build(meta, tables | more)


SANTIAGO = ("America/Santiago", "2026-09-06T01:00:00-03:00", 23)
HAVANA = ("America/Havana", "2026-11-01T00:00:00-04:00", 25)


@pytest.mark.parametrize(
    ("where", "objective", "guarantee"),
    [
        # H 80 MW x 23 h x 5 = 9,200; G 2553 - 1840 = 713 MWh x 50, 500 a start, 23 x 100 = 47,650.
        # G earns 713 x 50 less 20 x 45 in the first hour, where H at its limit makes 5 of a price
        # that may be any from 5 to 50; its costs are 38,450.
        (SANTIAGO, 47_650.0, 38_450.0),
        # 25 hours: H 2000 x 5, G 2800 - 2000 = 800 x 50 + 500 + 2500 = 53,000.
        (HAVANA, 53_000.0, 43_000.0),
    ],
)
def test_the_day_is_cleared_and_settled(
    where: tuple[str, str, int], objective: float, guarantee: float
) -> None:
    run = cf.clear(day(*where))
    assert run.objective == pytest.approx(objective)
    assert len(run.prices) == where[2]
    statement = cf.settle(run)
    assert sum(statement.lines["amount"]) == 0
    [paid] = statement.uplift.to_dict("records")
    assert paid["unit"] == "G" and float(paid["cost"]) == pytest.approx(guarantee)
    assert float(paid["amount"]) == pytest.approx(float(paid["cost"]) - float(paid["revenue"]))


def test_energy_of_the_day_is_limited() -> None:
    """1000 MWh x 5 + 1553 MWh x 50 + start 500 + no-load 23 x 100."""
    limit = pd.DataFrame({"unit": ["H"], "day": [pd.Timestamp("2026-09-06")], "max_mwh": 1000.0})
    run = cf.clear(day(*SANTIAGO, energy_limits=limit))
    assert run.objective == pytest.approx(85_450.0)


@pytest.mark.parametrize(("where", "mwh"), [(SANTIAGO, 230.0), (HAVANA, 250.0)])
def test_a_flat_contract_has_all_hours_of_the_day(where: tuple[str, str, int], mwh: float) -> None:
    """10 MW in each of 23 or 25 hours."""
    date = where[1][:10]
    curves = pd.DataFrame(
        {"curve": ["f"], "kind": "flat", "mwh": mwh, "start": pd.Timestamp(date)}
    ).assign(end=pd.Timestamp(date))
    contract = {"contract": "C", "buyer": "City", "seller": "Gas", "kind": "cfd", "strike": 40.0}
    contracts = pd.DataFrame([contract | {"point": "A", "curve": "f"}])
    case = day(*where, contracts=contracts, contract_curves=curves)
    lines = cf.settle(cf.clear(case)).lines
    sold = lines[(lines["item"] == "contract") & (lines["owner"] == "Gas")]
    assert [float(q) for q in sold["quantity"]] == [10.0] * where[2]


def test_times_of_the_day_are_found() -> None:
    case = day(*SANTIAGO)
    starts, ends, zone = case.interval_starts, case.interval_ends, case.meta.timezone
    assert resolve_interval("05:00", starts, ends, zone) == 4
    with pytest.raises(cf.InputError, match="does not exist on 2026-09-06"):
        resolve_interval("00:30", starts, ends, zone)
    case = day(*HAVANA)
    starts, ends, zone = case.interval_starts, case.interval_ends, case.meta.timezone
    assert resolve_interval("05:00", starts, ends, zone) == 6
    with pytest.raises(cf.InputError, match="happens twice on this day"):
        resolve_interval("00:30", starts, ends, zone)


def test_guarantees_belong_to_the_day() -> None:
    for where in (SANTIAGO, HAVANA):
        run = cf.clear(day(*where))
        [row] = days_of(run).to_dict("records")
        assert row["day"] == pd.Timestamp(where[1][:10])
        assert row["interval_start"] == first_moment(row["day"], where[0])
        assert payments(run)["day"].tolist() == [row["day"]]
