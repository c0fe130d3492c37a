"""Rulebooks: shipped ones are sound, settings are checked, the hash is that of the values."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest

from cases import InputError, RuleBook, rulebook_keys, rulebook_names

# DESIGN section 9: keys that scripts set.
PROMISED = [
    "pricing.method",
    "pricing.allow_offline",
    "mitigation.profile",
    "mitigation.reference.method",
    "mitigation.reference.adder",
    "mitigation.conduct.energy.percent",
    "mitigation.conduct.energy.absolute",
    "mitigation.conduct.energy.exempt_below",
    "mitigation.conduct.energy.limit_kind",
    "mitigation.impact.price.percent",
    "mitigation.impact.price.absolute",
    "mitigation.impact.price.exempt_below",
    "mitigation.impact.price.limit_kind",
    "mitigation.impact.mode",
    "losses.method",
]


def test_the_default_has_the_values_of_the_design() -> None:
    book = RuleBook.load()
    assert book == RuleBook.load("default")
    penalties = book.penalties.model_dump()
    assert penalties == {
        "balance": 5000,
        "branch": 2000,
        "interface": 2000,
        "contingency": 2000,
        "ramp": 10000,
        "reserve": 1000,
        "custom": 2000,
    }
    assert (book.pricing.method, book.pricing.allow_offline) == ("fixed", False)
    assert book.losses.method == "none"
    mitigation = book.mitigation
    assert (mitigation.profile, mitigation.impact.mode) == ("default", "joint")
    energy, price = mitigation.conduct.energy, mitigation.impact.price
    assert (energy.percent, energy.absolute, energy.limit_kind) == (300, 100, "increase")
    assert (price.percent, price.absolute, price.limit_kind) == (200, 100, "increase")


@pytest.mark.parametrize("key", PROMISED)
def test_promised_keys_can_be_set(key: str) -> None:
    assert key in rulebook_keys()
    book = RuleBook.load()
    value: object = book
    for part in key.split("."):
        value = getattr(value, part)
    assert book.with_settings({key: value}) == book


def test_every_key_says_what_it_means() -> None:
    assert [key for key, meaning in rulebook_keys().items() if not meaning] == []


@pytest.mark.parametrize("name", rulebook_names())
def test_shipped_rulebooks_load_under_their_name(name: str) -> None:
    book = RuleBook.load(name)
    assert book.name == name
    assert RuleBook.model_validate(tomllib.loads(book.to_toml())) == book


def test_settings_as_text_of_a_command_line() -> None:
    book = RuleBook.load().with_settings(
        {
            "mitigation.conduct.energy.percent": "50",
            "pricing.allow_offline": "true",
            "solver.time_limit": "600",
            "pricing.method": "extended",
        }
    )
    assert book.mitigation.conduct.energy.percent == 50.0
    assert book.mitigation.conduct.energy.absolute == 100.0
    assert (book.pricing.allow_offline, book.pricing.method) == (True, "extended")
    assert book.solver.time_limit == 600.0
    assert math.isinf(RuleBook.load().solver.time_limit)


def test_all_wrong_settings_are_named_with_what_was_expected() -> None:
    settings = {
        "pricing.methd": "fixed",
        "gap": 0.1,
        "pricing": "fixed",
        "pricing.method": "cheap",
        "pricing.allow_offline": "perhaps",
        "solver.threads": 1.5,
        "solver.gap": -1,
        "penalties.ramp": "dear",
    }
    with pytest.raises(InputError) as caught:
        RuleBook.load().with_settings(settings)
    assert [str(failure) for failure in caught.value.failures] == [
        "pricing.methd: there is no such setting; did you mean pricing.method or "
        "pricing.tie_break?",
        "gap: there is no such setting; did you mean solver.gap?",
        "pricing: is a section; set one of pricing.method, pricing.allow_offline, "
        "pricing.penalty_factor, pricing.tie_break",
        "penalties.ramp: must be a number, not 'dear'",
        "pricing.method: must be 'fixed', 'relaxed' or 'extended', not 'cheap'",
        "pricing.allow_offline: must be a boolean, not 'perhaps'",
        "solver.threads: must be an integer, got a number with a fractional part, not 1.5",
        "solver.gap: must be greater than or equal to 0, not -1",
    ]


def test_the_hash_is_that_of_the_values() -> None:
    book = RuleBook.load()
    same = book.with_settings({"solver.seed": 0})
    other = book.with_settings({"solver.seed": 1})
    assert book.hash == same.hash != other.hash
    assert len(book.hash) == 64


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        RuleBook.load("nysio")
    text = str(caught.value)
    assert text.startswith("no rulebook nysio: give a TOML file or one of ")
    assert "default" in text and "\n" not in text


def test_a_file_takes_over_what_it_does_not_say(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "default"\nname = "mine"\n[penalties]\nbranch = 500\n')
    book = RuleBook.load(path)
    assert (book.name, book.penalties.branch, book.penalties.ramp) == ("mine", 500.0, 10000.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = ", "not valid TOML"),
        ('extends = "nowhere"\n', "no rulebook nowhere"),
        ('extends = "default"\npenalty = 3\n', "penalty: there is no such key"),
        ('extends = "default"\n[penalties]\nramp = -3\n', "penalties.ramp: must be greater than 0"),
        ('name = "x"\n', "penalties: the key is missing"),
        ("extends = 3\n", "extends: must name another rulebook"),
    ],
)
def test_a_broken_file_is_an_input_error(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    assert expected in str(caught.value)


def test_files_that_extend_in_a_circle(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(f'extends = "{two}"\n')
    two.write_text(f'extends = "{one}"\n')
    with pytest.raises(InputError, match="not in a circle"):
        RuleBook.load(one)
