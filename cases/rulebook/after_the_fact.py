"""Rules on money corrected after the fact: congestion payments that are clawed back, forfeits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cases.rulebook.section import INF, Section

__all__ = ["AfterTheFactRules", "ClawBackRules", "ForfeitRules"]


class ClawBackRules(Section):
    """Three screens, all of which must hold before a congestion payment is clawed back."""

    dfax_min: float = Field(
        default=0.0,
        ge=0,
        description="cause: least effect of the unit on a binding limit, MW per MW",
    )
    fewest_competitors: int = Field(
        default=0,
        ge=0,
        description="competition: fewer other owners with an effect on that limit are too few; "
        "0 = never too few, so nothing is clawed back",
    )
    band_percent: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="price: how far an offer may lie from its reference and from the market's "
        "price, percent of these, on the side that raises the payment",
    )
    inconsistent_with: Literal["either", "both"] = Field(
        default="both",
        description="price: outside the band of its own reference or of the market's price, or "
        "outside both",
    )


class ForfeitRules(Section):
    """Profit from conduct that is given up, and a penalty on top of it."""

    share: float = Field(
        default=0.0, ge=0, le=1, description="share of the profit that is given up (0 to 1)"
    )
    penalty: float = Field(
        default=0.0, ge=0, description="penalty on top, as a share of the profit"
    )


class AfterTheFactRules(Section):
    """The `mitigation.after_the_fact` section of a rulebook; its defaults take nothing back."""

    claw_back: ClawBackRules = ClawBackRules()
    forfeit: ForfeitRules = ForfeitRules()
    second_level_limit: float = Field(
        default=INF,
        gt=0,
        description="money per MWh of a day's mean price above which all its prices are scaled "
        "down in proportion; inf = none",
    )
