"""The tables that market monitors publish, from one run or many: structure, conduct, performance.

Source of the selection: PJM market monitor, state of the market report, energy market section;
Potomac Economics for output gaps; the funnel from tests to mitigated MW.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cases import Run
from cases.errors import CounterflowError, DataWarning, InputError
from cases.files.sheets import write_sheet
from cases.place_prices import taken

__all__ = ["MonitorTables", "monitor_tables", "reference_energy"]


@dataclass(frozen=True, eq=False)
class MonitorTables:
    """The monitor's tables.

    Attributes
    ----------
    tables
        By name: concentration, verdict, pivotal_together, pivotal_alone, relief_detail,
        relief_summary, congestion, conduct, output_gap, markup, markup_in_prices,
        markup_by_fuel, markup_by_owner, capping, capped_units, capping_distribution,
        marginal_by_owner, marginal_by_fuel, funnel, mitigated.
    notes
        Tables that are not there, and why.
    """

    tables: dict[str, pd.DataFrame]
    notes: dict[str, str]

    def write(self, folder: Path) -> list[Path]:
        """Write one CSV file per table into a folder that is made; give the files."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, table in self.tables.items():
            path = folder / f"{name}.csv"
            write_sheet(table, path)
            paths.append(path)
        return paths


def monitor_tables(runs: Run | Iterable[Run]) -> MonitorTables:
    """Make the monitor's tables of one run, or of the runs of many days together.

    Structural tests and indices that a run does not have are made; markups and output gaps need
    its reference levels, conduct and the funnel a mitigated run. What cannot be made is in
    ``notes`` with its reason.

    Raises
    ------
    InputError
        No run; an interval in two runs (of a run and its mitigated child only the child counts).
    """
    given = [runs] if isinstance(runs, Run) else list(runs)
    chosen = _without_parents(given)
    days = [_Day(run) for run in chosen]
    return _Maker(days).made()


def _without_parents(runs: Sequence[Run]) -> list[Run]:
    if not runs:
        raise InputError.one("", None, None, "usage", "give at least one run")
    parents = {run.manifest.get("parent") for run in runs}
    kept = [run for run in runs if run.id not in parents]
    seen: dict[pd.Timestamp, str] = {}
    for run in kept:
        for start in run.case.interval_starts:
            if start in seen:
                message = f"the interval {start.isoformat()} is in two of the runs"
                raise InputError.one("", None, None, "twice", message)
            seen[start] = run.id
    return kept


class _Day:
    """A run with its structural tests and indices, made where it has none."""

    def __init__(self, run: Run) -> None:
        from mitigation import indices_of, structure_tests, tables_of

        self.run, self.problem = run, ""
        self.reference = reference_energy(run)
        self.structure, self.indices, self.relief = run.tests_structure, run.indices, run.relief
        if len(self.indices):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)
                found = structure_tests(run, reference=self.reference)
                self.indices = indices_of(found)
        except CounterflowError as error:
            self.problem = str(error).partition("\n")[0]
            return
        if self.structure.empty:
            made = tables_of(found)
            self.structure, self.relief = made["tests_structure"], made["relief"]


def reference_energy(run: Run) -> pd.DataFrame | None:
    """Reference energy blocks of every unit and interval, where the run has its levels."""
    from mitigation.references.curves import for_intervals

    levels = run.reference_levels
    energy = levels[(levels["component"] == "energy") & levels["price"].notna()]
    if energy.empty:
        return None
    columns = ["unit", "interval_start", "segment", "mw", "price"]
    return for_intervals(energy[columns], run.dispatch[["unit", "interval_start"]])


