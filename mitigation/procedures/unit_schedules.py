"""The schedules of a unit over a spell on line: price-based, cost-based, parameter-limited."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from cases.start_tiers import reached
from mitigation.components import is_parameter, subject_of
from mitigation.keys import AT, KEY
from mitigation.procedures.schedules import Schedule, schedule_cost
from mitigation.references.curves import at_same_mw, for_intervals
from mitigation.references.substitution import COMMITMENT
from mitigation.slots import AssessedRun

__all__ = ["COST", "LIMITED", "PRICE", "UnitSchedules"]

PRICE: Final = "price-based"
LIMITED: Final = "price-based parameter-limited"
COST: Final = "cost-based"
_MW: Final = 1e-9


class UnitSchedules:
    """Schedules of the units of a run: offers as submitted, and reference levels."""

    def __init__(self, assessed: AssessedRun) -> None:
        self.assessed, self.case = assessed, assessed.run.case
        self.committed = bool(assessed.run.settings.get("commitment"))
        self.units = self.case.tables["units"].set_index("unit")
        self._beside: dict[tuple[Any, ...], pd.DataFrame] = {}
        failing = assessed.failing
        limited = failing[is_parameter(failing["component"])]
        self.parameters: dict[str, list[str]] = {
            str(unit): sorted(rows["component"]) for unit, rows in limited.groupby("unit")
        }

    def spells(self, wanted: pd.DataFrame) -> pd.DataFrame:
        """Spells on line in which a unit is run for a constraint.

        unit, spell, interval_start (the first in which it is), role, started (the spell begins with
        a start in this run), hours_off (before it). Without commitment every interval is a spell of
        its own.
        """
        names = ["unit", "spell", "interval_start", "role", "started", "hours_off"]
        if wanted.empty:
            return pd.DataFrame(columns=names)
        rows = wanted.drop_duplicates(AT)[[*AT, "role"]].merge(self._state, on=AT, sort=False)
        rows = rows.sort_values(["unit", "interval_start"])
        spells: pd.DataFrame = rows.drop_duplicates(["unit", "spell"], ignore_index=True)[names]
        self._beside.update(self._compared(spells[AT]))
        return spells

    def cells(self, spell: Mapping[str, Any]) -> pd.DataFrame:
        """Units and intervals of a spell."""
        return self._cells[spell["unit"], spell["spell"]]

    def missing(self, units: pd.Series) -> list[tuple[str, str]]:
        """Unit and component of commitment offers without a reference level."""
        if not self.committed:
            return []
        offers = self.case.tables["commitment_offers"]
        own = offers.loc[offers["unit"].isin(units), ["unit", "component"]].drop_duplicates()
        return [
            (str(unit), str(component))
            for unit, component in own.itertuples(index=False)
            if np.isnan(self._commitment(self._levels, unit, component, 0.0, float("nan")))
        ]

    def of(self, spell: Mapping[str, Any]) -> dict[str, Schedule]:
        """Schedules of a spell by name, the price-based one first."""
        unit = spell["unit"]
        own = self._parameters(unit, limited=False)
        registered = self._parameters(unit, limited=True)
        found = {PRICE: self._schedule(spell, own, cost=False)}
        if registered != own:
            found[LIMITED] = self._schedule(spell, registered, cost=False)
        found[COST] = self._schedule(spell, registered, cost=True)
        return found

    def costs(self, schedules: Mapping[str, Schedule]) -> dict[str, float]:
        """Total cost of each schedule, money."""
        return {name: schedule_cost(schedule) for name, schedule in schedules.items()}

    def crossing(self, spell: Mapping[str, Any], chosen: str) -> tuple[list[str], float]:
        """Say from which MW the schedule not taken is cheaper, crossing curves; else NaN."""
        pieces = self._pieces(spell)
        kept, other = ("reference", "offered") if chosen == COST else ("offered", "reference")
        dearer = pieces[pieces[kept] > pieces[other] + _MW]
        if dearer.empty:
            return [], float("nan")
        first = dearer.iloc[0]
        which = COST if chosen == COST else PRICE
        said = (
            f"crossing curves: from {first['lower_mw']:g} MW on {spell['unit']} asks "
            f"{first[kept]:g} on its {which} schedule, {first[other]:g} on the other"
        )
        return [said], float(first["lower_mw"])

    def keys(
        self, spell: Mapping[str, Any], cells: pd.DataFrame, name: str, *, strict: bool
    ) -> pd.DataFrame:
        """Keys that are replaced when a schedule is taken: the whole of it."""
        unit = spell["unit"]
        blank = pd.array([pd.NaT], dtype=self.case.interval_starts.dtype)
        all_day: list[str] = []
        if name in (COST, LIMITED):
            all_day += self.parameters.get(unit, [])
        if name == COST and (self.committed or strict):
            offers = self.case.tables["commitment_offers"]
            own = offers.loc[offers["unit"] == unit, "component"]
            all_day += sorted(set(own) & set(COMMITMENT))
        parts = [
            pd.DataFrame({"unit": unit, "interval_start": blank.repeat(len(all_day))}).assign(
                component=pd.Series(all_day, dtype="str")
            )
        ]
        if name == COST:
            parts.append(cells.assign(component="energy"))
        filled = [part for part in parts if len(part)]
        return pd.concat(filled or parts[:1], ignore_index=True)[KEY]

    @cached_property
    def _state(self) -> pd.DataFrame:
        """Units and intervals on line with their spell: its number, start and hours off before."""
        table = self.assessed.run.dispatch[[*AT, "on", "start"]]
        table = table.sort_values(AT, ignore_index=True)
        position = table.groupby("unit", sort=False).cumcount()
        before = table.groupby("unit", sort=False)["on"].shift().eq(True)
        on = table["on"].to_numpy(dtype=bool)
        begins = ~before.to_numpy() if self.committed else np.ones(len(table), dtype=bool)
        spell = pd.Series(begins & on).groupby(table["unit"].to_numpy(), sort=False).cumsum()
        hours = self.case.interval_hours
        last_on = pd.Series(np.where(on, position, np.nan)).groupby(table["unit"].to_numpy())
        since = position - last_on.ffill().groupby(table["unit"].to_numpy()).shift()
        idle = (since - 1.0) * hours
        initial = table["unit"].map(self.units["initial_hours"]).astype(float)
        at_first = position * hours + np.where(initial < 0, -initial, np.inf)
        hours_off = idle.where(since.notna(), at_first)
        started = table["start"].to_numpy(dtype=bool) & self.committed
        full = table.assign(spell=spell.to_numpy(), started=started, hours_off=hours_off.to_numpy())
        full = full[on]
        head = full.drop_duplicates(["unit", "spell"])[["unit", "spell", "started", "hours_off"]]
        return full[[*AT, "spell"]].merge(head, on=["unit", "spell"], sort=False)

    @cached_property
    def _cells(self) -> dict[tuple[Any, ...], pd.DataFrame]:
        groups = self._state.groupby(["unit", "spell"], sort=False)[AT]
        return {(key[0], key[1]): rows.reset_index(drop=True) for key, rows in groups}

    @cached_property
    def _p_max(self) -> dict[str, float]:
        largest = self.units["p_max"].astype(float)
        return {str(unit): float(mw) for unit, mw in largest.items()}

    @cached_property
    def _levels(self) -> pd.DataFrame:
        levels = self.assessed.levels
        return levels[levels["component"].isin(COMMITMENT)]

    def _parameters(self, unit: str, *, limited: bool) -> dict[str, float]:
        """Minimum output and minimum run, as offered or as registered where that is shorter."""
        own_rows = self.units.loc[[unit]]
        found = {name: own_rows[name].to_numpy(dtype=float)[0] for name in ("p_min", "min_up")}
        if limited:
            levels = self.assessed.levels
            for component in self.parameters.get(unit, []):
                name = subject_of(component)
                own = levels[(levels["unit"] == unit) & (levels["component"] == component)]
                if name in found and len(own):
                    found[name] = float(own["price"].iloc[0])
        return found

    def _schedule(
        self, spell: Mapping[str, Any], parameters: Mapping[str, float], *, cost: bool
    ) -> Schedule:
        unit = spell["unit"]
        eco_min = parameters["p_min"]
        if eco_min <= 0:
            eco_min = min(self.assessed.rules.pjm.least_mw, self._p_max[unit])
        pieces = self._pieces(spell)
        at = pieces[pieces["upper_mw"] >= eco_min - _MW]
        row = (at if len(at) else pieces.tail(1)).iloc[0]
        table = self._levels if cost else self.case.tables["commitment_offers"]
        no_load = startup = 0.0
        if self.committed:
            no_load = self._commitment(table, unit, "no_load", 0.0, 0.0)
            if spell["started"]:
                startup = self._commitment(table, unit, "startup", spell["hours_off"], 0.0)
        least = self.case.interval_hours
        return Schedule(
            energy=float(row["reference"] if cost else row["offered"]),
            no_load=no_load,
            startup=startup,
            eco_min=eco_min,
            min_run=max(parameters["min_up"], least) if self.committed else least,
        )

    def _commitment(
        self, table: pd.DataFrame, unit: str, component: str, hours: float, absent: float
    ) -> float:
        """A commitment price after so many hours off; ``absent`` where there is none."""
        own = table[(table["unit"] == unit) & (table["component"] == component)]
        own = own[own["price"].notna()]
        if own.empty:
            return absent
        after = own["after_hours_off"].fillna(0.0)
        own = own.assign(after=after).sort_values("after")
        held = own[reached(own["after"], hours)]
        return float((held.tail(1) if len(held) else own.head(1))["price"].iloc[0])

    def _pieces(self, spell: Mapping[str, Any]) -> pd.DataFrame:
        """Offer beside reference in the first interval in which the unit is run for a limit."""
        return self._beside[spell["unit"], spell["interval_start"]]

    def _compared(self, cells: pd.DataFrame) -> dict[tuple[Any, ...], pd.DataFrame]:
        """Offers beside references, block by block, of units and intervals."""
        if cells.empty:
            return {}
        levels = self.assessed.levels
        own = levels[levels["unit"].isin(cells["unit"]) & (levels["component"] == "energy")]
        pieces = at_same_mw(own, for_intervals(self.case.tables["offers"], cells))
        groups = pieces.groupby(AT, sort=False)
        return {(key[0], key[1]): rows for key, rows in groups}
