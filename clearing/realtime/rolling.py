"""Rolling dispatch: one window of intervals after the other, the first interval of each binding.

A window is a dispatch of its own with the commitment given. It begins where the window before
left the units, the storages and the energy budgets, and knows what lies behind its end by

- stored energy, paid at its day-ahead worth where the window ends, within the levels from which
  the end that the case asks for can still be reached,
- energy budgets, whose MWh cost their day-ahead worth, less what was used and what the committed
  units must still produce at least,
- outputs from which a unit can still reach its shut-down ramp before it is to stop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from clearing.day.day import Day
from clearing.day.horizon import Before, Horizons
from clearing.formulation import build_dispatch
from clearing.formulation.energy_limits import Budgets
from clearing.limits.network import NetworkLimits
from clearing.limits.ramps import RampLimits
from clearing.program.compiled import compile_market
from clearing.program.live import LiveProgram
from clearing.program.rows import Kind, RowSet
from clearing.realtime.day_ahead import DayAhead
from clearing.session.cleared import Cleared
from clearing.session.loop import Loop
from clearing.session.session import Session
from network import Contingency
from network.arrays import Flags, Floats, Positions

__all__ = ["Rolling", "Window"]

_HELD_MW = 1e-6


@dataclass(frozen=True, eq=False)
class Window:
    """A solved window; its first interval is binding."""

    first: int
    """Interval of the day at which it begins."""
    session: Session
    cleared: Cleared
    ramp_value: Floats
    """Worth of one more MW of each unit to its later ramps and its stop, money per MWh, (U,)."""
    budget_value: Floats
    """Worth of one more MW of each unit to its energy budget, money per MWh, <= 0, (U,)."""
    held: Flags
    """Units held below what they could reach by the stop that lies ahead, (U,)."""


@dataclass(eq=False)
class Rolling:
    """Windows over a day whose commitment is given."""

    day: Day
    ahead: DayAhead
    outages: tuple[Contingency, ...]
    look_ahead: int
    deadline: float
    """Time (of `time.perf_counter`) after which solving ends without a clearing."""
    times: dict[str, float] = field(default_factory=dict)
    _network: NetworkLimits | None = None

    def windows(self) -> Iterator[Window]:
        """Solve one window after the other."""
        horizons, before, known = Horizons(self.day), self._begin(), RowSet.none()
        for first in range(self.day.intervals):
            count = min(self.look_ahead, self.day.intervals - first)
            window = self._solve(horizons, first, count, before, known)
            before = self._after(window, before)
            known = _shifted(window, count)
            yield window

    def _begin(self) -> Before:
        day, storage = self.day, self.day.case.tables["storage"]
        first = storage["initial_mwh"].to_numpy(dtype=float)
        decided = storage["cyclic"].to_numpy(dtype=bool) & np.isnan(first)
        least = storage["energy_min"].to_numpy(dtype=float)
        self._stored = np.where(
            decided, self.ahead.stored_before, np.where(np.isnan(first), least, first)
        )
        budget = day.case.tables["energy_limits"]["max_mwh"].to_numpy(dtype=float)
        mw = day.unit_column("initial_mw")
        return Before(day.initial_on, mw, self._stored, budget)

    def _solve(
        self, horizons: Horizons, first: int, count: int, before: Before, known: RowSet
    ) -> Window:
        own = Before(before.on, before.output, before.stored, self._spendable(first, count, before))
        day = horizons.cut(first, count, own)
        session = self._open(day)
        caps = self._caps(day, first, before)
        held = self._guide(session, first, count, caps)
        session.know(_possible(session, known))
        cleared = session.solve()
        for name, seconds in session.times.items():
            self.times[name] = self.times.get(name, 0.0) + seconds
        value = _Ahead(session, cleared, self._budget_cost(day)[0])
        at_cap = held & (cleared.output[0] >= caps[0] - _HELD_MW)
        return Window(first, session, cleared, value.ramps(at_cap), value.budgets(), at_cap)

    def _open(self, day: Day) -> Session:
        start = time.perf_counter()
        compiled = compile_market(build_dispatch(day))
        live = LiveProgram(compiled, day.rulebook)
        live.deadline = self.deadline
        network, ramps = NetworkLimits(compiled, self.outages), RampLimits(compiled)
        if self._network is not None:
            network.take_over(self._network)
        self._network = network
        rules = day.rulebook.security
        loop = Loop(live, network, ramps, rules.tolerance_mw, rules.rows_per_pass)
        times = {"build": time.perf_counter() - start}
        return Session(day, compiled, live, network, ramps, loop, [], times)

    def _guide(self, session: Session, first: int, count: int, caps: Floats) -> Flags:
        """Put into a window what lies behind its end; say which units a stop holds."""
        compiled, live, day = session.compiled, session.live, session.day
        if "energy" in compiled.market.families and len(self._stored):
            end = compiled.columns("energy")[-len(self._stored) :]
            low, high = self._levels(first + count)
            live.set_bounds(end, low, high)
            live.set_costs(
                end, live.cost[end] - self.ahead.stored_value[first + count - 1], live.constant
            )
        column = session.ramps.column
        cost = self._budget_cost(day)
        dear = (cost != 0.0) & (column >= 0)
        at = column[dear]
        live.set_costs(at, live.cost[at] + cost[dear] * day.hours, live.constant)
        low, high = compiled.low, compiled.high
        capped = (caps < np.maximum(day.low, day.high) - _HELD_MW) & (column >= 0)
        moved = column[capped]
        live.set_bounds(moved, low[moved], np.minimum(high[moved], caps[capped]))
        return np.asarray(capped[0])

    def _levels(self, end: int) -> tuple[Floats, Floats]:
        """Least and most stored energy after interval `end - 1`, (S,) each."""
        table = self.day.case.tables["storage"]
        number = {c: table[c].to_numpy(dtype=float) for c in table if table[c].dtype == float}
        left = (self.day.intervals - end) * self.day.hours
        into = left * number["charge_mw"] * number["efficiency_in"]
        out = left * number["discharge_mw"] / number["efficiency_out"]
        low, high = number["energy_min"], number["energy_max"]
        cyclic = table["cyclic"].to_numpy(dtype=bool)
        asked = np.where(cyclic, self._stored, number["final_mwh"])
        low = np.fmax(low, asked - into)
        high = np.where(cyclic, np.minimum(high, self._stored + out), high)
        return low, np.maximum(low, high)

    @cached_property
    def _stops(self) -> Floats:
        """Hours from the end of each interval to the last one before the unit stops, (T, U)."""
        on, hours = self.day.on, self.day.hours
        left = np.full(on.shape, np.inf)
        for t in range(len(on) - 2, -1, -1):
            left[t] = np.where(on[t] & ~on[t + 1], 0.0, left[t + 1] + hours)
        return left

    def _caps(self, day: Day, first: int, before: Before) -> Floats:
        """Most output from which a unit still reaches its shut-down ramp, (n, U); inf = any.

        Never less than what it must produce, or than its ramp leaves it in the first interval.
        """
        down = np.nan_to_num(day.unit_column("ramp_down"), nan=np.inf)
        last = np.nan_to_num(day.unit_column("shutdown_ramp"), nan=np.inf)
        left = self._stops[first : first + day.intervals]
        with np.errstate(invalid="ignore"):
            caps = np.where(
                np.isfinite(left), last + np.where(left > 0.0, down * left, 0.0), np.inf
            )
        steps = np.arange(1, day.intervals + 1)[:, None] * day.hours
        reached = np.nan_to_num(before.output, nan=0.0) - np.where(
            np.isfinite(down), down * steps, np.inf
        )
        return np.where(day.on, np.maximum(caps, np.maximum(day.low, reached)), np.inf)

    @cached_property
    def _limits(self) -> Budgets:
        return Budgets(self.day)

    def _spendable(self, first: int, count: int, before: Before) -> Floats:
        """MWh left of each budget less what units must produce after the window, (E,)."""
        limits, budget = self._limits, before.budget.copy()
        if len(limits):
            later = limits.inside[:, first + count :] * self.day.low[first + count :, limits.unit].T
            budget[limits.rows] -= later.sum(axis=1) * self.day.hours
        return budget

    def _budget_cost(self, day: Day) -> Floats:
        """Day-ahead worth of a MWh in the budget that each output draws on, (n, U)."""
        cost = np.zeros(day.on.shape)
        if len(self._limits):
            limits = Budgets(day)
            which, when = np.nonzero(limits.inside)
            cost[when, limits.unit[which]] = self.ahead.budget_value[limits.rows][which]
        return cost

    def _after(self, window: Window, before: Before) -> Before:
        """The state that the binding interval of a window leaves."""
        c = window.cleared
        output, on = c.output[0], c.day.on[0].astype(float)
        stored = before.stored
        if len(stored):
            own = c.compiled.market.families["energy"]
            stored = np.clip(c.values("energy"), own.low, own.high)[: len(stored)]
        budget = before.budget.copy()
        limits = self._limits
        if len(limits):
            used = limits.inside[:, window.first] * output[limits.unit] * self.day.hours
            budget[limits.rows] -= used
        return Before(on, output, stored, budget)


def _possible(session: Session, known: RowSet) -> RowSet:
    """Rows found before that limit something that can move in this window."""
    known = known[known.interval < session.day.intervals]
    ramps, ramp = session.ramps, known.kind == Kind.RAMP
    when, unit = known.interval, np.where(ramp, known.element, 0)
    moves = ramps.column[when, unit] >= 0
    moves &= (when > 0) | np.isfinite(session.day.initial_output[unit])
    return known[~ramp | moves]


def _shifted(window: Window, count: int) -> RowSet:
    """Rows that hold something back, an interval on; those of the last also stay in the last."""
    rows, solution = window.cleared.soft, window.cleared.solution
    rows = rows[(solution.soft_dual > 0.0) | (solution.excess > 0.0)]
    later = rows[rows.interval > 0]
    last = rows[rows.interval == count - 1]
    moved = RowSet(
        later.kind,
        later.element,
        later.contingency,
        later.interval - 1,
        later.direction,
        later.excess,
    )
    return RowSet.joined([moved, last])


class _Ahead:
    """What the rows of later intervals make of one more MW in the first, from duals."""

    def __init__(self, session: Session, cleared: Cleared, budget_cost: Floats) -> None:
        self._session, self._cleared, self._cost = session, cleared, budget_cost
        column = session.ramps.column[0]
        self._moves = column >= 0
        self._column = column[self._moves]

    def _spread(self, values: Floats) -> Floats:
        result = np.zeros(len(self._moves))
        result[self._moves] = values / self._cleared.day.hours
        return result

    def _of_rows(self, rows: Positions) -> Floats:
        compiled, dual = self._cleared.compiled, self._cleared.row_dual
        return np.asarray(dual[rows] @ compiled.matrix[rows][:, self._column])

    def budgets(self) -> Floats:
        """Day-ahead worth and what the budget of the window adds, (U,)."""
        compiled = self._cleared.compiled
        component = getattr(compiled.market.model, "energy_limit", None)
        if component is None or not len(component):
            return np.zeros(len(self._moves))
        return self._spread(self._of_rows(compiled.rows(component))) - np.where(
            self._moves, self._cost, 0.0
        )

    def ramps(self, held: Flags) -> Floats:
        """Ramps into later intervals, and the stop that holds some units back, (U,)."""
        c, live = self._cleared, self._session.live
        dual = -c.shadow * c.day.hours
        coefficients = live.coefficients[:, self._column]
        ramp = (c.soft.kind == Kind.RAMP) & (c.soft.interval > 0)
        total = np.asarray((dual * ramp) @ coefficients)
        market = c.compiled.market
        for name in (name for name, told in market.rows.items() if told.coupled):
            component = getattr(market.model, name)
            rows = c.compiled.rows(component)
            later = np.array([key[1] > 0 for key in component], dtype=bool)
            total = total + self._of_rows(rows[later])
        every = np.arange(len(c.compiled.row_low))
        reduced = live.cost[self._column] - self._of_rows(every) - dual @ coefficients
        return self._spread(total + np.where(held[self._moves], np.minimum(reduced, 0.0), 0.0))
