"""Rules of a date from the front door: as_of, --as-of, what a run records and explain tells."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import counterflow as cf
from counterflow.cli import invoke

Call = Callable[..., tuple[int, str, str]]
AT = "2024-07-16T17:00-04:00"
ENERGY = "mitigation.conduct.energy"
RULES = """
extends = "default"
name = "freeland"
date = 2026-01-01
read = "2026-02"
[offers]
cap = [{ value = 200.0 }, { from = 2026-06-01, value = 44.0 }]
clause = "Code 7"
sure = "V"
[mitigation]
profile = "default"
[mitigation.conduct.energy]
clause = "Code 9.3"
sure = "V"
percent = inf
absolute = [
    { from = 2020-01-01, value = 100.0 },
    { from = 2025-01-01, value = 10.0, clause = "Code 9.3, amendment 2", sure = "M" },
]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rules and the run of a day in which Solitude asks 45 for 30."""
    place = tmp_path_factory.mktemp("dates")
    (place / "freeland.toml").write_text(RULES)
    case = cf.read_case("pjm5")
    price = case.offers["price"].mask(case.offers["unit"] == "Solitude", 45.0)
    run = cf.clear(case.replace(offers=case.offers.assign(price=price)), commitment=False)
    run.write(place / "run")
    return place


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = invoke([str(a) for a in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize(
    ("as_of", "limit", "result"),
    [
        ("2024-12-31", 130.0, "pass"),  # 30 + 100
        (dt.date(2025, 1, 1), 40.0, "fail"),  # 30 + 10
        (None, 40.0, "fail"),
    ],
)
def test_the_limit_is_that_of_the_date(
    as_of: dt.date | str | None, limit: float, result: str, place: Path
) -> None:
    run = cf.Run.read(place / "run")
    tested = cf.mitigate(run, rulebook=place / "freeland.toml", as_of=as_of)
    tests = tested.tests_conduct
    row = tests[(tests["unit"] == "Solitude") & (tests["component"] == "energy")].iloc[0]
    assert (row["reference"], row["limit"], row["result"]) == (30.0, limit, result)
    assert str(tested.manifest["rulebook_as_of"]) == str(as_of)


def test_a_run_tells_its_date_and_explain_the_clause_in_force(place: Path, call: Call) -> None:
    code, out, err = call(
        "mitigate", place / "run", "--rulebook", place / "freeland.toml", "--as-of", "2025-03-01",
        "-o", place / "child", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["manifest"]["rulebook_as_of"] == "2025-03-01"
    _, told, _ = call("explain", place / "child", "--unit", "Solitude", "--at", AT)
    assert (
        f"Rule {ENERGY}: absolute 10 ([M] 2026-02: Code 9.3, amendment 2, in force from "
        "2025-01-01)." in told
    )
    assert "Rules are those of 2025-03-01." in told
    _, out, _ = call("explain", place / "child", "--unit", "Solitude", "--at", AT, "--json")
    rules = {row["key"]: row for row in json.loads(out)["rules"]}
    assert rules[f"{ENERGY}.absolute"] == {
        "rule": ENERGY,
        "key": f"{ENERGY}.absolute",
        "value": 10.0,
        "clause": "Code 9.3, amendment 2",
        "sure": "M",
        "read": "2026-02",
        "since": "2025-01-01",
    }


def test_a_day_is_cleared_by_the_caps_of_a_date(place: Path) -> None:
    case = cf.Run.read(place / "run").case
    rules = place / "freeland.toml"
    run = cf.clear(case, rulebook=rules, as_of="2026-05-31", commitment=False)
    assert run.rulebook.offers.cap == 200.0
    assert run.manifest["rulebook_as_of"] == "2026-05-31"
    with pytest.raises(cf.InputError, match="45"):
        cf.clear(case, rulebook=rules, commitment=False)  # the newest cap is 44


def test_a_date_without_rules_and_settled_rules_are_refused(place: Path, call: Call) -> None:
    rules = place / "freeland.toml"
    code, _, err = call("clear", "pjm5", "--rulebook", rules, "--as-of", "2019-01-01")
    assert code == 1 and f"row 16, {ENERGY}.absolute" in err and "holds from 2020-01-01" in err
    code, _, err = call("mitigate", place / "run", "--as-of", "2021-01-01")
    assert code == 1 and "settled" in err and "name a rulebook" in err
    code, _, err = call("clear", "pjm5", "--as-of", "May 2021")
    assert code == 1 and "must be a date such as" in err


def test_a_key_that_the_procedure_does_not_read_is_refused(place: Path, call: Call) -> None:
    code, _, err = call(
        "mitigate", place / "run", "--rulebook", "nyiso", "--set", "mitigation.impact.mode=joint"
    )
    assert code == 1 and "mitigation.impact.mode: profile nyiso does not read it" in err
