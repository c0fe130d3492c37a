"""Prices of a committed day: by the schedule as it is, relaxed, or with commitment costs in them.

The schedule is always the cleared one. A second program makes the prices where the rulebook says
so (`pricing.method`, `pricing.penalty_factor`):

- fixed: the schedule's own program, its commitment fixed
- relaxed: the program that decides the commitment, without whole numbers
- extended: fast-start units without minimum output, with start-up and no-load in their offers
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from cases import InputError, RuleBook
from clearing.commit.program import CommitmentProgram
from clearing.day.day import Day
from clearing.day.fleet import Fleet
from clearing.day.schedule import Commitment
from clearing.day.start_costs import StartCosts
from clearing.limits.network import NetworkLimits
from clearing.program.compiled import Compiled
from clearing.program.live import LpSolution
from clearing.program.program import Program
from clearing.program.rows import Kind, RowSet
from clearing.session.cleared import Cleared
from clearing.session.custom_prices import custom_terms
from clearing.session.priced import Priced
from clearing.session.prices import Prices, price
from clearing.session.session import Security, Session, secure_contingencies
from clearing.session.uniqueness import one_sided, unique_prices
from network.arrays import Flags, Floats

__all__ = ["PricingProgram", "extended_day", "method_of", "priced_by_rule", "second_program"]


def method_of(day: Day) -> str:
    """The method that makes the prices: without a commitment always fixed."""
    return "fixed" if day.commitment is None else day.rulebook.pricing.method


@dataclass(frozen=True, eq=False)
class PricingProgram:
    """A second program, which makes the prices of a schedule that it did not make."""

    program: Program
    priced: Priced
    """The same program in the solver, at its optimum."""
    solution: LpSolution
    """With the duals that go with the prices."""
    prices: Prices

    @property
    def network(self) -> NetworkLimits:
        """The limits of its grid."""
        return self.priced.network


def second_program(
    day: Day, known: RowSet, security: Security, deadline: float = np.inf
) -> PricingProgram | None:
    """Solve the program that makes the prices of a day; None where its dispatch makes them.

    Parameters
    ----------
    known
        Rows that the dispatch has found.
    deadline
        Time (of `time.perf_counter`) when it must have ended.

    Raises
    ------
    InputError
        Where losses and relaxed prices are asked for together.
    """
    method, factor = method_of(day), day.rulebook.pricing.penalty_factor
    if method == "fixed" and factor == 1.0:
        return None
    rules = _lowered(day.rulebook, factor)
    if method == "relaxed":
        if rules.losses.method != "none":
            message = "relaxed prices with marginal losses are not part of this version"
            raise InputError.one("", None, "pricing.method", "not_available", message)
        return _relaxed(day.with_rulebook(rules), security, deadline)
    other = day.with_rulebook(rules) if method == "fixed" else extended_day(day, rules)
    return _dispatched(other, known, security, deadline)


def priced_by_rule(session: Session, cleared: Cleared, security: Security) -> Cleared:
    """Give a cleared day the prices that its rulebook asks for; its schedule stays.

    Raises InputError where losses and relaxed prices are asked for together.
    """
    day = session.day
    made = second_program(day, session.live.soft, security, session.live.deadline)
    if made is None:
        return cleared
    compiled, solution, soft = made.program.compiled, made.solution, made.program.soft.rows
    network = soft[soft.kind != Kind.RAMP]
    new = network[~np.isin(network.keys, session.live.soft.keys)]
    if len(new):
        session.know(new)
        cleared = session.solve()
    at = dict(zip(soft.keys.tolist(), (solution.soft_dual / day.hours).tolist(), strict=True))
    shadow = np.array([at.get(key, 0.0) for key in cleared.soft.keys.tolist()], dtype=float)
    row_dual = _same_rows(cleared.compiled, compiled, solution)
    return replace(cleared, prices=made.prices, shadow=shadow, row_dual=row_dual)


def extended_day(day: Day, rules: RuleBook) -> Day:
    """The day whose fast-start units carry their commitment cost in their offers.

    A unit with `quick_start` that is on has no minimum output and offers every block at

        price + startup / (p_max * max(min_up, 1 h)) + no_load / p_max

    with the coldest start-up price (MISO's approximation of extended LMPs; DESIGN section 5). With
    `pricing.allow_offline` those that are off take part as well, where they are available.
    """
    assert day.commitment is not None
    units = day.case.tables["units"]
    costs, p_max = StartCosts.of(day), day.unit_column("p_max")
    fast = units["quick_start"].to_numpy(dtype=bool) & (p_max > 0.0)
    fast &= np.isnan(day.self_scheduled).all(axis=0)
    hours = np.maximum(np.nan_to_num(day.unit_column("min_up")), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        adder = np.where(fast, costs.coldest / (p_max * hours) + costs.no_load / p_max, 0.0)
    offers = day.case.tables["offers"]
    of = day.units.get_indexer(pd.Index(offers["unit"]))
    case = day.case.replace(
        units=units.assign(p_min=np.where(fast, 0.0, units["p_min"].to_numpy(dtype=float))),
        offers=offers.assign(price=offers["price"].to_numpy(dtype=float) + adder[of]),
    )
    on: Flags = day.on
    if rules.pricing.allow_offline:
        on = on | (fast[None, :] & (day.capacity > 0.0))
    commitment = Commitment(on, np.zeros_like(day.commitment.cost), day.commitment.whole)
    return Day(case, rules, day.grid, commitment, day.extend, day.extension)


def _dispatched(day: Day, known: RowSet, security: Security, deadline: float) -> PricingProgram:
    """Prices of a dispatch of its own, from the rows that are known."""
    other = Session.open(day, security)
    other.live.deadline = deadline
    other.know(known)
    cleared = other.solve()
    solution = replace(
        cleared.solution, soft_dual=cleared.shadow * day.hours, row_dual=cleared.row_dual
    )
    return PricingProgram(cleared.program, Priced.of(other), solution, cleared.prices)


def _relaxed(day: Day, security: Security, deadline: float) -> PricingProgram:
    """Prices of the commitment's program without whole numbers."""
    outages, _ = secure_contingencies(day, security)
    fleet = Fleet(replace(day, commitment=None), merge=True)
    program = CommitmentProgram(fleet, outages, deadline, None)
    program.relax()
    live = program.live
    live.highs.setOptionValue("presolve", "off")
    solution = live.solve()
    balance = program.compiled.rows(program.compiled.market.model.energy_balance)
    unique = unique_prices(live, program.network, balance, None)
    tie_break = day.rulebook.pricing.tie_break
    if tie_break != "solver" and (unique is None or not unique.all()):
        solution = one_sided(live, tie_break)
    custom = custom_terms(program.compiled, solution.row_dual)
    prices = price(day, program.network, solution, live.soft, balance, custom=custom)
    prices = replace(prices, unique=unique)
    return PricingProgram(
        live.program(), Priced(live, program.network, balance, None), solution, prices
    )


def _same_rows(compiled: Compiled, other: Compiled, solution: LpSolution) -> Floats:
    """Duals of another program's rows at the rows of the same name, 0 where it has none, (m,)."""
    there = {
        str(row.name): float(solution.row_dual[at])
        for component in other.market.model.component_objects(pyo.Constraint)
        for row, at in zip(component.values(), other.rows(component).tolist(), strict=True)
    }
    duals = np.zeros(len(compiled.row_low))
    for component in compiled.market.model.component_objects(pyo.Constraint):
        for row, at in zip(component.values(), compiled.rows(component).tolist(), strict=True):
            duals[at] = there.get(str(row.name), 0.0)
    return duals


def _lowered(rules: RuleBook, factor: float) -> RuleBook:
    """Rules with penalties lowered for the pricing pass."""
    return rules.with_penalties(lambda each: each * factor) if factor != 1.0 else rules
