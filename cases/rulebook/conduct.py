"""The two tests of a rulebook, conduct and impact: thresholds by component, and who is exempt."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cases.rulebook.section import Names, Section
from cases.rulebook.thresholds import PhysicalThreshold, Threshold, TimeThreshold

__all__ = ["ConductRules", "ImpactRules", "RerunRules"]


class ConductRules(Section):
    """Thresholds of the conduct test outside constrained areas, by component of the offer."""

    granularity: Literal["curve", "segment"] = Field(
        default="curve",
        description="where one segment of an energy curve fails, the whole curve of the interval "
        "is substituted, or only the segments that fail",
    )
    applies_to: Literal["all", "pivotal"] = Field(
        default="all",
        description="whom these thresholds hold for: every unit, or in each interval those of "
        "suppliers without which the whole market is short; areas hold for their units anyway",
    )
    kinds: Names = Field(
        default=("unit", "storage"),
        description="whose offers of energy are tested: unit, storage (charge and discharge, hour "
        "by hour, by the thresholds of energy)",
    )
    exempt_units: Names = Field(default=(), description="units that are not tested")
    exempt_technologies: Names = Field(
        default=(), description="technologies whose units are not tested"
    )
    energy: Threshold = Field(description="offered energy price, block by block")
    min_generation: Threshold = Threshold()
    no_load: Threshold = Threshold()
    startup: Threshold = Threshold()
    shutdown: Threshold = Threshold()
    reserve: Threshold = Threshold()
    time: TimeThreshold = TimeThreshold()
    physical: PhysicalThreshold = PhysicalThreshold()


class ImpactRules(Section):
    """Thresholds of the impact test and its counterfactual."""

    mode: Literal["joint", "per_owner", "per_unit"] = Field(
        description="which offers are replaced together when the impact is measured"
    )
    price: Threshold
    guarantee: Threshold = Threshold()


class RerunRules(Section):
    """How the market is cleared again with references."""

    commitment: Literal["local", "held", "reoptimized"] = Field(
        default="local",
        description="which units run in reruns: chosen anew for the replaced units and those that "
        "they move, as submitted and replaced alike; as in the first run; or all chosen anew",
    )
