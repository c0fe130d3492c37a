"""The `mitigation` section of a rulebook: which procedure, which references, which thresholds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from cases.rulebook.after_the_fact import AfterTheFactRules
from cases.rulebook.areas import AreaRules
from cases.rulebook.china import HunanRules, ShaanxiRules
from cases.rulebook.conduct import ConductRules, ImpactRules, RerunRules
from cases.rulebook.guangdong import MonthlyAuctionRules
from cases.rulebook.procedures import CaisoRules, ErcotRules, PjmRules, ProcedureRules
from cases.rulebook.references import ReferenceRules
from cases.rulebook.section import Section
from cases.rulebook.structure import StructureRules
from cases.rulebook.thresholds import Threshold
from cases.rulebook.withholding import SimilarityRules, WithholdingRules

__all__ = [
    "AfterTheFactRules",
    "AreaRules",
    "ConductRules",
    "ImpactRules",
    "MitigationRules",
    "MonthlyAuctionRules",
    "ReferenceRules",
    "RerunRules",
    "Threshold",
    "WithholdingRules",
]


class MitigationRules(Section):
    """The `mitigation` section of a rulebook."""

    profile: str = Field(
        min_length=1,
        description="procedure: a registered combination of subject, replacement, impact and apply",
    )
    procedure: ProcedureRules = ProcedureRules()
    reference_at_or_below_zero: Literal["magnitude", "absolute", "exempt"] = Field(
        default="magnitude",
        description="where a reference is not above zero: percent of its absolute value and the "
        "absolute threshold, the absolute threshold alone, or no test",
    )
    near_miss: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="what passes within this share of its limit is listed as a near miss",
    )
    reference: ReferenceRules
    conduct: ConductRules
    impact: ImpactRules
    rerun: RerunRules = RerunRules()
    areas: dict[str, AreaRules] = Field(
        default_factory=dict, description="constrained areas by name, each a table of its own"
    )
    structure: StructureRules = Field(default_factory=StructureRules)
    pjm: PjmRules = PjmRules()
    caiso: CaisoRules = CaisoRules()
    ercot: ErcotRules = ErcotRules()
    hunan: HunanRules = HunanRules()
    shaanxi: ShaanxiRules = ShaanxiRules()
    own: dict[str, Any] = Field(
        default_factory=dict,
        description="keys of a user's own slots, free in name and form: `mitigation.own.NAME`",
    )
    monthly_auction: MonthlyAuctionRules = MonthlyAuctionRules()
    withholding: WithholdingRules = WithholdingRules()
    similarity: SimilarityRules = SimilarityRules()
    after_the_fact: AfterTheFactRules = AfterTheFactRules()
