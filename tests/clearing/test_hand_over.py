"""What goes to the solver is the program: rows added follow from it, a change of columns undoes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import highspy
import numpy as np
import pytest

from cases import Case, RuleBook
from clearing.commit.adequacy import adequacy_rows
from clearing.commit.available import HandOver
from clearing.day.day import Day
from clearing.day.fleet import Fleet
from clearing.formulation.build_commitment import build_commitment
from clearing.program.compiled import Compiled, compile_market
from tests.strategies_commitment import UNITS, commitment_day

SHAPE = replace(UNITS, units=5, minutes=30, reserves=True, bids=True)


def one_sustained(case: Case, *, offline: bool = False) -> Case:
    """The day with spinning reserve of the whole case only, which lasts the interval.

    `offline`: units that start quickly give it while they are off, too.
    """
    products, offers = case.reserve_products, case.reserve_offers
    needs = case.reserve_requirements
    return case.replace(
        reserve_products=products[products["product"] == "spin"].assign(
            minutes=30.0, offline=offline
        ),
        reserve_offers=offers[offers["product"] == "spin"],
        reserve_requirements=needs[(needs["product"] == "spin") & (needs["zone"] == "")],
    )


def compiled(case: Case, *, merge: bool = True) -> Compiled:
    day = Day.of(case, RuleBook.load("default"))
    return compile_market(build_commitment(Fleet(day, merge=merge)))


def program(c: Compiled) -> Any:
    highs = highspy.Highs()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = c.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = c.cost, c.low, c.high
    lp.row_lower_, lp.row_upper_ = c.row_low, c.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = c.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = c.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = c.matrix.data
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    return highs.getLp()


def optimum(lp: Any, whole: Any = None) -> tuple[float, np.ndarray[Any, Any]]:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.passModel(lp)
    if whole is not None:
        at = np.asarray(whole, dtype=np.int32)
        kind = np.full(len(at), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        highs.changeColsIntegrality(len(at), at, kind)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return highs.getInfo().objective_function_value, np.asarray(highs.getSolution().col_value)


@pytest.mark.parametrize("sustained", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_adequacy_rows_are_sums_of_rows(seed: int, sustained: bool) -> None:
    case = commitment_day(SHAPE, seed)
    c = compiled(one_sustained(case) if sustained else case)
    rows = adequacy_rows(c)
    lp = program(c)
    before, x = optimum(lp)
    assert (rows.matrix @ x >= rows.least - 1e-6).all()
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    m = rows.matrix
    highs.addRows(
        len(rows.least),
        rows.least,
        np.full(len(rows.least), np.inf),
        m.nnz,
        m.indptr[:-1].astype(np.int32),
        m.indices.astype(np.int32),
        m.data,
    )
    assert optimum(highs.getLp())[0] == pytest.approx(before, rel=1e-9)
    # No award and no output above minimum is left: states, blocks of what is always on, slacks.
    used = np.unique(m.indices)
    named = {c.by_column[k].parent_component().name for k in used.tolist()}
    assert not named & {"reserve", "part", "above"}


@pytest.mark.parametrize(("merge", "offline"), [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("seed", range(6))
def test_available_output_has_the_optimum_of_awards(seed: int, merge: bool, offline: bool) -> None:
    c = compiled(one_sustained(commitment_day(SHAPE, seed), offline=offline), merge=merge)
    hand_over = HandOver.of(c)
    assert len(hand_over.award) > 0
    lp = program(c)
    whole = c.column_of(np.concatenate(c.market.integers))
    best, _ = optimum(lp, whole)
    there, x = optimum(hand_over.program(lp), whole)
    assert there == pytest.approx(best, rel=1e-7, abs=1e-6)
    own = hand_over.back(x)
    # Read back, it is a schedule of the program itself, at the same cost.
    assert (c.matrix @ own >= c.row_low - 1e-5).all()
    assert (c.matrix @ own <= c.row_high + 1e-5).all()
    assert (own >= c.low - 1e-5).all() and (own <= c.high + 1e-5).all()
    assert c.cost @ own + c.constant == pytest.approx(there + c.constant, rel=1e-7, abs=1e-5)


def test_products_that_answer_faster_keep_their_awards() -> None:
    hand_over = HandOver.of(compiled(commitment_day(replace(SHAPE, minutes=60), 1)))
    assert len(hand_over.award) == 0
