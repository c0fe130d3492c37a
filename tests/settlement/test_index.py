"""Price indices and net positions."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from cases import InputError
from settlement.incentive import contract_cover, net_positions
from settlement.index import IndexDefinition, price_duration, price_index
from tests.settlement.markets import case_of, five_bus, october_day, run_of
from tests.settlement.paper import ACTUAL, FORECAST

HOURLY = [float(FORECAST[h // 2]) for h in range(24)]


@pytest.mark.parametrize(
    ("block", "value"), [("base", "356.916667"), ("mid", "456.625"), ("peak", "543.333333")]
)
def test_block_indices_of_the_papers_day(block: str, value: str) -> None:
    # 10 October 2016 is a working day: Table 3 averages.
    index = price_index(october_day(HOURLY), IndexDefinition(block, block=block))
    assert index.values[["period", "value"]].to_numpy().tolist() == [["2016-10-10", Decimal(value)]]


def test_load_weights() -> None:
    case = case_of(
        ["P", "Q"], {"G": ("g", "P", 500.0, 10.0)},
        {"L": ("l", "P", [100.0, 300.0]), "M": ("m", "Q", [100.0, 0.0])},
    )  # fmt: skip
    run = run_of(case, {"P": [10.0, 50.0], "Q": [20.0, 90.0]}, {"G": [200.0, 300.0]})
    by_load = price_index(run, IndexDefinition("i"))
    # Hour 1: (10 + 20) / 2 for 200 MWh, hour 2: 50 for 300 MWh.
    assert by_load.values["value"].tolist() == [Decimal(36)]
    assert by_load.values["weight"].tolist() == [500]
    by_time = price_index(run, IndexDefinition("i", weighting="time"))
    assert by_time.values["value"].tolist() == [Decimal("32.5")]
    at_q = price_index(run, IndexDefinition("i", place="Q", weighting="time"))
    assert at_q.values["value"].tolist() == [55]


def test_a_zone_weighs_intervals_by_what_it_takes_itself() -> None:
    case = case_of(
        ["P", "Q"], {"G": ("g", "P", 2000.0, 10.0)},
        {"L": ("l", "P", [1000.0, 800.0]), "M": ("m", "Q", [60.0, 200.0])},
        zones={"P": "N", "Q": "S"},
        tables={"hubs": pd.DataFrame({"hub": ["H"], "bus": "Q", "weight": 1.0})},
    )  # fmt: skip
    run = run_of(case, {"P": [10.0, 50.0], "Q": [300.0, 900.0]}, {"G": [1060.0, 1000.0]})
    for place in ("S", "H", "Q"):
        own = price_index(run, IndexDefinition("own", place=place))
        # (60 x 300 + 200 x 900) / 260; the whole market takes 1060 and 1000 MWh.
        assert own.values["value"].tolist() == [Decimal("761.538462")]
        assert own.values["weight"].tolist() == [260]
        whole = price_index(run, IndexDefinition("whole", place=place, weighting="system"))
        assert whole.values["value"].tolist() == [Decimal("591.262136")]


def test_a_month_from_several_days_keeps_its_constituents() -> None:
    days = [october_day([float(p)] * 24, day=f"2016-10-{d}") for d, p in ((10, 300), (11, 400))]
    definition = IndexDefinition("october", period="month")
    index = price_index(days, definition)
    assert index.values[["period", "value"]].to_numpy().tolist() == [["2016-10", 350]]
    assert index.definition is definition
    parts = index.constituents
    assert len(parts) == 48
    assert (parts["price"] * parts["weight"]).sum() / parts["weight"].sum() == 350
    with pytest.raises(InputError, match="two runs hold the interval"):
        price_index([days[0], days[0]], definition)


def test_a_rest_day_has_no_peak_index() -> None:
    index = price_index(
        october_day(HOURLY, day="2016-10-15"), IndexDefinition("peak", block="peak")
    )
    assert index.values.empty


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (IndexDefinition("i", place="Q"), "index i: there is no bus, hub or zone 'Q'"),
        (IndexDefinition("i", block="night"), "unknown block 'night': all, base, mid, peak"),
        (IndexDefinition("i", period="year"), "period is interval, day or month"),  # type: ignore[arg-type]
    ],
)
def test_bad_definitions_are_named(definition: IndexDefinition, words: str) -> None:
    with pytest.raises(InputError, match=words):
        price_index(october_day(HOURLY), definition)


def test_price_duration_runs_from_the_highest_down() -> None:
    table = price_duration(october_day(HOURLY))
    assert table["price"].tolist() == sorted(HOURLY, reverse=True)
    assert table["share"].iloc[-1] == 1
    assert np.allclose(table["hours"], 1)


def contracts(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["contract", "seller", "buyer", "kind", "strike"])
    return table.assign(point="P", curve="c")


def test_net_positions_after_contracts() -> None:
    flat = pd.DataFrame(
        {"curve": ["c"], "kind": "flat", "mwh": 60.0 * 24, "start": "2016-10-10",
         "end": "2016-10-10"}
    )  # fmt: skip
    given = contracts(
        ("K1", "genco", "retailer", "cfd", 400.0),
        ("K2", "genco", "trader", "cap", 500.0),
    )
    prices = [float(ACTUAL[h // 2]) for h in range(24)]
    table = net_positions(october_day(prices), contracts=given, contract_curves=flat)
    table["hour"] = table["interval_start"].dt.hour
    genco = table[table["owner"] == "genco"].set_index("hour")
    # 100 MW generated, 60 sold; at 8:00 (572) the cap binds too and genco is 20 MW short.
    assert genco.loc[0, ["generation_mw", "contract_mw", "net_mw", "covered"]].tolist() == [
        100, 60, 40, 0.6,
    ]  # fmt: skip
    assert genco.loc[8, ["contract_mw", "net_mw"]].tolist() == [120, -20]
    retailer = table[table["owner"] == "retailer"].set_index("hour")
    assert retailer.loc[0, ["load_mw", "contract_mw", "net_mw"]].tolist() == [100, -60, -40]
    assert np.isnan(retailer.loc[0, "covered"])
    assert (table[table["hour"] == 0]["contract_mw"].sum()) == 0


def test_futures_and_declared_positions_count() -> None:
    trade = pd.DataFrame(
        {"trade": ["T"], "owner": "genco", "side": "sell", "product": "peak", "month": "2016-10",
         "lots": 30, "price": 500.0}
    )  # fmt: skip
    owners = pd.DataFrame({"owner": ["genco", "retailer"], "net_contract_mw": [25.0, -25.0]})
    run = october_day(HOURLY, owners=owners)
    table = net_positions(run, futures=trade)
    genco = table[table["owner"] == "genco"].set_index(table["interval_start"].dt.hour[
        table["owner"] == "genco"])  # fmt: skip
    assert genco.loc[9, ["contract_mw", "futures_mw", "net_mw"]].tolist() == [25, 30, 45]
    assert genco.loc[12, ["futures_mw", "net_mw"]].tolist() == [0, 75]


def test_without_contracts_all_output_is_exposed() -> None:
    table = net_positions(five_bus()).set_index("owner")
    assert table.loc["Lakes", "net_mw"] == pytest.approx(466.505154)
    assert table.loc["Utility D", "net_mw"] == -400
    energy = contract_cover(five_bus()).set_index("owner")
    assert energy.loc["Hill", "net_mwh"] == 210
