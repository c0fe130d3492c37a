"""Constrained areas on a day: which units and buses belong to each, in which intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.market_time import day_of
from cases.must_run import must_run
from cases.points import Points
from cases.rulebook.areas import AreaRules
from cases.run import Run
from cases.warned import Warned
from mitigation.conduct.pockets import PocketFinder
from mitigation.references.history import final_runs
from network import Slack
from network.arrays import Booleans, Floats
from network.sensitivities import constraint_ptdf

__all__ = ["Areas", "area_members", "no_areas"]

HOURS_OF_A_DAY: Final = 24.0
CLOCK_CHANGE_HOURS: Final = 1.0
"""Hours that a clock change may take from a number of days."""


@dataclass(frozen=True, eq=False)
class Areas:
    """The constrained areas of a day: T intervals, U units and B buses in the order of the case."""

    rules: Mapping[str, AreaRules]
    starts: pd.DatetimeIndex
    unit_names: pd.Index
    bus_names: pd.Index
    units: Mapping[str, Booleans]
    """Area -> whether a unit belongs to it in an interval, (T, U)."""
    buses: Mapping[str, Booleans]
    """Area -> whether a bus belongs to it in an interval, (T, B)."""
    money: Mapping[str, float]
    """Area -> its formula's threshold, money per MWh; areas without one are left out."""
    notes: tuple[str, ...] = ()
    """What a reader must know: areas without members, thresholds that cannot be counted."""

    def has_units(self, area: str, units: pd.Series, starts: pd.Series) -> Booleans:
        """Tell which rows (unit, interval start; blank = any interval) lie in an area."""
        return rows_at(self.units[area], self.unit_names, self.starts, units, starts)

    def has_buses(self, area: str, buses: pd.Series, starts: pd.Series) -> Booleans:
        """Tell which rows (bus, interval start; blank = any interval) lie in an area."""
        return rows_at(self.buses[area], self.bus_names, self.starts, buses, starts)

    def alike(self, units: pd.Series) -> pd.Series:
        """Number of units that lie in the same areas in the same intervals, (n,), from 0."""
        of = self.unit_names.get_indexer(pd.Index(units))
        inside = [member[:, of] for member in self.units.values()]
        if not inside:
            return pd.Series(0, index=units.index)
        patterns = np.concatenate(inside).T
        return pd.Series(np.unique(patterns, axis=0, return_inverse=True)[1], index=units.index)

    def of_unit(self, unit: str) -> Areas:
        """Give the same areas, with buses only while a unit lies in the area itself."""
        of = int(self.unit_names.get_indexer(pd.Index([unit]))[0])
        buses = {
            name: member & self.units[name][:, of : of + 1] for name, member in self.buses.items()
        }
        return replace(self, buses=buses)

    def has_units_on_days(self, area: str, units: pd.Series, starts: pd.Series) -> Booleans:
        """Tell which rows (unit, any time of a day) lie in an area in any interval of their day."""
        days = day_of(self.starts)
        each = days.unique()
        inside = self.units[area]
        member = np.stack([np.any(inside[days == day], axis=0) for day in each])
        return rows_at(member, self.unit_names, each, units, day_of(starts))


def rows_at(
    member: Booleans,
    names: pd.Index,
    starts: pd.DatetimeIndex,
    who: pd.Series,
    when: pd.Series,
) -> Booleans:
    """Look rows up in a (T, N) array, (n,): blank time = in any interval; unknown = False."""
    nowhere = np.zeros((1, member.shape[1]), dtype=bool)
    both = np.vstack([member, nowhere, np.any(member, axis=0, keepdims=True)])
    at = starts.get_indexer(pd.DatetimeIndex(when))
    at = np.where(when.isna(), len(member) + 1, np.where(at < 0, len(member), at))
    of = names.get_indexer(pd.Index(who))
    return np.asarray(both[at, of] & (of >= 0))


def no_areas(case: Case) -> Areas:
    """Give no areas: the general thresholds hold everywhere."""
    return area_members(case, {})


