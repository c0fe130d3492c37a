"""Names of the components of an offer: the one place that knows how they are composed.

``energy``, ``min_generation``, ``no_load``, ``startup``, ``shutdown``, ``charge``, ``discharge``;
``reserve:PRODUCT`` and ``param:COLUMN`` say of which product and of which column of ``units``.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

__all__ = [
    "PARAMETER",
    "RESERVE",
    "is_parameter",
    "is_reserve",
    "kind_of",
    "kinds",
    "subject_of",
    "subjects",
]

RESERVE: Final = "reserve"
PARAMETER: Final = "param"


def kind_of(component: str) -> str:
    """Kind of a component: energy, startup, reserve, param, ..."""
    return component.partition(":")[0]


def subject_of(component: str) -> str:
    """Product of a reserve offer, column of a parameter; "" for the others."""
    return component.partition(":")[2]


def kinds(components: pd.Series) -> pd.Series:
    """Kind of each component, (N,)."""
    known = {name: kind_of(name) for name in components.unique()}
    return components.map(known)


def subjects(components: pd.Series) -> pd.Series:
    """Product or column of each component, (N,)."""
    known = {name: subject_of(name) for name in components.unique()}
    return components.map(known)


def is_parameter(components: pd.Series) -> pd.Series:
    """Which components are parameters of units, (N,)."""
    return kinds(components) == PARAMETER


def is_reserve(components: pd.Series) -> pd.Series:
    """Which components are reserve offers, (N,)."""
    return kinds(components) == RESERVE
