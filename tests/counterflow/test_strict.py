"""`--strict` on every command that writes, and kinds of warnings from one registry."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from cases.warned import KINDS, Warned, alarming, grouped
from counterflow.cli import invoke
from tests.cases.small import FILES, write_files

ROOT = Path(__file__).parents[2]
_PACKAGES = ("cases", "network", "clearing", "mitigation", "settlement", "counterflow")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case whose unit G1 offers 99 of its 100 MW: one warning, and it clears."""
    offers = FILES["offers.csv"].replace("G1,2,40,20", "G1,2,39,20")
    return write_files(tmp_path_factory.mktemp("narrow") / "day", {"offers.csv": offers})


def test_a_strict_clearing_that_warns_writes_nothing(
    narrow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert invoke(["clear", str(narrow), "-o", str(run), "--strict"]) == 1
    assert not run.exists()
    said = capsys.readouterr()
    assert [line.split(":")[0] for line in said.err.splitlines()] == ["error"]
    assert invoke(["clear", str(narrow), "-o", str(run), "--strict", "--json"]) == 1
    (failure,) = json.loads(capsys.readouterr().out)["error"]["failures"]
    assert failure["rule"] == "narrow_offer"


def test_later_commands_are_strict_about_what_a_run_carries(
    narrow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, child, day = tmp_path / "run", tmp_path / "child", tmp_path / "day"
    tested = ["mitigate", str(run), "--tests-only", "-o", str(child)]
    assert invoke(["clear", str(narrow), "-o", str(run)]) == 0
    assert capsys.readouterr().err.count("narrow_offer") == 1
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["warning_kinds"] == ["narrow_offer"]
    assert len(manifest["warnings"]) == 1
    assert invoke(["verify", str(run)]) == 0
    assert invoke([*tested, "--strict"]) == 1
    assert not child.exists()
    assert invoke(tested) == 0
    assert "narrow_offer" in json.loads((child / "manifest.json").read_text())["warning_kinds"]
    assert invoke(["import", str(narrow), str(day), "--strict"]) == 1
    assert not day.exists()


def test_a_strict_study_fails_the_day_that_warns(narrow: Path, tmp_path: Path) -> None:
    from counterflow import study

    told = {"name": "s", "days": {"source": str(narrow), "start": "2026-01-05"}}
    told["days"]["end"] = told["days"]["start"]
    made = study(told, output=tmp_path / "s", processes=False, strict=True)
    assert len(made.failed)
    assert "G1" in made.failed["error"].iloc[0]
    assert not list((tmp_path / "s" / "runs").rglob("manifest.json"))


@pytest.mark.parametrize("command", [["settle"], ["mitigate"]])
def test_the_shipped_day_warns_of_nothing(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert invoke(["clear", "pjm5", "-o", str(run), "--strict"]) == 0
    assert invoke([*command, str(run), "-o", str(tmp_path / "next"), "--strict"]) == 0
    assert capsys.readouterr().err == ""


def test_the_study_of_the_narrow_day_is_done_where_it_is_not_strict(
    narrow: Path, tmp_path: Path
) -> None:
    from counterflow import study

    told = {"name": "s", "days": {"source": str(narrow), "start": "2026-01-05"}}
    told["days"]["end"] = told["days"]["start"]
    assert not len(study(told, output=tmp_path / "s", processes=False).failed)


def test_a_note_is_no_alarm_and_nothing_is_told_twice() -> None:
    note, warning = Warned("a", "open_prices"), Warned("b", "narrow_offer")
    assert alarming([note, warning, warning, "without a kind"]) == ["b", "without a kind"]
    many = [Warned(f"w{k}", "narrow_offer") for k in range(5)]
    assert grouped([*many, *many, note]) == [
        "w0", "w1", "w2", "2 more warnings of this kind (narrow_offer)", "a",
    ]  # fmt: skip


def _names(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _kinds_in_code() -> set[str]:
    """Every kind that code warns of: `context.warn(..)`, `Warned(..)`, appended failures."""
    found: set[str] = set()
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text("utf-8")
            found.update(re.findall(r"context\.warnings\.append\([^#]*?\"(\w+)\", message", text))
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.Call):
                    continue
                place = {"Warned": 1, "warn": 3}.get(_names(node))
                if place is None or len(node.args) <= place:
                    continue
                for part in ast.walk(node.args[place]):
                    if isinstance(part, ast.JoinedStr):
                        (tail,) = (p.value for p in part.values if isinstance(p, ast.Constant))
                        found.update(name for name in KINDS if name.endswith(str(tail)))
                        break
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.add(part.value)
    return found


def test_every_kind_of_warning_is_declared_once_and_used() -> None:
    """Kinds that a variable carries (rules of failures) are written out here."""
    carried = {"narrow_offer", "offer_above_penalty", "soft_cap", "not_said", "reserve_scarcity"}
    used = _kinds_in_code()
    assert used - set(KINDS) <= {"tick", ""}
    assert set(KINDS) - used - carried == set()


def test_every_kind_has_its_anchor_in_the_documents() -> None:
    page = (ROOT / "docs" / "warnings.md").read_text("utf-8")
    anchors = [line[4:] for line in page.splitlines() if line.startswith("### ")]
    assert sorted(anchors) == sorted(KINDS)
