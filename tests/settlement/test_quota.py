"""Planned quota by working day, rest day and season, and how evenly it lies."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError, RuleBook
from settlement.contracts.curves import CurveMaker
from settlement.contracts.quota import TypicalDays, planned_quota, quota_balance
from settlement.time.calendar import working_calendar
from tests.settlement.markets import CHINA

CALENDAR = working_calendar("CN")
MAKER = CurveMaker.of(RuleBook.load("default").settlement, CHINA, 1.0)
OCTOBER = pd.Timestamp("2016-10-01"), pd.Timestamp("2016-10-31")


def load(first: str, last: str) -> pd.Series:
    """Working days 200 MW from 8 to 20 and 100 else, rest days 60 MW; twice that in July."""
    starts = pd.date_range(first, last, freq="h", inclusive="left", tz=CHINA)
    working = np.array([CALENDAR.is_working(at.date()) for at in starts])
    busy = (starts.hour >= 8) & (starts.hour < 20)
    mw = np.where(working, np.where(busy, 200.0, 100.0), 60.0)
    return pd.Series(mw * np.where(starts.month == 7, 2.0, 1.0), index=starts)


DAYS = TypicalDays.of(load("2016-09-01", "2016-10-01"), CALENDAR, CHINA)


def test_quota_follows_the_kind_of_day() -> None:
    # October 2016: 18 working days x (12 x 200 + 12 x 100) + 13 rest days x 24 x 60 = 83 520.
    curves = planned_quota({"U": 8352, "V": 835.2}, DAYS, MAKER, *OCTOBER)
    mwh = curves["U"].mwh
    stamps = ("2016-10-10 09:00", "2016-10-10 23:00", "2016-10-03 09:00", "2016-10-08 09:00")
    # Monday, its night, a holiday, and a make-up Saturday.
    assert [mwh[pd.Timestamp(at, tz=CHINA)] for at in stamps] == [20, 10, 6, 20]
    assert curves["U"].energy == 8352
    assert curves["V"].energy == Decimal("835.2")
    balance = quota_balance(curves).set_index("unit")
    assert np.allclose(balance[["most", "least"]], 1.0, atol=1e-5)


def test_seasons_have_days_of_their_own() -> None:
    both = pd.concat([load("2016-07-01", "2016-08-01"), load("2016-09-01", "2016-10-01")])
    days = TypicalDays.of(both, CALENDAR, CHINA, {6: "summer", 7: "summer", 8: "summer"})
    assert days.hourly["summer", True][9] == 400
    assert days.hourly["", True][9] == 200
    starts = pd.DatetimeIndex(["2016-08-01 09:00", "2016-11-01 09:00"]).tz_localize(CHINA)
    assert days.weights(starts).tolist() == [400, 200]
    winter = TypicalDays.of(both, CALENDAR, CHINA, {12: "winter"})
    with pytest.raises(InputError, match="the load has no rest day in winter, no working day in"):
        december = pd.date_range("2016-12-01", periods=240, freq="h", tz=CHINA)
        winter.weights(december)


def test_a_unit_that_cannot_carry_its_peak_fills_other_hours() -> None:
    quotas = {"U": 8352, "V": 8352}
    curves = planned_quota(quotas, DAYS, MAKER, *OCTOBER, capacity={"U": 15})
    mwh = curves["U"].mwh
    assert max(mwh) == 15
    assert sum(mwh) == 8352
    # 216 busy hours give 5 MWh each to the other 528 hours (216 x 10 + 312 x 6 MWh): x 1.267857.
    factor = 1 + 216 * 5 / (216 * 10 + 312 * 6)
    assert float(mwh[pd.Timestamp("2016-10-10 23:00", tz=CHINA)]) == pytest.approx(10 * factor)
    balance = quota_balance(curves).set_index("unit")
    assert balance.loc["U", "least"] == pytest.approx(2 * 15 / 35)
    assert balance.loc["V", "most"] == pytest.approx(2 * 20 / 35)
    with pytest.raises(InputError, match="unit U: 8352 MWh are more than 7440 MWh"):
        planned_quota(quotas, DAYS, MAKER, *OCTOBER, capacity={"U": 10})


def test_a_load_with_holes_is_named() -> None:
    holes = load("2016-09-01", "2016-10-01")
    holes = holes[holes.index.hour != 4]
    with pytest.raises(InputError, match=r"rest day: the load has no value for the hours \[4\]"):
        TypicalDays.of(holes, CALENDAR, CHINA)


@settings(max_examples=15, deadline=None)
@given(st.decimals(1, 9_000, places=3), st.integers(13, 40))
def test_energy_is_exact_and_capacity_is_kept(mwh: Decimal, capacity: int) -> None:
    curve = planned_quota({"U": mwh}, DAYS, MAKER, *OCTOBER, capacity={"U": capacity})["U"]
    assert curve.energy == mwh
    assert max(curve.mwh) <= capacity + Decimal("0.000001")
    assert min(curve.mwh) >= 0
