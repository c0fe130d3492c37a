"""The `mitigation.reference` section of a rulebook: how reference levels are made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cases.rulebook.section import Section, listed

__all__ = [
    "FrequentTier",
    "OfferReference",
    "OpportunityReference",
    "PriceReference",
    "ReferenceMethod",
    "ReferenceRules",
    "WindowRules",
]

ReferenceMethod = Literal["negotiated", "opportunity", "offer", "price", "cost"]
Share = Annotated[float, Field(ge=0, le=1)]


class WindowRules(Section):
    """The hours of the look-back from which samples are taken."""

    days: int = Field(
        default=90, ge=1, description="length of the look-back before the market day, days"
    )
    first_hour: int = Field(
        default=6, ge=0, le=23, description="first hour of the day (hour beginning)"
    )
    last_hour: int = Field(
        default=21, ge=0, le=23, description="last hour of the day (hour beginning)"
    )
    calendar: str = Field(
        default="weekdays",
        min_length=1,
        description="days that count: every day, weekdays, or the working days of a country (US)",
    )


class OfferReference(Section):
    """References from the unit's own accepted offers."""

    statistic: Literal["lower", "mean", "median"] = Field(
        default="lower", description="mean, median, or the lower of the two"
    )
    min_samples: int = Field(default=3, ge=1, description="fewest samples of a block")
    leave_out_below: float = Field(
        default=float("-inf"), description="samples below this price are left out, money/MWh"
    )
    in_merit: bool = Field(
        default=True, description="where the bus price is known, leave out offers that lay above it"
    )
    fuel_share: Share = Field(
        default=1.0, description="share of the offer that moves with the fuel price"
    )


class PriceReference(Section):
    """References from the prices at the unit's bus while it ran in merit."""

    percent: float = Field(
        default=50.0, gt=0, le=100, description="lowest share of the hours, percent"
    )
    weights: Literal["hours", "mw"] = Field(
        default="hours", description="plain mean, or weighted by the output of the unit"
    )
    min_samples: int = Field(default=3, ge=1, description="fewest hours in merit")
    leave_out_below: float = Field(
        default=float("-inf"), description="hours with a price below this are left out, money/MWh"
    )
    unmitigated: bool = Field(
        default=False, description="leave out hours in which the unit was mitigated"
    )
    fuel_share: Share = Field(
        default=1.0, description="share of the price that moves with the fuel price"
    )


class OpportunityReference(Section):
    """References of hydro, storage and other units with limited energy."""

    source: Literal["auto", "shadow_price", "sorted_prices"] = Field(
        default="auto",
        description=(
            "value of energy: shadow price of its budget, price of the last hour that the energy "
            "reaches, or (auto) the shadow price where the budget binds and else the prices"
        ),
    )
    adder: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="share added; 0.10 = 10 %"
    )
    wear: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="wear of storage, money per MWh delivered",
    )


class FrequentTier(Section):
    """Adder of a unit that is capped in a large share of its run hours.

    The adder is ``max(min(percent of cost, percent_cap), absolute)``.
    """

    from_percent: float = Field(ge=0, le=100, description="share of run hours from which it holds")
    percent: float = Field(default=0.0, ge=0, description="adder in percent of cost")
    percent_cap: float = Field(default=float("inf"), ge=0, description="most of that, money/MWh")
    absolute: float = Field(default=0.0, ge=0, description="least adder, money/MWh")


class ReferenceRules(Section):
    """How the reference level of an offer is made."""

    method: Literal["cost", "offer", "price", "opportunity", "negotiated", "auto"] = Field(
        description="method that is tried first; auto = the order of the profile"
    )
    adder: float = Field(
        ge=0, allow_inf_nan=False, description="share added to a cost-based reference; 0.10 = 10 %"
    )
    commitment_adder: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="share added to the cost of starts, stops and no-load; left out = `adder`",
    )
    order: Annotated[tuple[ReferenceMethod, ...], BeforeValidator(listed)] = Field(
        default=("negotiated", "opportunity", "offer", "price", "cost"),
        description="methods in order: the first that has enough data holds",
    )
    choice: Literal["profile", "participant"] = Field(
        default="profile",
        description="participant: the method that `reference_choices` gives comes first",
    )
    comparable: bool = Field(
        default=True,
        description="where no method has data: median of units of one technology and fuel",
    )
    required: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        default=("energy",),
        description="components whose reference must exist; others are not tested without one",
    )
    reserve_cost: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="cost of reserves without data, money/MW/h",
    )
    window: WindowRules = Field(default_factory=WindowRules)
    offer: OfferReference = Field(default_factory=OfferReference)
    price: PriceReference = Field(default_factory=PriceReference)
    opportunity: OpportunityReference = Field(default_factory=OpportunityReference)
    frequent: dict[str, FrequentTier] = Field(
        default_factory=dict,
        description="tables by name: adders of units that are mitigated often",
    )
