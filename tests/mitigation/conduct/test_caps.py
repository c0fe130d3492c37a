"""Caps of FERC Order 831: 1,000 up to the verified cost, 2,000 whatever the cost."""

from __future__ import annotations

import math

from cases import Case, RuleBook
from clearing import clear
from mitigation.conduct import verified_offers
from tests.mitigation.conduct.days import five_bus, levels

OFFERS = RuleBook.load("nyiso").offers


def curves(case: Case) -> dict[str, list[tuple[float, float]]]:
    """Blocks (MW, price) that count in the only interval: stamped rows replace blank ones."""
    stamped = case.offers["interval_start"].notna()
    own = set(case.offers.loc[stamped, "unit"])
    counted = case.offers[stamped | ~case.offers["unit"].isin(own)]
    return {
        str(unit): list(zip(rows["mw"], rows["price"], strict=True))
        for unit, rows in counted.groupby("unit")
    }


def test_offers_above_the_soft_cap_count_up_to_their_verified_cost() -> None:
    case = five_bus(
        {
            "Alta": 999.0,  # below the soft cap: as offered
            "Park City": 1500.0,  # cost 15: the soft cap
            "Solitude": [(100.0, 900.0), (420.0, 1800.0)],  # costs 1200, from 300 MW 1900
            "Sundance": 2500.0,  # costs 2400: the hard cap
            "Brighton": 1300.0,  # cost not known: the soft cap
        }
    )
    known = levels(
        {"unit": "Solitude", "segment": 1, "mw": 300.0, "price": 1200.0},
        {"unit": "Solitude", "segment": 2, "mw": 220.0, "price": 1900.0},
        {"unit": "Sundance", "mw": 200.0, "price": 2400.0},
    )
    capped, changes = verified_offers(case, known[known["unit"] != "Brighton"], OFFERS)
    assert curves(capped) == {
        "Alta": [(40, 999)],
        "Park City": [(170, 1000)],
        "Solitude": [(100, 900), (200, 1200), (220, 1800)],
        "Sundance": [(200, 2000)],
        "Brighton": [(600, 1000)],
    }
    rows = changes.set_index("unit")
    assert rows.loc["Solitude", ["segment", "lower_mw", "upper_mw", "used"]].tolist() == [
        2,
        100,
        300,
        1200,
    ]
    assert rows["rule_id"].to_dict() == {
        "Brighton": "offers.soft_cap",
        "Park City": "offers.soft_cap",
        "Solitude": "offers.soft_cap",
        "Sundance": "offers.cap",
    }
    assert math.isnan(rows.loc["Brighton", "reference"])
    run = clear(capped, rulebook="nyiso", commitment=False)
    assert run.prices["lmp"].max() <= 2000
    again, none = verified_offers(capped, known, OFFERS)
    assert again is capped and none.empty


def test_without_caps_nothing_changes() -> None:
    case = five_bus({"Sundance": 1e5})
    same, changes = verified_offers(case, levels(), RuleBook.load().offers)
    assert same is case and changes.empty
