"""Tables as the spreadsheets of Europe write them, and files that are no tables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cases import InputError, read_case
from tests.cases.small import FILES, failures, found, read_small, write_files

EUROPE = "unit;segment;mw;price\nG1;1;60,5;10\nG1;2;39,5;20,25\nG2;1;80;30\n"
PLAIN = "unit,segment,mw,price\nG1,1,60.5,10\nG1,2,39.5,20.25\nG2,1,80,30\n"


def test_semicolons_and_decimal_commas_are_read(tmp_path: Path) -> None:
    plain = read_small(tmp_path / "plain", offers=PLAIN)
    assert read_small(tmp_path / "europe", offers=EUROPE) == plain
    assert read_small(tmp_path / "named", offers="sep=;\r\n" + EUROPE) == plain
    assert plain.offers["price"].tolist() == [10.0, 20.25, 30.0]


def test_wide_tables_are_read_with_decimal_commas(tmp_path: Path) -> None:
    text = FILES["demand.csv"].replace(",", ";").replace(";55;", ";55,5;")
    assert read_small(tmp_path, demand=text).demand["L1"].tolist() == [50.0, 55.5]


def test_rows_of_a_file_that_names_its_separator_keep_their_lines(tmp_path: Path) -> None:
    text = "sep=;\n" + EUROPE.replace("39,5", "much")
    assert found(tmp_path, {"offers.csv": text}) == [("offers.csv", 4, "mw", "number")]


@pytest.mark.parametrize("other", ["1.234", "1.234,5"])
def test_points_beside_decimal_commas_are_refused(tmp_path: Path, other: str) -> None:
    (failure,) = failures(tmp_path, {"offers.csv": EUROPE.replace("20,25", other)})
    assert (failure.file, failure.rule) == ("offers.csv", "decimal")


def test_blank_rows_of_a_spreadsheet_are_skipped(tmp_path: Path) -> None:
    plain = read_small(tmp_path / "plain")
    blank = FILES["units.csv"].replace("G2,", ",,,,\nG2,") + ",,,,\n , ,,,\n,,\n"
    assert read_small(tmp_path / "blank", units=blank) == plain
    wrong = blank.replace("G2,Q,C,0,80", "G2,Q,C,81,80")
    assert found(tmp_path / "wrong", {"units.csv": wrong}) == [
        ("units.csv", 4, "p_min", "p_min_above_p_max")
    ]


@pytest.mark.parametrize("odd", ["\x1b[31mG2", "G\t2", "G\u202e2", "G\x7f2"])
def test_control_characters_in_names_are_refused(tmp_path: Path, odd: str) -> None:
    rules = {
        (f.row, f.column, f.rule)
        for f in failures(tmp_path, {"owners.csv": f"owner,parent\nP,\nQ,{odd}\n"})
    }
    assert rules == {(3, "parent", "text")}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system")
@pytest.mark.parametrize("name", ["units.csv", "case.toml"])
def test_a_pipe_in_place_of_a_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    folder = write_files(tmp_path / "day", {name: None})
    os.mkfifo(folder / name)
    with pytest.raises(InputError, match="not a regular file"):
        read_case(folder)
