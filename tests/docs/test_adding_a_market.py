"""The guide to adding a market: it shows the file of the example, which loads and runs so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cases import RuleBook
from mitigation.procedures.shipped import FUNCTIONS
from tests.docs.test_tutorials import DOCS, blocks, run_python

PAGE = DOCS / "adding-a-market.md"
FILE = DOCS.parent / "examples" / "freeland" / "freeland.toml"
OWN = DOCS.parent / "examples" / "own-market"


def test_the_page_shows_the_file() -> None:
    shown = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(shown) == 7
    text = FILE.read_text() + (OWN / "own_market.toml").read_text()
    assert [part for part in shown if part not in text] == []


def test_the_page_shows_the_slot_of_the_example() -> None:
    shown = re.findall(r"^```\n(@register.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(shown) == 1 and shown[0].strip() in (OWN / "own_market.py").read_text()


def test_the_table_of_slots_is_that_of_the_package() -> None:
    """Every function that is shipped for a day of bus prices is named, and none that is not."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    named = {(slot, name) for slot, names in rows for name in re.findall(r"`(\w+)`", names)}
    shipped = {(each.slot, each.name) for each in FUNCTIONS}
    assert shipped - named == {("subject", "monthly_auction")} and named <= shipped


def test_the_market_is_its_file() -> None:
    book = RuleBook.load(FILE)
    assert (book.name, book.offers.cap, book.offers.floor) == ("freeland", 500, -50)
    rules = book.mitigation
    assert (rules.conduct.energy.percent, rules.conduct.energy.absolute) == (60, 30)
    assert rules.conduct.reserve == RuleBook.load("default").mitigation.conduct.reserve
    assert list(rules.areas) == ["east", "bus_d"] and rules.areas["bus_d"].nested_in == "east"


def test_the_code_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FILE, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks(PAGE):
        run_python(block, PAGE, names)
