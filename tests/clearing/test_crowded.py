"""Dropping idle rows and charging exceeded ones changes how a day is solved, never its result."""

from __future__ import annotations

import numpy as np
import pytest

import clearing
from clearing.program.live import LiveProgram
from clearing.session import loop as security
from tests.strategies import FULL, random_case


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("secure", ["none", "n-1"])
def test_making_room_changes_no_result(
    seed: int, secure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ratings at a third: many limits are exceeded at their penalty."""
    case = random_case(FULL, seed)
    branches = case.branches
    tight = case.replace(
        branches=branches.assign(
            rating_mw=branches["rating_mw"] / 3,
            emergency_rating_mw=branches["emergency_rating_mw"] / 3,
        )
    )
    plain = clearing.clear(tight, commitment=False, security=secure)
    charged: list[int] = []
    charge = LiveProgram.charge
    monkeypatch.setattr(
        LiveProgram,
        "charge",
        lambda live, rows: (charged.append(len(rows)), charge(live, rows))[1],
    )
    monkeypatch.setattr(security, "_CROWD", 0)
    crowded = clearing.clear(tight, commitment=False, security=secure)
    assert crowded.objective == pytest.approx(plain.objective, rel=1e-9)
    assert clearing.validate(crowded).empty
    assert not len(crowded.model.live.charged)
    if len(plain.slacks[plain.slacks["kind"].isin(["branch", "contingency"])]):
        assert sum(charged) > 0
    np.testing.assert_allclose(
        crowded.slacks["cost"].sum(), plain.slacks["cost"].sum(), rtol=1e-6, atol=1e-6
    )
