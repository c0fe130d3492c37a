"""The validator on reserves: a hand-made hour, one number wrong.

Demand is 105 MW. Base (10) gives 95 MW of it and 10.5 MW downward, Peak (30) its p_min of 10 MW
and 25 MW of Spin at 1; Quick is off and gives 35 MW of NonSpin, for which Spin counts too.
"""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from cases import Run
from clearing.validation.validate import validate
from tests.clearing.committed import START, changed, day, found, other_case, put, run_by_hand

UNITS = [
    {"unit": "Base", "p_min": 20.0, "p_max": 100.0, "ramp_up": 120.0, "ramp_down": 120.0},
    {"unit": "Peak", "p_min": 10.0, "p_max": 60.0, "ramp_up": 180.0, "ramp_down": 180.0},
    {"unit": "Quick", "p_min": 5.0, "p_max": 40.0, "quick_start": True},
]
PRODUCTS = pd.DataFrame(
    [
        ("Spin", "up", 10.0, "NonSpin", False),
        ("NonSpin", "up", 30.0, "", True),
        ("Down", "down", 10.0, "", False),
    ],
    columns=["product", "direction", "minutes", "substitutes_for", "offline"],
)
OFFERS = pd.DataFrame(
    [
        ("Base", "Spin", 20.0, 2.0),
        ("Peak", "Spin", 30.0, 1.0),
        ("Quick", "Spin", 10.0, 5.0),
        ("Quick", "NonSpin", 40.0, 0.0),
        ("Base", "Down", 30.0, 0.0),
    ],
    columns=["unit", "product", "mw", "price"],
)
NEEDS = pd.DataFrame(
    [("Spin", "", 25.0, ""), ("NonSpin", "Z", 60.0, ""), ("Down", "", None, "load_share:0.1")],
    columns=["product", "zone", "mw", "rule"],
)
STAMPS = {"interval_start": START, "interval_end": START + pd.Timedelta(hours=1)}


def hour(
    awards: list[tuple[str, str, float]],
    reserve_prices: list[tuple[str, str, float, float, float, float]],
    slacks: list[tuple[float, float]],
    money: float,
    mw: tuple[float, float] = (95.0, 10.0),
    lmp: float = 10.0,
    **tables: pd.DataFrame,
) -> Run:
    case = day(
        UNITS,
        {"Base": 10.0, "Peak": 30.0, "Quick": 80.0},
        [105.0],
        tables={
            "buses": pd.DataFrame({"bus": ["A"], "zone": ["Z"]}),
            "reserve_products": PRODUCTS,
            "reserve_offers": OFFERS,
            "reserve_requirements": NEEDS,
            **tables,
        },
    )
    prices = {**STAMPS, "lmp": lmp, "mec": lmp, "mcc": 0.0, "mlc": 0.0}
    columns = ["product", "zone", "price", "shadow_price", "requirement_mw", "shortage_mw"]
    return run_by_hand(
        case,
        {"Base": [mw[0]], "Peak": [mw[1]], "Quick": [0]},
        on={"Base": "1", "Peak": "1", "Quick": "0"},
        price=[lmp],
        other=money,
        tables={
            "prices": pd.DataFrame([{**prices, "bus": "A", "zone": "Z"}]),
            "zone_prices": pd.DataFrame([{**prices, "point": "Z", "kind": "zone"}]),
            "reserves": priced(awards, reserve_prices, mw, lmp),
            "reserve_prices": pd.DataFrame(reserve_prices, columns=columns).assign(**STAMPS),
            "slacks": pd.DataFrame(slacks, columns=["mw", "penalty"]).assign(
                element="Spin",
                **STAMPS,
                kind="reserve",
                constraint="Spin",
                contingency="",
                direction="lower",
                cost=lambda frame: frame["mw"] * frame["penalty"],
            ),
        },
    )


def priced(
    awards: list[tuple[str, str, float]],
    reserve_prices: list[tuple[str, str, float, float, float, float]],
    mw: tuple[float, float],
    lmp: float,
) -> pd.DataFrame:
    """Awards with their prices, offers and, for Base and Spin, the energy profit forgone.

    Only Base can be full, its next MW would cost 10.
    """
    offer = {(unit, product): price for unit, product, _, price in OFFERS.itertuples(index=False)}
    price = {product: price for product, _, price, _, _, _ in reserve_prices}
    full = mw[0] + sum(a for unit, k, a in awards if (unit, k) == ("Base", "Spin")) == 100.0
    table = pd.DataFrame(awards, columns=["unit", "product", "mw"]).assign(**STAMPS)
    table["price"] = table["product"].map(price)
    table["offer_price"] = [offer[unit, product] for unit, product, _ in awards]
    table["opportunity_cost"] = [
        lmp - 10.0 if full and (unit, product) == ("Base", "Spin") else 0.0
        for unit, product, _ in awards
    ]
    return table


