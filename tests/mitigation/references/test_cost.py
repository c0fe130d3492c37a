"""References from cost, against arithmetic that does not use the program."""

from __future__ import annotations

import csv
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cases import Case, InputError, read_case
from cases.readers.names import find_rts_gmlc
from mitigation.references import reference_levels
from tests.mitigation.references.days import MONDAY, day, fuel, rules


def of(levels: pd.DataFrame, unit: str, component: str) -> pd.DataFrame:
    rows = levels[(levels["unit"] == unit) & (levels["component"] == component)]
    return rows.reset_index(drop=True)


def test_five_bus_references_are_the_offers_of_case_a1() -> None:
    """Specification 9A, A1, and 9D: the reference is the A1 offer."""
    levels = reference_levels(read_case("pjm5"))
    energy = levels[levels["component"] == "energy"]
    assert dict(zip(energy["unit"], energy["price"], strict=True)) == {
        "Alta": 14.0,
        "Park City": 15.0,
        "Solitude": 30.0,
        "Sundance": 40.0,
        "Brighton": 10.0,
    }
    assert set(energy["method"]) == {"cost"}
    assert energy["interval_start"].isna().all()


def test_adder() -> None:
    levels = reference_levels(read_case("pjm5"), rules=rules(method="cost", adder=0.1))
    assert of(levels, "Solitude", "energy")["price"].iloc[0] == pytest.approx(33.0)


@cache
def rts() -> Case:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_case("rts-gmlc/2020-07-10")


@cache
def rts_levels() -> pd.DataFrame:
    return reference_levels(rts())


