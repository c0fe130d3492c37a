"""An hour of RTS-GMLC's real-time data: 12 intervals of 5 minutes with reserves and storage."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from cases import Case, DataWarning, Run


def first_hour(market: str, intervals: int) -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        case = cf.read_case("rts-gmlc/2020-07-27", market=market)
        end = case.interval_ends[intervals - 1]
        tables = {
            name: table[table["interval_start"].isna() | (table["interval_start"] < end)]
            if "interval_start" in table
            else table
            for name, table in case.tables.items()
        }
        return Case.build(case.meta.model_copy(update={"intervals": intervals}), tables)


@pytest.fixture(scope="module")
def ahead() -> Run:
    return cf.clear(first_hour("da", 1), gap=0.01)


@pytest.mark.parametrize("look_ahead", [1, 3])
def test_an_hour_of_five_minutes(ahead: Run, look_ahead: int) -> None:
    """Clearing ends with the validator's checks on the joined run; what it does not see is here."""
    case = first_hour("rt", 12)
    assert case.meta.interval_minutes == 5
    run = cf.clear(case, commitment_from=ahead, settings={"realtime.look_ahead": look_ahead})
    assert len(cf.validate(run)) == 0
    on = run.dispatch["on"].to_numpy().reshape(12, -1)
    scheduled = case.self_schedules.drop(columns="interval_start")
    free = ~pd.Index(case.units["unit"]).isin(scheduled.columns)
    planned = ahead.dispatch["on"].to_numpy().reshape(1, -1)
    assert (on[:, free] == planned[:, free]).all()
    assert len(run.reserves) > 0
    assert set(run.reserve_prices["product"]) == {"Reg_Up", "Reg_Down", "Spin_Up"}
    # Ramps hold between windows: 5 minutes of the hourly rate, but for what slacks say.
    mw = run.dispatch["mw"].to_numpy().reshape(12, -1)
    rate = case.units["ramp_up"].to_numpy() / 12.0
    rise = np.diff(mw, axis=0)[:, free]
    assert (rise <= rate[free] + 1e-3).all() or len(run.slacks)
    statement = cf.settle(ahead, real_time=run)
    assert statement.total() == 0
