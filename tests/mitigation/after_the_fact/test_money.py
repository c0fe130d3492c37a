"""Guarantee payments recomputed and profits given up: nothing but that money moves."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from cases.rulebook.after_the_fact import ForfeitRules
from mitigation.after_the_fact import energy_profit, profit_forfeit, recomputed_guarantees
from settlement import make_whole
from tests.mitigation.impact.test_commitment_offers import REFERENCE
from tests.mitigation.impact.test_commitment_offers import cleared as start
from tests.mitigation.markets import cleared, five_bus

STAMP = pd.Series([pd.NaT]).dt.tz_localize("UTC").iloc[0]


def levels() -> pd.DataFrame:
    energy = REFERENCE["component"] == "energy"
    return REFERENCE.assign(
        interval_start=pd.Series(pd.NaT, index=REFERENCE.index).dt.tz_localize("UTC"),
        segment=energy.astype(int),
        mw=energy.map({True: 100.0, False: float("nan")}),
        after_hours_off=float("nan"),
    )


def keys(*components: str) -> pd.DataFrame:
    stamp = pd.Series(pd.NaT, index=range(len(components))).dt.tz_localize("UTC")
    return pd.DataFrame({"unit": "Peak", "interval_start": stamp, "component": list(components)})


def test_a_guarantee_at_the_reference_start() -> None:
    """A start offered at 9000 with 100 of no-load is paid 9100; at a reference of 500 it is 600."""
    run = start(9000.0)
    prices, dispatch = run.prices.copy(), run.dispatch.copy()
    table = recomputed_guarantees(run, levels(), keys("startup", "no_load", "energy"))
    assert table[["unit", "paid", "corrected", "taken_back"]].values.tolist() == [
        ["Peak", Decimal(9100), Decimal(600), Decimal(8500)]
    ]
    assert run.prices.equals(prices) and run.dispatch.equals(dispatch)
    assert make_whole(run)["amount"].tolist() == [9100]


def test_components_that_are_not_named_and_references_above_the_offer_stay() -> None:
    run = start(9000.0)
    only = recomputed_guarantees(run, levels(), keys("no_load"))
    assert only["taken_back"].tolist() == [0]
    cheap = start(300.0)
    assert recomputed_guarantees(cheap, levels(), keys("startup"))["taken_back"].tolist() == [0]
    none = levels().assign(price=levels()["price"].mask(levels()["component"] == "startup", 0.0))
    gone = recomputed_guarantees(run, none, keys("startup", "no_load"))
    assert gone["corrected"].tolist() == [100]


def test_profit_given_up_on_case_e1() -> None:
    """Case E1: Solitude at 125 sells 24.067483 MW at 125; competitive 323.494846 at 30, cost 30.

    Profit 95 * 24.067483 = 2286.41 against nothing.
    """
    dear, fair = cleared(five_bus("A1", offers={"Solitude": 125.0})), cleared(five_bus("A1"))
    cost = fair.offers_used.assign(component="energy")
    rules = ForfeitRules(share=1.0, penalty=0.5)
    table = profit_forfeit(dear, fair, cost, ["south", "west"], rules).set_index("owner")
    assert float(table.loc["south", "excess"]) == pytest.approx(2286.41, abs=0.01)
    assert table.loc["south", "forfeit"] == table.loc["south", "excess"]
    assert float(table.loc["south", "penalty"]) == pytest.approx(1143.21, abs=0.01)
    # Brighton earns its offer of 10 in both runs.
    assert table.loc["west", "excess"] == 0
    # Sundance at 182.170734 less 40 earns 200 * 142.170734 in the dear run.
    assert energy_profit(dear, cost)["east"] == pytest.approx(28434.15, abs=0.01)
    with pytest.raises(InputError, match="no reference is given for Sundance"):
        energy_profit(dear, cost[cost["unit"] != "Sundance"])
