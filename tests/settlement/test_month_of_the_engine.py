"""A day that the engine committed, cleared in real time and mitigated, as versions of a month."""

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from settlement.month import settle_month
from tests.settlement.markets import case_of


def market(minutes: int, demand: list[float]) -> cf.Case:
    branches = pd.DataFrame(
        {"branch": ["A-B"], "from_bus": ["A"], "to_bus": ["B"], "x": 0.1,
         "rating_mw": [60.0]}
    )  # fmt: skip
    return case_of(
        ["A", "B"],
        {"cheap": ("east", "A", 200.0, 20.0), "dear": ("west", "B", 200.0, 90.0)},
        {"town": ("city", "B", demand), "mill": ("works", "A", [30.0] * len(demand))},
        tables={"branches": branches}, minutes=minutes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs() -> list[cf.Run]:
    settings = {"settlement.congestion_rent.to": "load_ratio"}
    hours = [80.0, 110.0, 95.0, 70.0]
    ahead = cf.clear(market(60, hours), settings=settings)
    rng = np.random.default_rng(1)
    quarters = (np.repeat(hours, 4) + rng.uniform(-8, 8, 16)).round(2)
    later = cf.clear(market(15, quarters.tolist()), commitment_from=ahead)
    offers = ahead.case.offers.assign(price=[20.0, 60.0])
    rerun = cf.clear(ahead.case.replace(offers=offers), settings=settings)
    named = {**rerun.stated, "parent": ahead.id}
    return [ahead, later, cf.Run(named, rerun.tables, rerun.case, rerun.rulebook)]


def test_versions_with_real_time_close_and_are_compared(runs: list[cf.Run]) -> None:
    ahead, later, rerun = runs
    month = settle_month([later, rerun, ahead], "2024-03", partial=True)
    assert month.total() == 0
    day = month.days.set_index("day").loc["2024-03-05"]
    assert (day["run"], day["real_time"], day["version"]) == (rerun.id, later.id, "rerun")
    items = set(month.lines["item"])
    assert {"energy", "energy_deviation", "congestion_rent", "rent_credit"} <= items
    owners = month.versions[month.versions["version"] == "rerun"].set_index("owner")
    for version, run in (("initial", ahead), ("rerun", rerun)):
        alone = cf.settle(run, real_time=later)
        rows = month.versions[month.versions["version"] == version]
        found = dict(zip(rows["owner"], rows["total"], strict=True))
        assert found == {owner: alone.total(owner) for owner in found}
    # The dear unit's offer fell from 90 to 60: the town pays less, and what changes sums to zero.
    assert owners.loc["city", "change"] > 0
    assert sum(owners["change"]) == 0
    # All congestion rent went to the loads.
    own = month.lines[month.lines["owner"] == month.manifest["operator"]]
    rent = own[own["item"].isin(["congestion_rent", "congestion_rent_deviation", "rent_credit"])]
    assert sum(rent["amount"]) == 0
