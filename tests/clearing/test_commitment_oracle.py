"""The commitment oracle against every possible commitment of very small days, tried one by one.

``tests/oracles/commitment.py`` is what the engine is held against; here it is held against
``tests/oracles/brute.py``, which has no binary: it walks each pattern of on and off, and dispatches
every combination that could carry demand.
"""

from __future__ import annotations

import random
from dataclasses import fields, replace

import pytest

from tests.oracles import brute, commitment
from tests.strategies_commitment import TRADED, DayShape, commitment_day

FLAGS = [f.name for f in fields(DayShape) if f.type == "bool" and f.name not in TRADED]


def small_shape(seed: int) -> DayShape:
    """Two or three units over three or four intervals; what holds a unit is there less often."""
    draw = random.Random(seed)
    shape = DayShape(
        units=draw.choice([2, 3, 3]),
        intervals=draw.choice([3, 4, 4]),
        minutes=draw.choice([60, 30, 15]),
        **{name: draw.random() < 0.5 for name in FLAGS},
    )
    rare = {name: draw.random() < 0.15 for name in ("must_run", "self_schedule")}
    return replace(shape, **rare)


def assert_agree(seed: int) -> int:
    case = commitment_day(small_shape(seed), seed)
    found = brute.cheapest(case)
    best = commitment.solve(case)
    assert best.objective == pytest.approx(found.objective, rel=1e-7, abs=1e-5)
    assert not best.outcome.slacks
    return found.tried


def test_small_days() -> None:
    shapes = {seed: small_shape(seed) for seed in range(20)}
    # Twins are two more units; all commitments of many units take minutes to try.
    size = {s: (shape.units + 2 * shape.twins) * shape.intervals for s, shape in shapes.items()}
    few = [seed for seed in shapes if size[seed] <= 9][:5]
    assert sum(assert_agree(seed) for seed in few) > 10  # real choices, not forced days


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_small_days(seed: int) -> None:
    assert_agree(seed)


def test_five_intervals_with_hot_and_cold_starts() -> None:
    shape = DayShape(units=2, intervals=5, tiers=True, initial=True, min_times=True, ramps=True)
    for seed in (1, 2):
        case = commitment_day(shape, seed)
        found = brute.cheapest(case)
        assert commitment.solve(case).objective == pytest.approx(found.objective, rel=1e-7)