@cache
def met() -> Run:
    return hour(
        [("Peak", "Spin", 25.0), ("Quick", "NonSpin", 35.0), ("Base", "Down", 10.5)],
        [
            ("Spin", "", 1.0, 1.0, 25.0, 0.0),
            ("NonSpin", "Z", 0.0, 0.0, 60.0, 0.0),
            ("Down", "", 0.0, 0.0, 10.5, 0.0),
        ],
        [],
        25.0,
    )


@cache
def short() -> Run:
    """60 MW of Spin are asked: Peak gives 30 and Base 20, each as fast as it can.

    Base makes room at 80 MW, so that Peak sets the price; 10 MW are short, the last 7 at 300:
    one row of slacks, 10 MW at (3 * 100 + 7 * 300) / 10 on average.
    """
    curve = pd.DataFrame(
        {"product": "Spin", "segment": [1, 2], "mw": [3.0, 4.0], "price": [100.0, 300.0]}
    )
    needs = NEEDS.assign(mw=[60.0, 60.0, None])
    return hour(
        [
            ("Peak", "Spin", 30.0),
            ("Base", "Spin", 20.0),
            ("Quick", "NonSpin", 10.0),
            ("Base", "Down", 10.5),
        ],
        [
            ("Spin", "", 300.0, 300.0, 60.0, 10.0),
            ("NonSpin", "Z", 0.0, 0.0, 60.0, 0.0),
            ("Down", "", 0.0, 0.0, 10.5, 0.0),
        ],
        [(10.0, 240.0)],
        30.0 + 40.0 + 300.0 + 2100.0,
        (80.0, 25.0),
        30.0,
        reserve_requirements=needs,
        reserve_demand=curve,
    )


def test_right_awards_pass() -> None:
    assert validate(met()).empty


@pytest.mark.parametrize(
    ("table", "column", "value", "where", "check"),
    [
        ("reserves", "mw", 31.0, {"product": "Spin"}, "reserves.offer"),
        ("reserves", "mw", 31.0, {"product": "Spin"}, "reserves.ramp"),
        ("reserves", "mw", 41.0, {"product": "NonSpin"}, "reserves.offer"),
        ("reserves", "mw", 41.0, {"product": "NonSpin"}, "reserves.capacity"),
        ("reserves", "mw", 20.1, {"product": "Down"}, "reserves.ramp"),
        ("reserves", "mw", -1.0, {"product": "Down"}, "reserves.offer"),
        ("reserves", "mw", 24.0, {"product": "Spin"}, "reserves.shortage"),
        ("reserves", "mw", 34.0, {"product": "NonSpin"}, "reserves.shortage"),
        ("reserves", "mw", 26.0, {"product": "Spin"}, "money.objective"),
        ("reserves", "product", "NonSpin", {"product": "Down"}, "reserves.offer"),
        ("reserves", "product", "Spin", {"product": "NonSpin"}, "reserves.off"),
        ("reserves", "unit", "nobody", {"product": "Spin"}, "reserves.rows"),
        ("reserve_prices", "requirement_mw", 24.0, {"product": "Spin"}, "reserves.requirement"),
        ("reserve_prices", "requirement_mw", 10.0, {"product": "Down"}, "reserves.requirement"),
        ("reserve_prices", "shortage_mw", 1.0, {"product": "Spin"}, "reserves.shortage"),
        ("reserve_prices", "shortage_mw", 1.0, {"product": "Spin"}, "money.reserve_shortage"),
        ("reserve_prices", "zone", "Y", {"product": "NonSpin"}, "reserves.requirement"),
        ("reserve_prices", "price", 0.9, {"product": "Spin"}, "prices.reserve"),
        ("reserve_prices", "price", 1.01, {"product": "Spin"}, "reserves.price"),
        ("reserve_prices", "shadow_price", 0.99, {"product": "Spin"}, "reserves.price"),
        ("reserve_prices", "shadow_price", 1001.0, {"product": "Spin"}, "reserves.shadow_price"),
        ("reserve_prices", "shadow_price", -1.0, {"product": "Down"}, "reserves.shadow_price"),
        ("reserve_prices", "price", 1.1, {"product": "Spin"}, "prices.reserve"),
        ("reserve_prices", "price", -0.1, {"product": "Down"}, "prices.reserve"),
        ("reserves", "price", 1.1, {"product": "Spin"}, "reserves.award_price"),
        ("reserves", "offer_price", 1.1, {"product": "Spin"}, "reserves.award_offer_price"),
        ("reserves", "opportunity_cost", 1.0, {"product": "Spin"}, "reserves.opportunity_cost"),
        ("dispatch", "on", True, {"unit": "Quick"}, "units.lower"),
        ("dispatch", "on", False, {"unit": "Peak"}, "reserves.off"),
    ],
)
def test_one_wrong_number_is_named(
    table: str, column: str, value: object, where: dict[str, object], check: str
) -> None:
    assert check in found(put(met(), table, column, value, **where))


