"""From published files to a monitor's tables on the command line, and back into files."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cases import read_case
from cases.errors import InputError
from cases.published_run import published_run
from cases.readers.published import read_market
from cases.run import Run
from counterflow import clear, published_frames, write_published
from counterflow.cli import invoke
from counterflow.layouts import LAYOUT_NAMES
from tests.cases.published import files as f


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = invoke([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_from_files_to_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files of offers and two of prices in a row, then every command that takes a run."""
    stamps = [f"2024-07-10T{h:02d}:00:00" for h in range(4, 8)]
    for k, part in enumerate((stamps[:2], stamps[2:])):
        rows = [r for s in part for r in (f.pjm(s, "A", [(60, 20)]), f.pjm(s, "B", [(50, 30)]))]
        f.written(tmp_path, f"o{k}.csv", f.text(f.PJM, rows))
        f.written(tmp_path, f"p{k}.csv", f.text(f.PJM_LMP, [
            f.pjm_price(s, n, 30) for s in part for n in ("Y", "Z")]))  # fmt: skip
    names = [tmp_path / name for name in ("o0.csv", "o1.csv", "case", "p0.csv", "p1.csv")]
    code, out, _ = call(capsys, "import", "pjm-offers", *names[:3], "--prices", *names[3:],
                        "--zone", "Z", "--json")  # fmt: skip
    assert code == 0
    assert json.loads(out)["intervals"] == 4
    case = names[2]
    assert call(capsys, "check", case)[0] == 0
    code, out, _ = call(capsys, "mitigate", case, "--tests-only", "-o", tmp_path / "t", "--json")
    assert code == 0
    cleared = [row for row in json.loads(out)["concentration"] if row["basis"] == "cleared"]
    # 60 and 50 of 110 MW: 1e4 x (3600 + 2500) / 12100.
    assert cleared[0]["average"] == pytest.approx(1e4 * 6100 / 12100)
    assert call(capsys, "verify", tmp_path / "t")[0] == 0
    code, out, _ = call(capsys, "tables", case, "--json")
    assert "verdict" in json.loads(out)["tables"]
    code, out, _ = call(capsys, "index", case, "--json")
    assert [float(row["value"]) for row in json.loads(out)["values"]] == [30.0]
    code, _, err = call(capsys, "backcast", case)
    assert code == 1
    assert "--loads" in err


def test_backcast_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f.miso("07/10/2024 00:00:00", "A", [(50, 20), (90, 40)], 60, 36)]
    path = f.written(tmp_path, "da_co.csv", f.text(f.MISO, rows))
    assert call(capsys, "import", "miso-offers", path, tmp_path / "case")[0] == 0
    code, out, _ = call(capsys, "backcast", tmp_path / "case", "-o", tmp_path / "b", "--json")
    assert code == 0
    assert json.loads(out)["errors"][0]["bias"] == 4  # 60 MW are in the block at 40
    assert {p.name for p in (tmp_path / "b").iterdir()} == {
        "errors.csv", "hours.csv", "owners.csv", "residual_demand.csv",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["import", "pjm-offers", "dest"], "pjm-offers takes FILES"),
        (["import", "pjm5"], "import takes SRC [FILES...] DEST"),
        (["import", "pjm5", "a", "b"], "unexpected extra argument"),
        (["import", "pjm5", "dest", "--zone", "Z"], "--zone is for pjm-offers"),
        (["import", "pjm-offers", "none.csv", "dest"], "none.csv: there is no such file"),
        (["backcast", "nowhere"], "is no case folder"),
    ],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str) -> None:
    code, _, err = call(capsys, *arguments)
    assert code == 1
    assert expected in " ".join(err.split())


@pytest.fixture(scope="module")
def cleared() -> Run:
    """A day of four hours at two buses, one self-scheduled unit, one that is out for an hour."""
    starts = pd.date_range("2024-07-10", periods=4, freq="h", tz="America/New_York")
    case = read_case("pjm5")
    units = pd.DataFrame(
        {
            "unit": ["A", "B", "C", "D"],
            "owner": ["north", "south", "south", "east"],
            "bus": ["one", "one", "two", "two"],
            "p_min": [10.0, 0.0, 0.0, 0.0],
            "p_max": [100.0, 80.0, 30.0, 60.0],
        }
    )
    offers = pd.DataFrame(
        {
            "unit": ["A", "A", "B", "D"],
            "segment": [1, 2, 1, 1],
            "mw": [40.0, 60.0, 80.0, 60.0],
            "price": [12.5, 21.25, 33.0, 47.75],
        }
    )
    reach = {"A": [100.0] * 4, "B": [80.0, 0.0, 80.0, 55.5], "D": [60.0] * 4}
    tables = {
        "buses": pd.DataFrame({"bus": ["one", "two"], "zone": ["n", "s"]}),
        "branches": pd.DataFrame({"branch": ["l"], "from_bus": ["one"], "to_bus": ["two"],
                                  "x": [0.1], "rating_mw": [60.0]}),
        "units": units,
        "offers": offers,
        "availability": pd.DataFrame({"interval_start": starts, **reach}),
        "self_schedules": pd.DataFrame({"interval_start": starts, "C": [30.0, 20.0, 30.0, 30.0]}),
        "loads": pd.DataFrame({"load": ["L"], "bus": ["two"]}),
        "demand": pd.DataFrame({"interval_start": starts, "L": [80.0, 90.0, 120.0, 145.0]}),
    }  # fmt: skip
    meta = {"name": "made up", "timezone": "America/New_York", "start": starts[0].to_pydatetime(),
            "intervals": 4}  # fmt: skip
    assert case.meta.intervals
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clear(type(case).build(meta, tables), commitment=False)


