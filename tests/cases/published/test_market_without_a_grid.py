"""A market without a grid from files made by hand: its tables, its run, its look-back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cases import read_case
from cases.case import Case
from cases.published_run import published_run
from cases.readers.published import read_market
from tests.cases.published import files as f

DAYS = ("09", "10")


def miso_market(folder: Path) -> Case:
    """Two days of three units; on the second, A asks five times as much."""
    rows = []
    for day in DAYS:
        dear = 5 if day == "10" else 1
        for hour in range(24):
            stamp = f"07/{day}/2024 {hour:02d}:00:00"
            rows += [
                f.miso(
                    stamp, "A", [(50, 20 * dear), (100, 30 * dear)], 50 if dear > 1 else 100, 32
                ),
                f.miso(stamp, "B", [(80, 35)], 10, 33),
                f.miso(stamp, "C", [], 60, 32, **{"Self Scheduled MW": 60, "Must Run Flag": 1}),
            ]
    path = f.written(folder, "da_co.csv", f.text(f.MISO, rows))
    return read_market("miso-offers", [path], date="2024-07-10")


@pytest.fixture(scope="module")
def miso(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return miso_market(tmp_path_factory.mktemp("miso"))


def test_a_bus_for_each_unit_with_its_own_price(miso: Case) -> None:
    assert miso.meta.timezone == "Etc/GMT+5"
    assert miso.buses[["bus", "zone"]].to_numpy().tolist() == [
        ["system", ""], ["A", "North"], ["B", "North"], ["C", "North"],
    ]  # fmt: skip
    units = miso.units[["unit", "owner", "bus", "p_max"]].to_numpy().tolist()
    assert units == [["A", "OA", "A", 100], ["B", "OB", "B", 80], ["C", "OC", "C", 60]]
    first = miso.published_prices.head(4)[["node", "price"]].to_numpy().tolist()
    # The hub is the average by cleared MW: (50 x 32 + 10 x 33 + 60 x 32) / 120 = 32.08333.
    assert first[:3] == [["A", 32], ["B", 33], ["C", 32]]
    assert first[3][1] == pytest.approx(3850 / 120)
    assert miso.demand["system"].tolist() == [120.0] * 24


def test_the_look_back_holds_what_was_accepted(miso: Case) -> None:
    """Of C nobody knows a price: what it sells at any price is no offer in the look-back."""
    rows = miso.offer_history.head(3)
    assert rows[["unit", "segment", "mw", "price", "accepted_mw"]].to_numpy().tolist() == [
        ["A", 1, 50, 20, 50], ["A", 2, 50, 30, 50], ["B", 1, 80, 35, 10],
    ]  # fmt: skip
    assert set(miso.offer_history["unit"]) == {"A", "B"}
    assert len(miso.price_history) == 24 * 3


def test_the_run_is_what_cleared(miso: Case) -> None:
    run = published_run(miso)
    first = run.dispatch.head(3)
    assert first[["unit", "mw", "available_mw", "on"]].to_numpy().tolist() == [
        ["A", 50, 100, True], ["B", 10, 80, True], ["C", 60, 60, True],
    ]  # fmt: skip
    assert first["cost"].tolist() == [50 * 100, 10 * 35, 60 * -500]
    assert run.stated["status"] == "published"
    assert run.prices[["lmp", "mec"]].notna().all().all()
    assert any("were not published" in text for text in run.stated["warnings"])
    # Only B is inside a block, 10 of 80 MW.
    assert set(run.marginal_units["unit"]) == {"B"}


def test_it_is_written_and_read_as_any_case(miso: Case, tmp_path: Path) -> None:
    miso.write(tmp_path / "case")
    assert read_case(tmp_path / "case") == miso


def test_where_nothing_cleared_the_price_says_what_was_taken(tmp_path: Path) -> None:
    """At 25: A's first block of 50 MW, not its second at 30; B must sell 15 of 40 MW at 28."""
    rows = [
        f.isone("07/10/2024", "01", "A1", [(50, 20), (50, 30)], **{"Economic Maximum": 100}),
        f.isone("07/10/2024", "01", "B1", [(40, 28)], **{
            "Economic Maximum": 40, "Must Take Energy": 15}),
        f.isone("07/10/2024", "02", "A1", [(50, 20)], **{"Economic Maximum": 45}),
    ]  # fmt: skip
    offers = f.written(tmp_path, "o.csv", f.tagged(f.ISONE, rows))
    stamps = pd.date_range("2024-07-10", periods=2, freq="h", tz="America/New_York")
    lmp = pd.DataFrame({"Interval Start": stamps, "Location": "Hub", "LMP": [25.0, 25.0]})
    case = read_market("isone-offers", [offers], prices=[lmp])
    run = published_run(case)
    assert run.dispatch[["unit", "mw", "available_mw"]].to_numpy().tolist() == [
        ["A1", 50, 100], ["B1", 15, 40], ["A1", 45, 45], ["B1", 0, 0],
    ]  # fmt: skip
    assert case.demand["system"].tolist() == [65, 45]
    assert case.must_run["B1"].tolist() == [1, 0]
    assert case.meta.imported["demand"] == "price"


def test_a_unit_without_owner_stands_for_itself(tmp_path: Path) -> None:
    offers = f.written(tmp_path, "o.csv", f.text(f.PJM, [
        f.pjm("2024-07-10T04:00:00", "a", [(50, 20)]),
        f.pjm("2024-07-10T04:00:00", "b", [(0, 0)])]))  # fmt: skip
    price = f.written(tmp_path, "p.csv", f.text(f.PJM_LMP, [
        f.pjm_price("2024-07-10T04:00:00", "Z", 30, 4)]))  # fmt: skip
    case = read_market("pjm-offers", [offers], prices=[price], zone="Z")
    assert case.units[["unit", "owner", "bus"]].to_numpy().tolist() == [["a", "a", "Z"]]
    notes = " ".join(case.meta.imported["notes"])
    assert "1 units without any offer were left out (first: b)" in notes
    assert "published without owner" in notes
    assert case.published_prices[["price", "mec", "mcc"]].to_numpy().tolist() == [[34, 30, 4]]
