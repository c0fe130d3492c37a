"""The sections of a rulebook that clearing reads: penalties, network, pricing, solver, offers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cases.rulebook.section import INF, Section

__all__ = [
    "ClearingRules",
    "LossRules",
    "NetworkRules",
    "OfferRules",
    "PenaltyRules",
    "PricingRules",
    "RealTimeRules",
    "ReserveRules",
    "SecurityRules",
    "SolverRules",
    "UpliftRules",
]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PenaltyRules(Section):
    """Prices at which a limit may be exceeded, money per MWh."""

    balance: Positive = Field(description="energy balance of an island, either way")
    branch: Positive = Field(description="branch limit in the base case")
    interface: Positive = Field(description="interface limit")
    contingency: Positive = Field(description="branch limit after an outage")
    ramp: Positive = Field(description="ramp limit of a unit")
    reserve: Positive = Field(description="reserve requirement without a demand curve")
    custom: Positive = Field(
        default=2000.0, description="custom constraint of the case without a penalty of its own"
    )


class NetworkRules(Section):
    """How the grid becomes equations."""

    convention: Literal["matpower", "series"] = Field(
        description="susceptance: 1 / (x * tap) with shifts, or x / (r^2 + x^2) without"
    )
    angle_limits: bool = Field(description="angle difference limits hold as flow limits")


class SecurityRules(Section):
    """How limits of the grid are found and added."""

    tolerance_mw: Positive = Field(description="excess from which a limit is added, MW")
    rows_per_pass: int = Field(ge=1, description="most limits added in one pass")


class PricingRules(Section):
    """Which problem makes the prices."""

    method: Literal["fixed", "relaxed", "extended"] = Field(
        description="commitment fixed, relaxed, or with start-up and no-load in the offer"
    )
    allow_offline: bool = Field(description="extended: units that stay off may set the price")
    penalty_factor: float = Field(
        default=1.0, gt=0, le=1, description="part of the penalties that counts for prices"
    )
    tie_break: Literal["solver", "lower", "upper"] = Field(
        description="which price holds where duals are not unique"
    )


class SolverRules(Section):
    """Settings of HiGHS."""

    seed: int = Field(ge=0, description="random seed")
    threads: int = Field(ge=1, le=256, description="threads")
    gap: float = Field(ge=0, allow_inf_nan=False, description="relative gap of the commitment")
    time_limit: float = Field(gt=0, description="time limit, seconds; inf = none")
    feasibility_tolerance: Positive = Field(description="primal and dual feasibility tolerance")


class RealTimeRules(Section):
    """Real-time dispatch."""

    look_ahead: int = Field(
        default=1, ge=1, description="intervals of a window, the first of them binding"
    )


class LossRules(Section):
    """Transmission losses."""

    method: Literal["none", "marginal", "chords"] = Field(
        description="lossless, marginal losses of the flows' squares, or those squares replaced by "
        "chords between points of a rating, lost at the receiving end"
    )
    segment_ends: tuple[tuple[float, ...], ...] = Field(
        default=(),
        description="chords: where segments end, as shares of the rating, one list for each number "
        "of segments; others are of equal width",
    )
    first_chord: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="chords: factor on the slope of the first segment where there are several",
    )
    tolerance_mw: Positive = Field(
        default=1e-5,
        description="MW by which balance and flows may miss the quadratic losses of an interval",
    )
    iterations: int = Field(
        default=200, ge=1, description="linearizations of the losses before clearing gives up"
    )


class ClearingRules(Section):
    """How the intervals of a day hang together."""

    horizon: Literal["joint", "sequential"] = Field(
        default="joint",
        description="all intervals in one program, or one interval after the other, each from the "
        "MW of the one before, without commitment",
    )


class ReserveRules(Section):
    """How reserves share capacity and ramps with energy, and how they are shared over links."""

    capacity: Literal["joint", "each"] = Field(
        default="joint",
        description="energy and all upward products together, or with each product for itself, "
        "keep within what a unit can reach",
    )
    ramps: bool = Field(
        default=True, description="awards are limited by the ramp in the response time"
    )
    received_price: float = Field(
        default=0.0, ge=0, description="cost of received reserve that counts, money per MW and hour"
    )
    sent_price: float = Field(
        default=0.0, ge=0, description="cost of awards that are sent, money per MW and hour"
    )
    extra_price: float = Field(
        default=0.0, ge=0, description="cost of what is sent beside awards, money per MW and hour"
    )


class OfferRules(Section):
    """Caps on offers, money per MWh."""

    cap: float = Field(description="highest offer; inf = none")
    floor: float = Field(description="lowest offer; -inf = none")
    soft_cap: float = Field(
        default=INF,
        description="an energy offer above this counts only up to its verified cost, by `costs` "
        "or an agreed level, when the market is cleared; inf = none",
    )


class UpliftRules(Section):
    """Who pays for guarantee payments."""

    allocation: Literal["load_ratio", "deviation"] = Field(
        description="by share of load, or by deviation from the day-ahead schedule"
    )
