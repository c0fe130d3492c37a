"""Owners and stress as import options, and whole imports into a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cases import read_case
from cases.errors import InputError
from cases.importing import import_case
from cases.options import apply_options, parse_stress


def message(caught: pytest.ExceptionInfo[InputError]) -> str:
    assert len(caught.value.failures) == 1
    return str(caught.value)


def test_owners_by_area() -> None:
    case = read_case("matpower/case_RTS_GMLC", owners="area")
    area = case.buses.set_index("bus")["area"]
    assert case.units["owner"].tolist() == case.units["bus"].map(area).tolist()
    assert case.owners["owner"].tolist() == ["1", "2", "3"]
    assert case.meta.imported["owners"] == "area"


def test_owners_dealt_in_turn() -> None:
    case = read_case("pjm5", owners="round-robin:2")
    owner = case.units.set_index("unit")["owner"].to_dict()
    assert owner == {
        "Alta": "owner1",
        "Brighton": "owner2",
        "Park City": "owner1",
        "Solitude": "owner2",
        "Sundance": "owner1",
    }
    assert {"owner1", "owner2"} <= set(case.owners["owner"])


def test_owners_cover_storage_too() -> None:
    case = read_case("rts-gmlc/2020-07-10", owners="area")
    assert case.storage["owner"].tolist() == ["2", "3"]
    assert (case.units["owner"] != "").all()


def test_owners_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "who.csv"
    path.write_text("unit,owner,parent\nAlta,North,Big\nPark City,North,Big\nSundance,East,\n")
    case = read_case("pjm5", owners=str(path))
    owner = case.units.set_index("unit")["owner"].to_dict()
    assert owner["Alta"] == owner["Park City"] == "North"
    assert owner["Sundance"] == "East" and owner["Solitude"] == "Solitude Generation"
    parent = case.owners.set_index("owner")["parent"].to_dict()
    assert parent["North"] == "Big" and parent["East"] == ""
    assert case.meta.imported["owners"] == "who.csv"


def test_every_failure_of_an_owners_file(tmp_path: Path) -> None:
    path = tmp_path / "who.csv"
    path.write_text("unit,owner,parent\nAlta,North,Big\nAlta,,\nNobody,North,Small\n")
    with pytest.raises(InputError) as caught:
        read_case("pjm5", owners=path)
    assert [str(f) for f in caught.value.failures] == [
        "who.csv row 3, unit: Alta is there twice",
        "who.csv row 3, owner: must not be blank",
        "who.csv row 4, unit: Nobody is not a unit of the case",
        "who.csv row 4, parent: North has the parent Big above, Small here",
    ]
    path.write_text("unit,who\nAlta,North\n")
    with pytest.raises(InputError) as caught:
        read_case("pjm5", owners=path)
    assert [str(f) for f in caught.value.failures] == [
        "who.csv row 1, owner: the column is missing",
        "who.csv row 1, who: columns are unit, owner, parent",
    ]


def test_stress_scales_and_adds_up_in_the_record() -> None:
    plain = read_case("pglib/case14_ieee")
    case = apply_options(read_case("pglib/case14_ieee", rating=0.8, load=1.1), rating=0.5)
    for column in ("rating_mw", "emergency_rating_mw"):
        np.testing.assert_allclose(case.branches[column], plain.branches[column] * 0.4)
    np.testing.assert_allclose(case.demand.iloc[:, 1:], plain.demand.iloc[:, 1:] * 1.1)
    assert case.meta.imported["stress"] == {"rating": pytest.approx(0.4), "load": 1.1}
    assert apply_options(plain) is plain


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"owners": "round-robin:0"}, "owners are dealt by round-robin:K with K from 1, not round"),
        ({"owners": "round-robin"}, "owners are dealt by round-robin:K with K from 1, not round-"),
        ({"owners": "round-robin:6"}, "round-robin:6 has more owners than there are units (5)"),
        (
            {"owners": "who"},
            "owners must be area, round-robin:K or a CSV file; there is no file who",
        ),
        ({"rating": 0}, "rating must be a factor above 0, not 0"),
        ({"load": float("nan")}, "load must be a factor above 0, not nan"),
        ({"load": "much"}, "load must be a factor above 0, not much"),
        ({"days": 2}, "days is an option for other formats, not for the case pjm5"),
        ({"segments": 3}, "segments is an option for other formats, not for the case pjm5"),
        ({"ratings": 0.7}, "there is no option ratings; did you mean rating?"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        read_case("pjm5", **options)
    assert expected in message(caught)


def test_stress_as_text() -> None:
    assert parse_stress("rating=0.7,load=1.1") == {"rating": 0.7, "load": 1.1}
    for text in ("rating", "rating=x", "speed=2", ""):
        with pytest.raises(InputError) as caught:
            parse_stress(text)
        assert "stress is written like rating=0.7,load=1.1" in message(caught)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_import_is_a_case_folder_with_its_record(tmp_path: Path, kind: str) -> None:
    case = import_case(
        "pglib/case14_ieee",
        tmp_path / "out",
        owners="round-robin:2",
        stress="rating=0.7,load=1.1",
        format="csv" if kind == "csv" else "parquet",
    )
    again = read_case(tmp_path / "out")
    assert again.hash == case.hash
    assert again.meta.imported == {
        "source": "pglib/case14_ieee",
        "format": "matpower",
        "notes": [],
        "owners": "round-robin:2",
        "stress": {"rating": 0.7, "load": 1.1},
    }


def test_an_import_by_date(tmp_path: Path) -> None:
    case = import_case("rts-gmlc", tmp_path / "day", date="2020-10-10", days=2)
    assert case.meta.imported["source"] == "rts-gmlc/2020-10-10"
    assert read_case(tmp_path / "day").meta.intervals == 48


def test_nothing_is_written_where_something_is_wrong(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine.txt").write_text("x")
    with pytest.raises(InputError) as caught:
        import_case("pjm5", kept)
    assert "is there already; give a new folder" in message(caught)
    assert [p.name for p in kept.iterdir()] == ["mine.txt"]
    for options in ({"stress": "rating=0"}, {"stress": {"speed": 2.0}}, {"owners": "nobody"}):
        with pytest.raises(InputError):
            import_case("pjm5", tmp_path / "new", **options)
        assert not (tmp_path / "new").exists()
    with pytest.raises(InputError) as caught:
        import_case("pjm5", tmp_path / "new", date="2020-07-10")
    assert "date is for RTS-GMLC data, not for pjm5" in message(caught)
