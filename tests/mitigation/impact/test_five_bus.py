"""Cases E1 to E5 of mitigation.md 9D: conduct and impact on PJM's five buses.

The numbers are those of an independent linear program. Reference levels are the offers of case A1:
Solitude 30, Sundance 40. General thresholds: Solitude's conduct limit is 30 + min(90, 100) = 120,
Sundance's 40 + min(120, 100) = 140; a price may rise by min(200 % of it, 100).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import counterflow as cf
from mitigation.procedures.shipped import PROFILES
from tests.mitigation.markets import PRICES, UNITS, five_bus

A1 = {"A": 16.977359, "B": 26.384460, "C": 30.0, "D": 39.942736, "E": 10.0}
E1 = {"A": 50.119813, "B": 104.210642, "C": 125.0, "D": 182.170734, "E": 10.0}
E2 = {"A": 44.886794, "B": 91.922298, "C": 110.0, "D": 159.713682, "E": 10.0}
E5 = {"A": 55.352832, "B": 116.498987, "C": 140.0, "D": 204.627786, "E": 10.0}
PER_UNIT = {"mitigation.impact.mode": "per_unit"}


def cleared(**offers: float) -> cf.Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.clear(five_bus("A1", offers=offers), commitment=False)


def references(run: cf.Run) -> pd.DataFrame:
    blank = pd.array([pd.NaT] * len(UNITS), dtype=run.case.interval_starts.dtype)
    return pd.DataFrame(
        {
            "unit": list(UNITS),
            "interval_start": blank,
            "component": "energy",
            "segment": 1,
            "mw": run.case.units["p_max"],
            "after_hours_off": np.nan,
            "price": PRICES,
            "method": "given",
        }
    )


def mitigated(run: cf.Run, **settings: Any) -> cf.MitigatedRun:
    made = cf.mitigate(run, references=references(run), settings=settings)
    assert isinstance(made, cf.MitigatedRun)
    return made


def lmp(run: cf.Run) -> dict[str, float]:
    prices: dict[str, float] = run.prices.set_index("bus")["lmp"].to_dict()
    return prices


def actions(run: cf.Run) -> dict[str, str]:
    energy = run.decisions[run.decisions["component"] == "energy"]
    found: dict[str, str] = energy.set_index("unit")["action"].to_dict()
    return found


def replaced(run: cf.Run) -> set[str]:
    return {unit for unit, action in actions(run).items() if action == "mitigated"}


def near(expected: dict[str, float]) -> Any:
    return pytest.approx(expected, abs=1e-4)


def test_e1_fails_both_tests_and_the_result_is_a1() -> None:
    run = cleared(Solitude=125.0)
    assert run.objective == pytest.approx(19777.7605, abs=1e-3)
    assert lmp(run) == near(E1)
    made = mitigated(run)
    assert replaced(made) == {"Solitude"}
    assert lmp(made) == near(A1)
    assert made.objective == pytest.approx(17479.8969, abs=1e-3)
    impact = made.tests_impact[made.tests_impact["scope"] == "bus"].set_index("subject")
    assert impact["difference"].to_dict() == near(
        {"A": 33.142454, "B": 77.826182, "C": 95.0, "D": 142.227998, "E": 0.0}
    )
    assert impact["limit"].to_dict() == near(
        {"A": 33.954718, "B": 52.768920, "C": 60.0, "D": 79.885472, "E": 20.0}
    )
    verdicts = ["pass", "fail", "fail", "fail", "pass"]
    assert impact["result"].to_dict() == dict(zip("ABCDE", verdicts, strict=True))
    assert set(impact["counterfactual"]) == {"joint"}


def test_e1_leaves_the_whole_chain_on_record() -> None:
    run = cleared(Solitude=125.0)
    made = mitigated(run)
    assert made.manifest["parent"] == run.id != made.id
    row = made.decisions[made.decisions["action"] == "mitigated"].iloc[0]
    expected = {
        "unit": "Solitude",
        "run_id": made.id,
        "parent_run": run.id,
        "offered": 125.0,
        "reference": 30.0,
        "conduct_limit": 120.0,
        "conduct_result": "fail",
        "impact_result": "fail",
        "impact_scope": "joint",
        "offer_used": 30.0,
        "constraint": "D-E",
        "rulebook_hash": made.rulebook.hash,
    }
    assert {name: row[name] for name in expected} == expected
    # 323.494846 MW at 30 against 24.067483 MW at 125.
    assert row["money_effect"] == pytest.approx(323.494846 * 30 - 24.067483 * 125, abs=1e-2)
    used = made.offers_used.set_index("unit")
    assert used["source"].to_dict() == {
        unit: "reference" if unit == "Solitude" else "submitted" for unit in UNITS
    }
    assert used.loc["Solitude", "price"] == 30.0
    assert [event["pass"] for event in made.events if "pass" in event][-5:] == [
        "references", "conduct", "rerun", "final", "decisions"
    ]  # fmt: skip
    assert len(cf.validate(made)) == 0


def test_e2_passes_conduct_however_much_the_price_rises() -> None:
    run = cleared(Solitude=110.0)
    assert lmp(run) == near(E2)
    made = mitigated(run)
    assert replaced(made) == set()
    pd.testing.assert_frame_equal(made.prices, run.prices)
    assert made.tests_impact.empty


def test_e2_is_a_near_miss() -> None:
    """110 lies within a tenth of the limit of 120: false negatives matter as well."""
    made = mitigated(cleared(Solitude=110.0))
    assert set(made.decisions.loc[made.decisions["near"], "unit"]) == {"Solitude"}


def test_e3_three_times_the_reference_is_another_threshold() -> None:
    """`multiple`: limit min(3 * 30, 30 + 100) = 90; the price at C may reach 3 * 30: 110 > 90."""
    reading = {
        f"mitigation.{test}.limit_kind": "multiple" for test in ("conduct.energy", "impact.price")
    }
    run = cleared(Solitude=110.0)
    made = cf.mitigate(
        run, references=references(run), settings=reading | {"mitigation.impact.price.percent": 300}
    )
    assert replaced(made) == {"Solitude"}
    at_c = made.tests_impact.query("scope == 'bus' and subject == 'C'").iloc[0]
    assert (at_c["difference"], at_c["limit"]) == pytest.approx((80.0, 60.0))
    assert lmp(made) == near(A1)
    row = made.decisions.query("unit == 'Solitude' and component == 'energy'").iloc[0]
    assert row["conduct_limit"] == pytest.approx(90.0)


def test_e4_fails_conduct_without_impact_and_is_kept() -> None:
    run = cleared(Sundance=170.0)
    assert lmp(run) == near(A1)
    made = mitigated(run)
    assert replaced(made) == set()
    row = made.decisions.query("unit == 'Sundance' and component == 'energy'").iloc[0]
    assert (row["conduct_result"], row["impact_result"], row["action"]) == ("fail", "pass", "kept")
    pd.testing.assert_frame_equal(made.prices, run.prices)
    assert made.objective == run.objective


def test_e5_joint_and_per_unit_verdicts_differ() -> None:
    run = cleared(Solitude=140.0, Sundance=170.0)
    assert run.objective == pytest.approx(46138.7728, abs=1e-3)
    assert lmp(run) == near(E5)
    joint = mitigated(run)
    assert replaced(joint) == {"Solitude", "Sundance"}
    assert lmp(joint) == near(A1)
    alone = mitigated(cleared(Solitude=140.0, Sundance=170.0), **PER_UNIT)
    assert replaced(alone) == {"Solitude"}
    assert lmp(alone) == near(A1)
    impact = alone.tests_impact.query("scope == 'bus'")
    assert set(impact["counterfactual"]) == {"Solitude", "Sundance"}
    sundance = impact[impact["counterfactual"] == "Sundance"]
    assert np.abs(sundance["difference"]).max() < 1e-6
    # Sundance was kept, so its offer of 170 is in the market result.
    assert alone.case.offers.set_index("unit").loc["Sundance", "price"] == 170.0


def test_e5_per_owner_replaces_what_one_owner_holds_together() -> None:
    case = five_bus(
        "A1",
        offers={"Solitude": 140.0, "Sundance": 170.0},
        owners={"Alta": "n", "Park City": "n", "Brighton": "w", "Solitude": "s", "Sundance": "s"},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        run = cf.clear(case, commitment=False)
    made = mitigated(run, **{"mitigation.impact.mode": "per_owner"})
    assert set(made.tests_impact["counterfactual"]) == {"s"}
    assert replaced(made) == {"Solitude", "Sundance"}


def test_every_interval_stands_on_its_own() -> None:
    """At 30 % of the load Brighton serves all at 10: there the same offer has no impact."""
    case = five_bus("A1", offers={"Solitude": 125.0}, load_factors=(1.0, 0.3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        run = cf.clear(case, commitment=False)
    made = mitigated(run)
    rows = made.decisions.query("unit == 'Solitude' and component == 'energy'")
    assert rows.sort_values("interval_start")["action"].to_list() == ["mitigated", "kept"]
    used = made.offers_used.query("unit == 'Solitude'").sort_values("interval_start")
    assert used["price"].to_list() == [30.0, 125.0]


def test_the_profile_names_the_procedure() -> None:
    run = cleared(Solitude=125.0)
    made = mitigated(run, **{"mitigation.profile": "nyiso"})
    passes = [event.get("pass") for event in made.events]
    assert [name for name in passes if name in ("1A", "1C")] == ["1A", "1C"]
    assert [e["name"] for e in made.events if e.get("pass") == "rerun"] == ["1B"]
    assert replaced(made) == {"Solitude"}
    assert {"default", "nyiso", "isone", "miso", "spp"} <= set(PROFILES)
