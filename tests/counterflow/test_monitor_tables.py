"""`counterflow tables`: the monitor's tables of a cleared and of a mitigated day."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.commands import tables


@cache
def days() -> tuple[cf.Run, cf.MitigatedRun]:
    """The bundled day with Solitude at 125 (case E1's offer) and its mitigated run."""
    case = cf.read_case("pjm5")
    dear = case.offers["price"].mask(case.offers["unit"] == "Solitude", 125.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        run = cf.clear(case.replace(offers=case.offers.assign(price=dear)), commitment=False)
        return run, cf.mitigate(run)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("runs")
    for name, run in zip(("before", "after"), days(), strict=True):
        run.write(made / name)
    return made


def test_a_mitigated_day_has_every_table_but_those_that_were_not_asked_for() -> None:
    _, mitigated = days()
    found = cf.monitor_tables(mitigated)
    assert set(found.tables) | set(found.notes) == set(tables._TITLES)
    assert set(found.notes) == {"congestion"}
    funnel = found.tables["funnel"].set_index("stage")
    assert funnel.loc["mitigated", "failed"] == (mitigated.decisions["action"] == "mitigated").sum()
    capped = found.tables["capped_units"]
    assert capped["unit"].tolist() == ["Solitude"]
    hours = mitigated.decisions.query("action == 'mitigated'")["interval_start"].nunique()
    assert capped["capped_hours"].tolist() == [hours]
    for by in ("owner", "fuel"):
        assert found.tables[f"marginal_by_{by}"]["share"].sum() == pytest.approx(1.0)
        total = found.tables[f"markup_by_{by}"]["contribution"].sum()
        whole = found.tables["markup_in_prices"].query("zone == ''")
        assert total == pytest.approx((whole["markup"] * whole["intervals"]).sum(), abs=1e-6)


def test_a_cleared_day_says_what_it_lacks() -> None:
    run, _ = days()
    found = cf.monitor_tables(run)
    assert {"verdict", "concentration", "relief_detail", "marginal_by_fuel"} <= set(found.tables)
    assert found.notes["funnel"] == "the run was not mitigated: it has no conduct tests"
    assert found.notes["markup"] == "the run has no reference levels: mitigate it"


def test_a_day_on_which_nothing_binds() -> None:
    case = cf.read_case("pjm5")
    free = case.branches.assign(rating_mw=float("nan"), emergency_rating_mw=float("nan"))
    run = cf.clear(case.replace(branches=free), commitment=False)
    for each in (run, cf.mitigate(run)):
        found = cf.monitor_tables(each)
        assert found.notes["relief_summary"] == "no constraint was tested"
        assert "concentration" in found.tables
    assert found.tables["funnel"].set_index("stage").loc["mitigated", "failed"] == 0
    assert found.notes["capped_units"] == "no unit on line was capped"


def test_a_run_and_its_mitigated_child_count_once_and_two_days_twice() -> None:
    run, mitigated = days()
    both, one = cf.monitor_tables([run, mitigated]), cf.monitor_tables(mitigated)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(both.tables[name], table)
    with pytest.raises(cf.InputError, match="is in two of the runs"):
        cf.monitor_tables([mitigated, mitigated])
    with pytest.raises(cf.InputError, match="at least one run"):
        cf.monitor_tables([])


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after, out = str(folder / "after"), tmp_path / "tables"
    assert invoke(["tables", after, "-o", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tables"]["funnel"][-1]["stage"] == "mitigated"
    assert {path.stem for path in out.glob("*.csv")} == set(document["tables"])
    assert invoke(["tables", after, "--only", "funnel,marginal_by_fuel"]) == 0
    text = capsys.readouterr().out
    assert "From structure to conduct" in text and "Marginal units by fuel" in text
    assert "Concentration" not in text


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--only", "funel"], "there is no table funel; did you mean funnel?"),
        (["-o", "."], "exists already and is not empty"),
    ],
)
def test_wrong_use(
    folder: Path,
    more: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    assert invoke(["tables", str(folder / "after"), *more]) == 1
    assert message in capsys.readouterr().err
