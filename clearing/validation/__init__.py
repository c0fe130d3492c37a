"""The checks of a run, one family per module; `CHECKS` lists them in order.

A check is a function from `Facts` (a run's tables as arrays) to frames of violations. A new
family is a new module and one more entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pandas as pd

from clearing.validation import (
    balance,
    binding,
    commitment,
    custom,
    energy_limits,
    kinds,
    losses,
    manifest,
    marginal,
    money,
    network,
    opportunity,
    prices,
    rent,
    reserve_money,
    reserves,
    risks,
    schema,
    security,
    storage,
    tables,
    units,
    virtuals,
)
from clearing.validation.facts import Facts
from clearing.validation.report import COLUMNS, collect

__all__ = ["CHECKS", "COLUMNS", "GROUND", "Check", "Facts", "collect"]

Check: TypeAlias = Callable[[Facts], Iterator[pd.DataFrame]]

GROUND: tuple[Check, ...] = (tables.complete, kinds.kinds)
"""Checks without which the others cannot be computed."""

CHECKS: tuple[Check, ...] = (
    tables.identity,
    schema.keys,
    schema.intervals,
    schema.words,
    manifest.proof,
    manifest.sources,
    balance.energy_balance,
    balance.loads,
    balance.bids,
    balance.links,
    units.bounds,
    units.availability,
    units.self_schedules,
    units.ramps,
    commitment.logic,
    commitment.minimum_times,
    commitment.must_run,
    commitment.outage,
    commitment.scheduled,
    storage.power,
    storage.energy,
    energy_limits.budgets,
    energy_limits.shadow_prices,
    virtuals.awards,
    risks.covered,
    risks.shared,
    risks.prices,
    risks.nodes,
    risks.published,
    reserves.awards,
    reserves.capacity,
    reserves.ramps,
    reserves.ramps_with_energy,
    reserves.requirements,
    network.flows,
    network.branch_limits,
    network.interface_limits,
    security.post_contingency,
    custom.limits,
    money.offers,
    money.dispatch_cost,
    money.penalties,
    money.objective,
    binding.constraint_rows,
    binding.complementary,
    binding.dfax,
    custom.constraint_rows,
    custom.terms,
    custom.dfax,
    prices.split,
    kinds.unique,
    kinds.where_exceeded,
    kinds.held,
    marginal.marginal,
    losses.component,
    prices.points,
    prices.terms,
    prices.units,
    prices.bids,
    prices.links,
    virtuals.prices,
    storage.prices,
    reserves.shadow_prices,
    reserves.prices,
    opportunity.swaps,
    reserve_money.award_prices,
    prices.balance_price,
    rent.rent_identity,
)
"""Everything that is recomputed, in the order of the report."""
