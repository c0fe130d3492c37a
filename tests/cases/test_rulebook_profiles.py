"""Shipped profiles: every number has a tag and a date; contradictions are named by file and key."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from cases import InputError, RuleBook, rulebook_names
from cases.rulebook.files import rules_file
from cases.rulebook.mitigation import ImpactRules

TAG = re.compile(r"\[[VCHMLD]\] 20\d\d-\d\d: \S.*")
MARKETS = ["caiso", "ercot", "guangdong", "ieso", "isone", "miso", "nyiso", "pjm", "spp"]


def numbers(section: BaseModel, prefix: str) -> Iterator[tuple[str, float]]:
    """Every number below a section that is given: not a default, and not infinite."""
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{prefix}.{name}"
        if isinstance(value, BaseModel):
            yield from numbers(value, key)
        elif isinstance(value, dict):
            for each, inside in value.items():
                yield from numbers(inside, f"{key}.{each}")
        elif isinstance(value, bool) or not isinstance(value, float | int):
            continue
        elif math.isfinite(value) and (value != field.default or field.is_required()):
            yield key, value


def threshold_numbers(book: RuleBook) -> dict[str, float]:
    found = dict(numbers(book.mitigation, "mitigation")) | dict(numbers(book.offers, "offers"))
    return {
        key: value
        for key, value in found.items()
        # Numbers of these sections carry their source in the schema, or are of the references.
        if not key.startswith(("mitigation.structure.", "mitigation.reference."))
    }


@pytest.mark.parametrize("name", rulebook_names())
def test_every_threshold_has_a_tag_and_a_date(name: str) -> None:
    book = RuleBook.load(name)
    found = threshold_numbers(book)
    assert len(found) > 12
    untagged = [key for key in found if not TAG.match(book.evidence_for(key))]
    assert untagged == []


@pytest.mark.parametrize("name", MARKETS)
def test_a_number_that_a_profile_changes_has_a_tag_of_its_own(name: str) -> None:
    own, base = RuleBook.load(name), RuleBook.load("default")
    file = rules_file(name)
    given = dict(file.values())
    before = threshold_numbers(base)
    for key, value in threshold_numbers(own).items():
        if before.get(key) != value:
            source = file.source_of(key, given[key][-1])
            assert source is not None and source.complete, key


@pytest.mark.parametrize("name", MARKETS)
def test_evidence_is_about_keys_that_exist(name: str) -> None:
    book = RuleBook.load(name)
    for key in book.evidence:
        value: object = book
        for part in key.split("."):
            value = value[part] if isinstance(value, dict) else getattr(value, part)


@pytest.mark.parametrize("name", MARKETS)
def test_a_profile_extends_the_default_and_names_its_procedure(name: str) -> None:
    book = RuleBook.load(name)
    assert book.mitigation.profile == name
    balance = 3500.0 if name == "miso" else 5000.0  # MISO's value of lost load
    default = RuleBook.load("default").penalties
    assert book.penalties == default.model_copy(update={"balance": balance})


def test_values_of_the_published_table() -> None:
    """Section 4 of reference/mitigation.md, row by row."""
    nyiso, isone, miso, spp = (
        RuleBook.load(name).mitigation for name in ("nyiso", "isone", "miso", "spp")
    )

    def pair(rule: BaseModel) -> tuple[float, float]:
        return rule.percent, rule.absolute  # type: ignore[attr-defined, no-any-return]

    energy, price = nyiso.conduct.energy, nyiso.impact.price
    assert (pair(energy), energy.exempt_below, pair(price)) == ((300, 100), 25, (200, 100))
    assert pair(nyiso.conduct.reserve) == (300, 50) and nyiso.conduct.reserve.exempt_below == 5
    assert (nyiso.conduct.startup.percent, nyiso.impact.guarantee.percent) == (200, 200)
    city = nyiso.areas["new_york_city"]
    assert city.conduct.startup is not None and city.conduct.startup.percent == 50
    assert (city.formula.kind, city.formula.share) == ("two_percent", 0.02)
    assert (nyiso.impact.mode, nyiso.rerun.commitment) == ("joint", "local")

    area = isone.areas["import_constrained"]
    assert pair(isone.conduct.energy) == (300, 100) and pair(isone.impact.price) == (200, 100)
    assert area.conduct.energy is not None and pair(area.conduct.energy) == (50, 25)
    assert area.impact.price is not None and pair(area.impact.price) == (50, 25)
    assert area.conduct.startup is not None and area.conduct.startup.percent == 25
    assert (area.separation, isone.impact.mode, isone.conduct.applies_to) == (
        25,
        "per_owner",
        "pivotal",
    )
    assert isone.areas["reliability"].conduct.energy is not None

    broad, dynamic = miso.areas["broad"], miso.areas["dynamic"]
    assert broad.conduct.energy is not None and pair(broad.conduct.energy) == (300, 100)
    assert dynamic.conduct.energy is not None and dynamic.conduct.energy.absolute == 25
    assert (dynamic.binding_share, dynamic.binding_days) == (0.15, 5)
    assert miso.areas["narrow_wums"].formula.cap == 100

    shares = [
        spp.areas[name].conduct.energy.percent  # type: ignore[union-attr]
        for name in ("constrained", "frequently_constrained", "reliability")
    ]
    assert shares == [25, 17.5, 10] and spp.impact.price.absolute == 25
    assert spp.areas["constrained"].dfax_min == 0.05


def test_the_default_is_plain_conduct_and_impact() -> None:
    rules = RuleBook.load("default").mitigation
    assert rules.areas == {}
    assert (rules.conduct.granularity, rules.conduct.applies_to) == ("curve", "all")
    assert rules.conduct.time.single == 3 and rules.conduct.time.total == 6
    assert rules.conduct.physical.minimum_percent == 100
    assert rules.conduct.physical.maximum_percent == 50
    assert isinstance(rules.impact, ImpactRules) and rules.rerun.commitment == "local"


AREA = '[mitigation.areas.city]\nkind = "pocket"\nzones = ["J"]\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[mitigation.conduct.energy]\nlimit_kind = "multiple"\npercent = 50\n',
            "mitigation.conduct.energy.percent: with limit_kind multiple, 50 percent",
        ),
        (
            "[mitigation.conduct.energy]\nabsolute = -5\n",
            "mitigation.conduct.energy.absolute: must be greater than or equal to 0, not -5",
        ),
        (
            "[mitigation.conduct.energy]\nexempt_below = nan\n",
            "mitigation.conduct.energy.exempt_below: must be a number, not nan",
        ),
        (
            "[mitigation.conduct.time]\nsingle = 8\n",
            "mitigation.conduct.time.single: 8 h can never be reached",
        ),
        ("[offers]\ncap = 10\nfloor = 20\n", "offers.floor: 20 lies above the cap of 10"),
        ("[offers]\ncap = 10\nsoft_cap = 20\n", "offers.soft_cap: 20 lies above the cap of 10"),
        (
            AREA + "conduct.energy = { percent = 400, absolute = 100 }\n",
            "mitigation.areas.city.conduct.energy: is looser than mitigation.conduct.energy "
            "around it (400 % and 100 against 300 % and 100), so it can never hold",
        ),
        (
            AREA
            + "impact.price = { percent = 50, absolute = 20 }\n"
            + '[mitigation.areas.inner]\nkind = "pocket"\nbuses = ["B"]\nnested_in = "city"\n'
            + "impact.price = { percent = 60, absolute = 20 }\n",
            "mitigation.areas.inner.impact.price: is looser than "
            "mitigation.areas.city.impact.price around it",
        ),
        (AREA + "conduct.energy = {}\n", "mitigation.areas.city.conduct.energy: sets no threshold"),
        (AREA, "mitigation.areas.city: sets no threshold: give conduct, impact or a formula"),
        (
            '[mitigation.areas.city]\nkind = "pocket"\nconduct.energy = { absolute = 5 }\n',
            "mitigation.areas.city: has no members: name zones",
        ),
        (
            AREA + 'nested_in = "sity"\nconduct.energy = { absolute = 5 }\n',
            "mitigation.areas.city.nested_in: there is no area sity; did you mean city?",
        ),
        (
            AREA + 'nested_in = "city"\nconduct.energy = { absolute = 5 }\n',
            "mitigation.areas.city.nested_in: the areas city in city form a circle",
        ),
        (
            AREA + 'formula = { kind = "fixed_cost" }\n',
            "mitigation.areas.city.formula.annual_cost: is missing",
        ),
        (
            AREA + 'formula = { kind = "two_percent", annual_cost = 5 }\n',
            "mitigation.areas.city.formula.annual_cost: counts only where the formula is fixed",
        ),
        (
            AREA + "separation = 5\nconduct.energy = { absolute = 5 }\n",
            "mitigation.areas.city.separation: counts only where active is separated",
        ),
        (
            AREA + "conduct.energy = { absolut = 5 }\n",
            "mitigation.areas.city.conduct.energy.absolut: there is no such key; did you mean "
            "mitigation.areas.city.conduct.energy.absolute",
        ),
        ("[mitigation.conduct.fuel]\npercent = 3\n", "mitigation.conduct.fuel: there is no such"),
    ],
)
def test_contradictions_are_named_by_file_and_key(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "default"\nname = "mine"\n{text}')
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    found = [str(failure) for failure in caught.value.failures]
    found = [re.sub(r" row \d+,", ",", line) for line in found]
    assert any(line.startswith(f"{path}, {expected}") for line in found), found
    assert len(found) == 1


def test_all_contradictions_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "default"\nname = "mine"\n[offers]\ncap = 1\nfloor = 2\n'
        "[mitigation.conduct.time]\nsingle = 8\n" + AREA
    )
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    assert len(caught.value.failures) == 3


def test_settings_that_contradict_are_refused_as_well() -> None:
    with pytest.raises(InputError) as caught:
        RuleBook.load("nyiso").with_settings({"mitigation.conduct.startup.percent": 40})
    assert str(caught.value).startswith(
        "mitigation.areas.new_york_city.conduct.startup: is looser than mitigation.conduct.startup"
    )


def test_thresholds_may_all_be_taken_away() -> None:
    settings = {
        f"mitigation.{key}.{part}": "inf"
        for key in ("conduct.energy", "impact.price")
        for part in ("percent", "absolute")
    }
    rules = RuleBook.load().with_settings(settings).mitigation
    assert math.isinf(rules.conduct.energy.percent + rules.impact.price.absolute)


@pytest.mark.parametrize(
    ("inner", "refused"),
    [
        ("{ percent = 400, absolute = 100 }", False),  # small offers are tested in the area alone
        ("{ percent = 400, absolute = 100, exempt_below = 25 }", True),
        ("{ absolute = 150 }", True),
        ("{ absolute = 20 }", False),
        ("{ percent = 300, absolute = 100, exempt_below = 30 }", True),
        ("{ percent = 300, absolute = 100, exempt_below = 25 }", False),  # the same again
        ('{ percent = 390, absolute = 90, limit_kind = "multiple" }', False),
        ('{ percent = 410, absolute = 100, limit_kind = "multiple", exempt_below = 25 }', True),
    ],
)
def test_what_is_looser_than_the_threshold_around_it(
    inner: str, refused: bool, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "nyiso"\nname = "mine"\n{AREA}conduct.energy = {inner}\n')
    if refused:
        with pytest.raises(InputError, match="is looser than mitigation"):
            RuleBook.load(path)
    else:
        RuleBook.load(path)


def test_keys_of_areas_can_be_set() -> None:
    book = RuleBook.load("nyiso")
    city = "mitigation.areas.new_york_city"
    changed = book.with_settings(
        {
            f"{city}.formula.constrained_hours": "1000",
            f"{city}.formula.average_price": 60,
            f"{city}.zones": "A,B",
            f"{city}.conduct.reserve.absolute": 5,
        }
    ).mitigation.areas["new_york_city"]
    assert (changed.formula.constrained_hours, changed.formula.average_price) == (1000, 60)
    assert changed.zones == ("A", "B")
    assert changed.conduct.reserve is not None and changed.conduct.reserve.absolute == 5
    with pytest.raises(InputError, match=r"did you mean mitigation\.areas\.new_york_city\.zones"):
        book.with_settings({"mitigation.areas.new_york_sity.zones": "A"})


def test_an_area_of_a_profile_can_be_changed_in_part(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "nyiso"\nname = "mine"\n[mitigation.areas.new_york_city]\nzones = ["NYC"]\n'
    )
    city = RuleBook.load(path).mitigation.areas["new_york_city"]
    assert city.zones == ("NYC",) and city.formula.kind == "two_percent"


def test_where_a_number_comes_from() -> None:
    book = RuleBook.load("nyiso")
    assert book.evidence_for("mitigation.conduct.energy.percent").startswith("[H] 2026-01: NYISO")
    assert book.evidence_for("mitigation.areas.reliability.conduct.energy").startswith("[L]")
    assert book.evidence_for("solver.seed") == ""


PROFILE = """extends = "default"
name = "freeland"
date = 2026-01-01

