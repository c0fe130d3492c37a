"""Contract curves: fixed at signing, exact energies, refused where they are not whole."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from cases.rulebook.settlement import FuturesRules
from settlement.contracts.curves import Curve, CurveMaker, quota_curves
from settlement.inputs import typed
from settlement.time.blocks import named_blocks

CHINA = "Asia/Shanghai"
UNIT = Decimal("0.000001")


def maker(hours: float = 1.0, timezone: str = CHINA) -> CurveMaker:
    blocks, calendar = named_blocks(FuturesRules())
    return CurveMaker(timezone, hours, blocks, calendar)


def rule(
    kind: str,
    mwh: float,
    shape: str = "",
    first: str = "2016-10-01",
    last: str = "2016-10-31",
    hours: float = 1.0,
) -> Curve:
    table = pd.DataFrame(
        {"curve": ["c"], "kind": kind, "mwh": mwh, "start": first, "end": last, "shape": shape}
    )
    return maker(hours).make(typed("contract_curves", table, CHINA))["c"]


def test_flat_is_the_same_every_hour() -> None:
    curve = rule("flat", 7_440)
    assert set(curve.mwh) == {Decimal(10)}
    assert curve.energy == 7_440


def test_peak_and_valley_of_the_curve_article() -> None:
    # 720 h month, 360 peak hours; 7 200 MWh all in the peak (scenario 1): 20 MW from 8 to 20.
    curve = rule("block", 7_200, "08:00-20:00=7200; valley=0", "2016-11-01", "2016-11-30")
    hour = pd.DatetimeIndex(curve.mwh.index).hour
    assert set(curve.mwh[(hour >= 8) & (hour < 20)]) == {Decimal(20)}
    assert set(curve.mwh[(hour < 8) | (hour >= 20)]) == {Decimal(0)}
    assert len(curve.mwh) == 720


def test_blocks_of_the_working_calendar() -> None:
    # 108 peak hours in October 2016: 1 080 MWh are 10 MW in each and nothing elsewhere.
    curve = rule("block", 1_080, "peak")
    used = curve.mwh[curve.mwh > 0]
    assert set(used) == {Decimal(10)}
    days = {start.day for start in used.index}
    assert days == {*range(8, 15), *range(17, 22), *range(24, 29), 31}
    valley = rule("block", 1_080, "peak=0.5; valley=0.5")
    assert sum(valley.mwh[curve.mwh > 0]) == 540
    assert sum(valley.mwh[curve.mwh == 0]) == 540


def test_working_and_rest_days() -> None:
    curve = rule("block", 300, "workdays 08:00-20:00=2; restdays 10:00-16:00=1")
    rest = [start for start, mwh in curve.mwh.items() if mwh and start.day <= 7]
    assert {start.hour for start in rest} == set(range(10, 16))
    assert sum(curve.mwh[start] for start in curve.mwh.index if start.day == 8) > 0
    working = sum(m for s, m in curve.mwh.items() if s.day in (8, 9, 10, 11, 12, 13, 14))
    assert working * 18 == pytest.approx(Decimal(200) * 7, abs=Decimal("0.001"))


def test_typical_day_of_two_hour_blocks() -> None:
    weights = "1 1 1 2 4 4 3 3 3 4 4 2"  # sum 32
    curve = rule("typical_day", 32 * 31 * 2, weights)
    first = curve.mwh.iloc[:24].tolist()
    assert first == [Decimal(w) for w in weights.split() for _ in range(2)]
    quarter = rule("typical_day", 32 * 31 * 2, weights, hours=0.25)
    assert quarter.mwh.iloc[:8].tolist() == [Decimal("0.25")] * 8


def test_typical_day_by_kind_of_day() -> None:
    curve = rule("typical_day", 54, "workdays 2 2; restdays 1 1", "2016-10-01", "2016-10-18")
    # 1 to 7 October rest, 8 to 14 work, 15 and 16 rest, 17 and 18 work: 9 x 2 + 9 x 4 = 54 parts.
    by_day = curve.mwh.groupby(pd.DatetimeIndex(curve.mwh.index).day).sum()
    assert [float(by_day[day]) for day in (7, 8, 16, 18)] == pytest.approx([2, 4, 2, 4], abs=1e-4)


def test_days_of_23_and_25_hours_keep_local_hours_and_energy() -> None:
    blocks, calendar = named_blocks(FuturesRules(calendar="US"))
    table = pd.DataFrame(
        {"curve": ["c"], "kind": "block", "mwh": 12.0, "start": "2024-03-10", "end": "2024-03-10",
         "shape": "08:00-20:00"}
    )  # fmt: skip
    curve = CurveMaker("America/New_York", 1.0, blocks, calendar).make(
        typed("contract_curves", table, "America/New_York")
    )["c"]
    assert len(curve.mwh) == 23
    assert [s.hour for s, mwh in curve.mwh.items() if mwh == 1] == list(range(8, 20))


@settings(max_examples=30, deadline=None)
@given(
    st.decimals(0, 100_000, places=6, allow_nan=False, allow_infinity=False),
    st.lists(st.integers(0, 50), min_size=24, max_size=24).filter(any),
    st.sampled_from([1.0, 0.5, 0.25]),
)
def test_energy_of_a_curve_is_exactly_that_of_the_contract(
    mwh: Decimal, weights: list[int], hours: float
) -> None:
    shape = " ".join(map(str, weights))
    curve = maker(hours).decompose(
        "typical_day", mwh, shape, pd.Timestamp("2016-10-01"), pd.Timestamp("2016-10-03")
    )
    assert sum(curve) == mwh


def custom(starts: list[str], mw: list[float], hours: float = 1.0) -> Curve:
    table = pd.DataFrame({"curve": "c", "interval_start": starts, "mw": mw})
    return maker(hours).make(typed("contract_curves", table, CHINA))["c"]


def stamps(day: str, count: int, minutes: int = 60) -> list[str]:
    index = pd.date_range(day, periods=count, freq=f"{minutes}min", tz=CHINA)
    return [stamp.isoformat() for stamp in index]


def test_a_custom_curve_in_other_steps_than_the_run() -> None:
    curve = custom(stamps("2016-10-10", 24), [float(k) for k in range(24)], hours=0.25)
    quarters = pd.date_range("2016-10-10", periods=96, freq="15min", tz=CHINA)
    energies = curve.on(quarters, 0.25, UNIT)
    assert energies[4:8] == [Decimal("0.25")] * 4
    assert sum(energies) == sum(range(24)) == curve.energy
    fine = custom(stamps("2016-10-10", 96, 15), [float(k // 4) for k in range(96)], hours=1.0)
    hours = pd.date_range("2016-10-10", periods=24, freq="h", tz=CHINA)
    assert fine.on(hours, 1.0, UNIT) == [Decimal(k) for k in range(24)]


def test_thirds_of_an_hour_still_sum() -> None:
    curve = custom(stamps("2016-10-10", 2), [1.0, 2.0], hours=1 / 3)
    thirds = pd.date_range("2016-10-10", periods=6, freq="20min", tz=CHINA)
    energies = curve.on(thirds, 1 / 3, UNIT)
    assert sum(energies[:3]) == 1
    assert sum(energies) == 3


def test_a_curve_is_zero_outside_its_term() -> None:
    curve = custom(stamps("2016-10-10", 24), [5.0] * 24)
    day = pd.date_range("2016-10-11", periods=24, freq="h", tz=CHINA)
    assert curve.on(day, 1.0, UNIT) == [0] * 24


def refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(InputError, match=words):
        maker().make(typed("contract_curves", table, CHINA))


def test_incomplete_curves_are_named() -> None:
    starts = stamps("2016-10-10", 24)
    del starts[7]
    refused(
        pd.DataFrame({"curve": "c", "interval_start": starts, "mw": 1.0}),
        r"curve c: incomplete: no row for 2016-10-10T07:00:00\+08:00",
    )
    refused(
        pd.DataFrame({"curve": ["c"], "kind": "flat", "mwh": 10.0, "start": "2016-10-01"}),
        "row 2, end: curve c: incomplete: a flat rule needs end",
    )
    refused(
        pd.DataFrame(
            {
                "curve": ["c", "c"],
                "kind": "flat",
                "mwh": 10.0,
                "start": ["2016-10-01", "2016-10-05"],
                "end": ["2016-10-03", "2016-10-06"],
            }
        ),
        "row 3, start: curve c: incomplete: no rule for 2016-10-04",
    )


def test_overlapping_curves_are_named() -> None:
    refused(
        pd.DataFrame(
            {
                "curve": ["c", "c"],
                "kind": "flat",
                "mwh": 10.0,
                "start": ["2016-10-01", "2016-10-03"],
                "end": ["2016-10-03", "2016-10-06"],
            }
        ),
        "row 3, start: curve c: two rules cover 2016-10-03",
    )
    table = pd.DataFrame(
        {"curve": "c", "interval_start": ["2016-10-10T00:00:00+08:00"] * 2, "mw": [1.0, 2.0]}
    )
    refused(table, "is there twice")


def test_mixed_curves_are_refused() -> None:
    table = pd.DataFrame(
        {"curve": "c", "interval_start": ["2016-10-10T00:00:00+08:00", None], "mw": [1.0, None],
         "kind": ["", "flat"], "mwh": [None, 5.0], "start": [None, "2016-10-01"],
         "end": [None, "2016-10-02"]}
    )  # fmt: skip
    refused(table, "curve c: has rule rows and rows by interval")


@pytest.mark.parametrize(
    ("kind", "shape", "words"),
    [
        ("block", "", "needs the hours of its blocks"),
        ("block", "night", "unknown block 'night'"),
        ("block", "8-20", "'8-20' is not written like 08:00-11:00"),
        ("block", "20:00-08:00", "is not a span of hours within a day"),
        ("block", "08:00-12:00 10:00-14:00", "spans overlap"),
        ("block", "08:00-12:00=1; 10:00-14:00=1", "its blocks overlap"),
        ("block", "08:00-12:00; valley=1", "needs a weight"),
        ("block", "valley=1; valley=2", "can be given once"),
        ("block", "base=1; valley=1", "valley has no hour"),
        ("block", "08:00-12:00=-1; valley=2", "not negative"),
        ("block", "08:00-12:00=0; valley=0", "all its weights are zero"),
        ("block", "workdays peak", "already says on which days"),
        ("typical_day", "", "no weights for 2016-10-01"),
        ("typical_day", "1 2 3 4 5 6 7", "7 weights are not equal parts of a day"),
        ("typical_day", "1 2 x", "'x' is not a number"),
        ("typical_day", "0 0", "all its weights are zero"),
        ("typical_day", "workdays 1 2", "no weights for 2016-10-01"),
        ("typical_day", "1 1; workdays 2 2", "two lists of weights for the same days"),
    ],
)
def test_bad_shapes_say_what_is_wrong(kind: str, shape: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        rule(kind, 100, shape)
    assert str(caught.value).startswith("contract_curves row 2")


def test_a_year_without_calendar_is_refused_only_where_working_days_count() -> None:
    assert rule("flat", 24, first="2055-01-01", last="2055-01-01").energy == 24
    with pytest.raises(InputError, match="curve c: the working calendar CN knows"):
        rule("block", 24, "peak", "2055-01-01", "2055-01-31")


def test_every_bad_curve_is_reported_at_once() -> None:
    table = pd.DataFrame(
        {"curve": ["a", "b"], "kind": "block", "mwh": 1.0, "start": "2016-10-01",
         "end": "2016-10-01", "shape": ["night", "8-20"]}
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        maker().make(typed("contract_curves", table, CHINA))
    assert [failure.row for failure in caught.value.failures] == [2, 3]


def test_quota_follows_the_system_load_for_every_unit_alike() -> None:
    starts = pd.date_range("2016-10-01", "2016-10-08", freq="h", inclusive="left", tz=CHINA)
    load = pd.Series(1_000 + 300 * np.sin(np.arange(len(starts)) / 24 * 2 * np.pi), index=starts)
    term = pd.Timestamp("2016-10-01"), pd.Timestamp("2016-10-31")
    quotas = {"G1": Decimal(30_000), "G2": Decimal("12345.678901")}
    curves = quota_curves(quotas, load, maker(), *term)
    for unit, curve in curves.items():
        assert curve.energy == quotas[unit]
    share = curves["G1"].mwh.astype(float) / 30_000
    other = curves["G2"].mwh.astype(float) / 12345.678901
    assert np.allclose(share, other, atol=1e-9)
    by_hour = share.groupby(pd.DatetimeIndex(share.index).hour).mean()
    shape = load.groupby(starts.hour).mean()
    assert np.allclose(by_hour / by_hour.sum(), shape / shape.sum(), atol=1e-6)
    with pytest.raises(InputError, match=r"hours \[23\] of the day"):
        quota_curves(quotas, load[starts.hour != 23], maker(), *term)


def test_block_hours_of_a_month() -> None:
    blocks, calendar = named_blocks(FuturesRules(summer_months=(7,)))
    assert blocks["peak"].month_hours(2016, 7, calendar) == 168
    assert blocks["peak"].spans_on(date(2016, 10, 1), calendar) == ()
