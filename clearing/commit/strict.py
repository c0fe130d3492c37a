"""Penalties of the program that decides: no start is dodged by buying a limit."""

from __future__ import annotations

import numpy as np

from cases import RuleBook
from clearing.day.day import Day
from clearing.day.start_costs import StartCosts

__all__ = ["strict_rules"]


def strict_rules(day: Day) -> RuleBook:
    """Penalties that no start is cheaper than: one MW beyond a limit costs more than any start."""
    costs, hours = StartCosts.of(day), np.nan_to_num(day.unit_column("min_up"))
    blocks = day.offers
    level = np.clip(day.unit_column("p_min")[blocks.of] - blocks.start, 0.0, blocks.mw)
    at_least = np.zeros((day.intervals, len(day.units)))
    np.add.at(at_least, (blocks.interval, blocks.of), level * np.maximum(blocks.price, 0.0))
    run = np.maximum(hours, day.hours)
    dear = costs.coldest + costs.shutdown + run * (costs.no_load + at_least.max(axis=0, initial=0))
    most = float(dear.max(initial=0.0)) / day.hours
    return day.rulebook.with_penalties(lambda penalty: penalty + max(most, 0.0))
