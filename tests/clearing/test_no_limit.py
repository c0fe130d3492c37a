"""A unit without a limit: as much as is taken, of everything that takes; and narrow offers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import cases
import clearing

START = pd.Timestamp("2026-01-05T00:00", tz="UTC")
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*has no p_max", "ignore:.*less than p_max", "ignore:.*above all supply"
)


def day(*, load: float = 100.0, p_max: float | None = None, **tables: pd.DataFrame) -> cases.Case:
    """G1 at 10 behind a line without limit from bus 1; the load is at bus 2."""
    whole: dict[str, Any] = {
        "buses": pd.DataFrame({"bus": ["1", "2"]}),
        "branches": pd.DataFrame(
            {"branch": ["l"], "from_bus": ["1"], "to_bus": ["2"], "r": [0.02], "x": [0.1]}
        ),
        "units": pd.DataFrame({"unit": ["G1"], "bus": ["1"], "p_max": [p_max]}, dtype=object),
        "offers": pd.DataFrame({"unit": ["G1"], "segment": 1, "mw": [1e6], "price": [10.0]}),
        "loads": pd.DataFrame({"load": ["D"], "bus": ["2"]}),
        "demand": pd.DataFrame({"interval_start": [START], "D": [load]}),
    }
    header = {"name": "endless", "timezone": "UTC", "start": START, "intervals": 1}
    return cases.Case.build(header, {**whole, **tables})


@pytest.mark.parametrize("commitment", [False, True])
def test_bids_are_served_beyond_the_firm_demand(commitment: bool) -> None:
    """10 MW of load and 40 MW bid at 25: 50 MW at 10 less 40 MW at 25."""
    bids = pd.DataFrame({"load": ["D"], "segment": 1, "mw": 40.0, "price": 25.0})
    run = clearing.clear(day(load=10.0, bids=bids), commitment=commitment)
    assert run.dispatch["mw"].tolist() == pytest.approx([50.0])
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 10.0])
    assert run.objective == pytest.approx(50 * 10 - 40 * 25)
    assert run.dispatch["available_mw"].isna().all()
    assert any("G1 has no p_max" in text for text in run.manifest["warnings"])


def test_losses_of_a_link_are_served() -> None:
    """A link that must send 20 MW loses a tenth: 50 + 2 MW."""
    links = pd.DataFrame(
        {
            "link": ["dc"],
            "from_bus": ["1"],
            "to_bus": ["2"],
            "min_mw": [20.0],
            "max_mw": [20.0],
            "loss_fraction": [0.1],
        }
    )
    run = clearing.clear(day(load=50.0, links=links), commitment=False)
    assert run.dispatch["mw"].tolist() == pytest.approx([52.0])
    assert run.objective == pytest.approx(520.0)


def test_losses_of_branches_are_served() -> None:
    """What G1 makes beyond the load is lost in the line: r F^2 / base, F the mean of its ends."""
    run = clearing.clear(day(), commitment=False, settings={"losses.method": "marginal"})
    made = float(run.dispatch["mw"].iloc[0])
    assert made > 102.0
    assert made - 100.0 == pytest.approx(0.02 * ((made + 100.0) / 2) ** 2 / 100, rel=0.03)
    assert run.slacks.empty


def test_demand_may_grow_after_the_case_was_made() -> None:
    case = day()
    grown = case.demand.assign(D=120.0)
    run = clearing.clear(case.replace(demand=grown), commitment=False)
    assert run.objective == pytest.approx(1200.0)


@pytest.mark.parametrize("commitment", [False, True])
def test_what_is_not_offered_is_not_cleared(commitment: bool) -> None:
    """G1 of 200 MW offers 60 of them: 40 of 100 MW are missing, and it could have made 200."""
    offers = pd.DataFrame({"unit": ["G1"], "segment": 1, "mw": [60.0], "price": [10.0]})
    run = clearing.clear(day(p_max=200.0, offers=offers), commitment=commitment)
    assert run.dispatch["mw"].tolist() == pytest.approx([60.0])
    assert run.dispatch["available_mw"].tolist() == [200.0]
    assert run.slacks["mw"].tolist() == pytest.approx([40.0])
    assert np.allclose(run.prices["lmp"], 5000.0)


@pytest.mark.parametrize("commitment", [False, True])
def test_a_unit_available_for_less_than_its_least_output_is_out(commitment: bool) -> None:
    """G1 of 50 to 200 MW can reach 30: it is out, and all of the load is missing."""
    units = pd.DataFrame({"unit": ["G1"], "bus": ["1"], "p_min": [50.0], "p_max": [200.0]})
    offers = pd.DataFrame({"unit": ["G1"], "segment": 1, "mw": [200.0], "price": [10.0]})
    availability = pd.DataFrame({"interval_start": [START], "G1": [30.0]})
    with pytest.warns(cases.DataWarning, match="30 MW is below p_min of 50 MW: the unit is out"):
        case = day(units=units, offers=offers, availability=availability)
    run = clearing.clear(case, commitment=commitment)
    assert run.dispatch["on"].tolist() == [False]
    assert run.slacks["mw"].tolist() == pytest.approx([100.0])
