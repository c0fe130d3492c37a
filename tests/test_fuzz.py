"""Seeded trials of every kind; more of them: `make fuzz SECONDS=600`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.trials import KINDS, trial

TRIALS = {"check": 25, "clear": 6, "settle": 6, "rulebook": 8, "foreign": 25, "run folder": 6}


@pytest.mark.parametrize("kind", KINDS)
def test_no_trial_ends_as_none_may(kind: str, tmp_path: Path) -> None:
    for seed in range(TRIALS[kind]):
        trial(kind, seed, tmp_path / str(seed))
