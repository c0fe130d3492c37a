"""``counterflow settle`` and the waterfall: thin layers over settlement.settle."""

import json
from pathlib import Path

import pytest

from cases import InputError
from cases.run import Run
from counterflow.cli import invoke
from counterflow.plots import settlement_waterfall
from settlement import Statement, settle
from tests.settlement.markets import FIVE_UNITS, five_bus, run_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settle") / "run"
    five_bus().write(path)
    return path


def test_statements_are_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["settle", str(folder), "-o", str(tmp_path / "s")]) == 0
    text = capsys.readouterr().out
    assert "14,957.29" in text
    assert "sum of all totals: 0.00" in text
    again = Statement.read(tmp_path / "s")
    assert again.total() == 0
    assert (tmp_path / "s" / "waterfall.html").is_file()


def test_one_owner_line_by_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["settle", str(folder), "--owner", "Hill"]) == 0
    text = capsys.readouterr().out
    assert "Park City" in text
    assert "total: 3,565.24" in text
    assert invoke(["settle", str(folder), "--owner", "Nobody"]) == 1
    assert "no lines of 'Nobody'" in capsys.readouterr().err


def test_json_holds_exact_amounts(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rights = tmp_path / "rights.csv"
    rights.write_text("right,owner,kind,source,sink,mw\nR,Hill,obligation,E,D,100\n")
    code = invoke(["settle", str(folder), "--rights", str(rights), "--against", str(folder),
                   "--json"])  # fmt: skip
    assert code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"] == "0.00"
    balance = {row["owner"]: row for row in document["balance"]}
    assert balance["Hill"]["rights"] == "2994.27"
    assert document["manifest"]["rights"]["ratio"] == "4.995304"
    assert document["payments"] == []


def real_time(price: float) -> Run:
    """The five-bus hour in which Utility D takes 40 MW more, all at one price."""
    case = five_bus().case
    later = case.replace(demand=case.demand.assign(**{"load D": 440.0}))
    mw = {name: [unit[-1]] for name, unit in FIVE_UNITS.items()} | {"Sundance": [40.0]}
    return run_of(later, {bus: [price] for bus in "ABCDE"}, mw)


def test_real_time_counts_on_both_sides_of_a_comparison(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, price in (("rt", 45.0), ("own", 55.0)):
        real_time(price).write(tmp_path / name)
    command = ["settle", str(folder), "--real-time", str(tmp_path / "rt"), "--against",
               str(folder), "--json"]  # fmt: skip
    assert invoke(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["payments"] == []
    assert {row["difference"] for row in document["change"]} == {"0.00"}
    # With a real time of its own: 40 MW that Sundance sells to D for 55, now for 45.
    assert invoke([*command, "--against-real-time", str(tmp_path / "own")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["payments"] == [{"payer": "Mesa", "receiver": "Utility D", "amount": "400.00"}]
    assert invoke(["settle", str(folder), "--against-real-time", str(tmp_path / "own")]) == 1
    assert "--against-real-time needs --against" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rights", "nowhere.csv"], "no file with the table rights"),
        (["--real-time", "nowhere"], "nowhere"),
        (["--override", "C1"], "--override expects key=value"),
        (["--contracts", "."], "no file with the table contracts"),
    ],
)
def test_wrong_options_end_with_exit_code_1(
    folder: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["settle", str(folder), *options]) == 1
    assert words in capsys.readouterr().err


def test_an_output_that_exists_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["settle", str(folder), "-o", str(folder)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_waterfall_of_the_market_and_of_an_owner() -> None:
    statement = settle(five_bus())
    (trace,) = settlement_waterfall(statement).data
    assert list(trace.x) == ["loads pay", "generation", "operator keeps"]
    assert list(trace.y) == [32892.43, -17935.14, 14957.29]
    (trace,) = settlement_waterfall(statement, "Utility D").data
    assert list(trace.x) == ["energy", "congestion", "total"]
    assert list(trace.y) == [-4000.0, -11977.09, -15977.09]
    with pytest.raises(InputError, match="no lines of 'Nobody'"):
        settlement_waterfall(statement, "Nobody")
