"""The tables of a study: the same bytes for any number of workers, and SQL over them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import counterflow as cf
from counterflow.cli import invoke
from counterflow.studies.sql import query_tables, table_names
from mitigation.references import reference_levels
from tests.studies import tiny

CONTENT: dict[str, Any] = {
    "name": "two",
    "days": {"source": "pjm5", "start": "2024-07-16", "end": "2024-07-17"},
    "clear": {"commitment": False},
    "mitigate": {"rulebooks": ["default"], "history_days": 5},
    "settle": {},
}


def _bytes(folder: Path) -> dict[str, bytes]:
    tables = folder / "tables"
    return {str(p.relative_to(tables)): p.read_bytes() for p in tables.rglob("*.parquet")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> cf.Study:
    folder = tmp_path_factory.mktemp("study") / "two"
    return cf.study(CONTENT, output=folder, processes=False)


def test_every_step_is_done(made: cf.Study) -> None:
    assert made.failed.empty, made.failed.to_string()
    assert made.ledger["step"].value_counts().to_dict() == {
        "import": 2,
        "clear": 2,
        "mitigate": 2,
        "settle": 4,
    }


def test_two_processes_write_the_same_bytes(made: cf.Study, tmp_path: Path) -> None:
    other = cf.study(CONTENT, output=tmp_path / "two", workers=2)
    assert other.failed.empty, other.failed.to_string()
    assert _bytes(other.folder) == _bytes(made.folder)


def test_tables_hold_what_the_runs_hold(made: cf.Study) -> None:
    prices = made.table("prices", step="clear", rulebook="")
    assert prices["day"].astype(str).unique().tolist() == ["2024-07-16", "2024-07-17"]
    total = 0.0
    for day in ("2024-07-16", "2024-07-17"):
        run = made.run("base", day)
        rows = prices[prices["day"].astype(str) == day]
        assert rows["lmp"].tolist() == run.prices["lmp"].tolist()
        total += float(run.dispatch["mw"].sum())
    asked = "select sum(mw) as mw from dispatch where step = 'clear' and rulebook = ''"
    assert made.sql(asked)["mw"][0] == pytest.approx(total)


def test_statements_sum_to_zero_in_sql(made: cf.Study) -> None:
    asked = "select rulebook, day, sum(amount) as s, count(*) as n from statement group by all"
    found = made.sql(asked)
    assert len(found) == 4
    assert [Decimal(str(s)) for s in found["s"]] == [Decimal(0)] * 4
    assert (found["n"] > 100).all()


def test_tables_without_rows_can_be_asked_too(made: cf.Study) -> None:
    assert made.sql("select count(*) as n from virtual_awards")["n"][0] == 0
    assert made.sql("select count(*) as n from tasks where status = 'done'")["n"][0] == 10


def test_references_are_those_of_the_earlier_run(made: cf.Study) -> None:
    mitigated = made.run("base", "2024-07-17", "mitigate", "default")
    earlier = made.run("base", "2024-07-16", "mitigate", "default")
    day = made.run("base", "2024-07-17")
    by_hand = cf.mitigate(day, rulebook="default", earlier=[earlier])
    assert mitigated.id == by_hand.id
    alone = reference_levels(day, rules=mitigated.rulebook.mitigation.reference)
    assert len(alone) == len(mitigated.reference_levels)
    assert earlier.id in json.dumps(mitigated.manifest)


def test_sql_over_a_run(made: cf.Study) -> None:
    folder = made.folder / "runs/base/2024-07-16/clear"
    found = query_tables(folder, "select count(*) as n from prices")
    assert found["n"][0] == 5 * 24
    assert {"dispatch", "case_units"} <= set(table_names(folder))
    with pytest.raises(cf.errors.InputError, match="does not exist"):
        query_tables(folder, "select * from pricess")
    with pytest.raises(cf.errors.InputError, match="neither a study nor a run"):
        query_tables(made.folder / "runs", "select 1")


def test_commands(made: cf.Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        'name = "two"\n[days]\nsource = "pjm5"\nstart = 2024-07-16\nend = 2024-07-17\n'
        '[clear]\ncommitment = false\n[mitigate]\nrulebooks = ["default"]\nhistory_days = 5\n'
        "[settle]\n"
    )
    assert invoke(["study", str(study), "-o", str(made.folder), "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {row["step"]: row["to_do"] for row in plan["plan"]} == {
        "import": 0,
        "clear": 0,
        "mitigate": 0,
        "settle": 0,
    }
    assert invoke(["study", str(study), "-o", str(made.folder), "--json"]) == 0
    end = json.loads(capsys.readouterr().out)
    assert end["counts"] == {"done": 10}
    out = tmp_path / "answer.csv"
    asked = "select day, step, round(price, 2) as price from runs order by all"
    assert invoke(["sql", str(made.folder), asked, "-o", str(out), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["step"] for row in rows] == ["clear", "mitigate"] * 2
    assert out.read_text().splitlines()[0] == "day,step,price"


def test_plan_of_more_days_knows_the_time_of_the_first(made: cf.Study) -> None:
    from counterflow.studies.runner import preview

    days = CONTENT["days"] | {"end": "2024-07-20"}
    table = preview(CONTENT | {"days": days}, made.folder).set_index("step")
    done = made.ledger.groupby("step")["seconds"].mean()
    assert table.loc["clear", "seconds"] == pytest.approx(3 * done["clear"])
    assert table.loc["settle", "to_do"] == 6
    assert (table["bytes"] > 0).all()


def test_sweep_is_one_tidy_frame() -> None:
    found = cf.sweep(tiny.spanning(), {"stress.load": [1.0, 0.5]}, processes=False, commitment=True)
    assert found["stress.load"].tolist() == [1.0, 0.5]
    assert found["error"].tolist() == ["", ""]
    # Half the load: three intervals of 40 MW and one of 60 MW at 10, six hours each.
    assert found["objective"].tolist() == pytest.approx([26_400.0, 10_800.0])
    assert set(found["step"]) == {"clear"}


def test_sweep_over_a_rule() -> None:
    with pytest.raises(cf.errors.InputError, match="nothing to vary"):
        cf.sweep(tiny.spanning(), {})
    grid = {"pricing.method": ["fixed", "relaxed"]}
    found = cf.sweep(tiny.spanning(), grid, processes=False)
    assert found["pricing.method"].tolist() == ["fixed", "relaxed"]
    assert found["objective"].tolist() == pytest.approx([26_400.0, 26_400.0])
