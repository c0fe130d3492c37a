"""The file of a study: everything that is wrong is told before anything runs, with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.studies.file import read_study
from counterflow.studies.horizon import repeated
from counterflow.studies.plan import make_plan
from tests.studies import tiny

GOOD = """\
name = "summer"
[days]
source = "pjm5"
start = 2024-07-16
end = 2024-07-17
[clear]
security = "none"
[mitigate]
rulebooks = ["nyiso", "pjm"]
[vary]
"stress.load" = [1.0, 1.1]
"mitigation.conduct.energy.percent" = [100, 300]
"""


def _failures(text: str, folder: Path) -> list[tuple[int | None, str | None, str]]:
    path = folder / "study.toml"
    path.write_text(text)
    with pytest.raises(cf.errors.InputError) as found:
        make_plan(read_study(path))
    assert {f.file for f in found.value.failures} == {str(path)}
    return [(f.row, f.column, f.message) for f in found.value.failures]


def test_steps_of_a_good_file(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(GOOD)
    plan = make_plan(read_study(tmp_path / "study.toml"))
    names = ["load-1.0_percent-100", "load-1.0_percent-300", "load-1.1_percent-100",
             "load-1.1_percent-300"]  # fmt: skip
    assert [s.name for s in plan.scenarios] == names
    steps = ["import", "clear", "mitigate.nyiso", "mitigate.pjm"]
    assert list(plan.steps) == [
        f"{name}/2024-07-{day}/{step}" for name in names for day in (16, 17) for step in steps
    ]
    percent = plan.scenarios[1].books["pjm"].rules.mitigation.conduct
    assert percent.energy.percent == 300
    position = {step: k for k, step in enumerate(plan.steps)}
    assert all(position[n] < position[s.id] for s in plan.steps.values() for n in s.needs)
    other = plan.steps["load-1.0_percent-300/2024-07-16/clear"]
    assert other.same_as == "load-1.0_percent-100/2024-07-16/clear"


@pytest.mark.parametrize(
    ("old", "new", "row", "key", "message"),
    [
        ("security", "securty", 7, "clear.securty", "did you mean security"),
        ('"none"', '"n-2"', 7, "clear.security", "'none' or 'n-1'"),
        ("end = 2024-07-17", "end = 2024-07-01", 2, "days", "lies before the start"),
        ("end = 2024-07-17", "", 2, "days.end", "needs its end"),
        ('"pjm5"', '"pjm6"', 3, "days.source", "pjm6 does not exist"),
        ('"pjm"]', '"pmj"]', 9, "mitigate.rulebooks", "no rulebook pmj"),
        ('"stress.load" = [1.0, 1.1]', '"stress.laod" = [1.0]', 11, "vary.stress.laod", "load"),
        ("[1.0, 1.1]", "[]", 11, "vary.stress.load", "the grid would be empty"),
        ("[1.0, 1.1]", "[1.0, 1.0]", 11, "vary.stress.load", "a value twice"),
        ("[1.0, 1.1]", "[-1.0]", 11, "vary.stress.load", "greater than 0"),
        ("conduct.energy.percent", "conduct.energy.percnt", 12,
         "vary.mitigation.conduct.energy.percnt", "percent"),
        ("[100, 300]", '["much"]', 12, "vary.mitigation.conduct.energy.percent", "number"),
        ('name = "summer"', 'name = "a/b"', 1, "name", "pattern"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    old: str, new: str, row: int, key: str, message: str, tmp_path: Path
) -> None:
    found = _failures(GOOD.replace(old, new), tmp_path)
    assert [(r, k) for r, k, _ in found][:1] == [(row, key)]
    assert message in found[0][2]


def test_broken_toml_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('name = "x"\n[days\n')
    with pytest.raises(cf.errors.InputError) as found:
        read_study(tmp_path / "study.toml")
    assert found.value.failures[0].row == 2


def test_a_mitigation_key_that_no_step_reads(tmp_path: Path) -> None:
    text = GOOD.replace('[mitigate]\nrulebooks = ["nyiso", "pjm"]\n', "")
    (found,) = _failures(text, tmp_path)
    assert found[:2] == (10, "vary.mitigation.conduct.energy.percent")
    assert "there is no [mitigate]" in found[2]


def test_days_that_a_folder_does_not_have(tmp_path: Path) -> None:
    for day in (4, 6):
        date = dt.date(2024, 3, day)
        repeated(tiny.spanning(), date).write(tmp_path / "cases" / str(date))
    (found,) = _failures('name = "x"\n[days]\nsource = "cases"\n', tmp_path)
    assert found[:2] == (3, "days.source")
    assert found[2].endswith("has no case of 2024-03-05")


def test_days_outside_of_rts_gmlc(tmp_path: Path) -> None:
    text = 'name = "x"\n[days]\nsource = "rts-gmlc"\nstart = 2020-12-30\nend = 2021-01-02\n'
    (found,) = _failures(text, tmp_path)
    assert found[:2] == (5, "days.end")
    assert "2020-01-01 to 2020-12-31" in found[2]


def test_real_time_needs_a_source_of_its_own(tmp_path: Path) -> None:
    text = GOOD.replace("[vary]", "[real_time]\n[vary]")
    (found,) = _failures(text, tmp_path)
    assert found[:2] == (10, "real_time")


@pytest.mark.parametrize("value", ["mitigate", "mitigate:ercot", "real_time", "settle"])
def test_chain_from_names_a_step_of_the_study(value: str, tmp_path: Path) -> None:
    text = GOOD.replace("[clear]", f'chain_from = "{value}"\n[clear]')
    (found,) = _failures(text, tmp_path)
    assert found[:2] == (6, "days.chain_from")


def test_many_steps_are_asked_for_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace("[1.0, 1.1]", str([1 + k / 1000 for k in range(100)]))
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(cf.errors.InputError, match="1,600 steps, more than 1,000"):
        cf.study(path, output=tmp_path / "study")
    assert invoke(["study", str(path), "-o", str(tmp_path / "study")]) == 1
    assert "add --yes" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()


def test_an_enormous_grid_is_refused_before_it_is_made(tmp_path: Path) -> None:
    keys = "".join(f'"penalties.{k}" = {list(range(1, 1001))}\n' for k in ("a", "b", "c"))
    (found,) = _failures(GOOD.replace("[vary]\n", f"[vary]\n{keys}"), tmp_path)
    assert "at most 1,000,000" in found[2]


@pytest.mark.parametrize(("name", "steps"), [("july-2020", 2 * 31 * 9), ("year-2020", 366 * 5)])
def test_shipped_studies(name: str, steps: int) -> None:
    file = Path(__file__).parents[2] / "examples" / "studies" / f"{name}.toml"
    plan = make_plan(read_study(file))
    # Import, clear, a mitigation for each rulebook, and a statement for each run.
    assert len(plan.steps) == steps
    assert plan.scenarios[0].name in ("load-1.0", "base")
