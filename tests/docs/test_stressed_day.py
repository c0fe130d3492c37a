"""The demo's stressed day differs from the data in what it says, and in nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cases import DataWarning, read_case
from tools.stressed_day import stressed_day

UNITS = {"207_CT_1": 5.0, "207_CT_2": 5.0, "307_CT_1": 3.5, "307_CT_2": 3.5}


def test_only_what_is_stated_was_made_up() -> None:
    with pytest.warns(DataWarning):
        data = read_case("rts-gmlc/2020-07-27")
    made = stressed_day()
    factor = made.offers["price"].to_numpy() / data.offers["price"].where(lambda p: p != 0.0)
    raised = factor[~np.isclose(factor.fillna(1.0), 1.0)]
    of_unit = raised.round(9).groupby(data.offers["unit"]).unique().map(list).to_dict()
    assert of_unit == {unit: [times] for unit, times in UNITS.items()}
    ratio = (made.branches["rating_mw"] / data.branches["rating_mw"]).dropna()
    assert np.allclose(ratio, 0.7)
    for name in ("demand", "costs", "commitment_offers", "availability", "reserve_requirements"):
        assert made.tables[name].equals(data.tables[name]), name
    mine = made.units.set_index("unit")["owner"]
    assert mine[list(UNITS)].to_list() == ["Pocket Power"] * 2 + ["Careful Power"] * 2
    assert set(mine.drop(list(UNITS))) == {"1", "2", "3"}


def test_the_case_says_so() -> None:
    told = " ".join(stressed_day().meta.imported["made_up"])
    assert re.findall(r"[\d.]+ times", told) == ["0.7 times", "5 times", "3.5 times"]
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert "asks five times their cost" in readme
