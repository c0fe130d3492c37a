"""What structural tests ask of a live clearing model: solve again with one thing changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pandas as pd

from cases.errors import InputError


@dataclass(frozen=True, slots=True)
class Resolved:
    """Result of solving the market again, commitment held.

    Attributes
    ----------
    dispatch
        interval_start, unit, mw; what is on is what was.
    prices
        interval_start, bus, lmp.
    flows
        interval_start, constraint, contingency, direction, flow_mw: flow of every limit that was
        taken away, signed as in the run's ``constraints``; no rows where none was.
    """

    dispatch: pd.DataFrame
    prices: pd.DataFrame
    flows: pd.DataFrame


@runtime_checkable
class LiveModel(Protocol):
    """A cleared model that can be solved again; every call starts from the cleared state."""

    def solve_without(self, limits: pd.DataFrame, *, alike: float) -> Resolved:
        """Solve without the given limits and those that stand in for them, every other one kept.

        ``limits`` has interval_start, constraint, contingency, direction. A limit stands in for
        another of the same interval where their relief factors at the units' buses have a
        correlation of at least ``alike``: twin circuits, a line before and after an outage.
        """
        ...

    def solve_with_output(self, fixed: pd.DataFrame) -> Resolved:
        """Solve with the output of some units fixed.

        ``fixed`` has interval_start, unit, mw.
        """
        ...


def needed(model: LiveModel | None, purpose: str) -> LiveModel:
    """Return the live model, or refuse: ``purpose`` cannot be had from the tables of a run."""
    if model is None:
        message = (
            f"{purpose} solves the market again and needs the live model of a clearing, which this "
            "run does not have"
        )
        raise InputError.one("", None, "model", "live_model", message)
    return model