def read_back(run: Run, folder: Path, format: str) -> Any:
    files = write_published(run, folder, format)
    offers, *prices, loads = files
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_market(format, [offers], prices=prices, loads=[loads], zone="SYSTEM")


@pytest.mark.parametrize("format", LAYOUT_NAMES)
def test_a_run_is_read_back_from_every_layout(cleared: Run, tmp_path: Path, format: str) -> None:
    case = read_back(cleared, tmp_path / "files", format)
    found = published_run(case)
    keys = ["interval_start", "unit"]
    reach = cleared.dispatch.set_index(keys)["available_mw"]
    again = found.dispatch.set_index(keys)["available_mw"]
    there = reach[reach > 0]
    assert again.reindex(there.index).tolist() == pytest.approx(there.tolist())
    # Blocks as they were, within what the unit can reach; a self-schedule has no price of its own.
    offered = case.offers.merge(cleared.case.units[["unit"]], on="unit")
    blocks = offered[offered["unit"] == "A"].groupby("segment")[["mw", "price"]].agg(["min", "max"])
    assert blocks.to_numpy().tolist() == [[40, 40, 12.5, 12.5], [60, 60, 21.25, 21.25]]
    last = offered[(offered["unit"] == "B")]
    assert last["mw"].tolist() == [80, 80, 55.5 if format == "caiso-offers" else 80]
    hub = case.published_prices
    taken = cleared.prices[cleared.prices["bus"] == "two"]["lmp"]
    system = hub[hub["node"] == "SYSTEM"]["price"]
    assert system.tolist() == pytest.approx(taken.tolist())
    assert case.demand.iloc[:, 1].tolist() == pytest.approx([80, 90, 120, 145])
    if format in ("miso-offers", "ercot-offers"):
        mw = found.dispatch.set_index(keys)["mw"]
        own = cleared.dispatch.set_index(keys)["mw"]
        assert mw.reindex(own.index).fillna(0.0).tolist() == pytest.approx(own.tolist(), abs=1e-5)


def test_export_on_the_command_line(
    cleared: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cleared.write(tmp_path / "run")
    secret = f.written(tmp_path, "key", "a secret")
    code, out, _ = call(capsys, "export", tmp_path / "run", "--layout", "nyiso-offers", "-o",
                        tmp_path / "files", "--mask-key", secret, "--json")  # fmt: skip
    assert code == 0
    names = [Path(name).name for name in json.loads(out)["files"]]
    assert names == ["biddata_genbids.csv", "damlbmp_zone.csv", "palIntegrated.csv"]
    offers = pd.read_csv(tmp_path / "files" / names[0], dtype="str")
    assert not set(offers["Masked Gen ID"]) & {"A", "B", "C", "D"}
    assert len(offers) == 16


@pytest.mark.slow
def test_screens_and_the_page_take_published_offers(
    cleared: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read_back(cleared, tmp_path / "files", "miso-offers").write(tmp_path / "case")
    assert call(capsys, "screens", tmp_path / "case", "--json")[0] == 0
    assert call(capsys, "report", tmp_path / "case", "-o", tmp_path / "page.html")[0] == 0


@pytest.mark.parametrize("format", ["isone-offers", "miso-offers"])
def test_indices_are_those_of_the_run(cleared: Run, tmp_path: Path, format: str) -> None:
    """Where owners are published, shares and pivotality of what is available are the same."""
    from mitigation import indices_of, structure_tests

    rules = cleared.rulebook.mitigation.structure.model_copy(update={"tests": ("system",)})
    own = indices_of(structure_tests(cleared, rules=rules))
    found = published_run(read_back(cleared, tmp_path / "files", format))
    again = indices_of(structure_tests(found, rules=rules))
    wanted = ["hhi.available", "rsi1", "rsi2", "psi", "pivotal_owners"]
    keys = ["interval_start", "index", "subject"]

    def table(rows: pd.DataFrame) -> pd.Series:
        market = rows[(rows["zone"] == "") & rows["index"].isin(wanted)]
        return market.set_index(keys)["value"].sort_index()

    expected = table(own)
    assert len(expected) > 20
    found_rows = table(again).reindex(expected.index)
    assert found_rows.tolist() == pytest.approx(expected.tolist(), nan_ok=True)


def test_codes_are_stable_and_need_the_key(cleared: Run) -> None:
    one = published_frames(cleared, "miso-offers", key="a")["offers"]["Unit Code"]
    assert one.equals(published_frames(cleared, "miso-offers", key="a")["offers"]["Unit Code"])
    other = published_frames(cleared, "miso-offers", key="b")["offers"]["Unit Code"]
    assert not set(one) & set(other)
    assert set(one.str.len()) == {12}
    with pytest.raises(InputError, match="there is no layout spp-offers"):
        published_frames(cleared, "spp-offers")
