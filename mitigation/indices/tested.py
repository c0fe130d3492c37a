"""A run with its structural tests and indices: the tables, and a run of tests only."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cases.rulebook.book import RuleBook
from cases.run import Run
from mitigation.indices.measure import measure_indices
from mitigation.structure.run import StructureTests
from mitigation.structure.verdicts import as_run_table

__all__ = ["indices_of", "tables_of", "with_tests"]


def indices_of(found: StructureTests) -> pd.DataFrame:
    """Measure all indices of a tested run: :func:`mitigation.indices.measure.measure_indices`."""
    return measure_indices(
        found.run, found.owners, found.rules, verdicts=found.verdicts, reference=found.reference
    )


def tables_of(found: StructureTests) -> dict[str, pd.DataFrame]:
    """Give the run tables ``tests_structure``, ``relief`` and ``indices`` of a tested run."""
    return {
        "relief": as_run_table("relief", found.relief),
        "tests_structure": as_run_table("tests_structure", found.verdicts),
        "indices": as_run_table("indices", indices_of(found)),
    }


def with_tests(
    run: Run,
    found: StructureTests,
    *,
    rulebook: RuleBook | None = None,
    what_if: Sequence[str] = (),
) -> Run:
    """Make a run of tests only: the tables of ``run`` and what was found, naming it as parent.

    ``rulebook`` is the rulebook of the tests where it is not that of the run, ``what_if`` says in
    words how control over units differs from that of the case; both are kept in the new run.
    """
    event = {
        "pass": "structure",
        "rules": sorted(found.verdicts["rule_id"].unique()),
        "verdicts": len(found.verdicts),
        "failed": int((~found.verdicts["passed"]).sum()),
        "what_if": list(what_if),
        "notes": list(found.notes),
    }
    manifest = {
        **run.manifest,
        "parent": run.id,
        "settings": {**run.settings, "what_if": list(what_if)},
        "warnings": list(dict.fromkeys([*run.manifest["warnings"], *found.notes])),
    }
    del manifest["tables"], manifest["created"]
    return Run(
        manifest,
        {**run.tables, **tables_of(found)},
        run.case,
        rulebook or run.rulebook,
        [*run.events, event],
        run.model,
    )
