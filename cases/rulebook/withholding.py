"""Rules on physical withholding: how much may be missing, and what it costs who holds it back."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from cases.rulebook.section import INF, Names, Section, listed

__all__ = ["SimilarityRules", "WithholdingPenalty", "WithholdingRules"]

Levels = Annotated[tuple[float, ...], BeforeValidator(listed)]


class WithholdingPenalty(Section):
    """Sanction: base times MWh held back times price increase times multiplier."""

    base: float = Field(default=1.0, ge=0, description="factor of the first finding; 0 = none")
    most: float = Field(
        default=1.0,
        ge=1,
        description="largest multiplier; each earlier finding against the owner adds 1 up to it",
    )


class SimilarityRules(Section):
    """The `mitigation.similarity` section: the screen for offers that were made together."""

    step_percent: float = Field(
        default=10.0,
        gt=0,
        le=100,
        description="offers are sampled at every so many percent of capacity; divides 100",
    )
    smallest: float = Field(
        default=0.0, ge=0, le=1, description="pairs of units less alike are left out (0 to 1)"
    )


class WithholdingRules(Section):
    """The `mitigation.withholding` section of a rulebook; its defaults find nobody."""

    unit_percent: float = Field(
        default=INF, ge=0, description="MW a unit may hold back, percent of its reference; inf=none"
    )
    unit_mw: float = Field(default=INF, ge=0, description="MW a unit may hold back; inf = none")
    portfolio_percent: float = Field(
        default=INF,
        ge=0,
        description="MW an owner may hold back, percent of its units' reference; inf = none",
    )
    portfolio_mw: float = Field(
        default=INF, ge=0, description="MW an owner may hold back; inf = none"
    )
    exempt_technologies: Names = Field(
        default=(), description="technologies whose output nature limits: not screened"
    )
    largest_suppliers: int = Field(
        default=3, ge=1, description="how many suppliers count as large in the rates by size"
    )
    load_levels: Levels = Field(
        default=(0.5, 0.9),
        description="shares of intervals by load at which one load level ends and the next begins",
    )
    penalty: WithholdingPenalty = WithholdingPenalty()
