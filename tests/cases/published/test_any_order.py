"""Property: files in any order and in any parts give the same tables."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.readers.published import read_offers, read_prices
from tests.cases.published import files as f


def rows_of(market: str) -> tuple[list[str], list[f.Row]]:
    """Four units and three hours, of the day on which clocks go back."""
    units, hours = ("11", "12", "21", "31"), (0, 1, 2)
    points = {u: [(10.0 * k + 5, 20.0 + k), (40.0 + k, 30.0 + k)] for k, u in enumerate(units)}
    if market == "PJM":
        return f.PJM, [f.pjm(f"2024-11-03T0{h + 4}:00:00", u, points[u], slope=u == "12")
                       for h in hours for u in units]  # fmt: skip
    if market == "ISO-NE":
        return f.ISONE, [f.isone("11/03/2024", h, u, points[u])
                         for h in ("02", "02X", "03") for u in units]  # fmt: skip
    if market == "MISO":
        return f.MISO, [f.miso(f"11/03/2024 0{h}:00:00", u, points[u], 20 + h, 25)
                        for h in hours for u in units]  # fmt: skip
    if market == "ERCOT":
        return f.ERCOT, [f.ercot("11/02/2024", h + 1, u, points[u], 25) for h in hours
                         for u in units]  # fmt: skip
    stamps = [f"2024-11-03T0{h + 7}:00:00-00:00" for h in hours]
    return f.CAISO, [
        f.caiso(s, u, **{"SCH_BID_TIMEINTERVALSTART_GMT": s, "SCH_BID_XAXISDATA": x,
                         "SCH_BID_Y1AXISDATA": y})
        for s in stamps for u in units for x, y in points[u]
    ]  # fmt: skip


def parted(rows: list[f.Row], market: str, seed: int, parts: int) -> list[list[f.Row]]:
    """Shuffle rows into parts; the points of one offer of CAISO stay in one file."""
    dealer = random.Random(seed)
    keys = ("RESOURCEBID_SEQ", "TIMEINTERVALSTART_GMT")
    groups: dict[object, list[f.Row]] = {}
    for number, row in enumerate(rows):
        key = tuple(row[k] for k in keys) if market == "CAISO" else number
        groups.setdefault(key, []).append(row)
    bundles = list(groups.values())
    dealer.shuffle(bundles)
    found: list[list[f.Row]] = [[] for _ in range(parts)]
    for bundle in bundles:
        found[dealer.randrange(parts)].extend(bundle)
    return [part for part in found if part]


@pytest.mark.parametrize("market", ["PJM", "ISO-NE", "MISO", "ERCOT", "CAISO"])
@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 5))
def test_the_tables_are_the_same(tmp_path: Path, market: str, seed: int, parts: int) -> None:
    header, rows = rows_of(market)
    write = f.tagged if market == "ISO-NE" else f.text
    whole = read_offers([f.written(tmp_path, "whole.csv", write(header, rows))], market)
    pieces = [
        f.written(tmp_path, f"{k}.csv", write(header, part))
        for k, part in enumerate(parted(rows, market, seed, parts))
    ]
    again = read_offers(pieces, market)
    pd.testing.assert_frame_equal(again.offers, whole.offers)
    pd.testing.assert_frame_equal(again.units, whole.units)


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 4))
def test_prices_are_the_same(tmp_path: Path, seed: int, parts: int) -> None:
    rows = [f.pjm_price(f"2024-11-03T0{h}:00:00", node, 30.0 + h, float(len(node)))
            for h in range(4, 9) for node in ("A", "BB", "CCC")]  # fmt: skip
    whole = read_prices([f.written(tmp_path, "whole.csv", f.text(f.PJM_LMP, rows))], "PJM")
    pieces = [
        f.written(tmp_path, f"{k}.csv", f.text(f.PJM_LMP, part))
        for k, part in enumerate(parted(rows, "PJM", seed, parts))
    ]
    pd.testing.assert_frame_equal(read_prices(pieces, "PJM"), whole)
