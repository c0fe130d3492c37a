"""Whole schedules compared: the price-based one against the cost-based one, at minimum output.

PJM puts a unit whose owner failed the three-pivotal-supplier test on the schedule with the lower
total cost over the minimum run at minimum output. Schedules are compared and taken as a whole,
never component by component.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Schedule", "cheapest_schedule", "schedule_cost"]

_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of a unit.

    Attributes
    ----------
    energy
        Offer at minimum output, money per MWh.
    no_load
        Money per hour on.
    startup
        Money of the start; 0 for a unit that is on already.
    eco_min
        Minimum output, MW.
    min_run
        Minimum run, hours.
    """

    energy: float
    no_load: float
    startup: float
    eco_min: float
    min_run: float


def schedule_cost(schedule: Schedule) -> float:
    """Give the total dispatch cost of a schedule, money.

    ``startup + min_run * (energy * eco_min + no_load)``. Source: PJM Operating Agreement, schedule
    1, 6.4.1, selection at economic minimum over the minimum run time.
    """
    hourly = schedule.energy * schedule.eco_min + schedule.no_load
    return schedule.startup + schedule.min_run * hourly


def cheapest_schedule(schedules: Mapping[str, Schedule]) -> str:
    """Name of the schedule of lowest total cost; of several as cheap the one named first."""
    costs = {name: schedule_cost(schedule) for name, schedule in schedules.items()}
    least = min(costs.values())
    return next(n for n, cost in costs.items() if cost <= least + _SAME * max(1.0, abs(least)))
