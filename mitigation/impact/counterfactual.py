"""Which offers are replaced together when the impact is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

__all__ = ["Counterfactual", "Mode", "counterfactuals"]

Mode = Literal["joint", "per_owner", "per_unit"]
JOINT = "joint"


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """One rerun: its name, and the keys (unit, interval_start, component) that it replaces.

    The name is ``joint`` where all failing offers are replaced at once, else that of the owner or
    of the unit whose offers are replaced alone.
    """

    name: str
    keys: pd.DataFrame


def counterfactuals(
    failing: pd.DataFrame, mode: Mode, owner_of: Mapping[str, str]
) -> list[Counterfactual]:
    """Group what failed the conduct test into reruns, in the order of names.

    Parameters
    ----------
    failing
        unit, interval_start, component (and segment, where segments are replaced each by itself).
    mode
        ``joint``: one rerun (NYISO); ``per_owner``: one for each group of affiliates (ISO-NE);
        ``per_unit``: one for each unit.
    owner_of
        Unit to its group of affiliates; for ``per_owner``.
    """
    if failing.empty:
        return []
    if mode == "joint":
        return [Counterfactual(JOINT, failing)]
    names = failing["unit"]
    if mode == "per_owner":
        names = names.map(dict(owner_of)).fillna(names)
    return [Counterfactual(str(name), rows) for name, rows in failing.groupby(names, sort=True)]
