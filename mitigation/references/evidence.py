"""All that reference levels are made from, prepared once for every unit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.references import ReferenceRules
from cases.run import Run
from mitigation.references.fuel import DatedPrices, FuelPrices, unit_fuel
from mitigation.references.history import History, final_runs, history
from mitigation.references.window import in_window

__all__ = ["Evidence", "gathered", "inputs_hash"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A case, its rules and its look-back; ``run`` where the case has been cleared."""

    case: Case
    rules: ReferenceRules
    run: Run | None
    past: History
    fuels: FuelPrices
    unit_fuel: dict[str, str] = field(default_factory=dict)

    @cached_property
    def day(self) -> date:
        """The first day of the case, before which the look-back lies."""
        first: date = self.case.interval_starts[0].date()
        return first

    @cached_property
    def bus(self) -> dict[str, str]:
        """Bus of each unit."""
        return dict(zip(self.case.units["unit"], self.case.units["bus"], strict=True))

    @cached_property
    def offers(self) -> dict[str, pd.DataFrame]:
        """Offers of the look-back window by unit, with the price at the unit's bus (NaN)."""
        rows = self._in_window(self.past.offers)
        rows = rows.assign(bus=rows["unit"].map(self.bus))
        priced = rows.merge(self.past.prices, on=["bus", "interval_start"], how="left", sort=False)
        return _by(priced, "unit")

    @cached_property
    def prices(self) -> dict[str, pd.DataFrame]:
        """Prices of the look-back window by bus."""
        return _by(self._in_window(self.past.prices), "bus")

    @cached_property
    def offering(self) -> set[str]:
        """Units of which any offer of the past is on record, in the window or not."""
        return set(self.past.offers["unit"]) if len(self.past.offers) else set()

    @cached_property
    def commitment(self) -> dict[str, pd.DataFrame]:
        """Commitment offers of the look-back by unit."""
        return _by(self._in_window(self.past.commitment, hours=False), "unit")

    @cached_property
    def reserves(self) -> dict[str, pd.DataFrame]:
        """Reserve offers of the look-back window by unit."""
        return _by(self._in_window(self.past.reserves), "unit")

    @cached_property
    def parameters(self) -> dict[str, pd.DataFrame]:
        """Parameters of the days of the look-back by unit."""
        return _by(self._in_window(self.past.parameters, hours=False), "unit")

    @cached_property
    def tables(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Case tables by unit: costs, commitment costs and offers, agreed levels, ..."""
        names = (
            *("costs", "negotiated_references"),
            *("reference_choices", "reference_parameters", "energy_limits"),
        )
        return {name: _by(getattr(self.case, name), "unit") for name in names}

    @cached_property
    def allowances(self) -> DatedPrices | None:
        """Prices of emission allowances; None where the case has none."""
        table = self.case.allowance_prices
        return DatedPrices(table) if len(table) else None

    @cached_property
    def commitment_costs(self) -> dict[tuple[str, str], list[dict[Hashable, Any]]]:
        """Rows of ``commitment_costs`` by unit and component, from the shortest time off."""
        found: dict[tuple[str, str], list[dict[Hashable, Any]]] = {}
        for row in self.case.commitment_costs.sort_values("after_hours_off").to_dict("records"):
            found.setdefault((row["unit"], row["component"]), []).append(row)
        return found

    def rows(self, table: str, unit: str) -> pd.DataFrame:
        """Rows of a case table that are about a unit."""
        found = self.tables[table].get(unit)
        return self._no_rows[table] if found is None else found

    @cached_property
    def _no_rows(self) -> dict[str, pd.DataFrame]:
        return {name: self.case.tables[name].iloc[:0] for name in self.tables}

    def _in_window(self, frame: pd.DataFrame, *, hours: bool = True) -> pd.DataFrame:
        if not len(frame):
            return frame
        inside = in_window(frame["interval_start"], self.day, self.rules.window, hours=hours)
        return frame[inside].reset_index(drop=True)


def gathered(source: Run | Case, rules: ReferenceRules, earlier: Sequence[Run]) -> Evidence:
    """Gather the evidence for a cleared run, or for a case before it is cleared."""
    run = source if isinstance(source, Run) else None
    case = source.case if isinstance(source, Run) else source
    runs = final_runs(earlier)
    fuels = FuelPrices(case, [other.case for other in runs])
    return Evidence(case, rules, run, history(case, runs), fuels, unit_fuel(case))


def inputs_hash(method: str, rules: object, *data: Any) -> str:
    """SHA-256 of a method, the rules it used and its data: arrays, numbers and texts."""
    digest = hashlib.sha256(f"{method}|{rules!r}".encode())
    for item in data:
        if isinstance(item, np.ndarray) and item.dtype.kind in "fiu":
            digest.update(b"|" + np.ascontiguousarray(item, dtype="<f8").tobytes())
        else:
            plain = item.tolist() if isinstance(item, np.ndarray) else item
            digest.update(b"|" + json.dumps(plain, default=str).encode())
    return digest.hexdigest()


def _by(frame: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    if not len(frame):
        return {}
    return {str(name): rows for name, rows in frame.groupby(column, sort=False)}