def area_members(
    case: Case,
    rules: Mapping[str, AreaRules],
    *,
    run: Run | None = None,
    earlier: Sequence[Run] = (),
    money: Mapping[str, float] | None = None,
) -> Areas:
    """Find the members of every constrained area.

    Areas that are always active follow from the case: places named, or units whose injection moves
    a named constraint by at least ``dfax_min`` per MW. The others follow from a cleared run: while
    one of their constraints binds, those that relieve it by ``dfax_min`` or more, measured against
    the run's slack; or zones priced above the hub. An area with ``behind`` is what lies behind its
    constraints (:mod:`network.behind`). What lies in an area lies in those around it.

    Parameters
    ----------
    case
        The day.
    rules
        ``mitigation.areas`` of a rulebook.
    run
        The run whose binding constraints and prices count; without one such areas are empty.
    earlier
        Earlier runs, for areas whose constraints must have bound often enough in the days before;
        of a run and its mitigated child only the child counts.
    money
        Threshold by area that its formula gives, money per MWh.
    """
    find = _Finder(case, run, earlier)
    units: dict[str, Booleans] = {}
    buses: dict[str, Booleans] = {}
    notes = []
    for name, area in rules.items():
        units[name], buses[name] = find.members(area)
    for name in rules:
        for outer in _around(name, rules):
            units[outer] = units[outer] | units[name]
            buses[outer] = buses[outer] | buses[name]
    for name, area in rules.items():
        if area.active != "always" and run is None:
            text = f"area {name} is {area.active} only in a cleared run: it has no units"
            notes.append(Warned(text, "area_without_units"))
        elif not units[name].any() and not find.elsewhere(area):
            notes.append(Warned(f"area {name} has no units on this day", "area_without_units"))
    return Areas(
        rules,
        find.starts,
        pd.Index(case.units["unit"]),
        find.bus_names,
        units,
        buses,
        dict(money or {}),
        tuple(notes),
    )


def _around(name: str, rules: Mapping[str, AreaRules]) -> list[str]:
    """The areas around one, inside out."""
    found: list[str] = []
    outer = rules[name].nested_in
    while outer in rules and outer not in found:
        found.append(outer)
        outer = rules[outer].nested_in
    return found


