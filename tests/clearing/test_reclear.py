"""A second pass of the same day: other offers on the live model give what a new clearing gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cases
import clearing
from tests.strategies import FULL, random_case


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("security", ["none", "n-1"])
def test_other_prices_on_the_live_model(seed: int, security: str) -> None:
    case = random_case(FULL, seed)
    run = clearing.clear(case, commitment=False, security=security)
    offers = case.offers
    factor = np.where(offers["unit"] == offers["unit"].iloc[0], 1.7, 1.0)
    dearer = case.replace(offers=offers.assign(price=offers["price"] * factor + 0.01))
    session = run.model.session
    again = clearing.reclear(run, dearer)
    fresh = clearing.clear(dearer, commitment=False, security=security)
    assert again.objective == pytest.approx(fresh.objective, rel=1e-9)
    assert again.manifest["parent"] == run.id
    assert again.model.session is session
    assert len(clearing.validate(again)) == 0


def test_other_blocks_start_from_the_rows_that_are_known() -> None:
    case = cases.read_case("pjm5")
    run = clearing.clear(case, commitment=False)
    offers = case.offers
    half = offers.assign(mw=offers["mw"] / 2, segment=offers["segment"] * 2 - 1)
    halves = pd.concat([half, half.assign(segment=half["segment"] + 1)])
    halves = halves.sort_values(["unit", "segment"]).reset_index(drop=True)
    again = clearing.reclear(run, case.replace(offers=halves))
    assert again.objective == pytest.approx(run.objective, rel=1e-12)
    assert again.manifest["passes"] < run.manifest["passes"]
