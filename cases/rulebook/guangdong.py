"""Rules of a monthly auction of price differences at one uniform spread, as in Guangdong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cases.rulebook.section import INF, Section

__all__ = [
    "HoursCapRules",
    "MonthlyAuctionRules",
    "OfferFormRules",
    "PriceSetterRules",
    "ShareRules",
]


class OfferFormRules(Section):
    """What a declaration must look like."""

    most_segments: float = Field(
        default=INF, ge=1, description="most segments of one declaration; inf = no limit"
    )
    smallest_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="least share of its declared volume that each segment must have (0 to 1)",
    )


class ShareRules(Section):
    """How much of the auction's volume those under one control may declare (0 to 1)."""

    group: float = Field(
        default=1.0, gt=0, le=1, description="sellers of one generation group; 1 = no cap"
    )
    sales_company: float = Field(
        default=1.0, gt=0, le=1, description="sales companies of one investor; 1 = no cap"
    )


class PriceSetterRules(Section):
    """Whose offers clear as quantity but do not set the spread."""

    largest_groups: int = Field(
        default=0,
        ge=0,
        description="of so many largest groups by capacity, those whose declared share exceeds "
        "their capacity share do not set the spread; 0 = everyone may set it",
    )


class HoursCapRules(Section):
    """Cap on hours of use by coal rate: `H_i = f(k0, k1, F_i, F_ave) * H_ave`."""

    form: Literal["scaled", "additive", "power"] = Field(
        default="scaled",
        description="f, with d = (F_ave - F_i) / F_ave: k0 * (1 + k1 * d), k0 + k1 * d, or "
        "k0 * (F_ave / F_i) ^ k1",
    )
    k0: float = Field(default=INF, gt=0, description="cap at the fleet's average; inf = no cap")
    k1: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="how much more an efficient unit may run; 0 = the same for all",
    )


class MonthlyAuctionRules(Section):
    """The `mitigation.monthly_auction` section of a rulebook; its defaults restrict nobody."""

    price: Literal["midpoint", "seller", "buyer"] = Field(
        default="midpoint",
        description="the uniform spread: midway between the last seller's and the last buyer's "
        "spread that were matched, or one of them",
    )
    offer_form: OfferFormRules = OfferFormRules()
    shares: ShareRules = ShareRules()
    price_setter: PriceSetterRules = PriceSetterRules()
    hours_cap: HoursCapRules = HoursCapRules()
