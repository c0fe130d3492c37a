"""Procedures of single markets: each module registers its own by name."""

from mitigation.procedures import caiso, ercot, ieso, pjm
from mitigation.procedures.schedules import Schedule, cheapest_schedule, schedule_cost

__all__ = [
    "Schedule",
    "caiso",
    "cheapest_schedule",
    "ercot",
    "ieso",
    "pjm",
    "schedule_cost",
]
