"""Start-up and no-load: tested on the guarantee payment of a unit and day.

One bus, one hour, load 170. Base offers 100 MW at 10 and is on; Peak offers 100 MW at 30, at least
50, and has to start: it produces 70 MW and sets the price at 30, which pays its energy and nothing
of its start. So its guarantee payment is its start-up offer.
"""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import pytest

import counterflow as cf

REFERENCE = pd.DataFrame(
    {
        "unit": ["Base", "Peak", "Peak", "Peak"],
        "component": ["energy", "energy", "startup", "no_load"],
        "price": [10.0, 30.0, 500.0, 100.0],
    }
)


def cleared(startup: float, load: float = 170.0, other: float | None = None) -> cf.Run:
    """Clear the hour; `other` is the offer of a third unit of 100 MW that is on."""
    names = ["Base", "Peak"] + ["Other"] * (other is not None)
    n = len(names)
    units = pd.DataFrame(
        {
            "unit": names,
            "owner": names,
            "bus": "X",
            "p_min": [0.0, 50.0, 0.0][:n],
            "p_max": 100.0,
            "initial_hours": [24.0, -24.0, 24.0][:n],
        }
    )
    offers = {"unit": names, "segment": 1, "mw": 100.0, "price": [10.0, 30.0, other or 0.0][:n]}
    own = {"unit": "Peak", "component": ["startup", "no_load"], "price": [startup, 100.0]}
    start = pd.Timestamp("2030-01-07T12:00:00Z")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.Case.build(
            {"name": "start", "start": start.to_pydatetime(), "intervals": 1},
            {
                "buses": pd.DataFrame({"bus": ["X"], "zone": ["Z"]}),
                "units": units,
                "offers": pd.DataFrame(offers),
                "commitment_offers": pd.DataFrame(own),
                "loads": pd.DataFrame({"load": ["L"], "bus": ["X"]}),
                "demand": pd.DataFrame({"interval_start": [start], "L": [load]}),
            },
        )
        return cf.clear(case)


def decision(run: cf.Run, component: str) -> dict[str, Any]:
    rows = run.decisions.query("unit == 'Peak' and component == @component")
    found: dict[str, Any] = rows.iloc[0].to_dict()
    return found


@pytest.mark.parametrize("commitment", ["held", "reoptimized"])
def test_a_start_that_is_paid_as_a_guarantee_is_mitigated(commitment: str) -> None:
    """9000 against 500: conduct 9000 > 500 + 200 %; payment 9100 against 600, limit 600 + 1200."""
    run = cleared(9000.0)
    assert run.prices["lmp"].to_list() == pytest.approx([30.0])
    made = cf.mitigate(
        run, references=REFERENCE, settings={"mitigation.rerun.commitment": commitment}
    )
    row = decision(made, "startup")
    assert (row["conduct_result"], row["impact_result"], row["action"]) == (
        "fail", "fail", "mitigated"
    )  # fmt: skip
    assert row["conduct_limit"] == pytest.approx(1500.0)
    assert (row["lmp_with_offer"], row["lmp_with_reference"]) == pytest.approx((9100.0, 600.0))
    assert row["impact_limit"] == pytest.approx(1200.0)
    assert row["money_effect"] == pytest.approx(-8500.0)
    assert decision(made, "no_load")["action"] == "kept"
    assert made.case.commitment_offers.set_index("component")["price"]["startup"] == 500.0
    assert made.objective == pytest.approx(100 * 10 + 70 * 30 + 500 + 100)
    assert "guarantee payment of Peak" in str(made.explain(unit="Peak", at="12:00"))


def test_a_dear_start_that_nobody_needs_has_no_impact() -> None:
    run = cleared(9000.0, load=90.0)
    made = cf.mitigate(run, references=REFERENCE)
    row = decision(made, "startup")
    assert (row["conduct_result"], row["impact_result"], row["action"]) == ("fail", "pass", "kept")


def test_a_start_that_keeps_a_unit_from_running_is_tested_on_prices_as_well() -> None:
    """Other at 120 serves 70 MW for 8400, less than 9000 + 100 + 70 * 30; at 500 Peak is cheaper.

    The price falls from 120 to 30: 90 is above the limit min(200 % of 30, 100) = 60.
    """
    run = cleared(9000.0, other=120.0)
    assert not run.dispatch.set_index("unit").loc["Peak", "on"]
    kept = {"mitigation.rerun.commitment": "held"}
    held = cf.mitigate(run, references=REFERENCE, settings=kept)
    assert decision(held, "startup")["action"] == "kept", "held: it stays off whatever its offer"
    for way in ("local", "reoptimized"):
        anew = {"mitigation.rerun.commitment": way}
        made = cf.mitigate(cleared(9000.0, other=120.0), references=REFERENCE, settings=anew)
        row = decision(made, "startup")
        assert (row["impact_result"], row["impact_subject"]) == ("fail", "X")
        assert row["action"] == "mitigated"
    assert made.prices["lmp"].to_list() == pytest.approx([30.0])
    assert made.dispatch.set_index("unit").loc["Peak", "mw"] == pytest.approx(70.0)


def test_a_run_stopped_by_a_limit_is_refused_unless_told() -> None:
    run = cleared(9000.0)
    stopped = cf.Run(
        {**run.manifest, "status": "limit", "gap": 0.2}, dict(run.tables), run.case, run.rulebook,
        model=run.model,
    )  # fmt: skip
    with pytest.raises(cf.InputError, match="stopped by a limit"):
        cf.mitigate(stopped, references=REFERENCE)
    made = cf.mitigate(stopped, references=REFERENCE, accept_limit=True)
    assert decision(made, "startup")["action"] == "mitigated"


def test_a_parameter_is_replaced_by_a_new_commitment() -> None:
    """A monitor replaces a minimum output of 50 by its reference of 20: Peak may run lower."""
    run = cleared(500.0, load=130.0)
    assert run.dispatch.set_index("unit").loc["Peak", "mw"] == pytest.approx(50.0)
    levels = pd.concat(
        [
            REFERENCE,
            pd.DataFrame({"unit": ["Peak"], "component": ["param:p_min"], "price": [20.0]}),
        ],
        ignore_index=True,
    )
    by_hand = pd.DataFrame(
        {
            "unit": ["Peak"],
            "component": "param:p_min",
            "action": "mitigated",
            "author": "J. Doe",
            "reason": "the plant runs at 20 MW every night",
        }
    )
    made = cf.mitigate(run, references=levels, overrides=by_hand)
    assert made.case.units.set_index("unit").loc["Peak", "p_min"] == 20.0
    assert made.dispatch.set_index("unit").loc["Peak", "mw"] == pytest.approx(30.0)
    row = decision(made, "param:p_min")
    assert (row["action"], row["offered"], row["offer_used"]) == ("mitigated", 50.0, 20.0)
    assert row["override_reason"] == "the plant runs at 20 MW every night"
