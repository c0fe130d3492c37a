"""What panels are made of, against arithmetic by hand on the five-bus day."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest

from counterflow.pages.blocks import Map, Sheet, packed, packed_numbers
from counterflow.pages.day import Day
from counterflow.pages.page import MONITOR_PANELS, Page
from counterflow.pages.panels.before_after import constraint_changes, dispatch_changes
from counterflow.pages.panels.conduct import threshold_counts, threshold_ratios
from counterflow.pages.panels.decisions import decision_frame, decisions_panel
from counterflow.pages.panels.grid_map import map_data
from counterflow.pages.panels.prices import place_prices
from tests.counterflow.five_bus import DFAX, LMP, MW, SHADOW, five_bus_case, five_bus_tables
from tests.counterflow.five_bus import make_run as made

FIVE = pd.Timestamp("2024-07-16T17:00:00-04:00")


def test_decisions_carry_the_numbers_of_the_run_and_what_follows_from_them(day: Day) -> None:
    """Solitude asks 125 for 30: limit 30 + min(300 %, 100) = 120, so 5 above it (E1)."""
    frame = decision_frame(day)
    assert len(frame) == len(day.run.decisions)
    row = frame[(frame["unit"] == "Solitude") & (frame["interval_start"] == FIVE)]
    row = row[row["component"] == "energy"].iloc[0]
    assert (row["offered"], row["reference"], row["conduct_limit"]) == (125.0, 30.0, 120.0)
    assert row["over"] == 5.0 and row["view"] == "mitigated" and row["bus"] == "C"
    # The price at D falls from 182.17 to 39.94 (A2 of mitigation.md, reversed).
    assert row["impact"] == pytest.approx(142.23, abs=0.005)
    assert set(frame["view"].iloc[:3]) == {"mitigated"}
    assert (frame["view"] == "passed").iloc[-1]


def test_a_fold_is_offered_and_passing_rows_are_there(day: Day) -> None:
    panel = decisions_panel(day)
    sheet = panel.blocks[0]
    assert isinstance(sheet, Sheet)
    assert sheet.fold[0] == "unit" and sheet.worst == "over"
    assert len(sheet.frame) == len(day.run.decisions)


def test_chains_are_those_of_explain(mitigated_page: Page) -> None:
    told = mitigated_page.extra["chains"]
    assert len(told["of"]) == 24  # Solitude fails conduct in every hour
    one = [told["sentences"][at] for at in told["of"][f"Solitude|{FIVE.isoformat()}"]]
    assert any("offered $125.00/MWh" in s and "reference $30.00" in s for s in one)


def test_limits_of_both_runs_by_hand() -> None:
    """D-E binds at 240 MW: 2 h before at the published price, 1 h after at half of it."""
    case = five_bus_case(intervals=2)
    tables = five_bus_tables(case)
    before = made(case, tables)
    rows = tables["constraints"]
    halved = rows.assign(shadow_price=[SHADOW / 2, 0.0])
    after = made(case, {**tables, "constraints": halved})
    table = constraint_changes(Day.of(after, before))
    assert len(table) == 1
    row = table.iloc[0]
    assert row["constraint"] == "D-E" and (row["limit_mw"], row["flow_mw"]) == (240.0, 240.0)
    assert (row["hours_before"], row["hours_after"]) == (2.0, 1.0)
    assert row["rent_before"] == pytest.approx(2 * 240.0 * SHADOW)
    assert row["rent_after"] == pytest.approx(240.0 * SHADOW / 2)
    assert row["rent_change"] == pytest.approx(-1.5 * 240.0 * SHADOW)
    assert row["shadow_price_after"] == pytest.approx(SHADOW / 2)


def test_dispatch_changes_by_hand() -> None:
    """Brighton 100 MW more in one of two hours at 10, Solitude 100 MW less at 30."""
    case = five_bus_case(intervals=2)
    tables = five_bus_tables(case)
    before = made(case, tables)
    dispatch = tables["dispatch"].copy()
    first = dispatch["interval_start"] == case.interval_starts[0]
    for unit, mw, price in (("Brighton", 100.0, 10.0), ("Solitude", -100.0, 30.0)):
        rows = first & (dispatch["unit"] == unit)
        dispatch.loc[rows, "mw"] += mw
        dispatch.loc[rows, "cost"] += mw * price
    table = dispatch_changes(before, made(case, {**tables, "dispatch": dispatch}))
    table = table.set_index("unit")
    assert set(table.index) == {"Brighton", "Solitude"}
    assert table.at["Brighton", "mwh_change"] == pytest.approx(100.0)
    assert table.at["Brighton", "cost_change"] == pytest.approx(1000.0)
    assert table.at["Solitude", "cost_change"] == pytest.approx(-3000.0)
    assert table.at["Solitude", "mwh_before"] == pytest.approx(2 * MW["Solitude"])
    assert table.at["Solitude", "owner"] == "Canyon" and table.at["Solitude", "hours_after"] == 2.0


def test_other_thresholds_by_hand() -> None:
    """Room of 100 above references of 30: offers 5, 50 and 150 above use .05, .5 and 1.5 of it."""
    decisions = pd.DataFrame(
        {
            "unit": ["a", "b", "c", "c"],
            "reference": 30.0,
            "offered": [35.0, 80.0, 180.0, 240.0],
            "conduct_limit": 130.0,
            "conduct_result": ["pass", "pass", "fail", "fail"],
            "impact_limit": [np.nan, np.nan, 50.0, 50.0],
            "lmp_with_offer": [np.nan, np.nan, 120.0, 60.0],
            "lmp_with_reference": [np.nan, np.nan, 40.0, 40.0],
            "impact_result": ["", "", "fail", "pass"],
            "action": ["kept", "kept", "mitigated", "kept"],
            "money_effect": [0.0, 0.0, -700.0, 0.0],
        }
    )
    ratios = threshold_ratios(decisions)
    assert ratios["conduct"].tolist() == pytest.approx([0.05, 0.5, 1.5, 2.1])
    assert ratios["impact"].tolist()[2:] == pytest.approx([1.6, 0.4])
    as_is = threshold_counts(ratios, 1.0, 1.0)
    assert as_is == {
        "conduct_failed": 2,
        "impact_failed": 1,
        "not_measured": 0,
        "replaced": 1,
        "units": 1,
        "money_effect": -700.0,
    }
    assert threshold_counts(ratios, 0.4, 1.0)["not_measured"] == 1
    assert threshold_counts(ratios, 1.0, 0.3)["replaced"] == 2
    assert threshold_counts(ratios, 1.6, 1.0)["replaced"] == 0


def test_as_it_is_the_counts_are_those_of_the_run(day: Day) -> None:
    counts = threshold_counts(threshold_ratios(day.run.decisions), 1.0, 1.0)
    funnel = day.manifest["mitigation"]["funnel"]
    assert counts["conduct_failed"] == funnel["conduct_failed"] == 24
    assert counts["replaced"] == funnel["mitigated"] == 3


def test_the_map_holds_prices_that_add_up() -> None:
    """LMP of D = energy at E + DFAX x shadow price = 10 + .48045178 x 62.322042 = 39.942736."""
    case = five_bus_case(intervals=2)
    data = map_data(Day.of(made(case, five_bus_tables(case))))
    side = data["sides"]["after"]
    lmp = np.frombuffer(base64.b64decode(side["lmp"]), "<f4").reshape(2, 5)
    assert lmp[1].tolist() == pytest.approx(list(LMP.values()), rel=1e-6)
    dfax = np.frombuffer(base64.b64decode(data["dfax"]["after|D-E|"]), "<f4")
    assert dfax.tolist() == pytest.approx(list(DFAX.values()), rel=1e-6)
    (at_d,) = np.flatnonzero(np.array(data["buses"]) == "D")
    assert side["mec"] == [10.0, 10.0]
    assert 10.0 + dfax[at_d] * side["binding"][0]["price"] == pytest.approx(39.942736, abs=1e-4)
    assert data["located"] and data["pockets"]["D-E|"]["imports"] in (True, False)


def test_place_prices_are_means_over_intervals(day: Day) -> None:
    table = place_prices(day).set_index("point")
    own = day.run.zone_prices
    for point, row in table.iterrows():
        mine = own[own["point"] == point]["lmp"]
        assert row["lmp_after"] == pytest.approx(sum(mine) / len(mine))
    assert (table["change"] <= 1e-9).all()  # replacing a raised offer lowers prices here


def test_the_twelve_panels_are_there_and_hold_something(mitigated_page: Page) -> None:
    page = mitigated_page
    assert tuple(panel.id for panel in page.panels) == MONITOR_PANELS
    assert [panel.id for panel in page.panels if panel.empty] == []
    assert any(isinstance(block, Map) for panel in page.panels for block in panel.blocks)
    json.dumps(page.data(), allow_nan=False)


def test_columns_are_packed_without_loss() -> None:
    starts = pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC")
    assert packed(pd.Series([1.0, np.nan, np.inf]), starts) == {"v": [1, None, "inf"]}
    assert packed(pd.Series([2.5, 2.5]), starts) == {"c": 2.5}
    assert packed(pd.Series(["a", "b", "a"]), starts) == {"d": ["a", "b"], "i": [0, 1, 0]}
    times = pd.Series([starts[2], pd.NaT, starts[0]])
    assert packed(times, starts) == {"t": [2, -1, 0]}
    values = [0.1, -5000.25, 1e6]
    back = np.frombuffer(base64.b64decode(packed_numbers(values)), "<f4")
    assert back.tolist() == pytest.approx(values, rel=1e-6)
