"""The monitor's tables of conduct, performance and capping, on small tables worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cases.rulebook.structure import PeakRules, StructureRules
from mitigation.indices.conduct import conduct_indices
from mitigation.indices.contributions import markup_contributions
from mitigation.report import conduct as monitor
from tests.mitigation.markets import cleared, five_bus

# Wednesday, 1 July 2026: hour 1 is off peak, hour 12 on peak.
HOURS = pd.DatetimeIndex(["2026-07-01 01:00", "2026-07-01 12:00"]).tz_localize("UTC")


def rows(hour: list[int], **columns: list[object]) -> pd.DataFrame:
    start = HOURS[hour]
    return pd.DataFrame(
        {"interval_start": start, "interval_end": start + pd.Timedelta("1h"), **columns}
    )


def test_case_9h_markup_of_solitude() -> None:
    """True cost 24 under an offer of 30: 6.867729 of the load-weighted LMP, 20.88 % of it."""
    run = cleared(five_bus("A1"))
    cost = run.offers_used.assign(price=run.offers_used["price"].replace(30.0, 24.0))
    table = markup_contributions(run, cost).set_index("unit")
    assert table["factor"].to_dict() == pytest.approx(
        {"Solitude": 1.144622, "Brighton": -0.144622}, abs=1e-6
    )
    assert table["contribution"].to_dict() == pytest.approx(
        {"Solitude": 6.867729, "Brighton": 0.0}, abs=1e-5
    )
    assert table["contribution"].sum() / 32.892432 == pytest.approx(0.2088, abs=5e-5)
    indices = conduct_indices(run, StructureRules(), cost)
    whole = indices[(indices["index"] == "markup_component") & (indices["scope"] == "market")]
    assert whole["value"].tolist() == pytest.approx([table["contribution"].sum()])


def test_contributions_by_owner_weighted_by_load() -> None:
    """Two hours of 100 and 300 MW with 4 and 8 of markup by a, 2 and 0 by b: 7 and 0.5."""
    start = list(HOURS[[0, 0, 1]])
    found = pd.DataFrame(
        {"interval_start": start, "unit": ["x", "y", "x"], "contribution": [4.0, 2.0, 8.0]}
    )
    load = pd.DataFrame({"interval_start": HOURS, "mw": [100.0, 300.0]})
    units = pd.DataFrame({"unit": ["x", "y"], "owner": ["a", "b"]})
    table = monitor.contribution_summary(found, load, units, "owner").set_index("owner")
    assert table["contribution"].to_dict() == {"a": 7.0, "b": 0.5}
    assert table["share"].to_dict() == pytest.approx({"a": 7 / 7.5, "b": 0.5 / 7.5})


def test_markup_in_prices_on_and_off_peak() -> None:
    indices = rows(
        [0, 1, 1, 1],
        index=["markup_component"] * 4,
        zone=["", "", "N", "S"],
        value=[1.0, 5.0, 6.0, float("nan")],
    )
    load = pd.DataFrame(
        {"interval_start": HOURS[[0, 1, 1]], "zone": ["N", "N", "S"], "mw": [10.0, 20.0, 5.0]}
    )
    table = monitor.markup_in_prices_summary(indices, load, PeakRules())
    assert table[["month", "period", "zone", "markup"]].values.tolist() == [
        ["2026-07", "off-peak", "", 1.0],
        ["2026-07", "peak", "", 5.0],
        ["2026-07", "peak", "N", 6.0],
    ]


def test_markup_index_by_fuel_and_band() -> None:
    both = [("markup", 0.2), ("adjusted_markup", 0.28)]
    indices = rows(
        [0, 0, 1, 1],
        index=[name for name, _ in both] * 2,
        subject=["x"] * 2 + ["y"] * 2,
        value=[0.2, 0.28, -0.25, -0.1],
    )
    marginal = rows([0, 1], unit=["x", "y"], price=[50.0, 30.0], kind=["unit", "unit"])
    units = pd.DataFrame({"unit": ["x", "y"], "fuel": ["gas", "gas"]})
    table = monitor.markup_summary(indices, marginal, units)
    assert table.values.tolist() == [
        ["gas", 25.0, 50.0, 1, -0.25, -0.1],
        ["gas", 50.0, 75.0, 1, 0.2, 0.28],
    ]


def test_output_gap_of_the_market() -> None:
    indices = rows(
        [0, 0, 1, 1],
        index=["output_gap.100", "output_gap.100", "output_gap.100", "output_gap.50"],
        measure="output_gap",
        threshold_percent=[100.0, 100.0, 100.0, 50.0],
        value=[30.0, 10.0, 0.0, 8.0],
    )
    table = monitor.output_gap_summary(indices, 200.0).set_index("threshold_percent")
    assert table.loc[100.0].tolist() == [20.0, 40.0, 40.0, 0.1]
    assert table.loc[50.0].tolist() == [8.0, 8.0, 8.0, 0.04]


DISPATCH = rows(
    [0, 0, 1, 1], unit=["x", "y", "x", "y"], on=[True, True, True, False], mw=[100.0, 60.0, 40.0, 0]
)
DECISIONS = rows(
    [0, 0, 1, 1],
    unit=["x", "x", "x", "y"],
    component=["energy", "reserve:spin", "energy", "energy"],
    action=["mitigated", "mitigated", "kept", "mitigated"],
    offered=[90.0, 9.0, 80.0, 70.0],
    offer_used=[50.0, 5.0, 80.0, 60.0],
    money_effect=[-400.0, np.nan, 0.0, -100.0],
)


def test_hours_and_mw_capped() -> None:
    """Unit x runs two hours and is capped in one (two components count once); y is off then."""
    month = monitor.capping_by_month(DECISIONS, DISPATCH).iloc[0]
    assert month.tolist() == ["2026-07", 3.0, 1.0, 1 / 3, 200.0, 100.0, 0.5]
    by_unit = monitor.capping_by_unit(DECISIONS, DISPATCH)
    assert by_unit.values.tolist() == [["x", 2.0, 1.0, 0.5]]
    bins = monitor.capping_distribution(by_unit)
    assert bins.values.tolist() == [[0.5, 0.6, 1.0, 100.0, 1]]
    # A component of the whole day (blank interval) caps every hour in which the unit runs.
    day = DECISIONS.assign(interval_start=pd.Series(pd.NaT, index=range(4)).dt.tz_localize("UTC"))
    assert monitor.capping_by_month(day, DISPATCH)["capped_hours"].tolist() == [3.0]


def test_classes_of_units_by_share_of_hours() -> None:
    shares = pd.DataFrame(
        {
            "unit": list("abcd"),
            "capped_hours": [600.0, 99.0, 100.0, 0.5],
            "share": [1.0, 0.9, 0.75, 0.05],
        }
    )
    bins = monitor.capping_distribution(shares)
    assert bins.values.tolist() == [
        [0.9, np.inf, 500.0, np.inf, 1],
        [0.9, np.inf, 1.0, 100.0, 1],
        [0.75, 0.8, 100.0, 200.0, 1],
        [0.0, 0.1, 0.0, 1.0, 1],
    ]


CONDUCT = rows(
    [0, 0, 0, 1],
    unit=["x", "x", "y", "y"],
    component=["energy", "energy", "reserve:spin", "energy"],
    area=["", "", "", "city"],
    result=["pass", "fail", "exempt", "fail"],
    near=[True, False, False, False],
)


def test_conduct_by_component_and_area() -> None:
    table = monitor.conduct_summary(CONDUCT)
    assert table.values.tolist() == [
        ["energy", "", 2, 1, 1, 0, 1, 1],
        ["energy", "city", 1, 0, 1, 0, 0, 1],
        ["reserve", "", 1, 0, 0, 1, 0, 0],
    ]


def test_the_funnel_narrows() -> None:
    structure = rows(
        [0, 0, 1],
        constraint=["L", "L", "L"],
        contingency=[""] * 3,
        direction=["upper"] * 3,
        owner=["a", "b", "a"],
        passed=[False, True, True],
        rule_id=["three_pivotal"] * 3,
    )
    impact = rows([0, 1, 1], result=["fail", "pass", "pass"])
    table = monitor.funnel(structure, CONDUCT, impact, DECISIONS, DISPATCH).set_index("stage")
    assert table["tested"].to_dict() == {
        "structure": 2, "conduct": 2, "impact": 3, "mitigated": 4
    }  # fmt: skip
    assert table["failed"].to_dict() == {"structure": 1, "conduct": 2, "impact": 1, "mitigated": 3}
    assert table.loc["mitigated", ["units", "mwh", "money_effect"]].tolist() == [2, 100, -500]
    assert table.loc["conduct", "units"] == 2
    by = monitor.mitigated_summary(DECISIONS).set_index(["component", "action"])
    assert by.loc[("energy", "mitigated"), ["decisions", "offered", "used"]].tolist() == [2, 80, 55]
