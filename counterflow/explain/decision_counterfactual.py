"""Which clearings an impact was measured between, what is proven of them, and their noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cases import Proof, Run
from counterflow.console import number
from settlement.ledger.frames import Row

__all__ = ["counterfactual_sentences", "proof_of"]


def counterfactual_sentences(run: Run, row: Row, money: str) -> list[str]:
    """Say how the impact of a decision was measured; nothing where it was not."""
    event = _event(run, str(row["impact_scope"]))
    if not row["impact_result"] or event is None:
        return []
    how = str(event.get("commitment", ""))
    if how == "local":
        freed = dict(event.get("freed") or {})
        units = ", ".join(f"{name} ({why})" for name, why in sorted(freed.items())[:5])
        more = f" and {len(freed) - 5} more" if len(freed) > 5 else ""
        said = [
            f"The control (offers as submitted) and the counterfactual (references) chose anew "
            f"which of {units}{more} run, all others held, to the same gap; that ended because "
            f"{event.get('ended', '')}, and {event.get('still_wanting', 0)} held units would still "
            "switch."
        ]
    elif how == "reoptimized":
        said = ["The counterfactual chose every unit anew and is compared with the run itself."]
    else:
        said = ["The counterfactual keeps the commitment of the run and is compared with it."]
    said += _noise(run, row, money)
    return said


def proof_of(run: Run, scope: str) -> str:
    """What is proven of the counterfactual of some decisions, in a few words."""
    event = _event(run, scope)
    if event is None:
        return Proof.of(run.stated).text(run.case.meta.currency)
    if event.get("commitment") == "local":
        return (
            f"control {run.case.meta.currency} {event['control_objective']:,.2f}, counterfactual "
            f"{event['counterfactual_objective']:,.2f}, both closed over "
            f"{len(event.get('freed') or {})} free units"
        )
    gap = event.get("gap")
    return "commitment held; not proven" if gap is None else f"gap {gap:.4%}"


def _noise(run: Run, row: Row, money: str) -> list[str]:
    """The measured noise at the place and interval that decided."""
    tests = run.tests_impact
    if "control_shift" not in tests or pd.isna(row["impact_interval"]):
        return []
    own = tests[
        (tests["subject"] == row["impact_subject"])
        & (tests["interval_start"] == row["impact_interval"])
        & (tests["counterfactual"] == row["impact_scope"])
    ]
    if own.empty:
        return []
    first = own.iloc[0]
    shift, step = float(first["control_shift"]), float(first["last_step"])
    return [
        f"Noise there: a better schedule of the same offers alone moves it by {money}"
        f"{number(shift)}, the last widening of the free units by {money}{number(step)}."
    ]


def _event(run: Run, scope: str) -> Mapping[str, Any] | None:
    """The rerun behind a counterfactual, by its name."""
    found = [
        event
        for event in run.events
        if event.get("pass") == "rerun" and event.get("counterfactual") == scope
    ]
    return found[-1] if found else None
