"""Backcast, residual demand, conduct and output gap of published offers, by hand."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from cases.case import Case
from cases.errors import InputError
from cases.published_run import published_run
from cases.readers.published import read_market
from cases.run import Run
from counterflow import monitor_tables
from counterflow.mitigation import mitigate
from mitigation import reference_levels
from mitigation.published import backcast, residual_by_owner
from tests.cases.published import files as f
from tests.cases.published.test_market_without_a_grid import miso_market


def pjm_market(folder: Path, demand: list[float]) -> Case:
    """Stack of A 50 at 20, 50 at 30; B 80 at 35; C 60 at 45. Energy 33, congestion 4."""
    hours = range(4, 4 + len(demand))
    stamps = [f"2024-07-10T{h:02d}:00:00" for h in hours]
    offers = [
        row for s in stamps for row in (
            f.pjm(s, "A", [(50, 20), (100, 30)]), f.pjm(s, "B", [(80, 35)]),
            f.pjm(s, "C", [(60, 45)]),
        )
    ]  # fmt: skip
    prices = [f.pjm_price(s, "Z", 33, 4) for s in stamps]
    loads = [{"datetime_beginning_utc": s, "load_area": "Z", "zone": "Z", "mw": mw}
             for s, mw in zip(stamps, demand, strict=True)]  # fmt: skip
    return read_market(
        "pjm-offers",
        [f.written(folder, "o.csv", f.text(f.PJM, offers))],
        prices=[f.written(folder, "p.csv", f.text(f.PJM_LMP, prices))],
        loads=[f.written(folder, "l.csv", f.text(f.PJM_LOAD, loads))],
        zone="Z",
    )


@pytest.fixture(scope="module")
def pjm(tmp_path_factory: pytest.TempPathFactory) -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pjm_market(tmp_path_factory.mktemp("pjm"), [40, 100, 101, 200, 300])


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Run:
    case = miso_market(tmp_path_factory.mktemp("miso"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mitigate(published_run(case), tests_only=True)


def test_backcast_keeps_congestion_and_says_how_far_off_it_is(pjm: Case) -> None:
    """Merit prices 20, 30, 35, 45 and none; with congestion of 4 against 37: -13, -3, 2, 12."""
    found = backcast(pjm, levels=2)
    hours = found.hours
    assert hours["merit_price"].tolist()[:4] == [20, 30, 35, 45]
    assert hours["marginal_unit"].tolist() == ["A", "A", "B", "C", ""]
    assert hours["error"].tolist()[:4] == [-13, -3, 2, 12]
    assert hours["short_mw"].tolist() == [0, 0, 0, 0, 60]
    every = found.errors.iloc[0]
    assert (every["hours"], every["bias"], every["mean_absolute"]) == (4, -0.5, 7.5)
    assert every["root_mean_square"] == pytest.approx((326 / 4) ** 0.5)
    # Five hours, two levels: the lower three are -13, -3, 2; of the upper two one has no price.
    low, high = found.errors.iloc[1], found.errors.iloc[2]
    assert (low["hours"], low["bias"]) == (3, pytest.approx(-14 / 3))
    assert (high["hours"], high["bias"], high["least_mw"]) == (1, 12, 200)


def test_residual_demand_of_every_owner(pjm: Case) -> None:
    """240 MW in all: A has 100, B 80, C 60. At 200 MW the others' 140, 160, 180 do not do."""
    found = residual_by_owner(pjm)
    at = found.hours[found.hours["demand_mw"] == 200].set_index("owner")
    assert at["residual_mw"].to_dict() == {"A": 60, "B": 40, "C": 20}
    assert at["rsi"].to_dict() == {"A": 0.7, "B": 0.8, "C": 0.9}
    # At 37 the others offer: without A 80, without B 100, without C 180.
    assert at["residual_at_price_mw"].to_dict() == {"A": 120, "B": 100, "C": 20}
    ranked = found.owners
    assert ranked["owner"].tolist() == ["A", "B", "C"]
    assert ranked["pivotal_hours"].tolist() == [2, 2, 2]


def test_affiliates_count_as_one(pjm: Case) -> None:
    owners = pd.DataFrame({"owner": ["A", "B", "C"], "parent": ["", "A", ""]})
    found = residual_by_owner(pjm.replace(owners=owners))
    assert found.owners["owner"].tolist() == ["A", "C"]
    assert found.owners["pivotal_hours"].tolist() == [4, 2]  # above 60 MW; above 180 MW


def test_a_demand_that_follows_from_the_price_is_no_backcast(pjm: Case) -> None:
    record = {**pjm.meta.imported, "demand": "price"}
    with pytest.raises(InputError, match="which a backcast would only give back"):
        backcast(pjm.replace(imported=record))


def test_conduct_and_gap_against_the_published_price(tested: Run) -> None:
    """A's offers of the day before were 20 and 30: 100 and 150 fail; B's 35 is its reference.

    At 32 both of A's blocks are economic, 50 MW cleared, and of the other 50 the offer of 150 is
    above 30 by more than min(300 %, 100) of it: a gap of 50 MW in each of 24 hours.
    """
    energy = tested.tests_conduct[tested.tests_conduct["component"] == "energy"]
    failed = energy[energy["result"] == "fail"]
    assert set(failed["unit"]) == {"A"}
    assert len(failed) == 48
    gaps = tested.indices[tested.indices["index"] == "output_gap.100"]
    by_unit = gaps.groupby("subject")["value"].agg(["min", "max", "count"])
    assert by_unit.loc["A"].tolist() == [50, 50, 24]
    assert by_unit["max"].drop("A").max() == 0
    assert set(monitor_tables(tested).tables) >= {"verdict", "conduct", "output_gap"}


def test_concentration_and_pivotality_by_hand(tested: Run) -> None:
    """Reach 100, 80, 60 of 240: (25 + 100/9 + 6.25) % squared; without A 140 / 120 is left."""
    at = tested.indices[tested.indices["interval_start"] == tested.indices["interval_start"].min()]
    market = at[at["zone"] == ""].set_index(["index", "subject"])["value"]
    hhi = 1e4 * ((100 / 240) ** 2 + (80 / 240) ** 2 + (60 / 240) ** 2)
    assert market["hhi.available"].iloc[0] == pytest.approx(hhi)
    assert market["rsi1", "OA"] == pytest.approx(140 / 120)
    # Cleared: 50, 10, 60 of 120.
    assert market["hhi.cleared"].iloc[0] == pytest.approx(1e4 * (25 + 1 + 36) / 144)


def test_references_follow_the_rule_of_a_market(tested: Run) -> None:
    """NYISO: the lower of mean and median of accepted offers; here both are the offer itself."""
    levels = reference_levels(
        tested, rules=tested.rulebook.mitigation.reference.model_copy(update={"required": ()})
    )
    energy = levels[(levels["component"] == "energy") & (levels["unit"] == "A")]
    assert energy[["mw", "price", "method"]].to_numpy().tolist() == [
        [50, 20, "offer"], [50, 30, "offer"],
    ]  # fmt: skip


def test_a_published_run_is_not_mitigated(pjm: Case) -> None:
    with pytest.raises(InputError, match="nothing was cleared: add tests_only"):
        mitigate(published_run(pjm))
