"""Text input: UTF-8 with or without a byte order mark, everything else named with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cases import InputError, RuleBook, read_case
from cases.files.text import NotText, decoded
from tests.cases import mpc, uc_days

MARK = b"\xef\xbb\xbf"


def test_a_mark_is_no_part_of_the_text() -> None:
    assert decoded(MARK + "Ö\n".encode()) == decoded("Ö\n".encode()) == "Ö\n"
    assert decoded(b"") == ""


@pytest.mark.parametrize(
    ("data", "rule", "position", "line"),
    [
        (b"ab\ncd\xffe", "encoding", 5, 2),
        (MARK + b"ab\ncd\xffe", "encoding", 8, 2),
        (b"a\n\xe2\x82", "encoding", 2, 2),
        (b"a\nb\x00c", "binary", 3, 2),
        ("a".encode("utf-16-le"), "binary", 1, 1),
        ("\ufeffa\n".encode("utf-16-le"), "binary", 0, 1),
        ("\ufeffa\n".encode("utf-16-be"), "binary", 0, 1),
    ],
)
def test_what_is_not_text(data: bytes, rule: str, position: int, line: int) -> None:
    with pytest.raises(NotText) as caught:
        decoded(data)
    assert (caught.value.rule, caught.value.position, caught.value.line) == (rule, position, line)


def marked(path: Path) -> Path:
    path.write_bytes(MARK + path.read_bytes())
    return path


def test_every_text_input_may_have_a_mark(tmp_path: Path) -> None:
    """A case folder, `.m`, JSON, a rulebook and an owners' file as a spreadsheet saves them."""
    plain = read_case("pjm5")
    folder = tmp_path / "case"
    plain.write(folder)
    for path in folder.iterdir():
        marked(path)
    assert read_case(folder).hash == plain.hash
    grid = mpc.write(tmp_path, mpc.text())
    before = read_case(grid).hash
    assert read_case(marked(grid)).hash == before
    content = uc_days.pglib(2, hours=4, ramps=True, reserve=True)
    instance = tmp_path / "day.json"
    instance.write_text(json.dumps(content))
    before = read_case(instance).hash
    assert read_case(marked(instance)).hash == before
    rules = tmp_path / "rules.toml"
    rules.write_text('extends = "default"\n[penalties]\nbalance = 4000.0\n')
    before = RuleBook.load(rules).penalties.balance
    assert RuleBook.load(marked(rules)).penalties.balance == before == 4000.0
    owners = tmp_path / "owners.csv"
    owners.write_text("unit,owner\nAlta,X\n")
    assert set(read_case("pjm5", owners=marked(owners)).units["owner"]) >= {"X"}


@pytest.mark.parametrize("name", ["day.json", "grid.m", "rules.toml"])
def test_utf_16_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("a = 1\n".encode("utf-16"))
    with pytest.raises(InputError, match="UTF-16") as caught:
        RuleBook.load(path) if name.endswith("toml") else read_case(path)
    assert len(caught.value.failures) == 1
