"""The dictionary: every key in both languages, with the same holes, and none missing."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import counterflow.pages
from cases.errors import InputError
from counterflow.pages.render import filled
from counterflow.pages.text import LANGUAGES, dictionary, language_named, say

ROOM = Path(counterflow.pages.__file__).parent
HOLE = re.compile(r"\{(\w+)")
NONE = pd.DatetimeIndex([], tz="UTC")


def test_every_text_is_there_in_every_language_with_the_same_holes() -> None:
    for key, entry in dictionary().items():
        assert set(entry) == set(LANGUAGES), key
        holes = [set(HOLE.findall(entry[language])) for language in LANGUAGES]
        assert holes[0] == holes[1], key
        assert all(entry.values()), key


def test_every_key_that_is_used_is_in_the_dictionary() -> None:
    groups = {key.split(".")[0] for key in dictionary()}
    used = set()
    for path in [*ROOM.rglob("*.py"), *ROOM.glob("static/*.js"), *ROOM.glob("templates/*")]:
        for key in re.findall(r"\"([a-z]+\.[a-z_0-9]*[a-z0-9])\"", path.read_text()):
            if key.split(".")[0] in groups:
                used.add(key)
    files = {key for key in used if key.endswith((".js", ".css", ".toml"))}
    assert used - files - set(dictionary()) == set()
    assert len(used - files) > 200


def test_one_and_many() -> None:
    text = say("verdict.replaced", n=("count", 1), units=("count", 1))
    assert filled(text, "en", NONE) == "1 offer of 1 unit was replaced by references."
    text = say("verdict.replaced", n=("count", 1200), units=("count", 2))
    assert filled(text, "en", NONE) == "1,200 offers of 2 units were replaced by references."
    assert filled(text, "zh", NONE) == "2 台机组的 1,200 项报价被参考价替换。"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (("price", 1234.567), "1,234.57"),
        (("money", -0.4), "0"),
        (("signed_price", 2.0), "+2.00"),
        (("signed_money", 0.0), "0"),
        (("signed_money", -1234.0), "\u22121,234"),
        (("signed_percent", -38.77), "\u221238.8%"),
        (("number", 3.0), "3"),
        (("number", 3.25), "3.2"),
        (("price", float("nan")), "–"),
        ("<b>text</b>", "<b>text</b>"),
    ],
)
def test_numbers_are_written_by_their_kind(value: object, written: str) -> None:
    assert filled(say("value.one", n=value), "en", NONE) == written


def test_another_language_is_refused() -> None:
    assert language_named("zh") == "zh"
    with pytest.raises(InputError, match="there is no language 'fr'; expected en or zh"):
        language_named("fr")
