"""The curve article: settlement.md section 2, to the yuan, by both methods."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from settlement import settle_contract

METHODS = ("contract_plus_deviation", "spot_plus_difference")
WAN = 10_000

# name: Q, q, P (peak, valley each), receipts of the seller in 10^4 yuan (peak, valley)
TABLE = {
    "intro": ((7200, 3600), (3600, 3600), (600, 300), (360, 144)),
    "base": ((3600, 3600), (3600, 3600), (600, 300), (144, 144)),
    "S1": ((3600, 3600), (7200, 0), (600, 300), (72, 108)),
    "S2": ((3600, 3600), (0, 7200), (600, 300), (216, 180)),
    "base'": ((3600, 3600), (3600, 3600), (800, 300), (144, 144)),
    "S1'": ((3600, 3600), (7200, 0), (800, 300), (0, 108)),
    "S2'": ((3600, 3600), (0, 7200), (800, 300), (288, 180)),
}


def periods(name: str) -> pd.DataFrame:
    cleared, contract, price, _ = TABLE[name]
    return pd.DataFrame(
        {"contract_mwh": contract, "cleared_mwh": cleared, "price": price, "strike": 400}
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", TABLE)
def test_every_line_of_the_table(name: str, method: str) -> None:
    result = settle_contract(periods(name), method=method)  # type: ignore[arg-type]
    peak, valley = TABLE[name][3]
    assert result["amount"].tolist() == [peak * WAN, valley * WAN]
    assert all(isinstance(amount, Decimal) for amount in result["amount"])


@pytest.mark.parametrize(("curve", "total"), [((7200, 0), 396), ((0, 7200), 612)])
def test_intro_dispatch_with_the_other_curves(curve: tuple[int, int], total: int) -> None:
    table = periods("intro").assign(contract_mwh=curve)
    assert sum(settle_contract(table)["amount"]) == total * WAN


def test_a_price_rise_moves_money_by_the_deviation() -> None:
    # dR/dP = Q - q: S1' has -3600 MWh x 200 = -72, S2' +72 (10^4 yuan).
    for name, change in (("S1", -72), ("S2", 72), ("base", 0)):
        before = sum(settle_contract(periods(name))["amount"])
        after = sum(settle_contract(periods(f"{name}'"))["amount"])
        assert after - before == change * WAN


@pytest.mark.parametrize(("name", "pays"), [("base", 288), ("S1", 180), ("S2", 396)])
def test_load_side_pays_what_the_generator_gets(name: str, pays: int) -> None:
    assert sum(settle_contract(periods(name), side="buyer")["amount"]) == -pays * WAN


def test_erratum_1_the_peak_line_of_method_2_is_360_not_504() -> None:
    result = settle_contract(periods("intro"), method="spot_plus_difference")
    assert result["spot_money"].iloc[0] == 600 * 7200
    assert result["difference_money"].iloc[0] == (400 - 600) * 3600
    assert result["amount"].iloc[0] == 3_600_000  # the paper prints 5 040 000, which is the total
    assert sum(result["amount"]) == 5_040_000


numbers = st.decimals(-10_000, 10_000, places=3, allow_nan=False)
energies = st.decimals(0, 10_000, places=3, allow_nan=False)
rows = st.lists(st.tuples(energies, energies, numbers), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(rows, numbers)
def test_the_two_methods_agree_in_every_period(
    table: list[tuple[Decimal, Decimal, Decimal]], strike: Decimal
) -> None:
    frame = pd.DataFrame(table, columns=["contract_mwh", "cleared_mwh", "price"]).assign(
        strike=strike
    )
    first, second = (settle_contract(frame, method=m)["amount"].tolist() for m in METHODS)  # type: ignore[arg-type]
    assert first == second


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(energies, numbers, numbers), min_size=1, max_size=6), numbers)
def test_full_cover_makes_revenue_independent_of_price(
    table: list[tuple[Decimal, Decimal, Decimal]], strike: Decimal
) -> None:
    curve = [q for q, _, _ in table]
    totals = []
    for prices in ([p for _, p, _ in table], [p for _, _, p in table]):
        frame = pd.DataFrame(
            {"contract_mwh": curve, "cleared_mwh": curve, "price": prices, "strike": strike}
        )
        totals.append(sum(settle_contract(frame)["amount"]))
    assert totals[0] == totals[1] == strike * sum(curve)


@settings(max_examples=40, deadline=None)
@given(rows, numbers)
def test_contract_money_of_both_sides_sums_to_zero(
    table: list[tuple[Decimal, Decimal, Decimal]], strike: Decimal
) -> None:
    frame = pd.DataFrame(table, columns=["contract_mwh", "cleared_mwh", "price"]).assign(
        strike=strike
    )
    seller = settle_contract(frame, side="seller")["amount"]
    buyer = settle_contract(frame, side="buyer")["amount"]
    assert (seller + buyer == 0).all()


def test_a_float_counts_as_the_decimal_it_prints_as() -> None:
    frame = pd.DataFrame(
        {"contract_mwh": [0.1], "cleared_mwh": [0.3], "price": [0.7], "strike": [1.1]}
    )
    assert settle_contract(frame)["amount"].iloc[0] == Decimal("0.25")  # 0.11 + 0.7 x 0.2


def test_bad_periods_are_named_all_at_once() -> None:
    frame = pd.DataFrame({"contract_mwh": [1], "cleared_mwh": [1]})
    with pytest.raises(InputError) as caught:
        settle_contract(frame)
    assert {failure.column for failure in caught.value.failures} == {"price", "strike"}
    frame = periods("base").astype({"price": float})
    frame.loc[1, "price"] = float("nan")
    with pytest.raises(InputError, match="row 3, price: price must be a finite number"):
        settle_contract(frame)


def test_unknown_method_and_side_are_named() -> None:
    with pytest.raises(InputError, match="unknown method 'both'"):
        settle_contract(periods("base"), method="both")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown side 'broker'"):
        settle_contract(periods("base"), side="broker")  # type: ignore[arg-type]
