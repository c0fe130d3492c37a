"""One price of a place, everywhere: zones, contracts, virtuals, averages; injections never weigh.

Three buses in a triangle of equal lines; line A-B carries at most 30 MW. Plant a at A asks 10, b
at B asks 30. Of 1 MW at A for B two thirds flow over A-B, for C one third: with b and a at the
margin, LMP A = 10, B = 30, C = 20.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest

import counterflow as cf
from cases import Case, Run
from cases.place_prices import PlacePrices
from counterflow.tables.money import average_price, system_price
from counterflow.tables.summary import summarize
from mitigation.indices.conduct import _load_weighted as weighted_markup
from settlement.points import Prices


def triangle(
    zones: Mapping[str, str], demand: Mapping[str, tuple[str, float]], **more: object
) -> Case:
    start = pd.Timestamp("2026-01-05T00:00:00Z")
    tables = {
        "buses": pd.DataFrame({"bus": list(zones), "zone": list(zones.values())}),
        "branches": pd.DataFrame(
            {
                "branch": ["1", "2", "3"],
                "from_bus": ["A", "B", "A"],
                "to_bus": ["B", "C", "C"],
                "x": 0.1,
                "rating_mw": [30.0, float("nan"), float("nan")],
            }
        ),
        "owners": pd.DataFrame({"owner": ["O", "P", "V", "X", "Y"]}),
        "units": pd.DataFrame(
            {"unit": ["a", "b"], "bus": ["A", "B"], "p_min": 0.0, "p_max": 190.0}
        ).assign(owner=["O", "P"]),
        "offers": pd.DataFrame(
            {"unit": ["a", "b"], "segment": 1, "mw": 190.0, "price": [10.0, 30.0]}
        ),
        "loads": pd.DataFrame(
            [(load, bus, "X") for load, (bus, _) in demand.items()],
            columns=["load", "bus", "owner"],
        ),
        "demand": pd.DataFrame(
            [{"interval_start": start} | {load: mw for load, (_, mw) in demand.items()}]
        ),
    }
    frames = {name: pd.DataFrame(rows) for name, rows in more.items()}
    return Case.build({"name": "triangle", "start": start}, tables | frames)


@pytest.fixture(scope="module")
def bid() -> Run:
    """Zone Z = B (80 MW of demand) and C (no demand, 40 MW of accepted bids at 25)."""
    contract = {"contract": "K", "buyer": "X", "seller": "O", "kind": "cfd", "strike": 20.0}
    curve = {"curve": "f", "kind": "flat", "mwh": 10.0}
    stamp = pd.Timestamp("2026-01-05T00:00:00Z")
    case = triangle(
        {"A": "W", "B": "Z", "C": "Z"},
        {"L": ("B", 80.0), "N": ("C", 0.0)},
        bids=[{"load": "N", "segment": 1, "mw": 40.0, "price": 25.0}],
        virtuals=[
            {"virtual": "v", "owner": "V", "kind": "inc", "bus": "zone:Z", "mw": 6.0, "price": 1.0}
        ],
        rights=[
            {"right": "R", "owner": "V", "kind": "obligation", "source": "A", "sink": "zone:Z"}
            | {"mw": 5.0, "price": 0.0}
        ],
        contracts=[contract | {"point": "zone:Z", "curve": "f"}],
        contract_curves=[
            curve | {"interval_start": stamp, "mw": 10.0, "kind": "", "mwh": float("nan")}
        ],
    )
    return cf.clear(case, commitment=False)


def test_a_zone_has_one_price(bid: Run) -> None:
    """Z is B alone, 30: as published, and for the virtual, the right and the contract.

    The seller of K gets 10 MWh x (20 - 30) = -100.
    """
    assert dict(zip(bid.prices["bus"], bid.prices["lmp"], strict=True)) == pytest.approx(
        {"A": 10.0, "B": 30.0, "C": 20.0}
    )
    zones = bid.zone_prices.set_index("point")["lmp"]
    assert zones["Z"] == pytest.approx(30.0)
    lines = cf.settle(bid).lines
    contract = lines[(lines["item"] == "contract") & (lines["owner"] == "O")]
    assert [float(a) for a in contract["amount"]] == [-100.0]
    virtual = lines[lines["subject"] == "v"]
    assert [float(p) for p in virtual["price"]] == [30.0]


def test_the_price_of_every_point_is_the_published_one(bid: Run) -> None:
    prices, places = Prices(bid.prices, bid.load_awards, bid.case), PlacePrices(bid)
    for row in bid.zone_prices.to_dict("records"):
        point = f"{row['kind']}:{row['point']}"
        for component in ("lmp", "mec", "mcc", "mlc"):
            assert prices.of(point, component).iloc[0] == pytest.approx(row[component])
            at = places.at(places.points[point], component)
            assert at.iloc[0] == pytest.approx(row[component])
    assert prices.load_weighted().tolist() == pytest.approx(system_price(bid).tolist())


@pytest.mark.parametrize("injection", [-20.0, -80.0])
def test_injections_never_weigh(injection: float) -> None:
    """80 MW at B; what is injected at C is not withdrawn: (all) is 80 x 30 / 80, Y has none."""
    case = triangle({"A": "Z", "B": "Z", "C": "Y"}, {"L": ("B", 80.0), "N": ("C", injection)})
    run = cf.clear(case, commitment=False)
    lmp = run.prices.set_index("bus")["lmp"]
    zones = summarize(run).zones.set_index("zone")["lmp_load_weighted"]
    assert zones["(all)"] == pytest.approx(lmp["B"]) == pytest.approx(average_price(run))
    assert zones["Z"] == pytest.approx(lmp["B"])
    assert pd.isna(zones["Y"])
    assert system_price(run).tolist() == pytest.approx([lmp["B"]])
    buses = run.prices[["interval_start", "interval_end", "bus", "zone"]]
    markup = weighted_markup(run, buses.assign(component=run.prices["lmp"]))
    assert markup.loc[markup["scope"] == "market", "value"].tolist() == pytest.approx([lmp["B"]])
    if injection == -20.0:
        assert lmp.to_dict() == pytest.approx({"A": 10.0, "B": 30.0, "C": 20.0})


def test_intervals_are_weighed_by_what_the_place_takes() -> None:
    """One bus, 100 MW at 10 and 300 MW at 30: (1000 + 9000) / 400 = 25."""
    starts = pd.date_range("2026-01-05T00:00:00Z", periods=2, freq="h")
    case = triangle({"A": "W", "B": "Z", "C": "Z"}, {"L": ("A", 1.0)})
    tables = {
        "buses": pd.DataFrame({"bus": ["A"]}),
        "branches": case.branches.iloc[:0],
        "units": case.units.assign(bus="A"),
        "offers": case.offers.assign(mw=200.0),
        "loads": case.loads,
        "demand": pd.DataFrame({"interval_start": starts, "L": [100.0, 300.0]}),
    }
    units = tables["units"].assign(p_max=200.0)
    meta = {"name": "two hours", "start": starts[0], "intervals": 2}
    run = cf.clear(Case.build(meta, tables | {"units": units}), commitment=False)
    assert run.prices["lmp"].tolist() == pytest.approx([10.0, 30.0])
    assert average_price(run) == pytest.approx(25.0)
