"""A mitigation key that the user gives must be read by the procedure that the rulebook names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import InputError, RuleBook, rulebook_keys
from mitigation.procedures.shipped import CHAIN, PROFILES
from mitigation.unused import profiles_reading, refuse_unused, refuse_unused_by_tests

DEFAULT = RuleBook.load()


def refused(book: RuleBook, before: RuleBook = DEFAULT) -> list[str]:
    with pytest.raises(InputError) as caught:
        refuse_unused(book, before)
    return [str(failure) for failure in caught.value.failures]


def test_the_mode_of_impact_has_no_effect_under_nyiso() -> None:
    """Fault H7: it was accepted and recorded, and run 1B is joint whatever it says."""
    book = RuleBook.load("nyiso").with_settings({"mitigation.impact.mode": "per_unit"})
    assert refused(book) == [
        "mitigation.impact.mode: profile nyiso does not read it; default, ieso, isone, miso, spp do"
    ]
    refuse_unused(RuleBook.load("isone").with_settings({"mitigation.impact.mode": "joint"}), book)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_shipped_rulebook_gives_nothing_that_is_not_read(name: str) -> None:
    refuse_unused(RuleBook.load(name), DEFAULT)


def test_a_file_is_named_with_its_line_and_what_it_extends_is_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "pjm"\nname = "mine"\n[mitigation.impact.price]\npercent = 50.0\n'
        '[mitigation.pjm]\nschedule = "strict"\n'
    )
    assert refused(RuleBook.load(path)) == [
        f"{path} row 4, mitigation.impact.price.percent: profile pjm does not read it; "
        "default, ieso, isone, miso, nyiso, spp do"
    ]


def test_keys_of_other_commands_may_stand_in_a_file_but_not_be_set_here(tmp_path: Path) -> None:
    key = "mitigation.withholding.unit_mw"
    path = tmp_path / "mine.toml"
    path.write_text('extends = "default"\nname = "mine"\n[mitigation.withholding]\nunit_mw = 5.0\n')
    refuse_unused(RuleBook.load(path), DEFAULT)
    cleared = DEFAULT.with_settings({key: 5})
    refuse_unused(cleared, cleared)  # the day was cleared with it
    (told,) = refused(cleared)
    assert told.startswith(f"{key}: profile default does not read it; it is for")
    assert "`mitigation.withholding.screen_withholding`" in told


def test_structural_tests_alone_read_the_structure(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "default"\nname = "mine"\n[mitigation.impact]\nmode = "joint"\n')
    book = RuleBook.load(path).with_settings({"mitigation.structure.slack": "load"})
    refuse_unused_by_tests(book, DEFAULT)  # a file may say how offers are mitigated
    with pytest.raises(InputError, match=r"^mitigation\.near_miss: structural tests read keys"):
        refuse_unused_by_tests(book.with_settings({"mitigation.near_miss": 0.2}), DEFAULT)


def test_a_slot_of_ones_own_counts() -> None:
    settings = {"mitigation.procedure.subject": "pivotal", "mitigation.pjm.raised_mw": 0.5}
    refuse_unused(DEFAULT.with_settings(settings), DEFAULT)
    (told,) = refused(DEFAULT.with_settings({"mitigation.pjm.raised_mw": 0.5}))
    assert told.endswith("profile default does not read it; pjm does")


def test_keys_outside_mitigation_stay_valid() -> None:
    refuse_unused(DEFAULT.with_settings({"settlement.credit.call_threshold": 9}), DEFAULT)


def test_free_keys_are_read_by_who_says_so() -> None:
    book = DEFAULT.with_settings({"mitigation.own.floor": 3})
    assert refused(book) == [
        "mitigation.own.floor: profile default does not read it; no profile does"
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("mitigation.conduct.energy.percent", ["all"]),
        ("mitigation.impact", ["default", "ieso", "isone", "miso", "nyiso", "spp"]),
        ("mitigation.structure.two_step.concentration_max", ["ercot"]),
        ("mitigation.structure.ferc.share_max", []),
    ],
)
def test_who_reads_a_key(key: str, expected: list[str]) -> None:
    assert profiles_reading(key) == expected


def test_every_key_of_mitigation_is_read_by_a_profile_or_a_command() -> None:
    from cases.rulebook.read_by import readers_of

    keys = [key for key in rulebook_keys() if key.startswith("mitigation.")]
    unread = [key for key in keys if not profiles_reading(key) and not readers_of(key)]
    assert unread == ["mitigation.own"] and len(keys) > 100 and CHAIN
