"""Impact over few free units, against whole days cleared anew at zero gap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import clearing
from cases import Case, Proof, Run
from mitigation.again.rerun import EngineRerun
from tests.mitigation.two_buses import (
    cleared,
    market,
    mitigated,
    offering,
    prices,
    replaced,
)

HOURS = 6
LOCAL = {"mitigation.rerun.commitment": "local"}
#: Reference 20 to 90, so that 100 above it is the threshold of most; start 0 to 2000.
Units = list[dict[str, Any]]


def random_market(seed: int) -> tuple[Units, Case, Case]:
    """Eight units with minimums and starts; one at J asks 400 more than its reference.

    The case as it is offered, and the case with that unit at its reference.
    """
    rng = np.random.default_rng(seed)
    units: Units = [{"unit": "Wes", "bus": "W", "mw": 400.0, "price": 15.0, "initial_hours": 9.0}]
    for k in range(7):
        most = float(rng.integers(4, 12) * 10)
        units.append(
            {
                "unit": f"U{k}",
                "bus": "J" if k < 5 else "W",
                "mw": most,
                "price": float(rng.integers(20, 90)),
                "p_min": float(round(most * rng.uniform(0.2, 0.6))),
                "startup": float(rng.integers(0, 20) * 100),
                "no_load": float(rng.integers(0, 6) * 50),
                "min_up": float(rng.integers(1, 5)),
                "min_down": float(rng.integers(1, 4)),
                "initial_hours": -24.0,
            }
        )
    load_j = rng.uniform(120.0, 330.0, HOURS).round().tolist()
    load_w = rng.uniform(20.0, 120.0, HOURS).round().tolist()
    asked = units[1 + int(rng.integers(0, 5))]["unit"]
    dear = {unit["unit"]: unit["price"] + 400.0 for unit in units if unit["unit"] == asked}
    offered = [dict(unit) for unit in offering(units, **dear)]
    loads: dict[str, Any] = {"load_w": load_w, "load_j": load_j}
    return offered, market(offered, **loads), market(units, **loads)


def moved(before: Run, after: Run) -> np.ndarray:
    """Fall of the price at every bus and hour, (n,)."""
    return np.asarray(before.prices["lmp"] - after.prices["lmp"], dtype=float)


def fails(before: Run, after: Run) -> bool:
    """Whether some price falls by more than min(200 % of the reference price, 100)."""
    limit = np.minimum(2.0 * np.abs(after.prices["lmp"].to_numpy(dtype=float)), 100.0)
    return bool((moved(before, after) > limit + 0.01).any())


def compared(seed: int) -> tuple[bool, bool, bool]:
    """Truth by two whole clearings at zero gap, the verdict, and whether it was measurable."""
    units, offered, at_reference = random_market(seed)
    run = cleared(offered, commitment=True, gap=0.0)
    truth = fails(run, cleared(at_reference, commitment=True, gap=0.0))
    made = mitigated(run, units, "default", LOCAL)
    energy = made.decisions.query("component == 'energy' and conduct_result == 'fail'")
    measurable = not (energy["impact_result"] == "not measurable").any()
    return truth, bool((energy["impact_result"] == "fail").any()), measurable


@pytest.mark.parametrize("seed", range(6))
def test_verdicts_are_those_of_whole_clearings_at_zero_gap(seed: int) -> None:
    truth, found, measurable = compared(seed)
    assert measurable and found == truth


@pytest.mark.slow
def test_every_withheld_unit_of_many_markets_is_found() -> None:
    told = [compared(seed) for seed in range(100, 400)]
    assert sum(truth for truth, _, _ in told) > 50
    assert [k for k, (truth, found, _) in enumerate(told) if truth and not found] == []
    wrong = [k for k, (truth, found, _) in enumerate(told) if found and not truth]
    assert len(wrong) == 0


def test_the_control_and_the_counterfactual_are_optimal_over_everything_here() -> None:
    """All units that want to switch are freed, so both cost what whole clearings cost."""
    for seed in (20, 21):
        _, offered, at_reference = random_market(seed)
        run = cleared(offered, commitment=True, gap=0.0)
        pair = clearing.local_rerun(run).pair(at_reference, ["U0", "U1", "U2", "U3", "U4"])
        assert pair is not None and pair.wanting == 0
        whole = cleared(at_reference, commitment=True, gap=0.0)
        assert pair.control.objective == pytest.approx(run.objective, rel=2e-6)
        assert pair.counterfactual.objective == pytest.approx(whole.objective, rel=2e-6)
        proof = Proof.of(pair.counterfactual.stated)
        assert proof.problem == "commitment_local"
        assert proof.freed == tuple(sorted(pair.freed))
        assert proof.gap is not None and 0.0 <= proof.gap < 2e-6


def test_a_parent_that_is_no_optimum_books_nothing_as_impact() -> None:
    """M15, and a parent in which G runs though it costs 40 more: its price of 20 is its own slack.

    G off: 100 x 20 over the line and 40 x 20 at W, 20 x 120 at J: 5200. G on with no-load 1790:
    5240. X is replaced and moves nothing: the control leaves G off, as does the counterfactual.
    """
    off = {"min_up": 1.0, "initial_hours": -24.0}
    units: Units = [
        {"unit": "B", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "G", "bus": "J", "mw": 100.0, "price": 30.0, "no_load": 1790.0}
        | {"p_min": 25.0, **off},
        {"unit": "K", "bus": "J", "mw": 100.0, "price": 120.0},
        {"unit": "X", "bus": "J", "mw": 50.0, "price": 400.0, "reference": 130.0}
        | {"no_load": 10.0, "p_min": 10.0, **off},
    ]
    case = market(units, load_w=[40.0], load_j=[120.0])
    forced = case.units.assign(must_run=case.units["unit"] == "G")
    dear = cleared(case.replace(units=forced), commitment=True, gap=0.0)
    assert dear.objective == pytest.approx(5240.0) and prices(dear, "J") == [20.0]
    run = Run(dear.stated, dear.tables, case, dear.rulebook, dear.events)
    pair = clearing.local_rerun(run).pair(
        market(offering(units, X=130.0), load_w=[40.0], load_j=[120.0]), ["X"]
    )
    assert pair is not None
    assert moved(pair.control, pair.counterfactual).tolist() == [0.0, 0.0]
    # G gives up 40 where it runs, more than 1 money: it is freed, and the control is better.
    assert pair.freed["G"].startswith("it gives up")
    assert pair.control.objective == pytest.approx(5200.0)
    made = mitigated(run, units, "default", LOCAL)
    assert replaced(made) == set()
    rows = made.tests_impact.query("scope == 'bus' and subject == 'J'")
    assert rows["difference"].tolist() == [0.0] and rows["control_shift"].tolist() == [-100.0]


def test_what_does_not_close_is_not_measurable(monkeypatch: pytest.MonkeyPatch) -> None:
    units, offered, _ = random_market(0)
    run = cleared(offered, commitment=True, gap=0.0)
    monkeypatch.setattr(EngineRerun, "paired", lambda _self, _case, _units: None)
    made = mitigated(run, units, "default", LOCAL)
    assert replaced(made) == set()
    assert set(made.tests_impact["result"]) == {"not measurable"}
    failed = made.decisions.query("conduct_result == 'fail'")
    assert len(failed) and set(failed["impact_result"]) == {"not measurable"}


def test_seed_and_threads_change_nothing() -> None:
    units, offered, _ = random_market(3)
    told = []
    for settings in ({"solver.seed": 1}, {"solver.seed": 77}):
        run = cleared(offered, commitment=True, gap=0.0, settings=settings)
        made = mitigated(run, units, "default", LOCAL)
        told.append((replaced(made), made.prices["lmp"].round(6).tolist()))
    assert told[0] == told[1]


def test_where_nothing_is_to_be_decided_the_commitment_is_the_only_one() -> None:
    """Units without minimum, no-load or start: on throughout, P1's 300 sets J, 30 would."""
    units: Units = [
        {"unit": "Wes", "bus": "W", "mw": 300.0, "price": 20.0},
        {"unit": "P1", "bus": "J", "mw": 60.0, "price": 300.0, "reference": 30.0},
    ]
    run = cleared(market(units, load_w=[40.0], load_j=[140.0]), commitment=True)
    made = mitigated(run, units, "default", LOCAL)
    assert prices(run, "J") == [300.0] and prices(made, "J") == [30.0]
    assert Proof.of(made.stated).problem == "commitment_local"
