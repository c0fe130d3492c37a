"""Values of a rulebook with their date and clause beside them, and the values of one date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cases import InputError, RuleBook, rulebook_names

FREELAND = """
extends = "default"
name = "freeland"
date = 2026-01-01
read = "2026-02"

[offers]
clause = "Market Code 7.1"
sure = "H"
cap = [
    { from = 2024-07-01, value = 900.0, clause = "Market Code 7.1, amendment 4", sure = "V" },
    { value = 500.0 },
    { from = 2020-01-01, value = 700.0, sure = "M" },
]
floor = { value = -50.0, sure = "L", read = "2025-11" }

[mitigation]
profile = [
    { value = "default" },
    { from = 2022-01-01, value = "pjm", clause = "Market Code 9", sure = "V" },
]

[mitigation.conduct.energy]
clause = "Market Code 9.3"
sure = "V"
from = 2019-05-01
percent = 60.0
absolute = { value = 30.0 }

[mitigation.areas.east]
from = 2021-01-01
until = 2023-01-01
kind = "pocket"
zones = ["East"]
clause = "Market Code 9.4"
sure = "V"
[mitigation.areas.east.conduct.energy]
absolute = 8.0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "freeland.toml"
    path.write_text(FREELAND)
    return path


@pytest.mark.parametrize(
    ("as_of", "cap", "profile", "areas"),
    [
        ("2019-05-01", 500.0, "default", []),
        ("2019-12-31", 500.0, "default", []),
        ("2020-01-01", 700.0, "default", []),
        ("2021-01-01", 700.0, "default", ["east"]),
        ("2022-12-31", 700.0, "pjm", ["east"]),
        ("2023-01-01", 700.0, "pjm", []),
        (dt.date(2024, 7, 1), 900.0, "pjm", []),
        (None, 900.0, "pjm", []),
    ],
)
def test_values_of_a_date(
    as_of: dt.date | str | None, cap: float, profile: str, areas: list[str], path: Path
) -> None:
    book = RuleBook.load(path, as_of=as_of)
    assert (book.offers.cap, book.mitigation.profile) == (cap, profile)
    assert list(book.mitigation.areas) == areas
    assert str(book.as_of) == str(as_of)


def test_a_value_has_its_clause_and_its_date_beside_it(path: Path) -> None:
    told = RuleBook.load(path, as_of="2021-06-01").evidence_for
    assert told("offers.cap") == "[M] 2026-02: Market Code 7.1, in force from 2020-01-01"
    assert told("offers.floor") == "[L] 2025-11: Market Code 7.1"
    energy = "[V] 2026-02: Market Code 9.3, in force from 2019-05-01"
    assert told("mitigation.conduct.energy.percent") == energy
    assert told("mitigation.conduct.energy.absolute") == energy
    assert told("mitigation.conduct.energy") == energy
    area = "mitigation.areas.east.conduct.energy"
    assert told(f"{area}.absolute") == "[V] 2026-02: Market Code 9.4, in force from 2021-01-01"
    newest = RuleBook.load(path)
    # An entry with a clause of its own takes over nothing but when it was read.
    assert newest.evidence_for("offers.cap") == (
        "[V] 2026-02: Market Code 7.1, amendment 4, in force from 2024-07-01"
    )
    source = newest.source_of("mitigation.profile")
    assert source is not None
    assert (source.clause, source.sure, source.since) == ("Market Code 9", "V", dt.date(2022, 1, 1))
    assert newest.evidence_for("penalties.ramp").startswith("[D]")  # the default's own


