"""Time value of money on futures: formulas (1) and (2) of the futures paper.

Shi, Liu and Feng, "A new mode for medium and long-term electricity trade based on standardized
futures" (Electric Power, 2021).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal, get_args, overload

from cases.errors import InputError
from settlement.ledger.money import Number, exact

__all__ = ["RateConvention", "monthly_rate", "present_value", "time_value"]

RateConvention = Literal["nominal/12", "effective", "paper-2016"]

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)


@overload
def monthly_rate(nominal: Decimal | int, convention: RateConvention = "nominal/12") -> Decimal: ...
@overload
def monthly_rate(nominal: float, convention: RateConvention = "nominal/12") -> float: ...
def monthly_rate(nominal: Number, convention: RateConvention = "nominal/12") -> Decimal | float:
    """Monthly rate of a nominal annual rate (both fractions: 8 % is 0.08).

    - `nominal/12`: r / 12.
    - `effective`: (1 + r)^(1/12) - 1, the rate that compounds to r in a year.
    - `paper-2016`: ((1 + r/12)^12 - 1) / 12 rounded to two decimals of a percent; 8 % gives
      0.69 %, the only rate that reproduces table 5 of the futures paper. It counts compounding
      twice and is kept as a convention by name, so that nobody takes it for the meaning of "8 %".

    A float gives a float; an int or Decimal gives a Decimal.

    Raises
    ------
    InputError
        If the convention is unknown or the rate is not above -100 %.
    """
    if convention not in get_args(RateConvention):
        known = ", ".join(get_args(RateConvention))
        raise InputError.one(
            "", None, None, "convention", f"unknown rate convention {convention!r}: one of {known}"
        )
    with localcontext(_CONTEXT):
        rate = exact(nominal)
        if rate <= -1:
            raise InputError.one(
                "", None, None, "rate", f"an annual rate must be above -1 (-100 %), got {nominal}"
            )
        if convention == "nominal/12":
            month = rate / 12
        elif convention == "effective":
            month = (1 + rate) ** (Decimal(1) / 12) - 1
        else:
            month = (((1 + rate / 12) ** 12 - 1) / 12).quantize(Decimal("0.0001"))
    return float(month) if isinstance(nominal, float) else month


@overload
def present_value(
    principal: Decimal | int, monthly_rate: Decimal | int, months: Decimal | int
) -> Decimal: ...
@overload
def present_value(principal: float, monthly_rate: float, months: float) -> float: ...
@overload
def present_value(principal: Number, monthly_rate: Number, months: Number) -> Decimal | float: ...
def present_value(principal: Number, monthly_rate: Number, months: Number) -> Decimal | float:
    """Formula (1): FNPV = n p / (1 + i)^(b - a), the value today of money due in `months`.

    `principal` is n p (money), `monthly_rate` is i (a fraction), `months` is b - a. The result
    is a float when any argument is one, else a Decimal.

    Raises
    ------
    InputError
        If the rate is not above -100 %.
    """
    with localcontext(_CONTEXT):
        rate = exact(monthly_rate)
        if rate <= -1:
            raise InputError.one(
                "", None, None, "rate", f"a monthly rate must be above -1, got {monthly_rate}"
            )
        value = exact(principal) / (1 + rate) ** exact(months)
    given = (principal, monthly_rate, months)
    return float(value) if any(isinstance(x, float) for x in given) else value


@overload
def time_value(
    principal: Decimal | int, monthly_rate: Decimal | int, months: Decimal | int
) -> Decimal: ...
@overload
def time_value(principal: float, monthly_rate: float, months: float) -> float: ...
@overload
def time_value(principal: Number, monthly_rate: Number, months: Number) -> Decimal | float: ...
def time_value(principal: Number, monthly_rate: Number, months: Number) -> Decimal | float:
    """Formula (2): c = n p - n p / (1 + i)^(b - a), what the buyer pays the seller for waiting.

    Arguments and result type as in `present_value`. Not rounded: the rulebook's smallest unit
    does that once, in the statement.

    Examples
    --------
    >>> round(time_value(10_793_040, Decimal("0.0069"), 3))
    220368
    """
    with localcontext(_CONTEXT):
        value = exact(principal) - exact(
            present_value(exact(principal), exact(monthly_rate), exact(months))
        )
    given = (principal, monthly_rate, months)
    return float(value) if any(isinstance(x, float) for x in given) else value
