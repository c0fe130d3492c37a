"""Parts of the formulation are built in their order, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

import cases
from cases import RuleBook
from clearing.day.day import Day
from clearing.formulation.balance import define_energy_balance, define_shortage
from clearing.formulation.build import build_dispatch
from clearing.formulation.commitment import States, define_starts
from clearing.formulation.demand import define_bids
from clearing.formulation.generation import define_dispatch
from clearing.formulation.market import Market
from clearing.formulation.objective import define_objective
from clearing.formulation.order import BuildOrder
from clearing.formulation.reserves import define_reserves
from clearing.program.compiled import compile_market


def market() -> Market:
    return Market(Day.of(cases.read_case("pjm5"), RuleBook.load("default")))


def test_what_is_missing_is_named() -> None:
    own = market()
    with pytest.raises(BuildOrder, match="energy_balance needs output, shortage"):
        define_energy_balance(own)
    with pytest.raises(BuildOrder, match="reserves needs output"):
        define_reserves(own)
    define_dispatch(own)
    define_bids(own)
    define_reserves(own)
    with pytest.raises(BuildOrder, match="objective needs energy_balance"):
        define_objective(own)
    nothing = np.zeros((0, 0), dtype=np.intp)
    with pytest.raises(BuildOrder, match="starts needs states"):
        define_starts(own, States(None, nothing, nothing, nothing))  # type: ignore[arg-type]


def test_what_comes_too_late_is_refused() -> None:
    own = market()
    define_dispatch(own)
    define_shortage(own)
    define_energy_balance(own)
    with pytest.raises(BuildOrder, match="balance is written"):
        define_bids(own)
    define_objective(own)
    with pytest.raises(BuildOrder, match="objective is written"):
        own.pay(np.array([0]), np.array([1.0]))


def test_families_say_what_they_are() -> None:
    """Slack is what may exceed a limit at a penalty of the rulebook, and costs that."""
    own = build_dispatch(Day.of(cases.read_case("pjm5"), RuleBook.load("default")))
    slack = {name: family.penalty for name, family in own.families.items() if family.penalty}
    assert slack == {"shortage": "balance", "surplus": "balance"}
    assert own.families["p"].of_unit and not own.families["shortage"].of_unit
    assert own.rows["energy_balance"].definition
    compiled = compile_market(own)
    assert set(compiled.cost[compiled.columns("shortage")]) == {5000.0}
