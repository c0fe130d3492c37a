"""Opportunity cost of energy that is limited: hydro, limited fuel, storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from mitigation.references.blocks import Blocks
from mitigation.references.cost_based import Missing, variable_cost
from mitigation.references.evidence import Evidence, inputs_hash
from network.arrays import Floats

__all__ = ["last_hour_price", "opportunity_curve", "storage_levels", "storage_values"]

_MWH = 1e-9


def last_hour_price(price: Floats, reach_mwh: Floats, energy_mwh: float) -> float:
    """Price of the last hour that limited energy reaches when it goes into the dearest hours first.

    What the last MWh would have earned, for a seller that does not move the price; ``-inf`` where
    the energy is enough for all hours, so that using a MWh costs no other. ``reach_mwh`` (T,) is
    the most energy of each interval.
    """
    order = np.argsort(-np.asarray(price, dtype=float), kind="stable")
    used = np.cumsum(np.asarray(reach_mwh, dtype=float)[order])
    if len(used) == 0 or used[-1] <= energy_mwh + _MWH:
        return float("-inf")
    return float(price[order[int(np.searchsorted(used, energy_mwh - _MWH))]])


def opportunity_curve(evidence: Evidence, unit: str, day: date, p_max: float) -> Blocks:
    r"""Energy curve of a unit with a limit on its energy of the day.

    With the shadow price of the limit :math:`\mu` in the run, each block is
    :math:`cost + \mu`. Where the limit does not bind (also because the unit asks so much that it
    keeps its energy), the value is that of the last hour that the energy would reach at the run's
    prices, and each block is the higher of its cost and that value. A unit without costs has cost
    0. Both times one plus the adder of opportunity costs.
    """
    limits = evidence.rows("energy_limits", unit)
    at = pd.Timestamp(day)
    if len(limits):
        limits = limits[limits["day"] == at]
    if not len(limits):
        return Blocks.none("opportunity", "")
    if evidence.run is None:
        return Blocks.none("opportunity", "the case has not been cleared")
    found = variable_cost(evidence, unit, day)
    if isinstance(found, Missing):
        if len(evidence.rows("costs", unit)):
            return Blocks.none("opportunity", found.text)
        upper, cost = np.array([p_max]), np.zeros(1)
    else:
        upper, cost, _ = found
    rules = evidence.rules.opportunity
    shadow = _shadow_price(evidence, unit, at)
    value = float("nan")
    by_shadow = rules.source == "auto" and shadow is not None and shadow > 0
    if rules.source == "shadow_price" and shadow is None:
        return Blocks.none("opportunity", "the run has no shadow price of its energy limit")
    if shadow is not None and (rules.source == "shadow_price" or by_shadow):
        price = cost + shadow
        note = f"cost + {shadow:g}, the shadow price of its energy limit"
    else:
        value = _last_hour(evidence, unit, day, float(limits["max_mwh"].iloc[0]))
        price = np.maximum(cost, value)
        note = "enough energy for all hours: cost"
        if np.isfinite(value):
            note = f"the higher of cost and {value:g}, the price of the last hour it reaches"
    digest = inputs_hash("opportunity", rules, unit, str(day), upper, cost, shadow, value)
    sample = np.zeros(len(upper), dtype=np.int64)
    price = price * (1.0 + rules.adder)
    return Blocks("opportunity", upper, price, sample, digest, note)


def _shadow_price(evidence: Evidence, unit: str, at: pd.Timestamp) -> float | None:
    assert evidence.run is not None
    table = evidence.run.energy_budgets
    days = pd.to_datetime(table["day"])
    rows = table[(table["unit"] == unit) & (days == at)]
    return float(rows["shadow_price"].iloc[0]) if len(rows) else None


def _last_hour(evidence: Evidence, unit: str, day: date, energy: float) -> float:
    assert evidence.run is not None
    state = evidence.run.dispatch
    state = state[(state["unit"] == unit) & (state["interval_start"].dt.date == day)]
    prices = evidence.run.prices[["interval_start", "bus", "lmp"]]
    priced = state.merge(prices, on=["interval_start", "bus"], sort=False).dropna(subset="lmp")
    reach = priced["available_mw"].to_numpy(dtype=float) * evidence.case.interval_hours
    return last_hour_price(priced["lmp"].to_numpy(dtype=float), reach, energy)


@dataclass(frozen=True, slots=True)
class StorageValues:
    """Opportunity cost of a storage unit: (T,) or (1,) money per MWh at its bus.

    ``discharge`` is the least for which giving up a MWh pays, ``charge`` the most that a MWh
    is worth paying.
    """

    discharge: Floats
    charge: Floats
    note: str


def storage_values(
    price: Floats, hours: float, row: Mapping[Any, Any], wear: float = 0.0
) -> StorageValues:
    r"""Opportunity costs by sorting the prices of a day.

    A storage that starts empty fills in the cheapest hours and empties in the dearest. With
    :math:`p_c` the price of the last hour of filling, :math:`p_d` that of the last hour of
    emptying and :math:`\eta` the efficiency of the round trip, discharging costs
    :math:`\max(p_c / \eta, p_d)` plus wear, and charging is worth :math:`\eta (p_d - wear)`.

    Source: the storage default energy bid of CAISO (charging cost over efficiency, or the price
    at the duration of the storage), in structure.
    """
    price = np.asarray(price, dtype=float)
    stored = row["energy_max"] - row["energy_min"]
    efficiency = row["efficiency_in"] * row["efficiency_out"]
    full = np.full(len(price), hours)
    filling = _last(-price, full * row["charge_mw"], stored / row["efficiency_in"])
    emptying = _last(price, full * row["discharge_mw"], stored * row["efficiency_out"])
    cost = max(-filling / efficiency, emptying)
    return StorageValues(
        np.array([cost + wear]),
        np.array([efficiency * (emptying - wear)]),
        f"prices sorted: fills at {-filling:g}, empties at {emptying:g}",
    )


def _last(price: Floats, reach: Floats, energy: float) -> float:
    """Price of the last hour reached; of the last hour of all where the energy is enough."""
    found = last_hour_price(price, reach, energy)
    return found if np.isfinite(found) else float(price.min())


def storage_levels(evidence: Evidence) -> pd.DataFrame:
    """Levels of the components discharge and charge of every storage unit, by interval.

    Where the run says what a stored MWh is worth, discharging costs that over
    ``efficiency_out`` plus wear, and charging is worth it times ``efficiency_in``.
    """
    case, run, rules = evidence.case, evidence.run, evidence.rules.opportunity
    frames: list[pd.DataFrame] = []
    if run is None or not len(case.storage):
        return pd.DataFrame()
    schedule, prices = run.storage_schedule, run.prices
    for row in case.storage.to_dict("records"):
        own = schedule[schedule["storage"] == row["storage"]].sort_values("interval_start")
        worth = own["energy_value"].to_numpy(dtype=float) if "energy_value" in own else np.zeros(0)
        if rules.source != "sorted_prices" and len(worth) and not np.isnan(worth).any():
            values = StorageValues(
                worth / row["efficiency_out"] + rules.wear,
                worth * row["efficiency_in"],
                "worth of a stored MWh in the run",
            )
            stamps, inputs = own["interval_start"], worth
        else:
            at_bus = prices[prices["bus"] == row["bus"]].sort_values("interval_start")
            inputs = at_bus["lmp"].to_numpy(dtype=float)
            if np.isnan(inputs).any() or not len(inputs):
                continue
            values = storage_values(inputs, case.interval_hours, row, rules.wear)
            stamps = at_bus["interval_start"]
        digest = inputs_hash("opportunity", rules, row["storage"], inputs)
        for component, price, mw in (
            ("discharge", values.discharge * (1.0 + rules.adder), row["discharge_mw"]),
            ("charge", values.charge, row["charge_mw"]),
        ):
            frames.append(
                pd.DataFrame(
                    {
                        "unit": row["storage"],
                        "kind": "storage",
                        "interval_start": stamps.to_numpy(),
                        "component": component,
                        "segment": 1,
                        "mw": mw,
                        "price": np.broadcast_to(price, len(stamps)),
                        "method": "opportunity",
                        "inputs_hash": digest,
                        "note": values.note,
                    }
                ).assign(interval_start=stamps.reset_index(drop=True))
            )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
