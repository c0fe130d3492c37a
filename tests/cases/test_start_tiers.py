"""The tier that holds after some hours off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cases.start_tiers import held_beside, held_tier, reached


@pytest.mark.parametrize(
    ("hours", "tier"), [(0.0, -1), (1.9, -1), (2.0, 0), (7.9, 0), (8.0 - 1e-12, 1), (99.0, 2)]
)
def test_the_longest_tier_that_has_been_reached(hours: float, tier: int) -> None:
    after = np.array([2.0, 8.0, 24.0])
    assert held_tier(after, hours) == tier
    assert reached(after, hours).sum() == tier + 1


def test_a_blank_tier_holds_from_the_start() -> None:
    assert reached(pd.Series([np.nan, 3.0]), 0.0).tolist() == [True, False]
    assert held_tier(np.array([np.nan, 3.0]), np.array([0.0, 3.0])).tolist() == [0, 1]


def test_tiers_beside_points() -> None:
    tiers = pd.DataFrame(
        {"unit": ["A", "A", "B"], "after_hours_off": [8.0, np.nan, 2.0], "price": [5.0, 1.0, 9.0]}
    )
    points = pd.DataFrame(
        {"unit": ["B", "A", "A", "B", "C"], "after_hours_off": [1.0, 8.0, 7.0, 2.0, 9.0]},
        index=[7, 3, 9, 1, 4],
    )
    found = held_beside(points, tiers, ["unit"])
    assert found.index.tolist() == [7, 3, 9, 1, 4]
    # B has reached none after 1 h; A is in its tier of 8 h, then in the one from the beginning.
    assert found["tier"].fillna(-1.0).tolist() == [-1.0, 8.0, 0.0, 2.0, -1.0]
    assert found["price"].fillna(-1.0).tolist() == [-1.0, 5.0, 1.0, 9.0, -1.0]
