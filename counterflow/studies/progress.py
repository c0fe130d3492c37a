"""How far a study is: what is done, what is left to do and how long and large it may become."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from counterflow.studies.plan import KINDS, Plan, Step
from counterflow.studies.work import Outcome

__all__ = ["Progress", "plan_table"]


@dataclass
class Progress:
    """Counts of a study at work; `event` says them as plain values."""

    steps: int
    to_do: int
    counts: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def heard(self, outcome: Outcome) -> None:
        """Count a step that has ended."""
        self.counts[outcome.status] += 1

    def event(self, outcome: Outcome) -> dict[str, Any]:
        """What a line of progress says after a step has ended."""
        ended = sum(self.counts.values())
        spent = time.monotonic() - self.began
        left = spent / ended * (self.to_do - ended) if ended else None
        return {
            "event": "step",
            "id": outcome.id,
            "status": outcome.status,
            "seconds": outcome.seconds,
            "error": outcome.error.strip().rpartition("\n")[2],
            "ended": ended,
            "to_do": self.to_do,
            "steps": self.steps,
            "failed": self.counts["failed"],
            "blocked": self.counts["blocked"],
            "seconds_left": left,
        }


def plan_table(plan: Plan, to_do: Collection[Step], ledger: pd.DataFrame) -> pd.DataFrame:
    """What would run: per kind of step its number, what is left, and what that may take.

    Seconds and bytes are those of the finished steps of the same kind, on average, times the steps
    that are left; NaN where none of the kind has finished. Steps that are taken over from an equal
    step count with neither solves nor bytes.
    """
    left = Counter(step.kind for step in to_do)
    again = Counter(step.kind for step in to_do if not step.same_as)
    whole = Counter(step.kind for step in plan.steps.values())
    solves: Counter[str] = Counter()
    for step in to_do:
        solves[step.kind] += step.solves
    done = ledger[(ledger["status"] == "done") & (ledger["seconds"] > 0)]
    seconds = done.groupby("step")["seconds"].mean().to_dict()
    size = done.groupby("step")["bytes"].mean().to_dict()
    rows = []
    for kind in KINDS:
        if not whole[kind]:
            continue
        count = again[kind]
        nothing = float("nan") if count else 0.0
        rows.append(
            {
                "step": kind,
                "steps": whole[kind],
                "to_do": left[kind],
                "solves": solves[kind],
                "seconds": float(seconds[kind]) * count if kind in seconds else nothing,
                "bytes": float(size[kind]) * count if kind in size else nothing,
            }
        )
    return pd.DataFrame(rows)
