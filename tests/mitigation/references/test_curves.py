"""Curves compared at the same MW."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mitigation.references import at_same_mw
from mitigation.references.curves import rising

T0 = pd.Timestamp("2030-06-03T12:00Z")
T1 = pd.Timestamp("2030-06-03T13:00Z")


def curve(*blocks: tuple[float, float], unit: str = "G", at: object = T0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": unit,
            "interval_start": pd.Series([at] * len(blocks), dtype="datetime64[us, UTC]"),
            "segment": range(1, len(blocks) + 1),
            "mw": [mw for mw, _ in blocks],
            "price": [price for _, price in blocks],
        }
    )


def test_curves_are_cut_at_the_breakpoints_of_both() -> None:
    rows = at_same_mw(curve((30.0, 10.0), (70.0, 20.0)), curve((50.0, 15.0), (50.0, 40.0)))
    cells = rows[["segment", "reference_segment", "lower_mw", "upper_mw", "offered", "reference"]]
    assert cells.to_numpy().tolist() == [
        [1, 1, 0, 30, 15, 10],
        [1, 2, 30, 50, 15, 20],
        [2, 2, 50, 100, 40, 20],
    ]


def test_last_reference_block_goes_on() -> None:
    rows = at_same_mw(curve((30.0, 10.0)), curve((50.0, 15.0), (50.0, 40.0)))
    assert rows["reference"].tolist() == [10.0, 10.0]
    assert rows["upper_mw"].tolist() == [50.0, 100.0]


def test_levels_without_a_stamp_hold_in_every_other_interval() -> None:
    levels = pd.concat([curve((100.0, 10.0), at=pd.NaT), curve((100.0, 11.0), at=T1)])
    offers = pd.concat([curve((100.0, 50.0)), curve((100.0, 50.0), at=T1)])
    assert at_same_mw(levels, offers)["reference"].tolist() == [10.0, 11.0]


def test_unit_without_a_reference_keeps_its_offer() -> None:
    rows = at_same_mw(curve((10.0, 1.0), unit="H"), curve((50.0, 15.0), (50.0, 40.0)))
    assert rows["reference"].isna().all()
    assert rows["reference_segment"].tolist() == [0, 0]
    assert rows["upper_mw"].tolist() == [50.0, 100.0]


BLOCKS = st.lists(st.tuples(st.integers(0, 40), st.integers(-50, 300)), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(BLOCKS, BLOCKS)
def test_every_mw_has_the_prices_of_its_own_curves(
    reference: list[tuple[int, int]], offer: list[tuple[int, int]]
) -> None:
    rows = at_same_mw(
        curve(*((float(m), float(p)) for m, p in reference)),
        curve(*((float(m), float(p)) for m, p in offer)),
    )
    offered = np.repeat([p for _, p in offer], [m for m, _ in offer])
    level = np.repeat([p for _, p in reference], [m for m, _ in reference])
    width = np.rint(rows["upper_mw"] - rows["lower_mw"]).astype(int)
    assert np.repeat(rows["offered"], width).tolist() == offered.tolist()
    tail = reference[-1][1]
    wanted = [level[k] if k < len(level) else tail for k in range(len(offered))]
    assert np.repeat(rows["reference"], width).tolist() == wanted


@given(st.lists(st.floats(-1e4, 1e4), min_size=1))
def test_rising_is_the_lowest_curve_above(price: list[float]) -> None:
    result = rising(np.array(price))
    assert (np.diff(result) >= 0).all()
    assert result.tolist() == [max(price[: k + 1]) for k in range(len(price))]
