"""The units whose state is decided, as arrays, identical ones merged where that is exact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cases import CheckFailed
from clearing.day.day import Day
from clearing.day.start_costs import StartCosts
from network.arrays import Flags, Floats, Positions

__all__ = ["Fleet"]

_NARROW_MW = 1e-9


@dataclass(frozen=True, eq=False)
class Fleet:
    """Clusters of identical units, C of them; most hold one unit. T intervals.

    Units are merged into whole-number counts only where a schedule of the cluster can be split back
    without changing its cost or breaking a limit: the same bus, limits, offers and availability, no
    ramp that could bind between intervals that a unit is on, no energy budget, no schedule of
    their own, no outage of theirs to secure against, no custom constraint or extension that speaks
    of them, and more than one interval of minimum up time where starting or stopping limits output.
    Summing ramps over a cluster would not be exact.
    """

    day: Day
    merge: bool
    """Whether identical units may be merged."""

    @cached_property
    def starts(self) -> StartCosts:
        """Start-up, shut-down and no-load prices of the units."""
        return StartCosts.of(self.day)

    @cached_property
    def decided(self) -> Flags:
        """Units whose state is a decision, (U,); the others are held on while they are available.

        Held on are only units that nothing can be gained by stopping: no least output, no cost of
        commitment, and no event that lets output change by more than the ramps of a unit on.
        """
        day, starts = self.day, self.starts
        least = day.unit_column("p_min") > 0.0
        dear = (starts.no_load != 0.0) | (starts.coldest != 0.0) | (starts.shutdown != 0.0)
        was_off = (day.initial_on == 0.0) & (self.down > 1)
        limited = (day.initial_on == 0.0) & np.isfinite(self.startup_mw)
        decided: Flags = least | dear | was_off | limited | self._freed_by_events
        if day.extension is not None:
            decided[day.extension.units("on", "start", "stop")] = True
        return decided

    @property
    def held_on(self) -> list[str]:
        """Names of the units whose state is no decision."""
        return [str(name) for name in self.day.units[~self.decided]]

    @cached_property
    def _freed_by_events(self) -> Flags:
        """Units whose output may change by more with a start or a stop than while on, (U,)."""
        day = self.day
        most = np.fmax(day.reach.max(axis=0), np.nan_to_num(day.initial_output))
        freed = np.zeros(len(day.units), dtype=bool)
        for event, ramp in ((self.startup_mw, self.ramp_up), (self.shutdown_mw, self.ramp_down)):
            freed |= np.minimum(event, most) > ramp + _NARROW_MW
        return freed

    @cached_property
    def up(self) -> Positions:
        """Minimum up time of each unit in intervals, at least 1, (U,)."""
        return self._intervals("min_up")

    @cached_property
    def down(self) -> Positions:
        """Minimum down time of each unit in intervals, at least 1, (U,)."""
        return self._intervals("min_down")

    def _intervals(self, column: str) -> Positions:
        hours = np.nan_to_num(self.day.unit_column(column))
        return np.maximum(1, np.ceil(hours / self.day.hours - 1e-9)).astype(np.intp)

    @cached_property
    def startup_mw(self) -> Floats:
        """Most output in the interval of a start, MW, (U,); inf = no limit."""
        return self._limit("startup_ramp")

    @cached_property
    def shutdown_mw(self) -> Floats:
        """Most output in the interval before a stop, MW, (U,); inf = no limit."""
        return self._limit("shutdown_ramp")

    @cached_property
    def ramp_up(self) -> Floats:
        """Most rise between intervals while on, MW, (U,)."""
        return self._limit("ramp_up") * self.day.hours

    @cached_property
    def ramp_down(self) -> Floats:
        """Most fall between intervals while on, MW, (U,)."""
        return self._limit("ramp_down") * self.day.hours

    def _limit(self, column: str) -> Floats:
        values = self.day.unit_column(column)
        return np.where(np.isnan(values), np.inf, values)

    @cached_property
    def forced_on(self) -> Flags:
        """Where a unit must be on, (T, U): must-run, schedule of its own, minimum up time."""
        day = self.day
        own = np.nan_to_num(day.self_scheduled) > _NARROW_MW
        on: Flags = (day.must_run | own | self._carried(1.0, "min_up")) & ~self.forced_off
        return on

    @cached_property
    def forced_off(self) -> Flags:
        """Where a unit cannot be on, (T, U): out, out of reach, scheduled at 0, minimum down."""
        day = self.day
        least = day.unit_column("p_min")
        unreachable = day.out.copy()
        own = day.self_scheduled
        idle = (own <= _NARROW_MW) & (least > 0.0)
        unreachable &= np.isnan(own)
        busy = np.nan_to_num(own) > _NARROW_MW
        off: Flags = (unreachable | idle | self._carried(0.0, "min_down")) & ~busy
        return off

    def _carried(self, state: float, column: str) -> Flags:
        """Where the initial state must last until its minimum time is over, (T, U)."""
        day = self.day
        passed = np.abs(np.nan_to_num(day.unit_column("initial_hours")))
        left = np.nan_to_num(day.unit_column(column)) - passed
        known = (day.initial_on == state) & ~np.isnan(day.unit_column("initial_hours"))
        begin = np.arange(day.intervals)[:, None] * day.hours
        carried: Flags = known[None, :] & (begin < left[None, :] - 1e-9)
        return carried

    @cached_property
    def stuck(self) -> Flags:
        """Units that are too high to stop in the first interval, (U,)."""
        high = np.nan_to_num(self.day.initial_output) > self.shutdown_mw + 1e-6
        return np.asarray((self.day.initial_on == 1.0) & high)

    @cached_property
    def too_high_to_start(self) -> Flags:
        """Clusters whose minimum output lies above their start-up ramp, (C,): they cannot start."""
        return self._above(self.startup_mw)

    @cached_property
    def too_high_to_stop(self) -> Flags:
        """Clusters whose minimum output lies above their shut-down ramp, (C,): they cannot stop."""
        return self._above(self.shutdown_mw)

    def _above(self, limit: Floats) -> Flags:
        """Whether minimum output exceeds a limit, (C,); schedules of their own are data."""
        own = ~np.isnan(self.day.self_scheduled).all(axis=0)
        return np.asarray((self.day.unit_column("p_min") > limit + 1e-6) & ~own)[self.first]

    @cached_property
    def clusters(self) -> list[Positions]:
        """Units of each cluster; the first of them stands for it."""
        day = self.day
        alone = np.ones(len(day.units), dtype=bool) if not self.merge else ~self._mergeable
        groups: dict[object, list[int]] = {}
        for unit in np.flatnonzero(self.decided).tolist():
            key: object = unit if alone[unit] else self._likeness(unit)
            groups.setdefault(key, []).append(unit)
        return [np.array(members, dtype=np.intp) for members in groups.values()]

    @cached_property
    def _mergeable(self) -> Flags:
        day = self.day
        width = day.reach.max(axis=0) - day.unit_column("p_min")
        no_ramp = (self.ramp_up >= width) & (self.ramp_down >= width)
        limits = np.minimum(self.startup_mw, self.shutdown_mw) < day.reach.max(axis=0)
        own = ~np.isnan(day.self_scheduled).all(axis=0)
        named = [*day.case.tables["energy_limits"]["unit"], *self._may_go_out]
        mergeable: Flags = no_ramp & (~limits | (self.up > 1)) & ~own & ~self.stuck
        mergeable &= ~np.isin(day.units, named) & ~day.reserves.alone & ~day.spoken_of
        return mergeable

    @property
    def _may_go_out(self) -> list[str]:
        """Units whose outage is a contingency."""
        table = self.day.case.tables["contingencies"]
        return table.loc[table["kind"] == "unit", "element"].tolist()

    @cached_property
    def _offers_of(self) -> list[bytes]:
        """Everything that is offered by each unit, to compare."""
        day, blocks = self.day, self.day.offers
        order = np.argsort(blocks.of, kind="stable")
        bounds = np.searchsorted(blocks.of[order], np.arange(len(day.units) + 1))
        told = []
        reserve = day.case.tables["reserve_offers"]
        of_unit = reserve.drop(columns="unit").groupby(reserve["unit"], sort=False)
        reserves = {name: frame.to_csv(index=False).encode() for name, frame in of_unit}
        for unit, name in enumerate(day.units):
            mine = order[bounds[unit] : bounds[unit + 1]]
            told.append(
                blocks.interval[mine].tobytes()
                + blocks.mw[mine].tobytes()
                + blocks.price[mine].tobytes()
                + reserves.get(name, b"")
            )
        return told

    def _likeness(self, unit: int) -> object:
        """What units must share to be merged."""
        day = self.day
        columns = ("p_min", "p_max", "min_up", "min_down")
        numbers = tuple(float(np.nan_to_num(day.unit_column(c)[unit])) for c in columns)
        limits = (self.startup_mw, self.shutdown_mw, self.ramp_up, self.ramp_down)
        quick = bool(day.case.tables["units"]["quick_start"].iloc[unit])
        return (
            int(day.unit_bus[unit]),
            numbers,
            tuple(float(limit[unit]) for limit in limits),
            (quick, day.must_run[:, unit].tobytes()),
            bool(np.isnan(day.initial_on[unit])),
            self.starts.likeness(unit),
            day.reach[:, unit].tobytes(),
            self._offers_of[unit],
        )

    @cached_property
    def first(self) -> Positions:
        """The unit that stands for each cluster, (C,)."""
        return np.array([members[0] for members in self.clusters], dtype=np.intp)

    @cached_property
    def count(self) -> Positions:
        """Number of units of each cluster, (C,)."""
        return np.array([len(members) for members in self.clusters], dtype=np.intp)

    def total(self, values: Floats | Flags) -> Floats:
        """Add values by unit, (..., U), up by cluster, (..., C)."""
        parts = [values[..., members].sum(axis=-1) for members in self.clusters]
        shape = (*values.shape[:-1], 0)
        return np.asarray(np.stack(parts, axis=-1) if parts else np.zeros(shape), dtype=float)

    @cached_property
    def initial(self) -> Floats:
        """Units that are on before the first interval, (C,); NaN where that is not given."""
        return np.asarray(self.total(self.day.initial_on[None, :])[0])

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and most units that are on, ((T, C), (T, C))."""
        return self.total(self.forced_on), self.count - self.total(self.forced_off)

    def split(self, on: Floats) -> Flags:
        """Units that are on, (T, U), from how many are on by cluster, (T, C).

        The unit that has been on longest stops first; of those that may start, the one that
        stopped last does, which is the cheapest. Units that are not decided are on when available.
        """
        day = self.day
        result = ~day.out
        for members, counts in zip(self.clusters, np.rint(on).astype(int).T, strict=True):
            if len(members) == 1:
                result[:, members[0]] = counts > 0
                continue
            result[:, members] = self._split(members, counts)
        return result

    def _split(self, members: Positions, counts: Positions) -> Flags:
        day = self.day
        hours = np.nan_to_num(day.unit_column("initial_hours")[members], nan=np.inf)
        state = np.nan_to_num(day.initial_on[members]) > 0.5
        if np.isnan(day.initial_on[members]).any():
            state = np.arange(len(members)) < counts[0]
        on = np.zeros((day.intervals, len(members)), dtype=bool)
        age = np.abs(hours)
        for t, count in enumerate(counts.tolist()):
            more = count - int(state.sum())
            if more < 0:
                free = np.flatnonzero(state & ~self.forced_on[t, members])
                change = free[np.argsort(-age[free], kind="stable")[:-more]]
            else:
                rest = np.nan_to_num(day.unit_column("min_down")[members])
                free = np.flatnonzero(~state & (age >= rest - 1e-9) & ~self.forced_off[t, members])
                change = free[np.argsort(age[free], kind="stable")[:more]]
            if len(change) != abs(more):
                raise CheckFailed(
                    [f"the schedule of {day.units[members[0]]} and its like cannot be split"]
                )
            state[change] = ~state[change]
            age[change] = 0.0
            on[t] = state
            age += day.hours
        return on
