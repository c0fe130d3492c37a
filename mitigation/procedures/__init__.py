"""Procedures: what each market does with an assessed run, as functions of the four slots.

In: an :class:`mitigation.slots.AssessedRun`. Out: an :class:`mitigation.slots.Outcome`. ``shipped``
is the table of all of them, ``carry_out`` runs one; a market's own file holds its functions.
"""

from mitigation.procedures.schedules import Schedule, cheapest_schedule, schedule_cost

__all__ = ["Schedule", "cheapest_schedule", "schedule_cost"]
