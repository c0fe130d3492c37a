"""Which thresholds hold where: the general ones, and those of the constrained areas."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.thresholds import Threshold
from mitigation.conduct.areas import Areas
from mitigation.conduct.thresholds import Held
from network.arrays import Booleans

__all__ = ["conduct_thresholds", "guarantee_thresholds", "price_thresholds"]

PER_MWH: Final = ("energy", "min_generation")


def conduct_thresholds(
    component: str,
    rules: MitigationRules,
    areas: Areas,
    general: Booleans,
    rows: pd.DataFrame,
) -> list[Held]:
    """Thresholds of a component of offers: the general one, and those of each area.

    Parameters
    ----------
    component
        energy, min_generation, no_load, startup, shutdown or reserve.
    general
        Rows for which the general threshold holds, (n,).
    rows
        unit, interval_start (NaT = in any interval): n rows.
    """
    found = [
        Held(f"mitigation.conduct.{component}", "", getattr(rules.conduct, component), general)
    ]
    for name, area in areas.rules.items():
        key = f"mitigation.areas.{name}"
        own: Threshold | None = getattr(area.conduct, component)
        inside = areas.has_units(name, rows["unit"], rows["interval_start"])
        if own is not None:
            found.append(Held(f"{key}.conduct.{component}", name, own, inside))
        if component in PER_MWH and name in areas.money:
            found.append(_formula(key, name, areas.money[name], inside))
    return found


def price_thresholds(rows: pd.DataFrame, rules: MitigationRules, areas: Areas) -> list[Held]:
    """Thresholds of the impact on bus prices; rows: interval_start, subject (bus)."""
    found = [_everywhere("mitigation.impact.price", rules.impact.price, rows)]
    for name, area in areas.rules.items():
        key = f"mitigation.areas.{name}"
        inside = areas.has_buses(name, rows["subject"], rows["interval_start"])
        if area.impact.price is not None:
            found.append(Held(f"{key}.impact.price", name, area.impact.price, inside))
        if name in areas.money:
            found.append(_formula(key, name, areas.money[name], inside))
    return found


def guarantee_thresholds(rows: pd.DataFrame, rules: MitigationRules, areas: Areas) -> list[Held]:
    """Thresholds of the impact on guarantee payments; rows: interval_start, subject (unit).

    An area holds for a unit on a day when it holds in any interval of that day.
    """
    found = [_everywhere("mitigation.impact.guarantee", rules.impact.guarantee, rows)]
    for name, area in areas.rules.items():
        if area.impact.guarantee is not None:
            inside = areas.has_units_on_days(name, rows["subject"], rows["interval_start"])
            key = f"mitigation.areas.{name}.impact.guarantee"
            found.append(Held(key, name, area.impact.guarantee, inside))
    return found


def _everywhere(key: str, rule: Threshold, rows: pd.DataFrame) -> Held:
    return Held(key, "", rule, np.ones(len(rows), dtype=bool))


def _formula(key: str, area: str, money: float, inside: Booleans) -> Held:
    return Held(f"{key}.formula", area, Threshold(absolute=money), inside)