def test_a_date_before_the_first_value_names_every_key_and_its_first_date(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        RuleBook.load(path, as_of="2018-01-01")
    assert [str(failure) for failure in caught.value.failures] == [
        f"{path} row 27, mitigation.conduct.energy.percent: has no value on 2018-01-01: its first "
        "one holds from 2019-05-01",
        f"{path} row 28, mitigation.conduct.energy.absolute: has no value on 2018-01-01: its "
        "first one holds from 2019-05-01",
    ]
    with pytest.raises(InputError, match=r"^ieso.toml row \d+, from: .* holds from 2025-05-01"):
        RuleBook.load("ieso", as_of="2024-01-01")
    with pytest.raises(InputError, match="must be a date such as"):
        RuleBook.load("ieso", as_of="May")


def test_what_a_file_gives_itself_needs_no_value_in_what_it_extends(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "ercot"\nname = "mine"\n')
    with pytest.raises(InputError, match=r"offers\.cap: has no value on 2010-01-01"):
        RuleBook.load(path, as_of="2010-01-01")
    path.write_text('extends = "ercot"\nname = "mine"\n[offers]\ncap = 3000.0\n')
    assert RuleBook.load(path, as_of="2010-01-01").offers.cap == 3000.0


def test_ercot_caps_of_two_dates() -> None:
    before, since = (RuleBook.load("ercot", as_of=day) for day in ("2021-12-31", "2022-01-01"))
    assert (before.offers.cap, since.offers.cap) == (9000.0, 5000.0)
    assert before.evidence_for("offers.cap").endswith("in force from 2015-06-01")
    assert before.hash != since.hash == RuleBook.load("ercot").hash


LATER = ("hunan", "shaanxi", "shanghai")
"""Rulebooks of markets whose rules began after 1 June 2025."""


@pytest.mark.parametrize("as_of", [None, "2025-06-01"])
@pytest.mark.parametrize("name", rulebook_names())
def test_a_resolved_rulebook_is_read_back_with_its_sources(
    name: str, as_of: str | None, tmp_path: Path
) -> None:
    if as_of is not None and name in LATER:
        with pytest.raises(InputError, match=f"says nothing of {as_of}"):
            RuleBook.load(name, as_of=as_of)
        return
    book = RuleBook.load(name, as_of=as_of)
    path = tmp_path / "rulebook.toml"
    path.write_text(book.to_toml())
    again = RuleBook.load(path)
    assert again == book and again.hash == book.hash
    assert (again.as_of, again.given, again.sources) == (book.as_of, {}, book.sources)
    assert again.to_toml() == book.to_toml()


def test_a_settled_rulebook_has_no_other_date(path: Path) -> None:
    book = RuleBook.load(path, as_of="2021-06-01")
    assert RuleBook.load(book) is book and RuleBook.load(book, as_of="2021-06-01") is book
    with pytest.raises(InputError, match="settled"):
        RuleBook.load(book, as_of="2022-06-01")


def test_what_a_user_changes_is_no_longer_the_tariff_s(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "nyiso"\nname = "mine"\n[mitigation.conduct.energy]\n'
        "percent = 250.0\nabsolute = 100.0\n"
    )
    book = RuleBook.load(path)
    energy = "mitigation.conduct.energy"
    assert book.evidence_for(f"{energy}.percent") == "mine.toml"
    assert "23.3.1.2.1" in book.evidence_for(f"{energy}.absolute")  # the same number
    set_ = book.with_settings({f"{energy}.absolute": 90, f"{energy}.exempt_below": "25"})
    assert set_.evidence_for(f"{energy}.absolute") == "given for this run"
    assert "23.3.1.2.1" in set_.evidence_for(f"{energy}.exempt_below")


def test_the_old_table_of_evidence_and_the_form_beside_say_the_same(tmp_path: Path) -> None:
    head = 'extends = "default"\nname = "mine"\n[mitigation.conduct.energy]\n'
    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_text(
        head + "percent = 250.0\nabsolute = 90.0\n[evidence]\n"
        '"mitigation.conduct.energy" = "[M] 2026-03: Code 9"\n'
        '"mitigation.conduct.energy.absolute" = "[V] 2026-03: Code 9.1"\n'
    )
    new.write_text(
        head + 'clause = "Code 9"\nsure = "M"\nread = "2026-03"\npercent = 250.0\n'
        'absolute = { value = 90.0, clause = "Code 9.1", sure = "V" }\n'
    )
    assert RuleBook.load(old) == RuleBook.load(new)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("cap = { value = 5, form = 2020-01-01 }", 4, "offers.cap", "not form; did you mean from"),
        ("cap = [{ from = 2020-01-01 }]", 4, "offers.cap", "every dated value needs its value"),
        ('cap = { value = 5, sure = "X" }', 4, "offers.cap.sure", "must be one of V, H, M, L"),
        ('cap = { value = 5, from = "then" }', 4, "offers.cap.from", "must be a date such as"),
        ('cap = { value = 5, read = "then" }', 4, "offers.cap.read", "must be a month or a day"),
        ("clause = 7", 4, "offers.clause", "must be text"),
        ("cap = [{ value = 5 }, { value = 6 }]", 4, "offers.cap", "two values without a date"),
        ("cap = [{ value = 5, from = 2020-01-01 }, { value = 6, from = 2020-01-01 }]", 4,
         "offers.cap", "two values from 2020-01-01"),
        ("cap = { value = -9 }\nfloor = 3", 5, "offers.floor", "lies above the cap"),
        ('cap = { value = "dear" }', 4, "offers.cap", "must be a number"),
    ],
)  # fmt: skip
def test_wrong_dates_and_sources_are_named_with_file_and_line(
    text: str, line: int, column: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "default"\nname = "mine"\n[offers]\n{text}\n')
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    (failure,) = caught.value.failures
    assert (failure.file, failure.row, failure.column) == (str(path), line, column)
    assert message in failure.message


def test_a_number_of_a_profile_without_its_clause_says_what_is_wanted(path: Path) -> None:
    text = FREELAND.replace('read = "2026-02"\n', "").replace("from = 2019-05-01\n", "")
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    wanted = {failure.column: failure.message for failure in caught.value.failures}
    assert 'read = "2026-01" or from' in wanted["mitigation.conduct.energy.percent"]
    path.write_text(FREELAND.replace('amendment 4", sure = "V"', 'amendment 4"'))
    with pytest.raises(InputError, match=r"row 10, offers\.cap: has no evidence: give sure = .H."):
        RuleBook.load(path)


def test_a_byte_order_mark_is_no_part_of_a_rulebook(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'\xef\xbb\xbfextends = "default"\nname = "mine"\n')
    assert RuleBook.load(path).name == "mine"
    path.write_bytes('extends = "default"\nname = "Zürich"\n'.encode("latin-1"))
    with pytest.raises(InputError, match=r"row 2: not UTF-8 text"):
        RuleBook.load(path)


def test_a_key_that_never_had_an_effect_is_refused(tmp_path: Path) -> None:
    key = "mitigation.structure.measures.residual_demand_step"
    with pytest.raises(InputError, match=f"^{key}: is gone: it never had an effect"):
        RuleBook.load().with_settings({key: 0.1})
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "default"\nname = "mine"\n[mitigation.structure.measures]\n'
        "residual_demand_step = 0.1\n"
    )
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    (failure,) = caught.value.failures
    assert (failure.row, failure.column, failure.rule) == (4, key, "removed_key")