class _Maker:
    """Stacks the tables of the days and makes the monitor's from them."""

    def __init__(self, days: list[_Day]) -> None:
        self.days = days
        self.rules = days[0].run.rulebook.mitigation.structure
        self.structure = self._stack(lambda day: day.structure)
        self.indices = self._stack(lambda day: day.indices)
        self.dispatch = self._stack(lambda day: day.run.dispatch)
        self.decisions = self._stack(lambda day: day.run.decisions)
        self.conduct = self._stack(lambda day: day.run.tests_conduct)
        self.marginal = self._stack(lambda day: day.run.marginal_units)
        units = self._stack(lambda day: day.run.case.units)
        self.units = units.drop_duplicates("unit", keep="last", ignore_index=True)
        self.result = MonitorTables({}, {})

    def _stack(self, of: Callable[[_Day], pd.DataFrame]) -> pd.DataFrame:
        parts = [of(day) for day in self.days]
        filled = [part for part in parts if len(part)] or parts[:1]
        return pd.concat(filled, ignore_index=True)

    def made(self) -> MonitorTables:
        """Make every table for which there is data."""
        problems = "; ".join(dict.fromkeys(day.problem for day in self.days if day.problem))
        self._structure(problems)
        self._conduct()
        self._performance(problems)
        self._marginal()
        return self.result

    def _put(self, name: str, table: pd.DataFrame, why_empty: str) -> None:
        if len(table):
            self.result.tables[name] = table
        else:
            self.result.notes[name] = why_empty

    def _structure(self, problems: str) -> None:
        from mitigation.report import market as summary

        names = ["verdict", "concentration", "pivotal_together", "pivotal_alone"]
        if self.indices.empty or (self.indices["index"] == "rsi1").sum() == 0:
            for name in names:
                self.result.notes[name] = problems or "there are no indices of the market"
        else:
            concentration = self.rules.concentration
            together, alone = summary.pivotal_summary(self.indices)
            verdict = summary.verdict_table(self.structure, self.indices, concentration)
            table = summary.concentration_summary(self.indices, concentration)
            for name, made in zip(names, (verdict, table, together, alone), strict=True):
                self._put(name, made, "there are no indices of the market")
        no_tests = problems or "no constraint was tested"
        relief = self._stack(lambda day: day.relief)
        if relief.empty:
            relief = relief.astype({"interval_start": self.dispatch["interval_start"].dtype})
        detail = summary.relief_detail(self.structure, self.rules.peak)
        self._put("relief_detail", detail, no_tests)
        tests = summary.relief_summary(self.structure, relief, self.dispatch, self.decisions)
        self._put("relief_summary", tests, no_tests)
        paths = summary.congestion_summary(self.structure)
        self._put("congestion", paths, "no test of competitive paths was made")

    def _conduct(self) -> None:
        from mitigation.report import conduct as monitor

        why = "the run was not mitigated: it has no conduct tests"
        if self.conduct.empty:
            for name in ("conduct", "funnel", "mitigated", "capping", "capped_units"):
                self.result.notes[name] = why
            return
        impact = self._stack(lambda day: day.run.tests_impact)
        self._put("conduct", monitor.conduct_summary(self.conduct), why)
        stages = (self.structure, self.conduct, impact, self.decisions, self.dispatch)
        self._put("funnel", monitor.funnel(*stages), why)
        self._put("mitigated", monitor.mitigated_summary(self.decisions), why)
        self._put("capping", monitor.capping_by_month(self.decisions, self.dispatch), why)
        by_unit = monitor.capping_by_unit(self.decisions, self.dispatch)
        self._put("capped_units", by_unit, "no unit on line was capped")
        bins = monitor.capping_distribution(by_unit)
        self._put("capping_distribution", bins, "no unit on line was capped")

    def _performance(self, problems: str) -> None:
        from mitigation.indices.contributions import markup_contributions
        from mitigation.report import conduct as monitor

        names = ["output_gap", "markup", "markup_in_prices", "markup_by_fuel", "markup_by_owner"]
        known = [day for day in self.days if day.reference is not None]
        if not known or self.indices.empty:
            why = problems or "the run has no reference levels: mitigate it"
            self.result.notes.update(dict.fromkeys(names, why))
            return
        capacity = float(self.units["p_max"].sum())
        gap = monitor.output_gap_summary(self.indices, capacity)
        self._put("output_gap", gap, "no output gap was measured")
        markup = monitor.markup_summary(self.indices, self.marginal, self.units)
        self._put("markup", markup, "no marginal unit has a reference")
        load = self._stack(lambda day: _load(day.run))
        in_prices = monitor.markup_in_prices_summary(self.indices, load, self.rules.peak)
        no_factors = "marginal units do not determine the prices"
        self._put("markup_in_prices", in_prices, no_factors)
        parts = [
            markup_contributions(day.run, day.reference)
            for day in known
            if day.reference is not None
        ]
        filled = [part for part in parts if len(part)] or parts[:1]
        contributions = pd.concat(filled, ignore_index=True)
        for by in ("fuel", "owner"):
            table = monitor.contribution_summary(contributions, load, self.units, by)
            self._put(f"markup_by_{by}", table, no_factors)

    def _marginal(self) -> None:
        from mitigation.report import market as summary

        for by in ("owner", "fuel"):
            table = summary.marginal_summary(self.marginal, self.units, by)
            self._put(f"marginal_by_{by}", table, "no unit was marginal")


def _load(run: Run) -> pd.DataFrame:
    """MW that loads take by interval and bus, with their zone: interval_start, zone, mw."""
    zone = run.case.buses.set_index("bus")["zone"]
    rows = taken(run)
    return rows[["interval_start", "mw"]].assign(zone=rows["bus"].map(zone).fillna(""))
