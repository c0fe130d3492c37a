"""Margins of states against the plain oracle: no schedule with a state costs less than they say."""

from __future__ import annotations

import numpy as np
import pytest

from cases import RuleBook
from clearing.commit.program import CommitmentProgram
from clearing.day.day import Day
from clearing.day.fleet import Fleet
from tests.oracles import commitment
from tests.strategies_commitment import UNITS, commitment_day


@pytest.mark.parametrize("seed", range(1))
def test_no_schedule_with_a_state_costs_less_than_its_margin(seed: int) -> None:
    case = commitment_day(UNITS, seed)
    day = Day.of(case, RuleBook.load("default"))
    program = CommitmentProgram(Fleet(day, merge=False), (), np.inf, None)
    bound = program.relax()
    margins = program.margins
    assert margins is not None
    of = {int(c): k for k, c in enumerate(program.compiled.columns("on"))}
    members = program.compiled.market.families["on"].members
    held = raised = 0
    states = zip(margins.column, margins.level, margins.rise, strict=True)
    chosen = [state for state in states if int(state[0]) in of and np.isfinite(state[2])]
    for column, level, rise in sorted(chosen, key=lambda state: -state[2])[:10]:
        unit, t = members[of[int(column)]].index()
        model = commitment.build(case)
        model.harden()
        model.lp.fix(model.on[t, unit], float(level))
        try:
            best = model.lp.solve().objective
        except RuntimeError:
            continue
        assert best >= bound + rise - 1e-6 * abs(bound)
        held += 1
        raised += int(rise > 1e-4 * abs(bound))
    assert held > 5
    assert raised > 0
