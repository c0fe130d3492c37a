"""Thresholds: how far an offer, a price or a parameter may lie from its reference."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cases.rulebook.section import INF, Section

__all__ = ["PhysicalThreshold", "Threshold", "TimeThreshold"]


class Threshold(Section):
    """A threshold in percent and in money; the lower of the two holds.

    With `increase` an offer fails above reference + min(percent of |reference|, absolute); with
    `multiple` above min(percent / 100 * reference, reference + absolute). Both infinite: nothing
    fails. Money is per MWh for energy, per MW and hour for reserves, per hour for no-load, per
    event for start-up and shut-down, per unit and day for guarantee payments.
    """

    percent: float = Field(default=INF, ge=0, description="relative threshold, percent; inf = none")
    absolute: float = Field(default=INF, ge=0, description="absolute threshold, money; inf = none")
    exempt_below: float = Field(
        default=-INF, description="offers (or prices) below this never fail, money; -inf = none"
    )
    limit_kind: Literal["increase", "multiple"] = Field(
        default="increase",
        description="300 percent means 300 % above the reference, or three times it",
    )


class TimeThreshold(Section):
    """How much longer than its reference a time parameter (such as min_up) may be, hours."""

    single: float = Field(
        default=INF, ge=0, description="hours by which one parameter may be longer; inf = none"
    )
    total: float = Field(
        default=INF,
        ge=0,
        description="hours by which all of a unit's may be longer together; inf = none",
    )


class PhysicalThreshold(Section):
    """How far the other physical parameters may lie from their reference, percent."""

    minimum_percent: float = Field(
        default=INF, ge=0, description="a minimum may be higher by this, percent; inf = none"
    )
    maximum_percent: float = Field(
        default=100.0,
        ge=0,
        le=100,
        description="a maximum or a ramp may be lower by this, percent; 100 = none",
    )
