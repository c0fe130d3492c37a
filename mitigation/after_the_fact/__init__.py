"""Money corrected after the fact: none of it moves a price, a schedule or anybody else's money."""

from mitigation.after_the_fact.congestion import (
    claw_back,
    congestion_payments,
    operating_profit,
    schedules_of,
    unconstrained,
)
from mitigation.after_the_fact.forfeit import energy_profit, profit_forfeit
from mitigation.after_the_fact.guarantees import recomputed_guarantees
from mitigation.after_the_fact.screens import claw_back_screens
from mitigation.after_the_fact.second_level import scaled_to_limit

__all__ = [
    "claw_back",
    "claw_back_screens",
    "congestion_payments",
    "energy_profit",
    "operating_profit",
    "profit_forfeit",
    "recomputed_guarantees",
    "scaled_to_limit",
    "schedules_of",
    "unconstrained",
]
