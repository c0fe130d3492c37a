"""Reserve data that cannot work is named: circles, rules, requirements that no one can meet.

The small day has G1 (100 MW, then 90 MW available) in zone north and G2 (80 MW) in zone south,
and demand of 110 and 120 MW.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from cases import DataWarning
from tests.cases.small import Found, failures, found, read_small

PRODUCTS = "product,direction,minutes,substitutes_for,offline\n"
SPIN = PRODUCTS + "Spin,up,10,,false\n"
UNITS = (
    "unit,owner,bus,p_min,p_max,ramp_up,quick_start\nG1,P,A,10,100,120,false\nG2,Q,C,0,80,60,true\n"
)
OFFERS = "unit,product,interval_start,mw,price\n"
NEEDS = "product,zone,interval_start,mw,rule\n"

FAILS: dict[str, tuple[dict[str, str], list[Found]]] = {
    "circle of two": (
        {"reserve_products.csv": PRODUCTS + "a,up,10,b,\nb,up,10,a,\nc,up,10,a,\n"},
        [("reserve_products.csv", row, "substitutes_for", "circle") for row in (2, 3)],
    ),
    "circle of one": (
        {"reserve_products.csv": PRODUCTS + "a,up,10,,\nb,up,10,b,\n"},
        [("reserve_products.csv", 3, "substitutes_for", "circle")],
    ),
    "other direction": (
        {"reserve_products.csv": PRODUCTS + "a,up,10,b,\nb,down,10,,\n"},
        [("reserve_products.csv", 2, "substitutes_for", "direction")],
    ),
    "unknown product of an offer": (
        {"reserve_products.csv": SPIN, "reserve_offers.csv": OFFERS + "G1,Spni,,5,0\n"},
        [("reserve_offers.csv", 2, "product", "unknown_product")],
    ),
    "rule that cannot be read": (
        {"reserve_products.csv": SPIN, "reserve_requirements.csv": NEEDS + "Spin,,,,half\n"},
        [("reserve_requirements.csv", 2, "rule", "rule")],
    ),
    "number and rule": (
        {
            "reserve_products.csv": SPIN,
            "reserve_requirements.csv": NEEDS + "Spin,,,5,largest_unit\n",
        },
        [("reserve_requirements.csv", 2, "mw", "either_or")],
    ),
}


@pytest.mark.parametrize("name", FAILS)
def test_a_contradiction_is_a_failure(name: str, tmp_path: Path) -> None:
    changes, expected = FAILS[name]
    assert found(tmp_path, changes) == expected


def told(
    folder: Path, needs: str, products: str = SPIN, offers: str = "", **more: str
) -> list[str]:
    """Messages about reserves of the small day; G1 and G2 offer 40 and 30 MW of Spin."""
    given = OFFERS + (offers or "G1,Spin,,40,0\nG2,Spin,,30,0\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        case = read_small(
            folder,
            units=UNITS,
            reserve_products=products,
            reserve_offers=given,
            reserve_requirements=NEEDS + needs,
            **more,
        )
    return [str(f) for f in case.warnings if f.file.startswith("reserve")]


def test_a_requirement_that_no_one_can_give_is_a_warning(tmp_path: Path) -> None:
    """In 10 minutes G1 rises by 20 MW and G2 by 10 MW."""
    assert told(tmp_path / "a", "Spin,,,30,\n") == []
    assert told(tmp_path / "b", "Spin,,,32,\n") == [
        "reserve_requirements.csv row 2, mw: 32 MW of Spin are required at "
        "2030-06-01T00:00:00+00:00 (and 1 more), but at most 30 MW can be given: 2 MW will be short"
    ]
    assert told(tmp_path / "c", "Spin,south,,10,\nSpin,north,2030-06-01T01:00:00Z,21,\n") == [
        "reserve_requirements.csv row 3, mw: 21 MW of Spin are required in zone north at "
        "2030-06-01T01:00:00+00:00, but at most 20 MW can be given: 1 MW will be short"
    ]


def test_rules_count_as_far_as_they_are_known(tmp_path: Path) -> None:
    """A quarter of 110 and 120 MW are 27.5 and 30 MW; the largest unit is not known before."""
    assert told(tmp_path / "a", "Spin,,,,load_share:0.25\n") == []
    assert told(tmp_path / "b", "Spin,,,,largest_unit\n") == []
    (message,) = told(tmp_path / "c", "Spin,,,,load_share:0.25+1+largest_unit\n")
    assert "31 MW of Spin are required at 2030-06-01T01:00:00+00:00, but at most 30" in message


def test_a_demand_curve_says_what_a_shortage_costs(tmp_path: Path) -> None:
    curve = "product,zone,segment,mw,price\nSpin,,1,10,100\n"
    assert told(tmp_path, "Spin,,,500,\n", reserve_demand=curve) == []


def test_offers_count_as_they_hold(tmp_path: Path) -> None:
    """A stamped offer replaces the blank one; a unit gives no more than it can reach."""
    offers = "G1,Spin,,20,0\nG1,Spin,2030-06-01T01:00:00Z,5,0\nG2,Spin,,10,0\n"
    (message,) = told(tmp_path / "a", "Spin,,,30,\n", offers=offers)
    assert "at 2030-06-01T01:00:00+00:00, but at most 15 MW" in message
    out = "interval_start,G1\n2030-06-01T00:00:00Z,0\n2030-06-01T01:00:00Z,90\n"
    (message,) = told(tmp_path / "b", "Spin,,,30,\n", availability=out)
    assert "at 2030-06-01T00:00:00+00:00, but at most 10 MW" in message


def test_substitutes_and_units_off_line_count(tmp_path: Path) -> None:
    products = PRODUCTS + "Spin,up,10,Non,false\nNon,up,10,,true\n"
    offers = "G1,Spin,,40,0\nG2,Non,,60,0\n"
    assert told(tmp_path / "a", "Non,,,80,\n", products, offers) == []
    assert len(told(tmp_path / "b", "Non,,,81,\n", products, offers)) == 1
    assert len(told(tmp_path / "c", "Spin,,,21,\n", products, offers)) == 1
    slower = PRODUCTS + "Spin,up,30,Non,false\nNon,up,10,,true\n"
    (message,) = told(tmp_path / "d", "Non,,,80,\n", slower, offers)
    assert "Spin responds in 30 minutes, slower than Non in 10" in message


def test_all_failures_at_once(tmp_path: Path) -> None:
    changes = {name: text for part, _ in FAILS.values() for name, text in part.items()}
    changes["reserve_products.csv"] = PRODUCTS + "a,up,10,a,\nb,down,10,a,\n"
    rules = {f.rule for f in failures(tmp_path, changes)}
    assert {"circle", "direction", "either_or", "unknown_product"} <= rules
