"""Check a run against its case without a solver.

Everything is recomputed from the tables alone: balances, flows, limits before and after outages,
unit bounds, ramps, costs, the objective, and prices (a price is right where nobody would rather
produce, consume or carry another amount at it).
"""

from __future__ import annotations

import pandas as pd

from cases.run import Run
from clearing.validation import CHECKS, GROUND, Facts, collect
from clearing.validation.report import unmade
from clearing.validation.sequential import interval_runs

__all__ = ["validate"]


def validate(run: Run) -> pd.DataFrame:
    """List everything in a run that does not follow from its case, rulebook and other tables.

    Parameters
    ----------
    run
        A run in memory or read from its folder.

    Returns
    -------
    DataFrame
        One row per violation, none when all is well: ``check`` (family and name), ``subject``
        (unit, bus, branch, ...), ``interval_start`` (NaT for the whole run), ``value`` as stated
        or recomputed, ``limit`` it should keep or equal, ``excess`` >= 0 beyond it. Megawatts are
        held to 1e-3 or the rulebook's ``security.tolerance_mw`` if that is more, prices to 1e-4
        money per MWh (more where penalty prices are above 10000), money to 1e-7 of itself.
        Missing rows and numbers are reported alone: nothing else can be computed then. A check
        that the tables defeat is a violation too, named after it, never an error.
    """
    if run.settings.get("horizon") == "sequential":
        return _by_interval(run)
    facts = Facts(run)
    timezone = run.case.meta.timezone
    missing = collect((frame for check in GROUND for frame in unmade(check, facts)), timezone)
    if len(missing):
        return missing
    return collect((frame for check in CHECKS for frame in unmade(check, facts)), timezone)


def _by_interval(run: Run) -> pd.DataFrame:
    """Check every interval of a sequential run as a run of its own, from the MW before it."""
    parts = [validate(part) for part in interval_runs(run)]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]
