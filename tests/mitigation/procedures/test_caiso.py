"""CAISO's procedure on case E1 (mitigation.md 9E, G1 and G2), and its properties.

Case E1: A1 with Solitude at 125, default bid 33. The limit D-E binds with a shadow price of
358.352 and factors from E: C .32091375, D .48045178.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from cases import RuleBook
from mitigation.procedures.caiso import reference_bus
from mitigation.procedures.common import capped
from mitigation.structure.run import structure_tests as structure_of
from tests.mitigation.markets import five_bus
from tests.mitigation.procedures.days import (
    blocks,
    cleared,
    energy,
    level,
    lmp,
    mitigated,
    references,
    replaced,
)

G2 = {"A": 40.119813, "B": 94.210642, "C": 115.0, "D": 172.170734, "E": 0.0}
RESULT = {"A": 18.0240, "B": 28.8421, "C": 33.0, "D": 44.4341, "E": 10.0}


def test_g2_non_competitive_congestion_from_the_sending_end() -> None:
    run = cleared(Solitude=125.0)
    rules = RuleBook.load("caiso").mitigation.structure
    found = structure_of(run, rules=rules.model_copy(update={"slack_bus": "E"})).competitive
    split = found.set_index("bus")
    assert split["mcc_noncompetitive"].to_dict() == pytest.approx(G2, abs=1e-4)
    assert split["competitive_lmp"].tolist() == pytest.approx([10.0] * 5, abs=1e-6)


def test_g2_the_bid_becomes_the_default_bid() -> None:
    made = mitigated(cleared(Solitude=125.0), "caiso")
    row = energy(made)
    assert (row["action"], row["offer_used"], row["reference"]) == ("mitigated", 33.0, 33.0)
    assert (row["constraint"], row["tps_result"]) == ("D-E", "fail")
    assert row["shadow_price"] == pytest.approx(358.3517, abs=1e-3)
    assert row["rule_id"] == "mitigation.structure.competitive_path"
    assert replaced(made) == {"Solitude"}
    assert lmp(made) == pytest.approx(RESULT, abs=1e-3)


def test_g2_a_load_weighted_slack_does_not_flag_solitude() -> None:
    """Under it the congestion at C is 125 - 141.631486."""
    run = cleared(Solitude=125.0)
    made = mitigated(run, "caiso", {"mitigation.structure.slack": "load"})
    assert "non-competitive congestion of -16.6315" in energy(made)["note"]
    assert replaced(made) == set()
    assert lmp(made) == lmp(run)


def test_a_higher_competitive_lmp_holds_instead_of_the_default_bid() -> None:
    """Default bid 4: the bid is lowered to the competitive LMP of 10, not below."""
    run = cleared(Solitude=125.0)
    levels = references(run)
    levels.loc[levels["unit"] == "Solitude", "price"] = 4.0
    row = energy(mitigated(run, "caiso", None, levels))
    assert row["offer_used"] == pytest.approx(10.0)
    assert "competitive LMP 10" in row["note"]


def test_only_blocks_at_or_above_the_dispatch_move() -> None:
    """Solitude sells 24 MW: of blocks 20 @ 50, 100 @ 125, 400 @ 140 the first is below it."""
    case = blocks(five_bus("A1"), "Solitude", (20.0, 50.0), (100.0, 125.0), (400.0, 140.0))
    run = cleared(case)
    made = mitigated(run, "caiso")
    used = made.offers_used[made.offers_used["unit"] == "Solitude"]
    assert run.dispatch.set_index("unit").loc["Solitude", "mw"] == pytest.approx(24.0675, abs=1e-3)
    assert used["price"].iloc[0] == 50.0
    assert used["source"].tolist()[0] == "submitted"
    # No block is left below one that stays: 50, not 33.
    assert set(used["price"].iloc[1:]) == {50.0}
    assert lmp(made)["C"] == pytest.approx(50.0, abs=1e-6)


def test_capped_curves_never_fall_and_never_exceed_the_bid() -> None:
    case = blocks(five_bus("A1"), "Solitude", (20.0, 12.0), (100.0, 60.0), (400.0, 140.0))
    run = cleared(case)
    cells = pd.DataFrame({"unit": ["Solitude"], "interval_start": case.interval_starts[:1]})
    blank = pd.DatetimeIndex([pd.NaT] * 5, dtype=case.interval_starts.dtype)
    levels = references(run).assign(interval_start=blank)
    for floor in (5.0, 40.0, 100.0, 500.0):
        for from_mw in (0.0, 20.0, 60.0, 300.0):
            pieces = capped(case, levels, cells, cells.assign(floor=floor, from_mw=from_mw))
            assert pieces["price"].is_monotonic_increasing
            assert (pieces["price"] <= pieces["offered"]).all()
            below = pieces["upper_mw"] < from_mw
            assert (pieces.loc[below, "price"] == pieces.loc[below, "offered"]).all()


def test_commitment_costs_count_at_125_percent_of_proxy() -> None:
    """Start-up offered at 1000, proxy 400: capped at 500; one offered at 480 stays."""
    case = five_bus("A1", offers={"Solitude": 30.0})
    offers = pd.DataFrame(
        {
            "unit": ["Solitude", "Sundance"],
            "component": "startup",
            "price": [1000.0, 480.0],
        }
    )
    run = cleared(case.replace(commitment_offers=offers), commitment=True)
    levels = pd.concat(
        [
            references(run),
            pd.DataFrame(
                [
                    level("Solitude", "startup", 400.0, after_hours_off=0.0),
                    level("Sundance", "startup", 400.0, after_hours_off=0.0),
                ]
            ),
        ],
        ignore_index=True,
    )
    made = mitigated(run, "caiso", None, levels)
    rows = made.decisions[made.decisions["component"] == "startup"].set_index("unit")
    assert rows.loc["Solitude", ["action", "offer_used"]].tolist() == ["mitigated", 500.0]
    assert rows.loc["Sundance", ["action", "offer_used"]].tolist() == ["kept", 480.0]
    assert rows.loc["Solitude", "rule_id"] == "mitigation.conduct.startup"
    assert made.case.commitment_offers.set_index("unit")["price"].to_dict() == {
        "Solitude": 500.0,
        "Sundance": 480.0,
    }


def test_competitive_lmp_is_the_lmp_where_every_constraint_is_competitive() -> None:
    """An index of nearly nothing suffices, so that every path passes."""
    run = cleared(Solitude=125.0)
    rules = RuleBook.load("caiso").with_settings(
        {
            "mitigation.structure.competitive_path.rsi_min": 1e-9,
            "mitigation.structure.competitive_path.suppliers": 1,
            "mitigation.structure.slack_bus": "E",
        }
    )
    found = structure_of(run, rules=rules.mitigation.structure)
    assert found.verdicts["passed"].all() and len(found.verdicts)
    split = found.competitive
    assert split["competitive_lmp"].tolist() == pytest.approx(split["lmp"].tolist(), abs=1e-9)
    assert not split["subject"].any()
    made = mitigated(run, rules)  # type: ignore[arg-type]
    assert replaced(made) == set()
    assert lmp(made) == lmp(run)


def test_reference_bus_by_rulebook_and_by_the_flow_of_its_path() -> None:
    run = cleared(Solitude=125.0)  # D-E carries 240 MW from E to D
    assert reference_bus(run, ("D", "E"), "D-E")[0] == "E"
    assert reference_bus(run, ("E", "D"), "A-B")[0] == "E"
    assert reference_bus(run, ("C",), "D-E")[0] == "C"
    assert reference_bus(run, ("Midway", "Vincent"), "Path 26")[0] == "E"
    made = mitigated(run, "caiso")
    assert any("Midway, Vincent: none of them" in text for text in made.manifest["warnings"])


def test_from_a_folder_alone_with_the_same_result(tmp_path: Path) -> None:
    run = cleared(Solitude=125.0)
    run.write(tmp_path / "run")
    first = mitigated(run, "caiso")
    again = mitigated(cf.Run.read(tmp_path / "run"), "caiso")
    pd.testing.assert_frame_equal(first.prices, again.prices)
    assert first.decisions["action"].tolist() == again.decisions["action"].tolist()
    assert again.manifest["parent"] == run.id
    said = str(again.explain(unit="Solitude", at=str(run.case.interval_starts[0])))
    assert "bid lowered to 33" in said
