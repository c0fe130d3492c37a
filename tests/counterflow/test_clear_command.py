"""`counterflow clear` and `import` on real data: what scripts see of a clearing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import clearing
import counterflow as cf
from cases import NoClearing, Run
from tests.counterflow.test_cli import Call, call

__all__ = ["call"]

PUBLISHED = {"A": 16.977359, "B": 26.384460, "C": 30.0, "D": 39.942736, "E": 10.0}


@pytest.fixture(scope="module")
def cleared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cleared") / "run"
    case = cf.read_case("pjm5")
    cf.clear(case, commitment=False).write(path)
    return path


def test_published_prices_at_the_command_line(call: Call, tmp_path: Path) -> None:
    said = call("clear", "pjm5", "--no-commitment", "-o", tmp_path / "run", "--json")
    assert said.code == 0
    assert said.document["ok"] is True
    assert said.document["manifest"]["status"] == "optimal"
    prices = Run.read(tmp_path / "run").prices
    evening = prices[prices["interval_start"] == pd.Timestamp("2024-07-16T17:00-04:00")]
    lmp = evening.set_index("bus")["lmp"]
    for bus, published in PUBLISHED.items():
        assert lmp[bus] == pytest.approx(published, abs=1e-4)


def test_prices_of_a_real_day_are_explained(cleared: Path) -> None:
    run = Run.read(cleared)
    for row in run.prices.iloc[::7].to_dict("records"):
        found = cf.explain_price(run, bus=row["bus"], at=row["interval_start"])
        assert abs(found.residual) < 1e-6
        assert found.determined
        assert found.setters["amount"].sum() == pytest.approx(row["lmp"], abs=1e-6)


def test_prices_of_a_congested_grid_are_explained() -> None:
    # 118 buses, nine limits bind: each price is a combination of ten offers.
    run = cf.clear(cf.read_case("pglib/case118_ieee__api"), commitment=False)
    start = run.case.interval_starts[0]
    assert len(run.constraints) > 5
    for bus, lmp in zip(run.prices["bus"][::12], run.prices["lmp"][::12], strict=True):
        found = cf.explain_price(run, bus=bus, at=start)
        assert found.determined
        assert found.setters["amount"].sum() == pytest.approx(lmp, abs=1e-5)
        assert found.terms["amount"].sum() == pytest.approx(lmp, abs=1e-6)


def test_the_same_inputs_give_the_same_bytes(call: Call, cleared: Path, tmp_path: Path) -> None:
    assert call("clear", "pjm5", "--no-commitment", "-o", tmp_path / "two").code == 0
    tables = sorted(p.name for p in cleared.glob("*.parquet"))
    assert "prices.parquet" in tables
    for name in tables:
        assert (cleared / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    said = call("compare", cleared, tmp_path / "two", "--tolerance", "0")
    assert said.code == 0


def test_rents_add_up_to_the_surplus_with_security(call: Call) -> None:
    document = call("clear", "pjm5", "--no-commitment", "--security", "n-1", "--json").document
    rents = sum(row["rent"] for row in document["constraints"])
    assert rents == pytest.approx(document["money"]["merchandising_surplus"])
    assert {row["contingency"] for row in document["constraints"]} == {"A-D", "A-E"}


def test_a_run_is_never_overwritten(call: Call, cleared: Path) -> None:
    before = (cleared / "manifest.json").read_bytes()
    said = call("clear", "pjm5", "--no-commitment", "-o", cleared)
    assert said.code == 1
    assert "a run folder is never overwritten" in said.err
    assert (cleared / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "pricing.metod=fixed"], "did you mean pricing.method"),
        (["--set", "pricing.method=nodal"], "must be 'fixed', 'relaxed' or 'extended'"),
        (["--rulebook", "pjn"], "no rulebook pjn"),
    ],
)
def test_wrong_rules(call: Call, arguments: list[str], expected: str) -> None:
    said = call("clear", "pjm5", "--no-commitment", *arguments)
    assert (said.code, said.out) == (1, "")
    assert expected in said.err
    assert said.err.count("\n") == 1


def test_a_setting_is_used_and_recorded(call: Call, tmp_path: Path) -> None:
    arguments = ["--set", "penalties.branch=50", "-o", tmp_path / "run"]
    said = call("clear", "pjm5", "--no-commitment", *arguments)
    assert said.code == 0
    assert "Limits exceeded at a penalty" in said.out
    run = Run.read(tmp_path / "run")
    assert run.rulebook.penalties.branch == 50.0
    assert run.constraints["shadow_price"].max() == pytest.approx(50.0)


def test_no_clearing_is_exit_code_2(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: object, **options: object) -> None:
        raise NoClearing("no schedule exists", ["unit G1 must run", "load is 0"])

    monkeypatch.setattr(clearing, "clear", none)
    said = call("clear", "pjm5", "--no-commitment")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: no schedule exists\n  unit G1 must run\n  load is 0\n"
    document = call("clear", "pjm5", "--no-commitment", "--json").document
    assert document["error"]["conflicts"] == ["unit G1 must run", "load is 0"]


PATCHED = """
import os, signal, sys
import {module}
def interrupted(*args, **options):
    os.kill(os.getpid(), signal.SIGINT)
    import time
    time.sleep(30)
{module}.{name} = interrupted
from counterflow.cli import main
main()
"""


@pytest.mark.parametrize(
    ("module", "name"), [("clearing", "clear"), ("cases.run_folder", "write_parquet")]
)
def test_an_interrupt_leaves_no_folder(tmp_path: Path, module: str, name: str) -> None:
    code = PATCHED.format(module=module, name=name)
    command = ["clear", "pjm5", "--no-commitment", "-o", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_import_records_its_options(call: Call, tmp_path: Path) -> None:
    said = call(
        "import",
        "pglib/case118_ieee",
        tmp_path / "case",
        "--owners",
        "round-robin:4",
        "--stress",
        "rating=0.7,load=1.1",
        "--json",
    )
    assert said.code == 0
    assert said.document["rows"]["owners"] == 4
    case = cf.read_case(tmp_path / "case")
    plain = cf.read_case("pglib/case118_ieee")
    total = case.demand.drop(columns="interval_start").to_numpy().sum()
    assert total == pytest.approx(
        1.1 * plain.demand.drop(columns="interval_start").to_numpy().sum()
    )
    assert case.branches["rating_mw"].sum() == pytest.approx(
        0.7 * plain.branches["rating_mw"].sum()
    )
    recorded: dict[str, Any] = case.meta.imported
    assert "round-robin:4" in json.dumps(recorded)
    assert "0.7" in json.dumps(recorded)


def test_import_of_a_market_day(call: Call, tmp_path: Path) -> None:
    said = call("import", "rts-gmlc", tmp_path / "day", "--date", "2020-07-10", "--json")
    assert said.code == 0
    assert said.document["intervals"] == 24
    assert said.document["rows"]["units"] == 158
    again = call("import", "rts-gmlc", tmp_path / "day", "--date", "2020-07-10")
    assert again.code == 1
    assert "exists already" in again.err


def test_nothing_is_written_when_the_source_is_wrong(call: Call, tmp_path: Path) -> None:
    said = call("import", "pglib/case11", tmp_path / "case")
    assert said.code == 1
    assert "nearest are" in said.err
    assert list(tmp_path.iterdir()) == []
