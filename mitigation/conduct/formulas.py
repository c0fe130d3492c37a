"""Thresholds of constrained areas that follow from how often the area is constrained."""

from __future__ import annotations

from collections.abc import Mapping

from cases.rulebook.areas import AreaFormula, AreaRules
from cases.warned import Warned
from mitigation.conduct.area_counts import area_threshold

__all__ = ["area_thresholds", "formula_threshold"]


def formula_threshold(
    formula: AreaFormula, *, average_price: float | None, constrained_hours: float | None
) -> float | None:
    r"""Threshold of an area, money per MWh; inf without constrained hours, None where unknown.

    ``two_percent``: :math:`T = 0.02 \cdot \bar P \cdot 8760 / H`: charged in each of the H
    constrained hours of a year it raises the average price by 2 percent. ``fixed_cost``:
    :math:`T = C / H`, which in H hours earns the net fixed cost C of new capacity. Both at most
    ``cap``. Values of the rulebook go before those given.

    Parameters
    ----------
    formula
        Table ``formula`` of an area.
    average_price, constrained_hours
        Those of the last twelve months; None where they are not known.

    Source: NYISO Services Tariff 23.3.1.2.2 (load pockets); MISO Tariff Module D 64.1.2.
    """
    hours = _given(formula.constrained_hours, constrained_hours)
    price = _given(formula.average_price, average_price)
    if formula.kind == "none" or hours is None:
        return None
    if hours == 0.0:
        return float("inf")
    if formula.kind == "fixed_cost":
        return (
            None if formula.annual_cost is None else min(formula.annual_cost / hours, formula.cap)
        )
    if price is None:
        return None
    return min(max(area_threshold(price, hours, share=formula.share), 0.0), formula.cap)


def area_thresholds(
    rules: Mapping[str, AreaRules], counted: Mapping[str, tuple[float, float]] | None = None
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Give the thresholds of all areas that have a formula, and what is missing for others.

    Parameters
    ----------
    rules
        ``mitigation.areas`` of a rulebook.
    counted
        Area -> (average price, constrained hours of a year), counted in earlier runs.

    Returns
    -------
    thresholds, notes
        Area -> money per MWh; and a sentence for every area whose formula lacks an input: only its
        other thresholds and the general ones hold there.
    """
    found: dict[str, float] = {}
    notes = []
    for name, area in rules.items():
        if area.formula.kind == "none":
            continue
        price, hours = (counted or {}).get(name, (None, None))
        money = formula_threshold(area.formula, average_price=price, constrained_hours=hours)
        if money is None:
            text = (
                f"area {name}: constrained hours and average price are neither in the rulebook nor "
                "counted in earlier runs, so its formula sets no threshold"
            )
            notes.append(Warned(text, "area_without_formula"))
        else:
            found[name] = money
    return found, tuple(notes)


def _given(own: float | None, other: float | None) -> float | None:
    return other if own is None else own
