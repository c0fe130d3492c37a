"""Clear a market day: dispatch with security on the grid, prices, tables, checks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import highspy
import numpy as np

from cases import Case, CheckFailed, InputError, RuleBook, Run
from clearing.compiled import compile_market
from clearing.day import Day
from clearing.formulation import build_dispatch
from clearing.limits import NetworkLimits, unit_outages_refused
from clearing.live import LiveModel
from clearing.model import ClearedModel
from clearing.prices import price
from clearing.ramps import RampLimits
from clearing.results import Cleared, result_tables
from clearing.security import Loop, Progress
from clearing.uniqueness import one_sided, open_intervals
from clearing.validate import validate
from network import Contingency, contingencies
from network.arrays import Positions

__all__ = ["clear"]

Security = Literal["none", "n-1"]


def clear(
    case: Case,
    *,
    rulebook: str | Path | RuleBook | None = None,
    commitment: bool = True,
    security: Security = "none",
    gap: float | None = None,
    time_limit: float | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Clear a market day and give its run.

    Parameters
    ----------
    case
        The market day.
    rulebook
        A rulebook, the name of a shipped one or a TOML file; by default `default`.
    commitment
        Decide which units run. False: every unit is on, p_min binds, no-load, starts and minimum
        times are ignored.
    security
        "n-1": also the case's contingencies, or every non-islanding branch outage where it has
        none; flows after an outage keep to emergency ratings.
    gap, time_limit
        Relative gap and seconds for the commitment, in place of the rulebook's.
    settings
        Other rulebook values for this run, keys like `pricing.method`.
    progress
        Called with a dict (stage, pass, rows, seconds, ...) after each pass.

    Raises
    ------
    InputError
        For anything wrong in case, rulebook or options.
    NoClearing
        Where no schedule exists, with the limits in conflict.
    """
    if security not in ("none", "n-1"):
        message = f"expected none or n-1, got {security!r}"
        raise InputError.one("", None, "security", "known_option", message)
    if commitment:
        message = (
            "unit commitment is not part of this version; clear without it "
            "(--no-commitment, or commitment=False)"
        )
        raise InputError.one("", None, "commitment", "not_available", message)
    begin = time.perf_counter()
    changed = dict(settings or {})
    rules = RuleBook.load(rulebook or "default").with_settings(changed)
    day = Day.of(case, rules)
    outages, warnings = _contingencies(day, security)
    start = time.perf_counter()
    market = build_dispatch(day)
    built = time.perf_counter()
    compiled = compile_market(market)
    done = time.perf_counter()
    live = LiveModel(compiled, rules)
    network, ramps = NetworkLimits(compiled, outages), RampLimits(compiled)
    rulebook_security = rules.security
    loop = Loop(
        live,
        network,
        ramps,
        rulebook_security.tolerance_mw,
        rulebook_security.rows_per_pass,
        progress,
    )
    secured = loop.run()
    priced = time.perf_counter()
    balance = compiled.rows(market.model.energy_balance)
    open_prices = open_intervals(live, balance, day.intervals)
    tie_break = rules.pricing.tie_break
    priced_by = secured.solution
    if len(open_prices) and tie_break != "solver":
        priced_by = one_sided(live, tie_break)
    prices = price(day, network, priced_by, live.soft, balance)
    cleared = Cleared(
        compiled,
        network,
        ramps,
        secured.solution,
        live.soft,
        secured.flows,
        prices,
        priced_by.soft_dual / day.hours,
    )
    warnings += _not_unique(day, open_prices, tie_break)
    tables = result_tables(cleared)
    end = time.perf_counter()
    manifest = {
        "status": "optimal",
        "objective": secured.solution.objective,
        "gap": 0.0,
        "solver": _solver(rules),
        "settings": {
            "commitment": commitment,
            "security": security,
            "pricing": rules.pricing.method,
            "reference": day.reference_name,
            "set": changed,
        },
        "times": {
            "prepare": start - begin,
            "build": built - start,
            "compile": done - built,
            "highs": live.seconds,
            "screen": loop.screening_seconds,
            "rows": loop.row_seconds,
            "tables": end - priced,
            "total": end - begin,
        },
        "passes": secured.passes,
        "iterations": live.iterations,
        "soft_rows": len(live.soft),
        "warnings": [*(str(w) for w in case.warnings), *warnings, *_exceeded(tables["slacks"])],
    }
    run = Run(manifest, tables, case, rules, model=ClearedModel(cleared, live, loop))
    _validated(run)
    return run


def _validated(run: Run) -> None:
    """Check the run without the solver and keep how long that took; CheckFailed if it fails."""
    begin = time.perf_counter()
    found = validate(run)
    run.times["validate"] = time.perf_counter() - begin
    if len(found):
        rows = found.head(20).itertuples(index=False)
        failures = [
            f"{r.check} {r.subject} at {r.interval_start}: {r.value:g} against {r.limit:g}"
            for r in rows
        ]
        raise CheckFailed([f"the clearing fails {len(found)} of its own checks", *failures])


def _contingencies(day: Day, security: Security) -> tuple[tuple[Contingency, ...], list[str]]:
    """Contingencies to secure against, and what was left out of them."""
    if security == "none":
        return (), []
    listed = contingencies(day.case, day.grid)
    unit_outages_refused(listed.secure)
    warnings = [
        f"contingency {entry.contingency.name} splits the grid (cuts off "
        f"{', '.join(entry.cut_off[:3])}{', ...' if len(entry.cut_off) > 3 else ''}) and is not secured"
        for entry in listed.islanding
    ]
    if len(warnings) > 10:
        names = ", ".join(entry.contingency.name for entry in listed.islanding[:10])
        warnings = [
            f"{len(listed.islanding)} contingencies split the grid and are not secured: "
            f"{names}, ..."
        ]
    return listed.secure, warnings


def _not_unique(day: Day, intervals: Positions, tie_break: str) -> list[str]:
    """Say where prices may not be unique and how one was chosen."""
    if not len(intervals):
        return []
    starts = day.case.interval_starts[intervals]
    shown = ", ".join(start.isoformat() for start in starts[:3])
    more = f" and {len(starts) - 3} more" if len(starts) > 3 else ""
    return [
        f"prices may not be unique in {len(starts)} intervals ({shown}{more}): a schedule meets a "
        f"limit exactly; chosen by pricing.tie_break = {tie_break}"
    ]


def _exceeded(slacks: Any) -> list[str]:
    """Say which limits were exceeded at a penalty, the dearest first."""
    if not len(slacks):
        return []
    by_name = slacks.assign(
        name=np.where(
            slacks["contingency"] == "",
            slacks["constraint"],
            slacks["constraint"] + " after outage of " + slacks["contingency"],
        )
    ).groupby(["kind", "name"], sort=False)
    total = by_name.agg(cost=("cost", "sum"), mw=("mw", "max"), intervals=("mw", "size"))
    total = total.sort_values("cost", ascending=False, kind="stable")
    listed = [
        f"{kind} limit {name} cannot be kept: up to {row.mw:.3f} MW over in {row.intervals} "
        f"intervals, penalty {row.cost:.2f}"
        for (kind, name), row in total.head(10).iterrows()
    ]
    more = [f"{len(total) - 10} more limits are exceeded; see slacks"] if len(total) > 10 else []
    return listed + more


def _solver(rules: RuleBook) -> dict[str, Any]:
    return {
        "name": "HiGHS",
        "version": highspy.Highs().version(),
        "threads": rules.solver.threads,
        "seed": rules.solver.seed,
    }
