"""References from cost: fuel, emissions, operation and maintenance, and the adder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from cases.start_tiers import held_tier
from mitigation.references.blocks import Blocks, Level
from mitigation.references.evidence import Evidence, inputs_hash
from network.arrays import Floats

__all__ = ["Missing", "commitment_cost", "cost_curve", "variable_cost"]


@dataclass(frozen=True, slots=True)
class Missing:
    """What a method lacks."""

    text: str


def variable_cost(
    evidence: Evidence, unit: str, day: date
) -> tuple[Floats, Floats, pd.DataFrame] | Missing:
    """Cost of each block without the adder: (MW at which it ends, money per MWh, its rows).

    ``heat_rate * fuel price + emission_rate * allowance price + vom``; emissions cost nothing
    where the case has no allowance prices at all.
    """
    rows = evidence.rows("costs", unit).sort_values("segment")
    rows = rows[rows["mw"] > 0]
    if not len(rows):
        return Missing("no costs")
    heat = rows["heat_rate"].to_numpy(dtype=float)
    fuel = _priced(evidence, unit, rows["fuel"].tolist(), heat, day)
    allowance = _allowance(evidence, rows["emission_rate"].to_numpy(dtype=float), day)
    for part in (fuel, allowance):
        if isinstance(part, Missing):
            return part
    assert not isinstance(fuel, Missing) and not isinstance(allowance, Missing)
    cost = fuel + allowance + rows["vom"].to_numpy(dtype=float)
    return rows["mw"].cumsum().to_numpy(dtype=float), cost, rows


def cost_curve(evidence: Evidence, unit: str, day: date) -> Blocks:
    """Energy curve from cost, times one plus the adder.

    Sources: NYISO Services Tariff, attachment H 23.3.1.4.1.3; PJM: cost by the guidelines plus
    10 %.
    """
    found = variable_cost(evidence, unit, day)
    if isinstance(found, Missing):
        return Blocks.none("cost", found.text)
    upper, cost, _ = found
    price = cost * (1.0 + evidence.rules.adder)
    digest = inputs_hash("cost", evidence.rules.adder, unit, upper, cost)
    sample = np.zeros(len(upper), dtype=np.int64)
    return Blocks("cost", upper, price, sample, digest, "", f"no costs above {upper[-1]:g} MW")


def commitment_cost(
    evidence: Evidence, unit: str, component: str, hours: float, day: date
) -> Level | Missing:
    """No-load cost per hour, or cost of a start or stop, times one plus the adder.

    Fuel at its price, emissions at theirs and other cost, of the tier that holds after ``hours``
    off: the one with the most hours among those that are not longer.
    """
    tiers = evidence.commitment_costs.get((unit, component), [])
    held = int(held_tier(np.array([row["after_hours_off"] for row in tiers]), hours))
    if held < 0:
        return Missing("no commitment costs")
    row = tiers[held]
    fuel = _priced(evidence, unit, [row["fuel"]], np.array([row["fuel_use"]]), day)
    allowance = _allowance(evidence, np.array([row["emission"]]), day)
    for part in (fuel, allowance):
        if isinstance(part, Missing):
            return part
    assert not isinstance(fuel, Missing) and not isinstance(allowance, Missing)
    cost = float(fuel[0] + allowance[0] + row["other"])
    rules = evidence.rules
    adder = rules.adder if rules.commitment_adder is None else rules.commitment_adder
    digest = inputs_hash("cost", adder, unit, component, hours, cost)
    return Level(cost * (1.0 + adder), "cost", inputs_hash=digest)


def _priced(
    evidence: Evidence, unit: str, fuel: list[str], amount: Floats, day: date
) -> Floats | Missing:
    """Cost of the fuel of each row; rows that burn none cost nothing."""
    burnt = [name or evidence.unit_fuel[unit] for name in fuel]
    price = {name: evidence.fuels.on(name, day) for name in set(burnt)}
    for name, quantity in zip(burnt, amount, strict=True):
        if quantity > 0 and np.isnan(price[name]):
            what = f"fuel {name}" if name else "its fuel, which has no name"
            return Missing(f"no price of {what} on {day}")
    cost = [q * price[name] if q > 0 else 0.0 for name, q in zip(burnt, amount, strict=True)]
    return np.array(cost)


def _allowance(evidence: Evidence, amount: Floats, day: date) -> Floats | Missing:
    if evidence.allowances is None or not (amount > 0).any():
        return np.zeros(len(amount))
    price = evidence.allowances.on(day)
    return Missing(f"no price of allowances on {day}") if np.isnan(price) else amount * price