def test_missing_prices_of_a_requirement_are_named() -> None:
    def drop(frame: pd.DataFrame) -> None:
        frame.drop(index=frame.index[0], inplace=True)

    assert "reserves.requirement" in found(changed(met(), "reserve_prices", drop))
    assert "reserves.shortage" in found(changed(met(), "reserves", drop))


@pytest.mark.parametrize(
    ("unit", "column", "value", "check"),
    [
        ("Peak", "p_max", 34.9, "reserves.capacity"),
        ("Base", "p_min", 84.6, "reserves.floor"),
        ("Peak", "ramp_up", 149.0, "reserves.ramp"),
        ("Base", "ramp_down", 62.0, "reserves.ramp"),
        ("Quick", "quick_start", False, "reserves.off"),
        ("Quick", "startup_ramp", 34.0, "reserves.capacity"),
    ],
)
def test_the_same_awards_of_other_units(unit: str, column: str, value: object, check: str) -> None:
    units = met().case.units.copy()
    units.loc[units["unit"] == unit, column] = value
    assert check in found(other_case(met(), units=units))


def test_products_of_one_direction_share_the_ramp() -> None:
    """25 MW of Spin in 10 minutes leave 65 of the 90 MW that Peak can rise in 30 minutes."""
    for product, minutes, right in (("Other", 30.0, True), ("Other", 10.0, False)):
        row = {"product": product, "direction": "up", "minutes": minutes}
        products = pd.concat([PRODUCTS, pd.DataFrame([row])])
        offers = pd.concat(
            [OFFERS, pd.DataFrame([{"unit": "Peak", "product": product, "mw": 20.0, "price": 0.0}])]
        )
        run = other_case(met(), reserve_products=products, reserve_offers=offers)
        award = {**STAMPS, "unit": "Peak", "product": product, "mw": 20.0}
        award |= {"price": 0.0, "offer_price": 0.0, "opportunity_cost": 0.0}
        more = pd.concat([run.reserves, pd.DataFrame([award])])
        both = Run(run.manifest, {**run.tables, "reserves": more}, run.case, run.rulebook)
        assert found(both) == (set() if right else {"reserves.ramp"})


def test_only_what_substitutes_counts() -> None:
    alone = PRODUCTS.assign(substitutes_for="")
    report = validate(other_case(met(), reserve_products=alone))
    assert report["check"].to_list() == ["reserves.shortage"]
    assert report["subject"].to_list() == ["NonSpin Z"]
    assert report["limit"].to_list() == [25.0]


def test_a_stamped_requirement_replaces_the_blank_one() -> None:
    more = pd.DataFrame([{"product": "Spin", "interval_start": START, "mw": 26.0}])
    run = other_case(met(), reserve_requirements=pd.concat([NEEDS, more]))
    assert found(run) == {"reserves.requirement", "reserves.shortage"}


def test_the_largest_unit_is_what_is_on_line() -> None:
    """Base at 95 MW; a share of 0.5 of it and 2.5 MW are 50 MW."""
    rule = NEEDS.assign(mw=[None, 60.0, None], rule=["largest_unit:0.5+2.5", "", "load_share:0.1"])
    report = validate(other_case(met(), reserve_requirements=rule))
    assert report["check"].to_list() == ["reserves.requirement", "reserves.shortage"]
    assert report["limit"].to_list() == [50.0, 25.0]


def test_a_shortage_costs_its_demand_curve() -> None:
    run = short()
    assert validate(run).empty
    wrong = put(put(run, "slacks", "penalty", 200.0, mw=10.0), "slacks", "cost", 2000.0, mw=10.0)
    assert found(wrong) == {"money.reserve_shortage", "money.objective"}
    assert "money.penalty" in found(put(run, "slacks", "cost", 2401.0, mw=10.0))
    cheap = run.case.reserve_demand.assign(price=[100.0, 250.0])
    assert found(other_case(run, reserve_demand=cheap)) == {
        "money.reserve_shortage",
        "reserves.shadow_price",
    }


def test_a_curve_alone_requires_what_it_spans() -> None:
    curve = pd.DataFrame({"product": ["Spin"], "segment": [1], "mw": [25.0], "price": [50.0]})
    run = other_case(met(), reserve_requirements=NEEDS.iloc[1:], reserve_demand=curve)
    assert found(run) == set()
    wider = other_case(run, reserve_demand=curve.assign(mw=27.0))
    assert found(wider) == {"reserves.requirement", "reserves.shortage"}


