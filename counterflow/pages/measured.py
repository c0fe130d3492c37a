"""Structural tests and indices of a run whose own rules make none, for the page alone."""

from __future__ import annotations

import warnings

from cases import Run
from cases.errors import CounterflowError, DataWarning
from counterflow.tables.monitor_tables import reference_energy

__all__ = ["BUSES", "measured"]

BUSES = 2_000
"""Above this many buses tests that the run does not hold are not made for a page."""


def measured(run: Run, parent: Run | None) -> tuple[Run, str]:
    """Give a run its missing supplier tests and indices.

    Supplier tests are made of the offers as submitted, as a procedure makes them: from `parent`,
    or from the run itself where there is none.

    Returns
    -------
    Run
        The same run where it has its indices, is large, or they cannot be made.
    str
        made, held (by the run itself), large, or why they cannot be made.
    """
    from mitigation import structure_tests, tables_of

    if len(run.indices):
        return run, "held"
    if len(run.case.buses) > BUSES:
        return run, "large"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            own = tables_of(structure_tests(run, reference=reference_energy(run)))
            tests = own if parent is None else tables_of(structure_tests(parent))
    except CounterflowError as error:
        return run, str(error).partition("\n")[0]
    made = {"indices": own["indices"]}
    if run.tests_structure.empty:
        made |= {name: tests[name] for name in ("tests_structure", "relief")}
    whole = Run(run.stated, {**run.tables, **made}, run.case, run.rulebook, run.events)
    return whole, "made"
