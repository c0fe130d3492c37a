"""``counterflow settle RUN... --month``: folders of runs, invoices, and a partial month."""

import json
from pathlib import Path

import pytest

from cases.run import Run
from counterflow.cli import invoke
from tests.settlement.markets import october_day
from tests.settlement.test_month import DAYS, price_of, version


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("month")
    for day in DAYS[:2]:
        run(day).write(path / "runs" / day / "clear")
    version(run(DAYS[1]), 200.0, None).write(path / "other")
    return path


def run(day: str) -> Run:
    return october_day([price_of(day)] * 4, day=day)


def test_a_partial_month_is_marked_on_every_page(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["settle", str(folder / "runs"), "--month", "2016-02"]
    assert invoke(command) == 1
    assert "no run covers 2016-02-03, 2016-02-04" in capsys.readouterr().err
    assert invoke([*command, "--partial", "-o", str(tmp_path / "m")]) == 0
    text = capsys.readouterr().out
    assert "PARTIAL" in text
    assert "sum of all totals: 0.00" in text
    pages = sorted(
        p.relative_to(tmp_path / "m").as_posix() for p in (tmp_path / "m").rglob("*.html")
    )
    assert pages == ["invoices/001-genco.html", "invoices/002-retailer.html", "statement.html"]
    for page in pages:
        text = (tmp_path / "m" / page).read_text(encoding="utf-8")
        assert "Partial: 27 days are missing" in text
    # 2400 MWh at 310 and at 320.
    invoice = (tmp_path / "m" / "invoices" / "001-genco.html").read_text(encoding="utf-8")
    assert "To be paid to genco: 1,512,000.00 yuan" in invoice
    lines = (tmp_path / "m" / "invoices" / "001-genco.csv").read_text(encoding="utf-8")
    assert len(lines.splitlines()) == 1 + 8
    manifest = json.loads((tmp_path / "m" / "month.json").read_text(encoding="utf-8"))
    assert manifest["partial"] is True
    assert "invoices/001-genco.html" in manifest["files"]


def test_versions_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = str(folder / "runs"), str(folder / "other")
    command = ["settle", "--month", "2016-02", "--partial", "--json"]
    assert invoke([*command, first, second]) == 1
    assert "two versions with no order" in capsys.readouterr().out
    day = folder / "runs" / DAYS[1] / "clear"
    named = [f"initial={day}", f"final={second}", str(folder / "runs" / DAYS[0] / "clear")]
    assert invoke([*command, *named]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"] == "0.00"
    net = {row["owner"]: row["net"] for row in document["netting"]}
    assert net["genco"] == "1224000.00"  # 2400 x (310 + 200)
    changes = [row for row in document["versions"] if row["change"] != "0"]
    assert {(row["owner"], row["change"]) for row in changes} == {
        ("genco", "-288000.00"), ("retailer", "288000.00"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["RUN", "RUN"], "several runs, and --partial, need --month"),
        (["RUN", "--partial"], "several runs, and --partial, need --month"),
        (["RUN", "--month", "2016-02", "--owner", "genco"], "--month takes real-time runs among"),
        (["EMPTY", "--month", "2016-02"], "holds no run folder"),
        (["RUN", "--month", "February"], "a month is written like 2016-10, not 'February'"),
    ],
)
def test_wrong_options_are_named(
    folder: Path, options: list[str], words: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    places = {"RUN": str(folder / "runs" / DAYS[0] / "clear"), "EMPTY": str(tmp_path)}
    assert invoke(["settle", *(places.get(text, text) for text in options)]) == 1
    assert words in capsys.readouterr().err
