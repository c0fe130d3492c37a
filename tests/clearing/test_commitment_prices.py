"""What commitment does to the price under each pricing method, by hand.

One bus; base B, 0 to 100 MW at 10, costs nothing to have on; fast F, 30 to 50 MW at 30, quick
start, start-up 200, no-load 100 per hour, off before. Load 120 and then 105 MW: F must run in both
hours, and at its least 30 in both. Cost, under every method: 10 * (90 + 75) + 30 * (30 + 30) +
2 * 100 + 200 = 3850.

- fixed: F is stuck at its least, one MW more comes from B: 10 and 10. The start is in no price.
- extended: F may move from 0, each MWh with start-up / (p_max * 1 h) = 4 and no-load / p_max = 2
  on top: 36 in both hours.
- relaxed: F is on for 20 / 50 in hour 1 and 5 / 50 in hour 2. One MW more in hour 1 needs 1 / 50 of
  start and no-load, 30 + 6 = 36; in hour 2 what is started already is more than enough: 30 + 2.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from cases.case import Case
from cases.run import Run
from tests.oracles import commitment

HOURS = pd.date_range("2030-03-05T00:00:00Z", periods=2, freq="h")

METHODS = {"fixed": [10.0, 10.0], "extended": [36.0, 36.0], "relaxed": [36.0, 32.0]}


def two_units(
    *, quick: bool = True, start: float = 200.0, min_up: float = 0.0, least: float = 30.0
) -> Case:
    tables: dict[str, Any] = {
        "buses": {"bus": ["bus"]},
        "units": {
            "unit": ["B", "F"],
            "bus": "bus",
            "p_min": [0.0, least],
            "p_max": [100.0, 50.0],
            "min_up": [0.0, min_up],
            "initial_hours": [5.0, -5.0],
            "quick_start": [False, quick],
        },
        "offers": {"unit": ["B", "F"], "segment": 1, "mw": [100.0, 50.0], "price": [10.0, 30.0]},
        "commitment_offers": {
            "unit": ["F", "F"],
            "component": ["startup", "no_load"],
            "price": [start, 100.0],
        },
        "loads": {"load": ["L"], "bus": ["bus"]},
        "demand": {"interval_start": HOURS, "L": [120.0, 105.0]},
    }
    meta = {"name": "two-units", "start": HOURS[0].isoformat(), "intervals": 2}
    return Case.build(meta, {name: pd.DataFrame(table) for name, table in tables.items()})


def priced(case: Case, method: str, **more: Any) -> Run:
    return cf.clear(case, gap=0.0, settings={"pricing.method": method, **more})


def prices(run: Run) -> list[float]:
    return [float(value) for value in run.prices.sort_values("interval_start")["lmp"]]


@pytest.mark.parametrize("method", ["fixed", "extended", "relaxed"])
def test_price_by_method(method: str) -> None:
    run = priced(two_units(), method)
    assert prices(run) == pytest.approx(METHODS[method], abs=1e-6)
    assert run.objective == pytest.approx(3850.0)
    mw = run.dispatch.pivot(index="interval_start", columns="unit", values="mw")
    assert mw["F"].tolist() == pytest.approx([30.0, 30.0])
    assert mw["B"].tolist() == pytest.approx([90.0, 75.0])
    assert run.manifest["settings"]["pricing"] == method


def test_a_dearer_start_is_not_in_the_fixed_price() -> None:
    """A start of 1000 raises the cost by 800 and no price."""
    run = priced(two_units(start=1000.0), "fixed")
    assert prices(run) == pytest.approx([10.0, 10.0])
    assert run.objective == pytest.approx(4650.0)


def test_a_dearer_start_is_in_the_extended_price() -> None:
    """30 + 1000 / (50 * 1) + 100 / 50 = 52."""
    assert prices(priced(two_units(start=1000.0), "extended")) == pytest.approx([52.0, 52.0])


def test_a_start_is_spread_over_the_minimum_up_time() -> None:
    """30 + 200 / (50 * 2) + 100 / 50 = 34."""
    assert prices(priced(two_units(min_up=2.0), "extended")) == pytest.approx([34.0, 34.0])


def test_units_that_are_not_fast_keep_their_commitment_in_the_extended_price() -> None:
    assert prices(priced(two_units(quick=False), "extended")) == pytest.approx([10.0, 10.0])


def test_a_fast_unit_above_its_least_sets_the_fixed_price() -> None:
    """With p_min 3 F makes 20 and 5: at the margin its 30 count, not what it costs to have on."""
    assert prices(priced(two_units(least=3.0), "fixed")) == pytest.approx([30.0, 30.0])


def test_the_least_output_plays_no_part_in_the_extended_price() -> None:
    assert prices(priced(two_units(least=3.0), "extended")) == pytest.approx([36.0, 36.0])


def with_offline_unit() -> Case:
    """Add fast Q, 20 MW at 15 without other costs, that cannot start: off for 1 of 5 hours."""
    case = two_units()
    unit = case.units.iloc[[1]].assign(
        unit="Q", p_min=1.0, p_max=20.0, min_down=5.0, initial_hours=-1.0
    )
    offer = case.offers.iloc[[1]].assign(unit="Q", mw=20.0, price=15.0)
    return case.replace(
        units=pd.concat([case.units, unit], ignore_index=True),
        offers=pd.concat([case.offers, offer], ignore_index=True),
    )


def test_only_committed_units_are_in_the_extended_price() -> None:
    run = priced(with_offline_unit(), "extended")
    assert prices(run) == pytest.approx([36.0, 36.0])


def test_the_oracle_agrees_on_fixed_and_relaxed() -> None:
    case = two_units()
    assert commitment.solve(case).objective == pytest.approx(3850.0)
    assert commitment.solve(case).outcome.lmp["bus"].tolist() == pytest.approx([10.0, 10.0])
    # 10 * 200 + 30 * (20 + 5) + 100 * (.4 + .1) + 200 * .4
    loose = commitment.relaxed(case)
    assert loose.objective == pytest.approx(2000 + 750 + 50 + 80)
    assert loose.outcome.lmp["bus"].tolist() == pytest.approx([36.0, 32.0])
