"""The reserve market of a real day: RTS-GMLC with its seven requirements."""

from __future__ import annotations

import warnings

import pytest

import cases
import clearing
from cases.errors import DataWarning


def test_a_day_of_rts_gmlc_as_it_is_and_with_few_offers() -> None:
    """As given, every hour has spare capacity: reserves are free and cost no more than none.

    With 1.5 % of the MW offered some requirements are short, at the price of the penalty.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        case = cases.read_case("rts-gmlc/2020-07-27")
        none = case.replace(reserve_requirements=case.reserve_requirements.iloc[:0])
        few = case.replace(
            reserve_offers=case.reserve_offers.assign(mw=case.reserve_offers["mw"] * 0.015)
        )
    run, without, short = (clearing.clear(c, commitment=False) for c in (case, none, few))
    assert run.reserve_prices["shortage_mw"].sum() == 0.0
    given = run.reserves.groupby("product")["mw"].sum()
    asked = case.reserve_requirements.groupby("product")["mw"].sum()
    assert (given >= asked - 1e-6).all()
    assert set(run.reserve_prices["zone"]) == {"", "1", "2", "3"}
    assert run.objective == pytest.approx(without.objective, rel=1e-9)
    prices = short.reserve_prices
    lacking = prices["shortage_mw"] > 0.0
    assert 0 < lacking.sum() < len(prices)
    assert prices.loc[lacking, "shadow_price"].tolist() == pytest.approx(
        [case_penalty(short)] * int(lacking.sum())
    )
    missing = short.objective - without.objective
    assert missing >= prices["shortage_mw"].sum() * case_penalty(short) - 1e-3


def case_penalty(run: cases.Run) -> float:
    """Penalty of a MW of reserve short."""
    return float(run.rulebook.penalties.reserve)
