"""A limit that was taken away stays away, also where rows pile up and exceeded ones are charged."""

from __future__ import annotations

import numpy as np
import pytest

import clearing
from clearing.session import loop as security
from mitigation.again.engine import LIMIT, EngineModel
from tests.strategies import FULL, random_case


@pytest.mark.parametrize("seed", range(4))
def test_a_crowded_model_frees_limits_all_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = random_case(FULL, seed)
    branches = case.branches
    tight = case.replace(branches=branches.assign(rating_mw=branches["rating_mw"] / 2))
    answers = []
    for crowd in (10**9, 0):
        monkeypatch.setattr(security, "_CROWD", crowd)
        run = clearing.clear(tight, commitment=False)
        limits = run.constraints[~run.constraints["constraint"].str.startswith("ramp")]
        assert len(limits)
        found = EngineModel(run.model).solve_without(
            limits[LIMIT].reset_index(drop=True), alike=0.999
        )
        answers.append(found.prices["lmp"].to_numpy())
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-4)
