"""Lots that cover a load curve."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from cases.rulebook.settlement import FuturesRules
from settlement.futures import Futures, cover_load
from tests.settlement.paper import FORECAST, LOTS, REPLAY, october

STARTS = pd.DatetimeIndex(october(FORECAST).index)
BLOCK = {p: REPLAY.delivery_mw(p, "2016-10", STARTS, 1.0) for p in ("base", "mid", "peak")}
INSIDE = (BLOCK["mid"] + BLOCK["peak"]).astype(int)


def stack(base: float, mid: float, peak: float) -> pd.Series:
    mw = base * BLOCK["base"] + mid * BLOCK["mid"] + peak * BLOCK["peak"]
    return pd.Series(mw, index=STARTS)


@pytest.mark.parametrize("method", ["least_squares", "no_overcover"])
@pytest.mark.parametrize("lots", [(24, 50, 0), (29, 15, 0), (3, 0, 7), (0, 0, 0), (10, 4, 2)])
def test_a_load_that_is_a_stack_of_lots_is_matched(method: str, lots: tuple[int, int, int]) -> None:
    cover = cover_load(stack(*lots) + 0.0, REPLAY, method)  # type: ignore[arg-type]
    assert tuple(cover.lots.values()) == lots
    assert cover.open_mwh == cover.over_mwh == 0


def test_the_paper_users() -> None:
    for held in LOTS.values():
        load = stack(held["base"], held["mid"], 0)
        cover = cover_load(load, REPLAY)
        assert cover.lots == {"base": held["base"], "mid": held["mid"], "peak": 0}
        assert cover.hedge_ratio == 1


levels = st.tuples(st.floats(0, 6), st.floats(0, 6), st.floats(0, 6))


@settings(max_examples=20, deadline=None)
@given(levels, st.integers(0, 1000))
def test_least_squares_is_the_best_of_all_whole_stacks(
    means: tuple[float, float, float], seed: int
) -> None:
    noise = np.random.default_rng(seed).uniform(0, 1, len(STARTS))
    load = pd.Series(np.array(means)[INSIDE] + noise, index=STARTS)
    cover = cover_load(load, REPLAY)
    found = float(((load - cover.cover_mw) ** 2).sum())
    counts = [(k == INSIDE).sum() for k in range(3)]
    mean = [float(load[k == INSIDE].mean()) for k in range(3)]
    spread = sum(float(((load[k == INSIDE] - mean[k]) ** 2).sum()) for k in range(3))
    best = min(
        sum(n * (level - m) ** 2 for n, level, m in zip(counts, stack_, mean, strict=True))
        for stack_ in product(range(9), repeat=3)
        if stack_[0] <= stack_[1] <= stack_[2]
    )
    assert found == pytest.approx(best + spread, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(levels, st.integers(0, 1000))
def test_no_overcover_is_the_most_that_stays_below(
    means: tuple[float, float, float], seed: int
) -> None:
    noise = np.random.default_rng(seed).uniform(0, 1, len(STARTS))
    load = pd.Series(np.array(means)[INSIDE] + noise, index=STARTS)
    cover = cover_load(load, REPLAY, "no_overcover")
    assert cover.over_mwh == 0
    lowest = [float(load[k == INSIDE].min()) for k in range(3)]
    counts = [(k == INSIDE).sum() for k in range(3)]
    best = max(
        sum(n * level for n, level in zip(counts, levels_, strict=True))
        for levels_ in product(range(9), repeat=3)
        if levels_[0] <= levels_[1] <= levels_[2]
        and all(level <= low for level, low in zip(levels_, lowest, strict=True))
    )
    assert float(cover.cover_mw.sum()) == best


def test_lots_of_another_size_and_summer_hours() -> None:
    futures = Futures(FuturesRules(lot_mw=5.0, summer_months=(10,)))
    peak = futures.delivery_mw("peak", "2016-10", STARTS, 1.0)
    assert peak.sum() == 5 * 18 * 8
    cover = cover_load(pd.Series(4 * peak + 10, index=STARTS), futures)
    assert cover.lots == {"base": 2, "mid": 0, "peak": 4}


def test_bad_load_curves_are_refused() -> None:
    load = stack(1, 0, 0)
    with pytest.raises(InputError, match="one whole month"):
        cover_load(load.iloc[:-1], REPLAY)
    with pytest.raises(InputError, match="regular intervals"):
        cover_load(load.drop(load.index[5]), REPLAY)
    with pytest.raises(InputError, match="across the edge of the peak block"):
        cover_load(load.iloc[::2], REPLAY)
    with pytest.raises(InputError, match="unknown cover method 'exact'"):
        cover_load(load, REPLAY, "exact")  # type: ignore[arg-type]
