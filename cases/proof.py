"""What is proven of a run: for which problem, how far from the best, what stopped the solver."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Problem", "Proof"]

Problem = Literal["commitment", "commitment_local", "commitment_held", "dispatch"]


@dataclass(frozen=True)
class Proof:
    """The manifest's ``proof``: a bound and a gap, only for the problem that they belong to.

    Attributes
    ----------
    problem
        commitment: which units run was decided; commitment_local: for the units in ``freed``
        alone; commitment_held: it was taken over, so that cheaper schedules may exist and there
        is neither gap nor bound; dispatch: there was none to decide, every unit is on. "" where
        the run does not say.
    gap
        (objective - bound) / abs(objective) in the program that decided. Below zero the bound
        lies above a schedule that is known: it is no bound, and is told, never rounded away.
    bound
        Money below which no schedule of the problem costs.
    stopped_by
        time_limit, rounds, difference (the dispatch costs more than its program said and
        nothing more is learned), or solver_error; "" where the gap that was asked for is proven.
    freed
        Units whose states were decided, where not all were.
    """

    problem: Problem | Literal[""]
    gap: float | None = None
    bound: float | None = None
    stopped_by: str = ""
    freed: tuple[str, ...] = ()

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> Proof:
        """The proof in a manifest; gap and bound alone where it holds no more."""
        said = stated.get("proof")
        if not isinstance(said, Mapping):
            return cls("", _number(stated.get("gap")), _number(stated.get("bound")))
        return cls(
            said.get("problem", ""),
            _number(said.get("gap")),
            _number(said.get("bound")),
            str(said.get("stopped_by") or ""),
            tuple(said.get("freed") or ()),
        )

    def stated(self) -> dict[str, Any]:
        """Entries of a manifest: ``proof``, and the ``gap`` and ``bound`` that scripts read."""
        told = {**asdict(self), "freed": list(self.freed)}
        return {"gap": self.gap, "bound": self.bound, "proof": told}

    def open_money(self, objective: float) -> float:
        """Money that the solver may have left: 0 where there was nothing to decide."""
        if self.bound is not None:
            return max(0.0, objective - self.bound)
        return 0.0 if self.gap is None else max(0.0, abs(objective) * self.gap)

    def text(self, currency: str = "") -> str:
        """Say it in a few words: ``gap 0.0100%, bound USD 267,555.31``."""
        if self.problem == "commitment_held":
            return "commitment held; not proven"
        if self.gap is None:
            return "not proven"
        bound = "" if self.bound is None else f", bound {currency} {self.bound:,.2f}".rstrip()
        if self.gap < 0.0:
            return f"not proven: the bound lies {-self.gap:.2e} of the cost above it{bound}"
        told = f"gap {self.gap:.4%}{bound}"
        if self.problem == "commitment_local":
            units = "unit" if len(self.freed) == 1 else "units"
            told = f"{told} over the states of {len(self.freed):,d} {units}, all others held"
        return f"{told}, stopped by {self.stopped_by}" if self.stopped_by else told


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return None if math.isnan(value) else float(value)
