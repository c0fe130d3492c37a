"""Contracts and futures in the statement of a run."""

from decimal import Decimal

import pandas as pd
import pytest

from cases import InputError
from settlement import Statement, settle
from tests.settlement.markets import case_of, five_bus, october_day, run_of
from tests.settlement.paper import ACTUAL, PRICES

HOURLY = [float(ACTUAL[h // 2]) for h in range(24)]


def contracts(**changes: object) -> pd.DataFrame:
    row = {
        "contract": "C1", "buyer": "retailer", "seller": "genco", "kind": "cfd", "strike": 400.0,
        "point": "P", "curve": "c", "signed": None, "curve_fixed": None,
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def flat(mwh: float, first: str = "2016-10-01", last: str = "2016-10-31") -> pd.DataFrame:
    return pd.DataFrame({"curve": ["c"], "kind": "flat", "mwh": mwh, "start": first, "end": last})


def settled(kind: str = "cfd", settings: dict[str, object] | None = None) -> Statement:
    return settle(
        october_day(HOURLY, settings=settings),
        contracts=contracts(kind=kind),
        contract_curves=flat(50 * 744),
    )


def test_a_cfd_pays_strike_less_price_on_the_day_of_its_month() -> None:
    statement = settled()
    # 50 MW each hour: sum of 50 x (400 - price)
    expected = Decimal(str(sum(50 * (400 - p) for p in HOURLY)))
    assert statement.total("genco", "contract") == expected
    assert statement.total("retailer", "contract") == -expected
    rule = statement.of("genco").query("item == 'contract'")["rule"].iloc[0]
    assert rule == "K - P, K = 400.000000, P = 138.000000 at bus P, flat curve"


def test_both_algorithms_give_the_same_money() -> None:
    one, two = settled(), settled(settings={
        "settlement.contracts.lines": "contract_plus_deviation"})  # fmt: skip
    for owner in ("genco", "retailer"):
        assert one.total(owner) == two.total(owner)
    assert two.total("genco", "contract") == 50 * 24 * 400
    assert two.total("genco", "contract_deviation") == -50 * int(sum(HOURLY))


def test_cap_floor_and_physical() -> None:
    above = sum(50 * (p - 400) for p in HOURLY if p > 400)
    below = sum(50 * (400 - p) for p in HOURLY if p < 400)
    assert settled("cap").total("genco", "contract") == -Decimal(str(above))
    assert settled("floor").total("genco", "contract") == Decimal(str(below))
    physical = settled("physical")
    assert physical.total("genco", "contract") == 50 * 24 * 400
    assert physical.total("genco", "contract_delivery") == -50 * int(sum(HOURLY))
    assert physical.total("genco") == settled().total("genco")
    for kind in ("cap", "floor", "physical"):
        assert settled(kind).total() == 0


def test_full_cover_fixes_the_revenue_whatever_the_price() -> None:
    for prices in (HOURLY, [1000.0] * 24, [-50.0] * 24):
        statement = settle(
            october_day(prices), contracts=contracts(), contract_curves=flat(100 * 744)
        )
        money = statement.total("genco", "energy") + statement.total("genco", "contract")
        assert money == 100 * 24 * 400


@pytest.mark.parametrize(
    ("point", "price"),
    [("D", 39.942736), ("bus:D", 39.942736), ("hub:W", 0.25 * 16.977359 + 0.75 * 10),
     # East: 300 MW at B, 300 at C, 400 at D.
     ("east", 0.3 * 26.384460 + 0.3 * 30 + 0.4 * 39.942736)],
)  # fmt: skip
def test_bus_hub_and_zone_points(point: str, price: float) -> None:
    run = five_bus(hubs=pd.DataFrame({"hub": "W", "bus": ["A", "E"], "weight": [1.0, 3.0]}))
    curve = pd.DataFrame({"curve": "c", "interval_start": ["2024-03-05T00:00:00+00:00"],
                          "mw": 100.0})  # fmt: skip
    row = contracts(buyer="Utility D", seller="Lakes", strike=25.0, point=point)
    statement = settle(run, contracts=row, contract_curves=curve)
    assert float(statement.total("Lakes", "contract")) == pytest.approx(
        100 * (25 - price), abs=0.01
    )


def test_a_contract_on_a_reserve_price() -> None:
    case = case_of(
        ["P"], {"G": ("g", "P", 100.0, 20.0)}, {"L": ("l", "P", [50.0])},
        tables={"reserve_products": pd.DataFrame({"product": ["spin"]})},
    )  # fmt: skip
    span = {"interval_start": case.interval_starts, "interval_end": case.interval_ends}
    reserve = pd.DataFrame({**span, "product": "spin", "zone": "", "price": 7.0})
    run = run_of(case, {"P": [20.0]}, {"G": [50.0]}, tables={"reserve_prices": reserve})
    curve = pd.DataFrame({"curve": "c", "interval_start": ["2024-03-05T00:00:00+00:00"],
                          "mw": 10.0})  # fmt: skip
    row = contracts(buyer="l", seller="g", strike=5.0, point="reserve:spin")
    assert settle(run, contracts=row, contract_curves=curve).total("g", "contract") == -20


def test_futures_settle_against_the_index_of_the_day() -> None:
    settings = {
        "settlement.futures.quote": "lot", "settlement.futures.off_tick": "off",
        "settlement.futures.time_value": "purchase",
        "settlement.futures.rate_convention": "paper-2016",
    }  # fmt: skip
    trade = pd.DataFrame(
        {"trade": ["T1"], "owner": "retailer", "side": "buy", "product": "mid",
         "month": "2016-10", "lots": 50, "price": PRICES["mid"][0],
         "traded_at": "2016-07-01T10:00:00+08:00"}
    )  # fmt: skip
    statement = settle(october_day(HOURLY, settings=settings), futures=trade)
    # Mid hours 06-22 average 464.875; 50 lots x 16 h x (464.875 - 461.25).
    assert statement.total("retailer", "futures") == Decimal("2900.00")
    assert statement.total("operator", "futures") == Decimal("-2900.00")
    # 50 x 16 x 461.25 = 369 000, x (1 - 1.0069^-3) = 0.0204176
    assert statement.total("retailer", "time_value") == Decimal("-7534.09")
    assert statement.total() == 0
    rest = settle(october_day(HOURLY, day="2016-10-15", settings=settings), futures=trade)
    assert rest.total(item="futures") == 0
    assert "futures" not in set(rest.lines["item"])


def test_an_index_point_of_the_rulebook() -> None:
    run = five_bus({"settlement.futures.index": "hub:nowhere"})
    trade = pd.DataFrame(
        {"trade": ["T"], "owner": "Hill", "side": "sell", "product": "base", "month": "2024-03",
         "lots": 1, "price": 20.0}
    )  # fmt: skip
    with pytest.raises(
        InputError, match=r"settlement\.futures\.index: there is no bus, hub or zone"
    ):
        settle(run, futures=trade)
    run = five_bus({"settlement.futures.index": "D"})
    assert settle(run, futures=trade).total("Hill", "futures") == Decimal("-19.94")


# Bad input: each named, nothing settled by half.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"curve": "x"}, "row 2, curve: contract C1 cannot be settled: its curve x does not exist"),
        ({"curve": ""}, "contracts row 2, curve"),
        ({"point": "Q"}, "row 2, point: contract C1: there is no bus, hub or zone 'Q'"),
        ({"buyer": "genco"}, "contract C1: buyer and seller are both genco"),
        ({"kind": "swap"}, "must be one of cfd, cap, floor, physical"),
        ({"strike": "high"}, "row 2, strike"),
        (
            {"signed": "2016-06-01", "curve_fixed": "2016-06-02"},
            "contract C1: curve fixed on 2016-06-02, after signing on 2016-06-01",
        ),
    ],
)
def test_bad_contracts_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settle(october_day(HOURLY), contracts=contracts(**changes), contract_curves=flat(744.0))


def test_a_late_curve_can_be_recorded_or_overridden() -> None:
    late = contracts(signed="2016-06-01", curve_fixed="2016-06-02")
    allowed = october_day(HOURLY, settings={"settlement.contracts.curve_after_trade": "record"})
    statement = settle(allowed, contracts=late, contract_curves=flat(744.0))
    assert "curve fixed on 2016-06-02" in statement.of("genco")["rule"].iloc[-1]
    statement = settle(
        october_day(HOURLY), contracts=late, contract_curves=flat(744.0),
        overrides={"C1": "J. Li: meter change"},
    )  # fmt: skip
    assert statement.of("genco")["rule"].iloc[-1].endswith("override: J. Li: meter change")
    assert statement.manifest["overrides"] == {"C1": "J. Li: meter change"}
    with pytest.raises(InputError, match="override for C9, which is no contract"):
        settle(
            october_day(HOURLY), contracts=contracts(), contract_curves=flat(744.0),
            overrides={"C9": "J. Li: typo"},
        )  # fmt: skip


def test_a_contract_fixed_on_the_day_of_signing_is_in_order() -> None:
    good = contracts(signed="2016-06-02", curve_fixed="2016-06-02")
    assert settle(october_day(HOURLY), contracts=good, contract_curves=flat(744.0)).total() == 0


def test_everything_wrong_is_reported_at_once() -> None:
    bad = pd.concat([contracts(curve="x"), contracts(contract="C2", point="Q")])
    trade = pd.DataFrame(
        {"trade": ["T"], "owner": "retailer", "side": "buy", "product": "base",
         "month": "2016-10", "lots": 1, "price": 232.47}
    )  # fmt: skip
    right = pd.DataFrame(
        {"right": ["R"], "owner": "retailer", "source": "P", "sink": "Z", "mw": 1.0}
    )
    with pytest.raises(InputError) as caught:
        settle(
            october_day(HOURLY), contracts=bad, contract_curves=flat(744.0), futures=trade,
            rights=right,
        )  # fmt: skip
    assert {f.rule for f in caught.value.failures} == {"curve", "point", "tick"}
    assert len(caught.value.failures) == 4


def test_tick_warning_by_rulebook() -> None:
    trade = pd.DataFrame(
        {"trade": ["T"], "owner": "retailer", "side": "buy", "product": "base",
         "month": "2016-10", "lots": 1, "price": 232.47}
    )  # fmt: skip
    run = october_day(HOURLY, settings={"settlement.futures.off_tick": "warn"})
    with pytest.warns(UserWarning, match=r"trade T: price 232.47 is no multiple of the tick 0.1"):
        settle(run, futures=trade)


def test_time_value_needs_the_time_of_the_trade() -> None:
    trade = pd.DataFrame(
        {"trade": ["T"], "owner": "retailer", "side": "buy", "product": "base",
         "month": "2016-10", "lots": 1, "price": 232.5}
    )  # fmt: skip
    run = october_day(HOURLY, settings={"settlement.futures.time_value": "purchase"})
    with pytest.raises(InputError, match="trade T has no time, so its time value"):
        settle(run, futures=trade)


def test_unknown_parties_are_named_where_the_case_lists_owners() -> None:
    owners = pd.DataFrame({"owner": ["genco", "retailer"]})
    run = october_day(HOURLY, owners=owners)
    with pytest.raises(InputError, match="buyer: there is no owner 'retailr'; did you mean retail"):
        settle(run, contracts=contracts(buyer="retailr"), contract_curves=flat(744.0))


def test_a_trade_beyond_its_margin_is_named() -> None:
    trade = pd.DataFrame(
        {"trade": ["T1", "T2"], "owner": "retailer", "side": "buy", "product": "base",
         "month": "2016-10", "lots": [1, 9], "price": 250.0}
    )  # fmt: skip
    run = october_day(HOURLY)
    # 1 lot: 10 % of 744 x 250, and the fee of 100; 10 lots: ten times that.
    settle(run, futures=trade, collateral={"retailer": 187_000})
    with pytest.raises(
        InputError,
        match=r"trade T2 of retailer needs 187000\.00 of margin and fees, its collateral",
    ):
        settle(run, futures=trade, collateral={"retailer": 186_999})