def test_without_a_curve_a_shortage_costs_the_penalty() -> None:
    none = pd.DataFrame({"product": [], "segment": [], "mw": [], "price": []})
    run = other_case(short(), reserve_demand=none)
    report = validate(run).set_index("check")
    assert report.loc["money.reserve_shortage", "limit"] == 10000.0


@pytest.mark.parametrize(
    ("lmp", "right"), [(30.0, True), (29.0, False), (31.0, False), (309.0, False)]
)
def test_the_price_of_energy_holds_what_reserves_are_worth(lmp: float, right: bool) -> None:
    def move(frame: pd.DataFrame) -> None:
        frame[["lmp", "mec"]] = lmp

    run = changed(changed(short(), "prices", move), "zone_prices", move)
    expected = set() if right else {"prices.unit", "reserves.opportunity_cost"}
    assert found(run) == (expected if lmp < 300.0 else expected | {"prices.opportunity"})


def test_a_unit_that_would_rather_give_reserve_is_named() -> None:
    """Base with 5 MW less of Spin: a MW of energy earns 20, one of Spin 298."""
    run = put(short(), "reserves", "mw", 15.0, unit="Base", product="Spin")
    assert "prices.reserve" in found(run)  # there is room for it
    full = put(run, "dispatch", "mw", 85.0, unit="Base")
    names = found(full)
    assert "prices.opportunity" in names
    assert "prices.reserve" not in names


def test_a_unit_that_would_rather_give_energy_is_named() -> None:
    """At 1 for Spin, which costs it 2, Base would not hold back energy that earns 20."""
    run = put(short(), "reserve_prices", "price", 1.0, product="Spin")
    assert {"prices.opportunity", "prices.reserve"} <= found(run)


def test_a_requirement_that_is_met_with_more_is_worth_nothing() -> None:
    fewer = NEEDS.assign(mw=[25.0, 59.0, None])
    run = other_case(met(), reserve_requirements=fewer)
    run = put(run, "reserve_prices", "requirement_mw", 59.0, product="NonSpin")
    assert found(run) == set()
    priced = put(run, "reserve_prices", "shadow_price", 1.0, product="NonSpin")
    assert "reserves.shadow_price" in found(priced)


def test_what_is_required_in_a_zone_is_paid_there_alone() -> None:
    """Spin serves NonSpin: with 4 for NonSpin in zone Z it earns 5 there, 1 elsewhere."""
    run = put(met(), "reserve_prices", "shadow_price", 4.0, product="NonSpin")
    run = put(run, "reserve_prices", "price", 4.0, product="NonSpin")
    row = {**STAMPS, "product": "Spin", "zone": "Z", "price": 5.0, "shadow_price": 0.0}
    row |= {"requirement_mw": 0.0, "shortage_mw": 0.0}
    table = pd.concat([run.reserve_prices, pd.DataFrame([row])])
    more = Run(run.manifest, {**run.tables, "reserve_prices": table}, run.case, run.rulebook)
    assert "reserves.price" not in found(more)
    assert "reserves.price" in found(
        put(more, "reserve_prices", "price", 1.0, zone="Z", product="Spin")
    )


def test_awards_that_last_an_interval_share_the_ramp_of_energy() -> None:
    """Peak moves from 10 to 40 MW with 20 MW of a 60-minute product: 50 MW in an hour."""
    units = [{**UNITS[0], "initial_mw": 60.0}, {**UNITS[1], "initial_mw": 10.0}]
    product = pd.DataFrame([("Ramp", "up", 60.0)], columns=["product", "direction", "minutes"])
    offer = pd.DataFrame([("Peak", "Ramp", 20.0, 0.0)], columns=["unit", "product", "mw", "price"])
    needs = pd.DataFrame([("Ramp", 20.0)], columns=["product", "mw"])
    for ramp, right in ((50.0, True), (49.0, False)):
        case = day(
            [units[0], {**units[1], "ramp_up": ramp}],
            {"Base": 10.0, "Peak": 30.0},
            [140.0],
            tables={
                "reserve_products": product,
                "reserve_offers": offer,
                "reserve_requirements": needs,
            },
        )
        award = {"price": 0.0, "offer_price": 0.0, "opportunity_cost": 0.0}
        price = {"price": 0.0, "shadow_price": 0.0, "requirement_mw": 20.0, "shortage_mw": 0.0}
        run = run_by_hand(
            case,
            {"Base": [100], "Peak": [40]},
            on={"Base": "1", "Peak": "1"},
            price=[30],
            tables={
                "reserves": pd.DataFrame(
                    [{**STAMPS, "unit": "Peak", "product": "Ramp", "mw": 20.0, **award}]
                ),
                "reserve_prices": pd.DataFrame(
                    [{**STAMPS, "product": "Ramp", "zone": "", **price}]
                ),
            },
        )
        assert found(run) == (set() if right else {"reserves.ramp"})
