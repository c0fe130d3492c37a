"""``counterflow report``: what it writes, and what it says of input that is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import counterflow as cf
from cases import Run
from counterflow.cli import invoke
from counterflow.pages import render
from counterflow.pages.day import Day, parent_beside
from counterflow.pages.page import day_page
from counterflow.pages.render import page_html
from tests.counterflow.five_bus import five_bus_case, five_bus_tables, make_run


@pytest.fixture(scope="module")
def plain() -> Run:
    case = five_bus_case(intervals=2)
    return make_run(case, five_bus_tables(case))


def test_one_file_without_anything_from_a_network(
    plain: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain.write(tmp_path / "run")
    file = tmp_path / "page.html"
    assert invoke(["report", str(tmp_path / "run"), "-o", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bytes"] == file.stat().st_size
    text = file.read_text()
    assert "default-src 'none'" in text
    head = text.split('<script type="text/plain"')[0]
    assert "src=" not in head.replace("src 'none'", "").replace("-src", "") and "<link" not in head


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    pages = [cf.report(folder / "child", tmp_path / name).read_bytes() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_names_from_data_are_text_everywhere() -> None:
    """A unit that is called as markup, in a table, a figure, the head and a sentence."""
    evil = "</script><img src=x onerror=alert(1)>"
    case = five_bus_case(intervals=2, name=evil)
    tables = five_bus_tables(case)
    dispatch = tables["dispatch"].assign(unit=tables["dispatch"]["unit"].replace("Alta", evil))
    units = case.units.assign(unit=case.units["unit"].replace("Alta", evil))
    offers = case.offers.assign(unit=case.offers["unit"].replace("Alta", evil))
    used = tables["offers_used"]
    used = used.assign(unit=used["unit"].replace("Alta", evil))
    run = make_run(
        case.replace(units=units, offers=offers),
        {**tables, "dispatch": dispatch, "offers_used": used},
    )
    text = render(run)
    assert "<img src=x" not in text
    assert "\\u003c/script>\\u003cimg" in text and "&lt;/script&gt;&lt;img" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--for", "everyone"], "there is no reader 'everyone'"),
        (["--for", "participant:"], "expected public, participant:OWNER or monitor"),
        (["--for", "participant:Nobody"], "there is no owner 'Nobody' in the case; owners: "),
        (["--language", "fr"], "there is no language 'fr'"),
    ],
)
def test_wrong_options(
    plain: Run,
    tmp_path: Path,
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain.write(tmp_path / "run")
    file = tmp_path / "page.html"
    assert invoke(["report", str(tmp_path / "run"), "-o", str(file), *options]) == 1
    assert message in capsys.readouterr().err
    assert not file.exists()


def test_folders_that_are_no_runs(
    plain: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page.html"

    def said(folder: Path) -> str:
        assert invoke(["report", str(folder), "-o", str(file)]) == 1
        assert not file.exists()
        message = capsys.readouterr().err
        assert "Traceback" not in message and message.count("\n") <= 3
        return message

    assert "does not exist" in said(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "has no manifest.json; expected the folder of a run" in said(tmp_path / "empty")
    plain.write(tmp_path / "other")
    manifest = tmp_path / "other" / "manifest.json"
    stated = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**stated, "format": 99}))
    assert "format" in said(tmp_path / "other")
    plain.write(tmp_path / "short")
    (tmp_path / "short" / "prices.parquet").unlink()
    assert "prices.parquet" in said(tmp_path / "short")
    plain.write(tmp_path / "good")
    assert invoke(["report", str(tmp_path / "good"), "-o", str(tmp_path)]) == 1
    assert "is a folder; name a file" in capsys.readouterr().err


def test_a_run_of_few_tables_has_sections_that_say_so(plain: Run) -> None:
    case = plain.case
    run = make_run(case, {"prices": plain.prices})
    page = day_page(Day.of(run))
    empty = {panel.id for panel in page.panels if panel.empty}
    assert {"verdict", "constraints", "commitment", "generation", "settlement"} <= empty
    text = page_html(page)
    assert "The run has no table price_terms, flows: this part cannot be shown." in text
    assert "The checks of the data found nothing to warn of." in text


def test_the_parent_is_found_beside_its_child_or_its_absence_is_said(
    folder: Path, tmp_path: Path
) -> None:
    bid = Run.read(folder / "bid")
    found, home, note = parent_beside(bid.id, folder / "child")
    assert found is not None and found.id == bid.id and note is None
    assert home == folder / "bid"
    shutil.copytree(folder / "child", tmp_path / "alone")
    found, home, note = parent_beside(bid.id, tmp_path / "alone")
    assert found is None and note is not None and note.key == "note.parent_missing"
    shutil.copytree(folder / "bid", tmp_path / "bid")
    (tmp_path / "bid" / "prices.parquet").write_bytes(b"no longer a table")
    found, home, note = parent_beside(bid.id, tmp_path / "alone")
    assert found is None and note is not None and note.key == "note.parent_damaged"
