"""Constrained areas of a rulebook: who belongs to them, when, and their own thresholds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cases.rulebook.section import Names, Section
from cases.rulebook.thresholds import Threshold

__all__ = ["AreaConduct", "AreaFormula", "AreaImpact", "AreaRules"]

Hours = Annotated[float, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class AreaFormula(Section):
    """A threshold in money per MWh that follows from how often the area is constrained.

    `two_percent`: share * average price * 8760 / constrained hours; charged in every constrained
    hour it raises the yearly average price by that share (NYISO load pockets). `fixed_cost`:
    annual cost of a MW / constrained hours (MISO narrow constrained areas). Never above `cap`; an
    area without constrained hours has no threshold of its own.
    """

    kind: Literal["none", "two_percent", "fixed_cost"] = Field(
        default="none", description="formula of the area's threshold"
    )
    share: float = Field(
        default=0.02,
        ge=0,
        allow_inf_nan=False,
        description="two_percent: the share itself",
        json_schema_extra={"evidence": "H", "source": "NYISO Services Tariff 23.3.1.2.2"},
    )
    annual_cost: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="fixed_cost: net fixed cost of new capacity, money per MW and year",
    )
    average_price: Finite | None = Field(
        default=None,
        description="two_percent: average price of the area over the last year, money/MWh; left "
        "out = that of earlier runs",
    )
    constrained_hours: Hours | None = Field(
        default=None,
        description="hours of the last year in which a limit into the area was binding; left "
        "out = counted in earlier runs and scaled to a year",
    )
    cap: float = Field(
        default=float("inf"), ge=0, description="highest threshold, money/MWh; inf = none"
    )


class AreaConduct(Section):
    """Thresholds of the conduct test in an area; a component left out has the general one."""

    energy: Threshold | None = None
    min_generation: Threshold | None = None
    no_load: Threshold | None = None
    startup: Threshold | None = None
    shutdown: Threshold | None = None
    reserve: Threshold | None = None


class AreaImpact(Section):
    """Thresholds of the impact test in an area; one left out is the general one."""

    test: bool = Field(
        default=True,
        description="false = no impact test: an offer above a conduct threshold of the area itself "
        "is replaced for that alone",
    )
    price: Threshold | None = None
    guarantee: Threshold | None = None


class AreaRules(Section):
    """A constrained area. Of all thresholds that hold for a unit the tightest decides."""

    title: str = Field(default="", description="what the area is")
    kind: Literal["pocket", "narrow", "dynamic", "broad", "constrained", "reliability"] = Field(
        description="what the market calls such an area"
    )
    zones: Names = Field(default=(), description="zones of the area")
    buses: Names = Field(default=(), description="buses of the area")
    units: Names = Field(default=(), description="units of the area")
    must_run: bool = Field(
        default=False, description="only units that must run: those committed for reliability"
    )
    active: Literal["always", "binding", "separated"] = Field(
        default="always",
        description="when it holds: always; while one of its constraints binds; while its price "
        "is above the hub's by more than `separation`",
    )
    constraints: Names = Field(
        default=(), description="limits into the area, by name; none = any limit"
    )
    behind: bool = Field(
        default=False,
        description="only what lies behind one of the constraints: always, those that are named; "
        "binding, whatever of them binds into the area in the interval",
    )
    dfax_min: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="units whose MW relieve the constraint by at least this belong to it, measured "
        "against the slack of the run; 0 = whatever their factor",
    )
    binding_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="binding: only constraints that bound in at least this share of the hours of "
        "the last `binding_window` days",
    )
    binding_window: int = Field(
        default=365,
        ge=1,
        description="binding: days before the market day whose hours make the share; earlier runs "
        "give them, the run that is tested does not count",
    )
    binding_days: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="binding: the share counts once so many of these days are known",
    )
    hub: str = Field(
        default="", description="separated: the hub; blank = the load-weighted average price"
    )
    separation: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="separated: zone price less hub price above this, money/MWh",
    )
    nested_in: str = Field(default="", description="area that this one lies in; blank = none")
    formula: AreaFormula = AreaFormula()
    conduct: AreaConduct = AreaConduct()
    impact: AreaImpact = AreaImpact()
