"""Slots are found by name, one may stand in for another, and one's own are registered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import counterflow as cf
import mitigation
from cases import RuleBook
from mitigation.conformance import check_profile
from mitigation.procedures.shipped import PROFILES, REGISTRY, keys_read, procedure_of
from mitigation.slots import SLOTS, AssessedRun, Subjects
from tests.mitigation.procedures.days import cleared, energy, lmp, mitigated, replaced

OWN = Path(__file__).parents[2] / "examples" / "own-market"
SLOT = "mitigation.procedure."
TIGHT = {"mitigation.conduct.energy.absolute": 20}


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """The registry, put back as it was afterwards."""
    functions, profiles = dict(REGISTRY.functions), dict(REGISTRY.profiles)
    yield
    REGISTRY.functions, REGISTRY.profiles = functions, profiles
    sys.modules.pop("plugin_own_market", None)


def everyone(assessed: AssessedRun) -> Subjects:
    return Subjects(assessed.failing)


def test_every_shipped_profile_is_four_names_that_are_there() -> None:
    assert set(PROFILES) == {
        *("default", "nyiso", "isone", "miso", "spp", "pjm", "caiso", "ercot", "ieso", "guangdong"),
        *("hunan", "shaanxi"),
    }
    for name in PROFILES:
        procedure = procedure_of(RuleBook.load(name).mitigation)
        assert [procedure.names[slot] for slot in SLOTS] == [PROFILES[name].of(s) for s in SLOTS]


def test_a_slot_registered_twice_is_refused() -> None:
    mitigation.register("subject", "mine")(everyone)
    mitigation.register("subject", "mine")(everyone)  # the same again changes nothing
    with pytest.raises(cf.InputError, match="the slot subject has a function mine already"):
        mitigation.register("subject", "mine")(lambda assessed: Subjects(assessed.failing))
    with pytest.raises(cf.InputError, match="there is a profile pjm already"):
        mitigation.register_profile("pjm", subject="all")


def test_unknown_names_are_refused_with_those_that_are_near() -> None:
    with pytest.raises(cf.InputError, match=r"no slot subjekt.*did you mean subject"):
        mitigation.register("subjekt", "mine")
    with pytest.raises(cf.InputError, match=r"no subject pivotl.*did you mean pivotal"):
        mitigation.register_profile("mine", subject="pivotl")
    book = RuleBook.load("default")
    wrong = {f"{SLOT}subject": "al", f"{SLOT}impact": "prices"}
    with pytest.raises(cf.InputError) as failure:
        procedure_of(book.with_settings(wrong).mitigation)
    text = str(failure.value)
    assert "mitigation.procedure.subject: there is no subject al; did you mean all" in text
    assert "mitigation.procedure.impact: there is no impact prices; did you mean price" in text
    with pytest.raises(cf.InputError, match=r"no procedure southmrk"):
        procedure_of(book.with_settings({"mitigation.profile": "southmrk"}).mitigation)


def test_what_is_not_what_a_slot_gives_is_refused() -> None:
    run = cleared(Solitude=125.0)
    mitigation.register("subject", "frame")(lambda assessed: assessed.failing)
    with pytest.raises(cf.InputError, match="frame gave a DataFrame, not Subjects"):
        mitigated(run, "default", {f"{SLOT}subject": "frame"})
    mitigation.register("subject", "stranger")(
        lambda assessed: Subjects(assessed.failing.assign(unit="Nobody"))
    )
    with pytest.raises(cf.InputError, match="energy of Nobody at"):
        mitigated(run, "default", {**TIGHT, f"{SLOT}subject": "stranger"})


def test_one_slot_of_a_profile_is_another() -> None:
    """Solitude asks 125 for what costs 33 and fails conduct, whose limit is 33 + 20.

    Under `none` it is replaced without a test of its impact; with `report` it is only said.
    """
    run = cleared(Solitude=125.0)
    never = {
        **TIGHT,
        "mitigation.impact.price.percent": 100000,
        "mitigation.impact.price.absolute": 100000,
    }
    assert replaced(mitigated(run, "default", never)) == set()
    untested = mitigated(run, "default", {**TIGHT, f"{SLOT}impact": "none"})
    assert replaced(untested) == {"Solitude"}
    assert untested.manifest["mitigation"]["procedure"]["impact"] == "none"
    said = mitigated(run, "default", {**TIGHT, f"{SLOT}impact": "none", f"{SLOT}apply": "report"})
    assert replaced(said) == set() and lmp(said) == lmp(run)
    assert energy(said)["note"] == "would be replaced: reported only"


def test_keys_that_are_read_follow_from_the_slots() -> None:
    book = RuleBook.load("default")
    read = keys_read(book.mitigation)
    assert "mitigation.impact.price" in read and "mitigation.pjm.schedule" not in read
    joint = keys_read(RuleBook.load("nyiso").mitigation)
    assert "mitigation.impact.mode" in read and "mitigation.impact.mode" not in joint
    pjm = keys_read(RuleBook.load("pjm").mitigation)
    assert "mitigation.structure.three_pivotal" in pjm and "mitigation.impact.price" not in pjm


def test_a_market_of_ones_own() -> None:
    """Solitude's owner is dominant or not by its share of the hour: both sides of it.

    Where it is, its 125 counts at its reference and the margin: 33 + 5 = 38.
    """
    mitigation.load_plugin(OWN / "own_market.py")
    run = cleared(Solitude=125.0)
    book = str(OWN / "own_market.toml")
    output = run.dispatch.set_index("unit")["mw"]
    total = output.sum()
    assert output["Solitude"] < 0.4 * total
    kept = mitigated(run, book)
    assert "Solitude" not in replaced(kept)
    assert energy(kept)["note"] == "its owner is not dominant: not tested"
    least = float(output["Solitude"] / total) - 0.01
    made = mitigated(run, book, {"mitigation.own.dominant_share": least})
    assert "Solitude" in replaced(made)
    used = made.offers_used.set_index("unit")["price"]
    assert used["Solitude"] == pytest.approx(38.0)
    with pytest.raises(cf.InputError, match="does not read it"):
        mitigated(run, book, {"mitigation.own.other": 1})
    record = made.manifest["mitigation"]["registered"]
    assert set(record) == {"subject.dominant_owner", "replacement.reference_and_margin"}


@pytest.mark.slow
def test_a_market_of_ones_own_conforms() -> None:
    mitigation.load_plugin(OWN / "own_market.py")
    check_profile(RuleBook.load(OWN / "own_market.toml"), seeds=(1,), buses=6)


def test_a_plugin_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match="no such Python file"):
        mitigation.load_plugin(tmp_path / "nothing.py")
    bad = tmp_path / "bad.py"
    bad.write_text("import mitigation\n\nmitigation.nothing_of_the_kind\n")
    with pytest.raises(cf.InputError, match=r"bad.py row 3: AttributeError"):
        mitigation.load_plugin(bad)
