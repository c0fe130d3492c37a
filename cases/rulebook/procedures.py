"""Slots of a procedure, and what only one shipped procedure asks: `.pjm`, `.caiso`, `.ercot`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cases.rulebook.section import Names, Section

__all__ = ["CaisoRules", "ErcotRules", "PjmRules", "ProcedureRules"]


class ProcedureRules(Section):
    """The `mitigation.procedure` section: another slot in place of one of the profile's.

    The names are those that `mitigation` has registered; they are checked where the procedure is
    used, so that a slot registered outside the product counts like any other.
    """

    subject: str = Field(default="", description="who is tested; blank = as the profile says")
    replacement: str = Field(
        default="", description="what an offer is replaced by; blank = as the profile says"
    )
    impact: str = Field(
        default="", description="what must move, replaced how; blank = as the profile says"
    )
    apply: str = Field(
        default="",
        description="by a rerun, by payment afterwards, or in the report only; blank = as the "
        "profile says",
    )


class PjmRules(Section):
    """Offer capping after three pivotal suppliers."""

    schedule: Literal["cheapest", "strict"] = Field(
        default="cheapest",
        description="cheapest: the whole schedule, price-based or cost-based, of lower total cost; "
        "strict: the lower of both at every MW and in every part, with the parameters of the "
        "cost-based one",
    )
    least_mw: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="output at which schedules of units without a minimum are compared, MW",
    )
    raised_mw: float = Field(
        default=0.01,
        ge=0,
        allow_inf_nan=False,
        description="a unit is raised for a constraint by more than this, MW",
    )


class CaisoRules(Section):
    """Local market power mitigation against the competitive LMP."""

    reference_buses: Names = Field(
        default=(),
        description="buses at the two ends of the reference path; the one at its sending end is "
        "the reference of the day. Where the case has none of them, the bus with the lowest "
        "average price",
    )
    reference_path: str = Field(
        default="",
        description="branch or interface whose flow of the day runs from the first reference bus "
        "to the second where it is positive; blank = the first bus",
    )


class ErcotRules(Section):
    """Two clearings, the first with competitive constraints only."""

    applies_to: Literal["all", "material"] = Field(
        default="all",
        description="whose offers are capped in the second clearing: every unit, or those that "
        "relieve a constraint that is not competitive by `two_step.dfax_min` or more",
    )