class _Finder:
    """Members of areas on one day."""

    def __init__(self, case: Case, run: Run | None, earlier: Sequence[Run]) -> None:
        self.case, self.run = case, run
        self.earlier = final_runs(earlier)
        self.starts = case.interval_starts
        self.bus_names = pd.Index(case.buses["bus"])
        self.zone = case.buses["zone"].to_numpy(dtype=object)
        self.unit_bus = self.bus_names.get_indexer(pd.Index(case.units["bus"]))
        self._pockets = PocketFinder(case)

    def members(self, area: AreaRules) -> tuple[Booleans, Booleans]:
        """Units (T, U) and buses (T, B) of an area; a bus with a unit of the area is in it."""
        active = self._active(area)
        place, listed = self._named(area)
        units = active[:, self.unit_bus] & listed
        if area.must_run:
            units = units & must_run(self.case)
        buses = active & place
        return units, buses

    def elsewhere(self, area: AreaRules) -> bool:
        """Whether an area names places, and none of them is in the case: one of another grid."""
        named = {*area.zones, *area.buses, *area.units}
        here = {*self.zone, *self.bus_names, *self.case.units["unit"]}
        return bool(named) and not named & here

    def _named(self, area: AreaRules) -> tuple[Booleans, Booleans]:
        """Buses (B,) and units (U,) at the places that an area names; all where it names none."""
        table = self.case.units
        own = table["unit"].isin(area.units).to_numpy(dtype=bool)
        if not (area.zones or area.buses or area.units):
            place = np.ones(len(self.bus_names), dtype=bool)
        else:
            place = np.isin(self.zone, area.zones) | self.bus_names.isin(area.buses)
        listed = place[self.unit_bus] | own
        place = place.copy()
        place[self.unit_bus[own]] = True
        return place, listed

    def _active(self, area: AreaRules) -> Booleans:
        """Where and when the area is active, (T, B)."""
        shape = (len(self.starts), len(self.bus_names))
        if area.active == "always":
            found = np.ones(shape, dtype=bool)
            if area.constraints and area.dfax_min > 0.0:
                found = found & self._moving(area)
            return found & self._pockets.always(area) if area.behind else found
        if self.run is None:
            return np.zeros(shape, dtype=bool)
        if area.active == "separated":
            return self._separated(area)
        terms = self._binding_terms(area)
        if not area.behind:
            return self._relieving(area, terms)
        pockets = self._pockets.binding(terms)
        return pockets & self._relieving(area, terms) if area.dfax_min > 0.0 else pockets

    def _moving(self, area: AreaRules) -> Booleans:
        """Buses whose injection moves a named constraint by `dfax_min` per MW or more, (B,)."""
        grid = self._pockets.grid
        slack = Slack.from_case(self.case, grid)
        found = np.zeros(len(self.bus_names), dtype=bool)
        known = {*grid.branches, *grid.interfaces}
        for name in area.constraints:
            if name in known:
                found |= np.abs(constraint_ptdf(grid, name, None, slack)) >= area.dfax_min
        return found

    def _binding_terms(self, area: AreaRules) -> pd.DataFrame:
        """Rows of the run's ``price_terms`` of the area's constraints while they bind."""
        assert self.run is not None
        terms = self.run.price_terms
        least = self.run.rulebook.mitigation.structure.shadow_price_min
        counted = terms["shadow_price"] > least
        if area.constraints:
            counted &= terms["constraint"].isin(area.constraints)
        if area.binding_share:
            counted &= terms["constraint"].isin(self._often_binding(area, least))
        return terms[counted]

    def _relieving(self, area: AreaRules, terms: pd.DataFrame) -> Booleans:
        """Buses that relieve one of the area's constraints while it binds, (T, B).

        Factors are those of the run, measured against its slack; without `dfax_min` all buses.
        """
        rows = terms[terms["dfax"] >= area.dfax_min] if area.dfax_min > 0.0 else terms
        found = np.zeros((len(self.starts), len(self.bus_names)), dtype=bool)
        at = self.starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
        found[at, self.bus_names.get_indexer(pd.Index(rows["bus"]))] = True
        return found

    def _often_binding(self, area: AreaRules, least: float) -> list[str]:
        """Constraints that bound in enough of the hours of the area's window of days."""
        day = day_of(self.starts[0])
        first = day - pd.Timedelta(days=area.binding_window)
        known = 0.0
        bound: dict[str, float] = {}
        for run in self.earlier:
            days = day_of(run.case.interval_starts)
            known += float(((days >= first) & (days < day)).sum()) * run.case.interval_hours
            rows = run.constraints[run.constraints["shadow_price"] > least]
            rows = rows.drop_duplicates(["interval_start", "constraint"])
            days_bound = day_of(rows["interval_start"])
            rows = rows[(days_bound >= first) & (days_bound < day)]
            for name, count in rows["constraint"].value_counts().items():
                hours = float(count) * run.case.interval_hours
                bound[str(name)] = bound.get(str(name), 0.0) + hours
        if known < area.binding_days * HOURS_OF_A_DAY - CLOCK_CHANGE_HOURS:
            return []
        return [name for name, hours in bound.items() if hours >= area.binding_share * known]

    def _separated(self, area: AreaRules) -> Booleans:
        """Buses of zones whose price is above the hub's by more than `separation`, (T, B)."""
        assert self.run is not None
        points = self.run.zone_prices
        zones = self._wide(points[points["kind"] == "zone"], "point", sorted(set(self.zone)))
        if area.hub:
            hub = self._wide(points[points["kind"] == "hub"], "point", [area.hub])[:, 0]
        else:
            hub = self._average_price()
        with np.errstate(invalid="ignore"):
            above = zones - hub[:, None] > area.separation
        return above[:, np.searchsorted(sorted(set(self.zone)), self.zone)]

    def _wide(self, rows: pd.DataFrame, column: str, names: Iterable[str]) -> Floats:
        """Prices as (T, names); NaN where there are none."""
        names = pd.Index(list(names))
        values = np.full((len(self.starts), len(names)), np.nan)
        at = self.starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
        of = names.get_indexer(pd.Index(rows[column]))
        kept = (at >= 0) & (of >= 0)
        values[at[kept], of[kept]] = rows["lmp"].to_numpy(dtype=float)[kept]
        return values

    def _average_price(self) -> Floats:
        """Load-weighted average price of each interval, (T,)."""
        assert self.run is not None
        prices = self._wide(self.run.prices, "bus", self.bus_names)
        weight = np.where(np.isnan(prices), 0.0, Points(self.case).market().weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            average: Floats = np.nansum(prices * weight, axis=1) / weight.sum(axis=1)
        return average