[mitigation]
profile = "pjm"

[mitigation.conduct.energy]
percent = 60.0
absolute = 30.0

[evidence]
"mitigation.conduct.energy" = "[M] 2026-01: its tariff"
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        ("percent = 60.0", "percnt = 60.0", 9, "mitigation.conduct.energy.percnt", "no such key"),
        ("date = 2026-01-01\n", "", None, "date", "needs the date"),
        ('"[M] 2026-01', '"2026-01', 13, "evidence.mitigation.conduct.energy", "how sure"),
        ('"[M] 2026-01', '"[M]', 13, "evidence.mitigation.conduct.energy", "since when"),
        ('[evidence]\n"mitigation.conduct.energy" = "[M] 2026-01: its tariff"\n', "", 9,
         "mitigation.conduct.energy.percent", "has no evidence"),
        ("[evidence]", "[mitigation.conduct.energy]\n[evidence]", 12, None, "Cannot declare"),
        ("absolute = 30.0", "percent = 30.0", 10, None, "Cannot overwrite"),
    ],
)  # fmt: skip
def test_a_profile_is_refused_with_file_and_line(
    old: str, new: str, line: int | None, column: str | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "freeland.toml"
    path.write_text(PROFILE)
    assert RuleBook.load(path).mitigation.conduct.energy.percent == 60.0
    assert old in PROFILE
    path.write_text(PROFILE.replace(old, new))
    with pytest.raises(InputError) as caught:
        RuleBook.load(path)
    first = caught.value.failures[0]
    assert (first.file, first.row, first.column) == (str(path), line, column)
    assert message in first.message


def test_values_of_pjm_caiso_ercot_and_ieso() -> None:
    """Sections 2 to 4 of reference/mitigation.md."""
    pjm, caiso, ercot, ieso = (
        RuleBook.load(name).mitigation for name in ("pjm", "caiso", "ercot", "ieso")
    )
    test = pjm.structure.three_pivotal
    assert (test.screen, pjm.reference.adder, pjm.reference.price.percent) == (1.5, 0.10, 25)
    assert (pjm.reference.price.weights, pjm.reference.choice) == ("mw", "participant")
    path = caiso.structure.competitive_path
    assert (path.dfax_min, path.suppliers, path.rsi_min) == (0.02, 3, 1.0)
    assert (caiso.reference.adder, caiso.reference.commitment_adder) == (0.10, 0.0)
    assert caiso.conduct.startup.percent == caiso.conduct.no_load.percent == 25
    assert caiso.caiso.reference_buses == ("Midway", "Vincent")
    assert ercot.structure.two_step.concentration_max == 2500
    narrow, dynamic = ieso.areas["narrow"], ieso.areas["dynamic"]
    assert (narrow.binding_share, dynamic.binding_share, dynamic.binding_days) == (0.04, 0.15, 5)
    for area in (narrow, dynamic):
        assert area.conduct.energy is not None and area.impact.price is not None
        assert (area.conduct.energy.percent, area.conduct.energy.absolute) == (50, 25)
        assert (area.impact.price.percent, area.impact.price.absolute) == (50, 25)
    assert (ieso.impact.price.percent, ieso.impact.price.absolute) == (100, 50)
    tiers = RuleBook.load("pjm_fmu").mitigation.reference.frequent
    assert [tiers[name].from_percent for name in sorted(tiers)] == [60, 70, 80]


def test_a_market_of_ones_own_names_its_procedure_its_slots_and_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'extends = "default"\nname = "mine"\n[mitigation]\nprofile = "freeland"\n'
        '[mitigation.procedure]\nsubject = "east"\n[mitigation.own.east]\nhours = [1, 2]\n',
    )
    path.write_text("date = 2026-01-01\n" + path.read_text())
    rules = RuleBook.load(path).mitigation
    assert (rules.profile, rules.procedure.subject, rules.procedure.apply) == (
        "freeland",
        "east",
        "",
    )
    assert rules.own == {"east": {"hours": [1, 2]}}
    settings = {
        "mitigation.own.east.hours": "[3]",
        "mitigation.own.line": "D-E",
        "mitigation.own.share.most": "0.5",
        "mitigation.procedure.apply": "report",
    }
    changed = RuleBook.load(path).with_settings(settings).mitigation
    assert changed.own == {"east": {"hours": [3]}, "line": "D-E", "share": {"most": 0.5}}
    assert changed.procedure.apply == "report"
