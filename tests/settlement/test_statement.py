"""Statements of hand-made runs: published five-bus money, and lines that can be added up."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import CheckFailed, InputError
from cases.run import Run
from settlement import Statement, settle
from tests.settlement.markets import FIVE_DFAX, FIVE_LMP, case_of, five_bus, run_of

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def five() -> Statement:
    return settle(five_bus())


def test_published_five_bus_money(five: Statement) -> None:
    # golden.md: load pays 32892.43, generation earns 17935.14, rent 14957.29.
    # 300 x 26.384460 = 7915.338, 300 x 30 = 9000, 400 x 39.942736 = 15977.0944
    paid = {load: five.total(f"Utility {load}") for load in "BCD"}
    assert paid == {"B": Decimal("-7915.34"), "C": -9000, "D": Decimal("-15977.09")}
    assert sum(paid.values()) == Decimal("-32892.43")
    # 40 + 170 at 16.977359, 323.494846 at 30, 466.505154 at 10
    earned = {owner: five.total(owner) for owner in ("Hill", "Canyon", "Lakes")}
    assert earned == {
        "Hill": Decimal("3565.24"), "Canyon": Decimal("9704.85"), "Lakes": Decimal("4665.05"),
    }  # fmt: skip
    assert sum(earned.values()) == Decimal("17935.14")
    # 240 MW x 62.322042
    assert five.total("operator", "congestion_rent") == Decimal("14957.29")
    assert five.total() == 0
    assert "Mesa" not in set(five.balance["owner"])  # its unit is off: nothing to settle


def test_every_line_is_its_quantity_times_its_price(five: Statement) -> None:
    for row in five.lines.to_dict("records"):
        assert row["amount"] == (row["quantity"] * row["price"]).quantize(CENT)
        assert row["rule"]
        assert all(isinstance(row[name], Decimal) for name in ("quantity", "price", "amount"))


def test_the_balance_splits_energy_from_congestion(five: Statement) -> None:
    sheet = five.balance.set_index("owner")
    # 400 MW x (39.942736 - 10)
    assert sheet.loc["Utility D", "congestion"] == Decimal("-11977.09")
    assert sheet.loc["Utility D", "energy"] == Decimal("-4000.00")
    assert sheet.loc["operator", "congestion"] == Decimal("14957.29")
    assert sum(sheet["total"]) == 0
    for _, row in sheet.iterrows():
        assert row.drop("total").sum() == row["total"]
    assert abs(sum(sheet["congestion"])) <= 4 * CENT


def test_the_reconciliation_is_exact(five: Statement) -> None:
    (row,) = five.reconciliation.to_dict("records")
    assert row["load_payment"] == Decimal("32892.43")
    assert row["load_payment"] == sum(
        row[name]
        for name in ("generation_revenue", "congestion_rent", "link_rent", "loss_surplus",
                     "unserved_energy", "rounding")
    )  # fmt: skip


def test_owners_and_their_lines(five: Statement) -> None:
    assert five.of("Hill")["subject"].tolist() == ["Alta", "Park City"]
    with pytest.raises(InputError, match="no lines of 'Nobody'; owners: Canyon, Hill"):
        five.of("Nobody")


def test_a_run_whose_money_does_not_close_is_refused() -> None:
    run = five_bus()
    terms = run.price_terms.assign(dfax=[*list(FIVE_DFAX.values())[:3], 0.4, 0.0])
    broken = type(run)({}, {**run.tables, "price_terms": terms}, run.case, run.rulebook)
    with pytest.raises(CheckFailed, match="does not close: "):
        settle(broken)


def test_a_price_that_does_not_exist_cannot_be_settled() -> None:
    run = five_bus()
    prices = run.prices.copy()
    prices.loc[prices["bus"] == "D", ["lmp", "mcc"]] = float("nan")
    broken = type(run)({}, {**run.tables, "prices": prices}, run.case, run.rulebook)
    with pytest.raises(InputError, match=r"load D has -400 MWh from 2024-03-05.* no price"):
        settle(broken)


def test_sub_hourly_intervals_scale_once() -> None:
    case = case_of(
        ["P"], {"G": ("g", "P", 200.0, 20.0)}, {"L": ("l", "P", [100.0] * 4)}, minutes=15
    )
    statement = settle(run_of(case, {"P": [20.0] * 4}, {"G": [100.0] * 4}))
    assert statement.total("g") == 2_000  # 100 MW for an hour at 20
    assert statement.of("g")["quantity"].tolist() == [25] * 4


def test_what_has_no_owner_is_unassigned() -> None:
    case = case_of(["P"], {"G": ("", "P", 200.0, 20.0)}, {"L": ("", "P", [100.0])})
    statement = settle(run_of(case, {"P": [20.0]}, {"G": [100.0]}))
    assert statement.balance["owner"].tolist() == ["unassigned"]
    assert statement.lines["amount"].tolist() == [2000, -2000]


def test_rounding_is_a_line_of_the_operator() -> None:
    units = {f"G{k}": (f"g{k}", "P", 50.0, 10.0) for k in range(3)}
    case = case_of(["P"], units, {"L": ("l", "P", [100.0])})
    run = run_of(case, {"P": [10.01]}, {u: [100 / 3] for u in units})
    statement = settle(run)
    # 3 x 333.67 (33.333333 x 10.01 = 333.66666...) against 1001.00
    assert [statement.total(f"g{k}") for k in range(3)] == [Decimal("333.67")] * 3
    assert statement.total("operator", "rounding") == Decimal("-0.01")
    assert statement.total() == 0


def test_another_smallest_unit_and_operator_name() -> None:
    run = five_bus({"settlement.smallest_unit": 1.0, "settlement.operator": "ISO"})
    statement = settle(run)
    assert all(amount == amount.to_integral_value() for amount in statement.lines["amount"])
    assert statement.total("ISO", "congestion_rent") == 14_957
    assert statement.total() == 0


def test_virtuals_storage_and_links() -> None:
    case = case_of(
        ["P", "Q"],
        {"G": ("g", "P", 500.0, 20.0), "H": ("h", "Q", 500.0, 50.0)},
        {"L": ("l", "Q", [100.0])},
        tables={
            "branches": pd.DataFrame({"branch": ["-"], "from_bus": "P", "to_bus": "Q", "x": 0.1,
                                      "in_service": False}),
            "links": pd.DataFrame({"link": ["DC"], "from_bus": "P", "to_bus": "Q", "max_mw": 40.0,
                                   "loss_fraction": 0.1}),
        },
    )  # fmt: skip
    start, end = case.interval_starts[0], case.interval_ends[0]
    span = {"interval_start": start, "interval_end": end}
    tables = {
        "link_flows": pd.DataFrame([{**span, "link": "DC", "from_bus": "P", "to_bus": "Q",
                                     "mw": 40.0, "loss_mw": 4.0}]),
        "virtual_awards": pd.DataFrame([
            {**span, "virtual": "V1", "owner": "v", "kind": "inc", "bus": "Q", "sink_bus": "",
             "mw": 5.0, "price": 45.0},
            {**span, "virtual": "V2", "owner": "v", "kind": "dec", "bus": "Q", "sink_bus": "",
             "mw": 11.0, "price": 55.0},
        ]),
        "storage_schedule": pd.DataFrame([
            {**span, "storage": "S", "owner": "s", "bus": "P", "charge_mw": 10.0,
             "discharge_mw": 0.0, "energy_mwh": 10.0},
        ]),
    }  # fmt: skip
    # P: 50 generated = 40 sent + 10 charged. Q: 36 received + 5 inc + 70 = 100 + 11 dec.
    run = run_of(case, {"P": [20.0], "Q": [50.0]}, {"G": [50.0], "H": [70.0]}, tables=tables)
    statement = settle(run)
    money = {o: statement.total(o) for o in ("g", "h", "l", "v", "s")}
    assert money == {"g": 1000, "h": 3500, "l": -5000, "v": (5 - 11) * 50, "s": -200}
    # The link buys 40 at 20 and sells 36 at 50.
    assert statement.total("operator", "link_rent") == -800 + 1800
    assert statement.total() == 0


def test_up_to_congestion_pays_the_price_difference() -> None:
    run = five_bus()
    start, end = run.case.interval_starts[0], run.case.interval_ends[0]
    utc = pd.DataFrame(
        [{"interval_start": start, "interval_end": end, "virtual": "U", "owner": "v",
          "kind": "utc", "bus": "E", "sink_bus": "A", "mw": 10.0, "price": 8.0}]
    )  # fmt: skip
    # 10 MW from E to A: charged lmp(A) - lmp(E) = 6.977359 each; the flow it takes on D-E is
    # 10 x 0.11195652 more in the binding direction, and the rent follows.
    with_utc = type(run)({}, {**run.tables, "virtual_awards": utc}, run.case, run.rulebook)
    statement = settle(with_utc)
    assert float(statement.total("v")) == pytest.approx(
        -10 * (FIVE_LMP["A"] - FIVE_LMP["E"]), abs=0.01
    )
    assert statement.total() == 0


def test_reserves_are_paid_by_loads_in_their_ratio() -> None:
    case = case_of(
        ["P"],
        {"G": ("g", "P", 100.0, 20.0), "H": ("h", "P", 100.0, 30.0)},
        {"L1": ("l1", "P", [20.0, 20.0]), "L2": ("l2", "P", [40.0, 20.0])},
        tables={"reserve_products": pd.DataFrame({"product": ["spin"]})},
        zones={"P": "Z"},
    )
    spans = pd.DataFrame(
        {"interval_start": case.interval_starts, "interval_end": case.interval_ends}
    )
    tables = {
        "reserves": spans.assign(unit="H", product="spin", mw=[10.0, 10.0]),
        "reserve_prices": pd.concat(
            [
                spans.assign(product="spin", zone="", price=[3.0, 0.0]),
                spans.assign(product="spin", zone="Z", price=[3.5, 2.0]),
                spans.assign(product="spin", zone="Y", price=[99.0, 99.0]),
            ]
        ),
    }
    run = run_of(case, {"P": [20.0, 20.0]}, {"G": [60.0, 40.0], "H": [0.0, 0.0]}, tables=tables)
    statement = settle(run)
    assert statement.total("h", "reserve") == 10 * 3.5 + 10 * 2
    assert statement.total("l1", "reserve_charge") == Decimal("-21.67")  # 35/3 + 10
    assert statement.total("l2", "reserve_charge") == Decimal("-33.33")  # 70/3 + 10
    assert statement.total(item="reserve_charge") == -55
    assert statement.total() == 0


def two_buses(prices: pd.DataFrame, awards_mw: float, **tables: pd.DataFrame) -> Run:
    case = case_of(["P", "Q"], {"G": ("g", "P", 200.0, 20.0)}, {"L": ("l", "Q", [awards_mw])})
    start, end = case.interval_starts[0], case.interval_ends[0]
    prices = prices.assign(interval_start=start, interval_end=end, zone="")
    stamped = {
        name: frame.assign(interval_start=start, interval_end=end) for name, frame in tables.items()
    }
    return run_of(
        case, {"P": [20.0], "Q": [20.0]}, {"G": [100.0]}, tables={"prices": prices, **stamped}
    )


def test_loss_surplus() -> None:
    # 100 MW leave P, 97 arrive at Q; a MW more at Q costs 1.06 MW at P.
    prices = pd.DataFrame(
        {"bus": ["P", "Q"], "lmp": [20.0, 21.2], "mec": 20.0, "mcc": 0.0, "mlc": [0.0, 1.2]}
    )
    statement = settle(two_buses(prices, 97.0))
    assert statement.total("l") == Decimal("-2056.40")
    assert statement.total("g") == 2000
    # Loss charges 97 x 1.2 = 116.40, less 3 MWh lost at 20.
    assert statement.total("operator", "loss_surplus") == Decimal("56.40")
    line = statement.of("operator").iloc[0]
    assert (line["quantity"], line["price"]) == (3, Decimal("18.8"))
    sheet = statement.balance.set_index("owner")
    assert sheet.loc["l", "losses"] == Decimal("-116.40")
    assert statement.total() == 0


def test_energy_that_is_charged_but_not_supplied_is_a_line() -> None:
    prices = pd.DataFrame({"bus": ["P", "Q"], "lmp": 5000.0, "mec": 5000.0, "mcc": 0.0, "mlc": 0.0})
    slacks = pd.DataFrame(
        {"constraint": ["balance"], "contingency": "", "kind": "balance", "direction": "shortage",
         "mw": 10.0, "penalty": 5000.0, "cost": 50_000.0}
    )  # fmt: skip
    statement = settle(two_buses(prices, 110.0, slacks=slacks))
    assert statement.total("operator", "unserved_energy") == 50_000
    assert statement.total() == 0
    # Where the run curtails the load itself, nothing is left over.
    served = settle(two_buses(prices, 100.0, slacks=slacks))
    assert set(served.lines["item"]) == {"energy"}
    # And a shortage that no slack explains is an error, not a line.
    with pytest.raises(CheckFailed, match=r"does not close: -50000\.00 is left"):
        settle(two_buses(prices, 110.0))
