"""Days of RTS-GMLC in published layouts: what a monitor reads back is what the run says itself."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from cases import read_case
from cases.case import Case
from cases.published_run import published_run
from cases.readers.published import read_market
from cases.run import Run
from counterflow import clear, write_published
from mitigation import indices_of, reference_levels, structure_tests
from mitigation.conduct.run import conduct_of_run

pytestmark = pytest.mark.slow
OWNED = ("isone-offers", "nyiso-offers", "miso-offers", "ercot-offers", "caiso-offers")


def on_standard_time(case: Case) -> Case:
    """The case with its clock called MISO's, so that its days are days of the layout too."""
    zone, ahead = "Etc/GMT+5", pd.Timedelta(hours=2)  # Arizona is two hours behind
    tables = {}
    for name, table in case.tables.items():
        if "interval_start" in table:
            moved = (table["interval_start"] - ahead).dt.tz_convert(zone)
            table = table.assign(interval_start=moved)
        if len(table):
            tables[name] = table
    meta = {"name": case.meta.name, "timezone": zone, "intervals": 24,
            "start": (pd.Timestamp(case.meta.start) - ahead).to_pydatetime(),
            "reference": case.meta.reference}  # fmt: skip
    return Case.build(meta, tables)


@pytest.fixture(scope="module")
def days() -> list[Run]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [read_case(f"rts-gmlc/2020-07-{day}", owners="area") for day in (10, 11)]
        return [clear(on_standard_time(case), commitment=False) for case in cases]


def read_back(days: list[Run], folder: Path, format: str) -> Run:
    files = [write_published(run, folder / str(k), format) for k, run in enumerate(days)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case = read_market(
            format,
            [day[0] for day in files],
            prices=[path for day in files for path in day[1:-1]],
            loads=[day[-1] for day in files],
            zone="SYSTEM",
            date=None if len(days) == 1 else "2020-07-11",
        )
    return published_run(case)


def test_references_and_verdicts_are_the_same(days: list[Run], tmp_path: Path) -> None:
    before, run = days
    found = read_back(days, tmp_path, "miso-offers")
    rules = run.rulebook.mitigation
    method = rules.reference.model_copy(update={"required": (), "order": ("offer",)})
    own = reference_levels(run, rules=method, earlier=[before])
    again = reference_levels(found, rules=method)
    keys = ["unit", "segment"]

    def energy(levels: pd.DataFrame) -> pd.DataFrame:
        rows = levels[(levels["component"] == "energy") & levels["price"].notna()]
        return rows.set_index(keys).sort_index()

    expected, read = energy(own), energy(again)
    assert len(expected) > 100
    assert read.index.equals(expected.index)
    assert read["price"].tolist() == pytest.approx(expected["price"].tolist())
    assert read["method"].tolist() == expected["method"].tolist()

    def verdicts(run: Run, levels: pd.DataFrame) -> pd.Series:
        known = levels[(levels["component"] == "energy") & levels["price"].notna()]
        tests = conduct_of_run(run, known, rules).tests
        rows = tests[tests["component"] == "energy"]
        return rows.groupby(["unit", "segment"])["result"].first().sort_index()

    told = verdicts(run, own)
    # Units that only schedule themselves have offers at the floor there, and none in the run.
    assert verdicts(found, again).reindex(told.index).equals(told)


@pytest.mark.parametrize("format", OWNED)
def test_indices_are_the_same(days: list[Run], tmp_path: Path, format: str) -> None:
    run = days[1]
    found = read_back([run], tmp_path, format)
    rules = run.rulebook.mitigation.structure
    alone = rules.system.model_copy(update={"reserves": False})  # no report has requirements
    rules = rules.model_copy(update={"tests": ("system",), "system": alone})
    wanted = ["hhi.available", "rsi1", "rsi2", "rsi3", "psi", "pivotal_owners"]
    if format in ("miso-offers", "ercot-offers"):
        wanted.append("hhi.cleared")
    keys = ["interval_start", "index", "subject"]

    def table(run: Run) -> pd.Series:
        rows = indices_of(structure_tests(run, rules=rules))
        market = rows[(rows["zone"] == "") & rows["index"].isin(wanted)]
        moved = market.assign(interval_start=market["interval_start"].dt.tz_convert("UTC"))
        return moved.set_index(keys)["value"].sort_index()

    expected = table(run)
    read = table(found).reindex(expected.index)
    assert len(expected) > 24 * len(wanted)
    assert read.tolist() == pytest.approx(expected.tolist(), rel=1e-6, nan_ok=True)
