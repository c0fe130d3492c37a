"""Keys that a user gives: where they were given, which are read, and by what."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest

from cases import InputError, RuleBook, rulebook_keys
from cases.errors import Failure
from cases.rulebook.files import Given
from cases.rulebook.read_by import READ_BY, readers_of
from cases.rulebook.unused import covers, unused_keys

ROOT = Path(__file__).parents[2]
HEAD = ("name", "version", "date", "title")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "nyiso"\nname = "mine"\n[penalties]\nbranch = 500.0\n'
        '[mitigation.impact]\nmode = "per_unit"\n[mitigation.areas.east]\nkind = "pocket"\n'
        'zones = ["East"]\n[mitigation.areas.east.impact.price]\nabsolute = 3.0\n'
    )
    return path


def test_a_rulebook_knows_which_keys_the_user_gave_and_where(path: Path) -> None:
    assert RuleBook.load("nyiso").given == {}  # shipped: given by nobody
    book = RuleBook.load(path).with_settings({"mitigation.near_miss": 0.2})
    here = str(path)
    assert book.given == {
        "penalties.branch": Given(file=here, row=4),
        "mitigation.impact.mode": Given(file=here, row=6),
        "mitigation.areas.east.kind": Given(file=here, row=8),
        "mitigation.areas.east.zones": Given(file=here, row=9),
        "mitigation.areas.east.impact.price.absolute": Given(file=here, row=11),
        "mitigation.near_miss": Given(),
    }
    # The record of a run keeps it, with the name of the file only; the hash is that of the values.
    record = path.with_name("rulebook.toml")
    record.write_text(book.to_toml())
    again = RuleBook.load(record)
    assert again.given["mitigation.impact.mode"] == Given(file="mine.toml", row=6)
    assert again.given.keys() == book.given.keys() and again.hash == book.hash


@pytest.mark.parametrize("wrong", ["given = 3", "[given]\n'penalties.branch' = 3"])
def test_the_record_of_a_run_is_no_key_of_a_file(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "default"\nname = "mine"\n{wrong}\n')
    with pytest.raises(InputError, match=r"row 3, given: is the record of a run"):
        RuleBook.load(path)


def test_unused_keys_are_those_of_mitigation_that_nothing_reads(path: Path) -> None:
    book = RuleBook.load(path).with_settings({"mitigation.near_miss": 0.2})
    read = {"mitigation.areas.*.zones", "mitigation.areas.*.kind", "mitigation.near_miss"}
    file = str(path)
    area = "mitigation.areas.east.impact.price.absolute"
    assert unused_keys(book, read, told=lambda key: f"who reads {key}?") == [
        Failure(file, 6, "mitigation.impact.mode", "unused_key",
                "who reads mitigation.impact.mode?"),
        Failure(file, 11, area, "unused_key", f"who reads {area}?"),
    ]  # fmt: skip
    assert unused_keys(book, {"mitigation"}) == []


@pytest.mark.parametrize(
    ("section", "key", "expected"),
    [
        ("mitigation.impact", "mitigation.impact.mode", True),
        ("mitigation.impact.mode", "mitigation.impact", False),
        ("mitigation.imp", "mitigation.impact", False),
        ("mitigation.areas.*.impact", "mitigation.areas.east.impact.price", True),
        ("mitigation.areas.*.impact", "mitigation.areas.east.conduct", False),
    ],
)
def test_sections_cover_what_lies_in_them(section: str, key: str, expected: bool) -> None:
    assert covers(section, key) is expected


@cache
def names_in(folder: Path) -> frozenset[str]:
    """Attributes that the code below a folder reads, and names that it looks up as text."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


ROOMS = {"clear": ("clearing", "network"), "settle": ("settlement",), "mitigate": ("mitigation",)}
ROOMS["tables"] = ("counterflow",)
ROOMS |= dict.fromkeys(("screens", "recover", "auction"), ("mitigation", "counterflow"))


def rooms_of(reader: str) -> list[Path]:
    """Where the code of a reader lies: a command's packages, or the package of a function."""
    if " " in reader:
        return [ROOT / room for room in ROOMS[reader.split()[1]]]
    return [ROOT.joinpath(*reader.split(".")[:-1])]


def test_every_key_is_read_where_it_is_said_to_be() -> None:
    unread = []
    for key in rulebook_keys():
        if key in HEAD or key == "mitigation.own":
            continue
        readers = readers_of(key)
        rooms = [room for reader in readers for room in rooms_of(reader)] or [ROOT / "mitigation"]
        last = key.rpartition(".")[2]
        if not any(last in names_in(room) for room in rooms):
            unread.append(key)
    assert unread == []


def test_what_is_said_to_read_keys_exists() -> None:
    functions = {name for readers in READ_BY.values() for name in readers if " " not in name}
    assert "mitigation.withholding.screen_withholding" in functions
    for name in functions:
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function)), name
    known = {".".join(key.split(".")[:n]) for key in rulebook_keys() for n in range(1, 6)}
    assert set(READ_BY) <= known


def test_keys_outside_mitigation_all_say_what_reads_them() -> None:
    keys = [k for k in rulebook_keys() if not k.startswith("mitigation.") and k not in HEAD]
    assert [key for key in keys if not readers_of(key)] == []
