"""One day under many rules: each rulebook's outcome side by side, from shared clearings."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases import Case, CounterflowError, InputError, Proof, RuleBook, Run
from cases.files.folders import new_folder
from cases.files.sheets import write_sheet
from clearing import Day, LocalPair
from clearing.day.start_costs import commitment_cost
from counterflow.both_errors import both_errors
from counterflow.mitigation import MitigatedRun, mitigated, mitigation_rules
from counterflow.tables.money import average_price, run_money, uplift_total, with_price
from mitigation.again.rerun import EngineRerun, Rerun
from mitigation.keys import KEY
from mitigation.references import reference_levels
from mitigation.references.substitution import COMMITMENT, substituted

_TREATMENT = "mitigation.rerun.commitment"
_DONE = {"commitment_held": "held", "commitment_local": "local"}
_SAME = 1e-6
"""Money per MWh, or a share of the cost, that is no difference."""

__all__ = ["ManyRules", "mitigate_by_rulebooks", "mitigate_by_sweep"]


@dataclass(eq=False)
class SharedRerun:
    """Reruns of one day that are made once, whichever rulebook asks for them."""

    engine: Rerun
    made: dict[tuple[str, str], Run] = field(default_factory=dict)
    sound: dict[int, Run] = field(default_factory=dict)
    pairs: dict[tuple[str, tuple[str, ...]], LocalPair | None] = field(default_factory=dict)
    few: dict[tuple[str, tuple[str, ...]], Run | None] = field(default_factory=dict)
    asked: int = 0

    def held(self, case: Case, *, check: bool = True) -> Run:
        """Clear with the commitment held; a run that was made for these offers is given again."""
        return self._once("held", case, lambda: self.engine.held(case, check=check))

    def checked(self, run: Run) -> Run:
        """Validate a run, once."""
        if id(run) not in self.sound:
            self.sound[id(run)] = self.engine.checked(run)
        return self.sound[id(run)]

    def reoptimized(self, case: Case) -> Run:
        """Clear with the commitment chosen anew, once for the same offers."""
        return self._once("reoptimized", case, lambda: self.engine.reoptimized(case))

    def paired(self, case: Case, replaced: Collection[str]) -> LocalPair | None:
        """Clear as submitted and replaced over the same units, once for the same offers."""
        self.asked += 2
        key = case.hash, tuple(sorted(set(replaced)))
        if key not in self.pairs:
            self.pairs[key] = self.engine.paired(case, replaced)
        return self.pairs[key]

    def local(self, case: Case, free: Collection[str]) -> Run | None:
        """Clear with the commitment of some units chosen anew, once for the same offers."""
        self.asked += 1
        key = case.hash, tuple(sorted(set(free)))
        if key not in self.few:
            self.few[key] = self.engine.local(case, free)
        return self.few[key]

    @property
    def clearings(self) -> int:
        """Clearings that were made."""
        return len(self.made) + 2 * len(self.pairs) + len(self.few)

    def _once(self, how: str, case: Case, make: Any) -> Run:
        self.asked += 1
        key = how, case.hash
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]


@dataclass(frozen=True, eq=False)
class ManyRules:
    """Outcomes of one day under several rules."""

    runs: dict[str, MitigatedRun]
    """By rulebook, or by the values of a sweep; those that could not be made are left out."""
    table: pd.DataFrame
    """One row each: who was mitigated, prices, money, and both kinds of error."""
    clearings: int
    """Clearings that were made for all of them together."""
    asked: int
    """Clearings that they asked for."""

    def write(self, folder: Path) -> None:
        """Write every run and `comparison.csv` to a new folder, whole or not at all.

        Raises InputError where the folder exists or cannot be written.
        """
        with new_folder(folder) as part:
            for number, (name, run) in enumerate(self.runs.items()):
                run.write(part / (_file_name(name) or f"run-{number}"))
            write_sheet(self.table, part / "comparison.csv")


def mitigate_by_rulebooks(
    run: Run,
    rulebooks: Sequence[str | Path | RuleBook],
    *,
    settings: Mapping[str, Any] | None = None,
    earlier: Sequence[Run] = (),
    as_of: dt.date | str | None = None,
) -> ManyRules:
    """Mitigate one run by several rulebooks; clearings with the same offers are made once.

    Returns
    -------
    ManyRules
        ``table`` has, per rulebook: units and components that were mitigated, the load-weighted
        price, load payment, uplift, offered production cost, and against the benchmark in which
        every offer stands at the lower of itself and its reference level (by the run's own
        rulebook): ``production_cost_at_reference`` of the dispatch,
        the table of both errors (:func:`counterflow.both_errors.both_errors`: type 1, replaced and
        moved nothing; type 2, left above it; with their noise),
        ``under_mitigation`` (load x price above the benchmark's: market power that was missed) and
        ``over_mitigation`` (load x price below it: offers that were lowered too far). A rulebook
        whose procedure lacks data has its reason in ``note``.

        All are treated alike: reruns choose the replaced units and those that they move anew,
        whatever each rulebook says, or as ``settings`` has ``mitigation.rerun.commitment`` for
        all. Each row says what was done with the ``commitment`` (decided, local, held, or none),
        its ``gap`` and its ``proof``, its ``noise`` (the largest amount by which a price of the run
        differs from its control, which replaces nothing) and by what it differs from the run as
        submitted (``difference``): blank, rules, rules and commitment, "within the gap": another
        schedule that costs the same as far as the solver proved, or "within the noise": no price
        moved by more than the control moves it, so that its prices say nothing about the rules.
    """
    given = dict(settings or {})
    # Rulebooks whose procedure never commits anew would refuse the key.
    treatment = {_TREATMENT: given.pop(_TREATMENT, "local")}
    how = run.rulebook.with_settings(treatment).mitigation.rerun.commitment
    chosen = {}
    for book in rulebooks:
        rules = mitigation_rules(run, book, given, as_of)
        chosen[_label(book)] = rules.with_reruns(how)
    return _by_rules(run, chosen, earlier)


def mitigate_by_sweep(
    run: Run,
    sweep: Mapping[str, Sequence[Any]],
    *,
    rulebook: str | Path | RuleBook | None = None,
    earlier: Sequence[Run] = (),
    as_of: dt.date | str | None = None,
) -> ManyRules:
    """Mitigate one run at every combination of values of some ``mitigation`` keys."""
    keys = list(sweep)
    chosen = {}
    for values in itertools.product(*(sweep[key] for key in keys)):
        pairs = dict(zip(keys, values, strict=True))
        label = ", ".join(f"{key}={value}" for key, value in pairs.items())
        chosen[label] = mitigation_rules(run, rulebook, pairs, as_of)
    return _by_rules(run, chosen, earlier)


def _by_rules(run: Run, chosen: Mapping[str, RuleBook], earlier: Sequence[Run]) -> ManyRules:
    shared = SharedRerun(EngineRerun(run))
    benchmark = _benchmark(run, shared, earlier)
    runs: dict[str, MitigatedRun] = {}
    rows = [_row("as submitted", run, None, benchmark, run)]
    levels: dict[str, pd.DataFrame] = {}
    for name, rules in chosen.items():
        # Rules that make references alike have the same levels: they are made once.
        alike = rules.mitigation.reference.model_dump_json()
        try:
            given = levels.get(alike)
            made = mitigated(run, rules, references=given, earlier=earlier, rerun=shared)
        except CounterflowError as error:
            rows.append({"rulebook": name, "note": str(error)})
            continue
        runs[name] = made
        levels.setdefault(alike, made.reference_levels)
        rows.append(_row(name, made, made, benchmark, run))
    if benchmark is not None:
        rows.append(_row("every offer at its reference", benchmark, None, benchmark, run))
    return ManyRules(runs, pd.DataFrame(rows), shared.clearings, shared.asked)


def _benchmark(run: Run, shared: SharedRerun, earlier: Sequence[Run]) -> Run | None:
    """The day with every offer at the lower of itself and its reference; None without levels."""
    try:
        levels = reference_levels(run, rules=run.rulebook.mitigation.reference, earlier=earlier)
    except InputError:
        return None
    known = levels[levels["price"].notna()]
    starts = run.case.interval_starts
    curves = known.loc[known["component"] == "energy", "unit"].unique()
    pairs = itertools.product(curves, starts)
    energy = pd.DataFrame(pairs, columns=KEY[:2]).assign(component="energy")
    commitment = known["component"].isin(COMMITMENT)
    costs = known.loc[commitment, ["unit", "component"]].drop_duplicates()
    blank = pd.DatetimeIndex([None] * len(costs), dtype=starts.dtype)
    costs = costs.assign(interval_start=blank)
    keys: pd.DataFrame = pd.concat([energy, costs[KEY]], ignore_index=True)
    return shared.held(substituted(run.case, known, keys))


def _row(
    name: str, run: Run, made: MitigatedRun | None, benchmark: Run | None, before: Run
) -> dict[str, Any]:
    money = run_money(run)
    load = run.load_awards
    hours = run.case.interval_hours
    decisions = None if made is None else made.decisions
    done = None if decisions is None else decisions[decisions["action"] == "mitigated"]
    row: dict[str, Any] = {
        "rulebook": name,
        "units_mitigated": 0 if done is None else int(done["unit"].nunique()),
        "components_mitigated": 0 if done is None else len(done),
        "who": "" if done is None else ", ".join(sorted(done["unit"].unique())),
        "price": average_price(run),
        "load_payment": money["load_payment"],
        "uplift": uplift_total(run),
        "production_cost": money["production_cost"],
        **_proven(run),
        "noise": noise_of(run),
        "difference": _difference(before, run),
    }
    if benchmark is not None:
        row["production_cost_at_reference"] = _cost_at(benchmark.case, run)
        above = with_price(load, run.prices) - with_price(load, benchmark.prices)
        moved = np.nan_to_num((above * load["mw"]).to_numpy(dtype=float)) * hours
        row["under_mitigation"] = float(np.maximum(moved, 0.0).sum())
        row["over_mitigation"] = float(np.maximum(-moved, 0.0).sum())
        if made is not None:
            row |= both_errors(before, made, benchmark, noise_of(run))
    row["note"] = ""
    return row


def _proven(run: Run) -> dict[str, Any]:
    """What was done with the commitment, and what is proven of it."""
    proof = Proof.of(run.stated)
    committed = run.settings["commitment"]
    done = _DONE.get(proof.problem, "decided")
    return {
        "commitment": done if committed else "none",
        "gap": np.nan if proof.gap is None else proof.gap,
        "proof": proof.text(run.case.meta.currency),
    }


def _difference(before: Run, run: Run) -> str:
    """By what a run differs from the one before; see `mitigate_by_rulebooks`."""
    one, other = before.dispatch, run.dispatch
    if np.array_equal(one["on"].to_numpy(), other["on"].to_numpy()):
        was, now = (r.prices["lmp"].to_numpy(dtype=float) for r in (before, run))
        same = np.allclose(was, now, rtol=_SAME, atol=_SAME, equal_nan=True)
        return "" if same else "rules"
    if _furthest(before, run) <= noise_of(run):
        return "within the noise"
    left = sum(Proof.of(r.stated).open_money(r.objective) for r in (before, run))
    cost = _cost_at(before.case, before)
    more = abs(_cost_at(before.case, run) - cost)
    return "within the gap" if more <= left + _SAME * abs(cost) else "rules and commitment"


def noise_of(run: Run) -> float:
    """Largest amount by which a price of the tested run differs from its control; 0 without one."""
    shifts = [event.get("largest_control_shift", 0.0) for event in run.events]
    return float(max(shifts, default=0.0))


def _furthest(one: Run, other: Run) -> float:
    """Largest difference of a price at a bus."""
    was, now = (run.prices["lmp"].to_numpy(dtype=float) for run in (one, other))
    return float(np.nanmax(np.abs(was - now), initial=0.0))


def _cost_at(case: Case, run: Run) -> float:
    """What the dispatch of a run costs at the offers of another case of the same day."""
    day = Day.of(case, run.rulebook)
    shape = (day.intervals, len(day.units))
    output = run.dispatch["mw"].to_numpy(dtype=float).reshape(shape)
    cost = float(day.offers.cost(output).sum()) * day.hours
    if run.settings["commitment"]:
        on = run.dispatch["on"].to_numpy(dtype=bool).reshape(shape)
        cost += float(commitment_cost(day, on).sum())
    return cost


def _label(book: str | Path | RuleBook) -> str:
    return book.name if isinstance(book, RuleBook) else str(book)


def _file_name(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._-=" else "_" for c in Path(name).name)
    return kept.strip("._")
