"""Time value of money: settlement.md sections 1.1 and 1.4."""

from decimal import Decimal

import pytest

from cases import InputError
from settlement import monthly_rate, time_value
from settlement.time.time_value import present_value

A, B = 10_793_040, 7_008_440  # July purchase value of users A and B
SOLD_A, SOLD_B = 11_160_040, 7_227_540


@pytest.mark.parametrize(
    ("convention", "percent"),
    [("nominal/12", "0.6667"), ("effective", "0.6434"), ("paper-2016", "0.6900")],
)
def test_eight_percent_a_year_by_convention(convention: str, percent: str) -> None:
    rate = monthly_rate(Decimal("0.08"), convention)  # type: ignore[call-overload]
    assert (100 * rate).quantize(Decimal("0.0001")) == Decimal(percent)


def test_the_paper_rate_is_exactly_0_69_percent() -> None:
    # ((1 + 0.08/12)^12 - 1)/12 = 8.29995 %/12 = 0.69166 %, rounded to two decimals.
    assert monthly_rate(Decimal("0.08"), "paper-2016") == Decimal("0.0069")
    assert monthly_rate(0.08, "paper-2016") == 0.0069


@pytest.mark.parametrize(
    ("principals", "rate", "months", "expected"),
    [
        ((A, B), "0.0069", 3, (220_368, 143_095)),
        ((A, B), "nominal/12", 3, (213_014, 138_320)),
        ((SOLD_A, SOLD_B), "nominal/12", 3, (220_258, 142_645)),
        ((SOLD_A, SOLD_B), "0.0069", 3, (227_861, 147_569)),
        ((A, B), "effective", 3, (205_676, 133_555)),
        ((SOLD_A, SOLD_B), "nominal/12", 2, (147_326, 95_412)),
    ],
)
def test_every_convention_of_the_table(
    principals: tuple[int, int], rate: str, months: int, expected: tuple[int, int]
) -> None:
    monthly = Decimal(rate) if rate[0] == "0" else monthly_rate(Decimal("0.08"), rate)  # type: ignore[call-overload]
    found = tuple(int(time_value(p, monthly, months).quantize(Decimal(1))) for p in principals)
    assert found == expected


def test_unrounded_values_behind_the_paper() -> None:
    assert time_value(A, 0.0069, 3) == pytest.approx(220_367.88, abs=0.005)
    assert time_value(B, 0.0069, 3) == pytest.approx(143_095.46, abs=0.005)


def test_result_is_a_decimal_unless_a_float_is_given() -> None:
    assert isinstance(time_value(A, Decimal("0.0069"), 3), Decimal)
    assert isinstance(time_value(A, 0.0069, 3), float)
    assert isinstance(monthly_rate(Decimal("0.08")), Decimal)


def test_formulas_one_and_two_add_up_to_the_principal() -> None:
    rate = Decimal("0.0069")
    assert present_value(A, rate, 3) + time_value(A, rate, 3) == A


def test_nothing_is_charged_for_no_time_or_no_rate() -> None:
    assert time_value(A, Decimal(0), 7) == 0
    assert time_value(A, Decimal("0.0069"), 0) == 0


def test_unknown_convention_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown rate convention 'simple': one of nominal/12, "):
        monthly_rate(0.08, "simple")  # type: ignore[call-overload]


@pytest.mark.parametrize("rate", [-1, -1.5])
def test_rates_at_or_below_minus_one_are_refused(rate: float) -> None:
    with pytest.raises(InputError, match="above -1"):
        time_value(100.0, rate, 3)
