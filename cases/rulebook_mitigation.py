"""The `mitigation` section of a rulebook: which procedure, which references, which thresholds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cases.rulebook_structure import StructureRules

__all__ = ["ConductRules", "ImpactRules", "MitigationRules", "ReferenceRules", "Threshold"]

Profile = Literal[
    "default", "nyiso", "isone", "miso", "spp", "pjm", "caiso", "ercot", "ieso", "guangdong"
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReferenceRules(_Section):
    """How the reference level of an offer is made."""

    method: Literal["cost", "offer", "price", "opportunity", "negotiated", "auto"] = Field(
        description="method of reference levels; auto = the order of the profile"
    )
    adder: float = Field(
        ge=0, allow_inf_nan=False, description="share added to a cost-based reference; 0.10 = 10 %"
    )


class Threshold(_Section):
    """A threshold in percent and in money; the lower of the two holds.

    With `increase` an offer fails above reference + min(percent of |reference|, absolute); with
    `multiple` above min(percent / 100 * reference, reference + absolute).
    """

    percent: float = Field(ge=0, description="relative threshold, percent; inf = none")
    absolute: float = Field(ge=0, description="absolute threshold, money/MWh; inf = none")
    exempt_below: float = Field(description="prices below this never fail, money/MWh")
    limit_kind: Literal["increase", "multiple"] = Field(
        description="300 percent means 300 % above the reference, or three times it"
    )


class ConductRules(_Section):
    """Thresholds of the conduct test, by component."""

    energy: Threshold


class ImpactRules(_Section):
    """Thresholds of the impact test and its counterfactual."""

    mode: Literal["joint", "per_owner", "per_unit"] = Field(
        description="which offers are replaced together when the impact is measured"
    )
    price: Threshold


class MitigationRules(_Section):
    """The `mitigation` section of a rulebook."""

    profile: Profile = Field(description="procedure: the order of the tests")
    reference: ReferenceRules
    conduct: ConductRules
    impact: ImpactRules
    structure: StructureRules = Field(default_factory=StructureRules)