@pytest.mark.parametrize("unit", ["101_CT_1", "101_STEAM_3", "107_CC_1", "223_STEAM_3"])
def test_rts_gmlc_energy_by_hand(unit: str) -> None:
    """The total cost at every output point of gen.csv, in money per hour.

    At PMin the average heat rate holds, above it the incremental ones (Btu per kWh); fuel prices
    are money per MMBtu.
    """
    with (find_rts_gmlc() / "SourceData" / "gen.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if r["GEN UID"] == unit)
    price = float(row["Fuel Price $/MMBTU"])
    p_max = float(row["PMax MW"])
    points = [float(row["PMin MW"])]
    total = [points[0] * float(row["HR_avg_0"]) / 1000 * price]
    for k in (1, 2, 3):
        if row[f"HR_incr_{k}"] in ("", "NA") or row[f"Output_pct_{k}"] in ("", "NA"):
            break
        points.append(float(row[f"Output_pct_{k}"]) * p_max)
        more = (points[-1] - points[-2]) * float(row[f"HR_incr_{k}"]) / 1000 * price
        total.append(total[-1] + more)
    energy = of(rts_levels(), unit, "energy")
    idle = of(rts_levels(), unit, "no_load")["price"]
    hourly = float(idle.iloc[0]) if len(idle) else 0.0
    edges = np.concatenate([[0.0], energy["mw"].cumsum()])
    spent = np.concatenate([[0.0], (energy["mw"] * energy["price"]).cumsum()]) + hourly
    vom = float(row["VOM"]) * np.array(points)
    assert np.interp(points, edges, spent) == pytest.approx(np.array(total) + vom, rel=1e-6)
    least = of(rts_levels(), unit, "min_generation")
    assert least["price"].iloc[0] == pytest.approx((total[0] + vom[0]) / points[0], rel=1e-6)
    assert least["mw"].tolist() == [points[0]]


def test_rts_gmlc_starts_by_hand() -> None:
    """101_STEAM_3: heat of a hot, warm and cold start at the price of coal, plus other cost."""
    unit = "101_STEAM_3"
    with (find_rts_gmlc() / "SourceData" / "gen.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if r["GEN UID"] == unit)
    price, other = float(row["Fuel Price $/MMBTU"]), float(row["Non Fuel Start Cost $"])
    starts = of(rts_levels(), unit, "startup")
    hours = [float(row[f"Start Time {state} Hr"]) for state in ("Warm", "Cold")]
    assert starts["after_hours_off"].tolist() == [0.0, *hours]
    heat = [float(row[f"Start Heat {state} MBTU"]) for state in ("Hot", "Warm", "Cold")]
    assert starts["price"].tolist() == pytest.approx([h * price + other for h in heat])
    assert set(starts["method"]) == {"cost"}


COSTS = pd.DataFrame(
    {
        "unit": ["G", "G"],
        "segment": [1, 2],
        "mw": [40.0, 60.0],
        "heat_rate": [8.0, 10.0],
        "emission_rate": [0.4, 0.5],
        "vom": [2.0, 3.0],
    }
)
ALLOWANCES = pd.DataFrame({"date": pd.to_datetime(["2030-01-01"]), "price": [20.0]})


def test_fuel_emissions_and_maintenance() -> None:
    """8 * 3 + 0.4 * 20 + 2 = 34 and 10 * 3 + 0.5 * 20 + 3 = 43; with 10 %: 37.4 and 47.3."""
    case = day(costs=COSTS, fuel_prices=fuel((None, 3.0)), allowance_prices=ALLOWANCES)
    assert of(reference_levels(case), "G", "energy")["price"].tolist() == [34.0, 43.0]
    raised = reference_levels(case, rules=rules(adder=0.1))
    assert of(raised, "G", "energy")["price"].tolist() == pytest.approx([37.4, 47.3])


def test_no_load_and_starts() -> None:
    """No-load 50 * 3 + 7, starts 100 * 3 + 10 * 20 + 40 and, after 8 h, 150 * 3 + 10 * 20 + 40."""
    commitment = pd.DataFrame(
        {
            "unit": "G",
            "component": ["no_load", "startup", "startup", "shutdown"],
            "after_hours_off": [0.0, 0, 8, 0],
            "fuel_use": [50.0, 100, 150, 0],
            "emission": [0.0, 10, 10, 0],
            "other": [7.0, 40, 40, 11],
        }
    )
    offers = pd.DataFrame(
        {"unit": ["G"], "component": ["startup"], "after_hours_off": [24.0], "price": [9999.0]}
    )
    case = day(
        units=[{"unit": "G", "p_min": 50.0}],
        costs=COSTS,
        fuel_prices=fuel((None, 3.0)),
        allowance_prices=ALLOWANCES,
        commitment_costs=commitment,
        commitment_offers=offers,
    )
    levels = reference_levels(case)
    assert of(levels, "G", "no_load")["price"].tolist() == [157.0]
    assert of(levels, "G", "shutdown")["price"].tolist() == [11.0]
    starts = of(levels, "G", "startup")
    assert starts["after_hours_off"].tolist() == [0.0, 8.0, 24.0]
    assert starts["price"].tolist() == [540.0, 690.0, 690.0]
    least = of(levels, "G", "min_generation")
    assert least["price"].tolist() == [pytest.approx((40 * 34 + 10 * 43 + 157) / 50)]


def test_a_new_fuel_price_makes_levels_by_interval() -> None:
    prices = fuel((None, 3.0), ("2030-06-04", 4.0))
    case = day(intervals=48, costs=COSTS, fuel_prices=prices)
    energy = of(reference_levels(case), "G", "energy")
    assert energy["interval_start"].notna().all()
    assert len(energy) == 2 * 48
    first = energy[energy["segment"] == 1].set_index("interval_start")["price"]
    assert set(first[: MONDAY + pd.Timedelta(hours=23)]) == {26.0}
    assert set(first[MONDAY + pd.Timedelta(hours=24) :]) == {34.0}


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        ({"costs": COSTS}, "no price of fuel gas on 2030-06-03"),
        (
            {
                "costs": COSTS,
                "fuel_prices": fuel((None, 3.0)),
                "allowance_prices": ALLOWANCES.assign(date=pd.Timestamp("2031-01-01")),
            },
            "no price of allowances on 2030-06-03",
        ),
    ],
)
def test_missing_prices_are_named(tables: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        reference_levels(day(**tables))


def test_commitment_costs_without_data_are_not_known_and_no_error() -> None:
    offers = pd.DataFrame({"unit": ["G"], "component": ["startup"], "price": [100.0]})
    levels = reference_levels(
        day(costs=COSTS, fuel_prices=fuel((None, 3.0)), commitment_offers=offers)
    )
    start = of(levels, "G", "startup")
    assert start["method"].tolist() == ["none"]
    assert start["price"].isna().all()
    assert "no commitment costs" in start["note"].iloc[0]
    with pytest.raises(InputError, match="no reference for startup"):
        reference_levels(
            day(costs=COSTS, fuel_prices=fuel((None, 3.0)), commitment_offers=offers),
            rules=rules(required="energy,startup"),
        )


def test_agreed_levels_hold_while_they_are_valid() -> None:
    agreed = pd.DataFrame(
        {
            "unit": "G",
            "component": ["energy", "energy", "energy", "startup"],
            "segment": [1, 2, 1, 1],
            "mw": [30.0, np.nan, np.nan, np.nan],
            "price": [21.0, 28.0, 99.0, 500.0],
            "valid_from": pd.to_datetime([None, None, "2031-01-01", None]),
            "approved_by": "the monitor",
        }
    )
    offers = pd.DataFrame({"unit": ["G"], "component": ["startup"], "price": [100.0]})
    case = day(negotiated_references=agreed, commitment_offers=offers)
    levels = reference_levels(case)
    energy = of(levels, "G", "energy")
    assert energy["price"].tolist() == [21.0, 28.0]
    assert energy["mw"].tolist() == [30.0, 70.0]
    assert set(energy["method"]) == {"negotiated"}
    assert set(energy["note"]) == {"approved by the monitor"}
    assert of(levels, "G", "startup")["price"].tolist() == [500.0]


def test_participant_s_choice_counts_where_the_rules_let_it() -> None:
    agreed = pd.DataFrame({"unit": ["G"], "component": ["energy"], "price": [21.0]})
    choice = pd.DataFrame({"unit": ["G"], "method": ["cost"]})
    case = day(
        costs=COSTS,
        fuel_prices=fuel((None, 3.0)),
        negotiated_references=agreed,
        reference_choices=choice,
    )
    assert set(of(reference_levels(case), "G", "energy")["method"]) == {"negotiated"}
    levels = reference_levels(case, rules=rules(choice="participant"))
    assert set(of(levels, "G", "energy")["method"]) == {"cost"}


def test_fallback_from_a_chosen_method_is_said() -> None:
    case = day(costs=COSTS, fuel_prices=fuel((None, 3.0)))
    for method, text in (
        ("negotiated", "negotiated: does not apply to this unit"),
        ("opportunity", "opportunity: does not apply to this unit"),
        ("price", "price: no price of its bus in the look-back"),
    ):
        row = of(reference_levels(case, rules=rules(method=method)), "G", "energy")
        assert set(row["method"]) == {"cost"}
        assert text in row["note"].iloc[0]


def test_registered_parameters() -> None:
    registered = pd.DataFrame({"unit": ["G"], "parameter": ["min_up"], "value": [4.0]})
    case = day(
        units=[{"unit": "G", "min_up": 8.0, "min_down": 3.0}],
        costs=COSTS,
        fuel_prices=fuel((None, 3.0)),
        reference_parameters=registered,
    )
    levels = reference_levels(case)
    assert of(levels, "G", "param:min_up")[["price", "method"]].values.tolist() == [
        [4.0, "registered"]
    ]
    assert of(levels, "G", "param:min_down")[["price", "method"]].values.tolist() == [
        [3.0, "submitted"]
    ]
    assert not len(of(levels, "G", "param:ramp_up"))


def test_same_inputs_same_hash_and_others_another() -> None:
    case = day(costs=COSTS, fuel_prices=fuel((None, 3.0)))
    dearer = day(costs=COSTS, fuel_prices=fuel((None, 3.5)))
    first, again, other = (reference_levels(each) for each in (case, case, dearer))
    pd.testing.assert_frame_equal(first, again)
    own = of(first, "G", "energy")["inputs_hash"]
    assert own.str.fullmatch(r"[0-9a-f]{64}").all()
    assert (own != of(other, "G", "energy")["inputs_hash"]).all()


def test_unknown_components_are_refused() -> None:
    agreed = pd.DataFrame({"unit": ["G"], "component": ["enrgy"], "price": [21.0]})
    with pytest.raises(InputError, match="component enrgy is not known; did you mean energy"):
        day(costs=COSTS, negotiated_references=agreed)


def test_gencost_of_matpower_is_the_reference() -> None:
    """What a MATPOWER file calls cost is the reference of the offers made from it."""
    case = read_case("matpower/case5")
    energy = reference_levels(case).query("component == 'energy'")
    offers = case.offers[case.offers["mw"] > 0]
    assert energy[["unit", "mw", "price"]].values.tolist() == (
        offers[["unit", "mw", "price"]].values.tolist()
    )
