"""IESO: constrained areas, conduct, and the price at the unit's own bus.

A unit is tested while it lies in a constrained area (narrow and dynamic by the share of hours in
which a limit binds, broad while one binds), or everywhere where its owner is pivotal. Impact is the
difference of the price at the resource itself, not anywhere. Source: IESO market power mitigation
of the renewed market (2025); reference/mitigation.md section 4.
"""

from __future__ import annotations

import pandas as pd

from mitigation.impact.measure import measure
from mitigation.impact.verdicts import at_own_bus
from mitigation.slots import AssessedRun, Impact, Replacement

__all__ = ["impact_at_own_bus"]


def impact_at_own_bus(assessed: AssessedRun, replacement: Replacement) -> Impact:
    """Replace what moved the price at its own bus, or the guarantee payment of its unit.

    Energy is decided by the price at the unit's bus, start-up, no-load, parameters and energy that
    moved no price by its guarantee payment, as elsewhere.
    """
    bus_of = assessed.run.case.tables["units"].set_index("unit")["bus"]

    def decide(keys: pd.DataFrame, impact: pd.DataFrame, withheld: set[str]) -> pd.DataFrame:
        return at_own_bus(bus_of, keys, impact, withheld)

    return measure(assessed, replacement, decide).impact()
