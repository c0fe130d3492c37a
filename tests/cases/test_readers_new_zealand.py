"""The reader of New Zealand cases, on rows made by hand."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cases
from cases.readers.new_zealand_load import dispatch_loads
from tests.cases.new_zealand_rows import ID, rows, write

pytestmark = pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> cases.Case:
    return cases.read_case(write(tmp_path_factory.mktemp("nz"), rows()))


def test_grid(case: cases.Case) -> None:
    """x is 100 / 1000 per unit, r is 2 of a hundred; limits by direction, three segments."""
    assert case.buses["bus"].tolist() == ["10", "11", "12"]
    assert case.buses["zone"].tolist() == ["NI", "NI", "SI"]
    line = case.branches.iloc[0]
    assert (line["branch"], line["from_bus"], line["to_bus"]) == ("GEN GEN_LOD 1", "10", "11")
    assert (line["r"], line["x"]) == (0.02, 0.1)
    assert (line["rating_mw"], line["rating_reverse_mw"]) == (150.0, 120.0)
    assert (line["loss_segments"], line["fixed_loss_mw"]) == (3, 0.2)
    links = case.links.set_index("link")
    assert links.loc["S_N.1", ["from_bus", "to_bus"]].tolist() == ["12", "10"]
    assert links.loc["S_N.1", ["max_mw", "r", "fixed_loss_mw"]].tolist() == [100.0, 0.01, 1.0]
    assert case.meta.timezone == "Pacific/Auckland"


def test_units_offers_and_bids(case: cases.Case) -> None:
    units = case.units.set_index("unit")
    assert units["owner"].to_dict() == {"GEN1101 GEN0": "ALFA", "SOU1101 SOU0": "BETA"}
    assert units["initial_mw"].tolist() == [50.0, 50.0]
    assert case.offers.set_index("unit")["price"].to_dict() == {
        "GEN1101 GEN0": 100.0,
        "SOU1101 SOU0": 20.0,
    }
    bids = case.bids.sort_values("segment")
    assert bids["price"].tolist() == [20000.0, 10000.0]
    assert bids["mw"].tolist() == pytest.approx([95.0, 5.0])
    reserve = case.reserve_offers
    assert set(reserve["product"]) == {"fast", "sustained"}
    assert (reserve["share_of_output"] == 0.5).all()


def test_risks_and_sharing(case: cases.Case) -> None:
    """The North's load of 100 shares 0.01 * (100 - 50) = 0.5 MW, which the South's risks spare."""
    risks = case.risks.set_index(["risk", "product", "zone"])
    assert risks.loc[("manual NI CE", "fast", "NI"), "offset_mw"] == 10.0
    assert risks.loc[("SOU1101 SOU0 CE", "fast", "SI"), "offset_mw"] == pytest.approx(0.5)
    assert risks.loc[("SOU1101 SOU0 CE", "sustained", "SI"), "offset_mw"] == 0.0
    assert risks.loc[("HVDC NI CE", "fast", "NI"), "offset_mw"] == 5.0 - 500.0
    assert not risks.loc[("HVDC NI CE", "fast", "NI"), "shared"]
    assert np.isnan(risks.loc[("manual NI CE", "fast", "NI"), "penalty"])
    sharing = case.reserve_sharing.set_index(["product", "from_zone"])
    row = sharing.loc[("fast", "NI")]
    assert (row["max_mw"], row["keep_mw"], row["extra_mw"]) == (45.0, 10.0, 0.5)
    assert row["effectiveness"] == 0.8


def test_published_prices(case: cases.Case) -> None:
    assert case.published_prices["price"].tolist() == [25.0] * 3
    assert case.published_reserve_prices["zone"].tolist() == ["NI", "SI", "NI", "SI"]


def test_it_round_trips_through_a_folder(case: cases.Case, tmp_path: Path) -> None:
    case.write(tmp_path / "nz")
    assert cases.read_case(tmp_path / "nz") == case


def test_an_interval_by_its_hour(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    assert cases.read_case(path, interval="10:00").meta.intervals == 1
    with pytest.raises(
        cases.InputError, match=r"no interval 11:00; the case has 01-JAN-2025 10:00"
    ):
        cases.read_case(path, interval="11:00")


def test_a_zip_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(cases.InputError, match=r"other\.zip: is no case of .* found readme\.txt"):
        cases.read_case(path)
    path.write_text("no zip at all")
    with pytest.raises(cases.InputError, match=r"other\.zip: cannot be read as a zip"):
        cases.read_case(path)


def test_a_file_a_table_a_column_that_is_missing(tmp_path: Path) -> None:
    tables = rows()
    del tables[".DAILY"]
    with pytest.raises(cases.InputError, match=rf"the zip has no file {ID}\.DAILY"):
        cases.read_case(write(tmp_path, tables, "a.zip"))
    tables = rows()
    del tables[".PERIOD"]["BIDSANDOFFERS"]
    with pytest.raises(cases.InputError, match=r"_0X\.PERIOD: has no table BIDSANDOFFERS"):
        cases.read_case(write(tmp_path, tables, "b.zip"))
    tables = rows()
    for row in tables[".PERIOD"]["BIDSANDOFFERS"]:
        row["LIMIT"] = row.pop("TRADERBLOCKLIMIT")
    said = r"PERIOD, TRADERBLOCKLIMIT: table BIDSANDOFFERS has no column TRADERBLOCKLIMIT"
    with pytest.raises(cases.InputError, match=said):
        cases.read_case(write(tmp_path, tables, "c.zip"))
    tables = rows()
    tables[".PERIOD"]["BIDSANDOFFERS"][0]["TRADERBLOCKPRICE"] = "dear"
    with pytest.raises(cases.InputError, match="table BIDSANDOFFERS: 'dear' is no number"):
        cases.read_case(write(tmp_path, tables, "d.zip"))


def test_a_run_of_five_minutes(tmp_path: Path) -> None:
    """The island total of 80 MW goes to the one load that conforms."""
    case = cases.read_case(write(tmp_path, rows(minutes=5)))
    assert case.meta.interval_minutes == 5
    assert case.bids["mw"].sum() == pytest.approx(80.0)


def test_loads_are_scaled_to_the_island(tmp_path: Path) -> None:
    """100 - 20 non-conforming + 5 injected = 85 for two loads of 40 and 10 measured."""
    frame = pd.DataFrame(
        {
            "PNODENAME": list("abcd"),
            "zone": "NI",
            "ACTUALLOAD": [40.0, 10.0, 7.0, -5.0],
            "CONFORMINGFACTOR": 0.0,
            "NONCONFORMINGLOAD": [0.0, 0.0, 20.0, 0.0],
            "ISNCL": [0.0, 0.0, 1.0, 0.0],
            "ISBAD": 0.0,
            "ISOVERRIDE": 0.0,
        }
    )
    found = dispatch_loads(frame, {"NI": 100.0})
    assert found == pytest.approx({"a": 68.0, "b": 17.0, "c": 20.0, "d": -5.0})
