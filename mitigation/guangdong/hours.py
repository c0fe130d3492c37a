"""The cap on hours of use: efficient coal units may sell more than others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.rulebook.guangdong import HoursCapRules
from network.arrays import Floats

__all__ = ["hours_caps", "hours_factor"]


def hours_factor(rate: Floats, fleet_rate: float, rules: HoursCapRules) -> Floats:
    r"""Give f(k0, k1, F_i, F_ave) by the named form, never below zero.

    With :math:`d = (F_{ave} - F_i) / F_{ave}`: ``scaled`` is :math:`k_0 (1 + k_1 d)`, ``additive``
    :math:`k_0 + k_1 d`, ``power`` :math:`k_0 (F_{ave} / F_i)^{k_1}`. Every form is ``k0`` at the
    fleet's average and for all where ``k1`` is zero, and rises as the coal rate falls.

    Parameters
    ----------
    rate
        Coal rate of the units, g/kWh; NaN gives no cap (inf).
    fleet_rate
        Fleet average, the same unit.

    Source: the article, equation (11); the exact f was not found, the forms are reconstructions.
    """
    rate = np.asarray(rate, dtype=float)
    burns = ~np.isnan(rate)
    if np.isinf(rules.k0):
        return np.full(rate.shape, np.inf)
    gain = (fleet_rate - rate) / fleet_rate
    if rules.form == "scaled":
        factor = rules.k0 * (1 + rules.k1 * gain)
    elif rules.form == "additive":
        factor = rules.k0 + rules.k1 * gain
    else:
        factor = rules.k0 * (fleet_rate / rate) ** rules.k1
    return np.where(burns, np.maximum(factor, 0.0), np.inf)


def hours_caps(
    units: pd.DataFrame,
    average_hours: float,
    rules: HoursCapRules,
    *,
    fleet_rate: float | None = None,
) -> pd.DataFrame:
    """Cap the hours and the energy that each seller may sell over the period.

    Parameters
    ----------
    units
        seller, capacity_mw, coal_rate (g/kWh, NaN for what burns no coal: no cap), and where there
        is one, traded_mwh: what it has sold already in the period.
    average_hours
        Average hours of use of the market over the period.
    fleet_rate
        Average coal rate; default: that of the coal units, weighted by capacity.

    Returns
    -------
    DataFrame
        seller, hours, energy_mwh (hours times capacity), cap_mwh (what is left of it to sell).

    Raises
    ------
    InputError
        Average hours or coal rates that are not above zero.
    """
    rate = units["coal_rate"].to_numpy(dtype=float)
    capacity = units["capacity_mw"].to_numpy(dtype=float)
    burns = ~np.isnan(rate)
    if not average_hours > 0 or (rate[burns] <= 0).any() or not (capacity > 0).all():
        message = "average hours, capacities and coal rates must be above zero"
        raise InputError.one("sellers", None, None, "positive", message)
    if fleet_rate is None:
        fleet_rate = float(np.average(rate[burns], weights=capacity[burns])) if burns.any() else 1.0
    hours = hours_factor(rate, fleet_rate, rules) * average_hours
    energy = hours * capacity
    traded = units["traded_mwh"].to_numpy(dtype=float) if "traded_mwh" in units else 0.0
    return pd.DataFrame(
        {
            "seller": units["seller"].to_numpy(),
            "hours": hours,
            "energy_mwh": energy,
            "cap_mwh": np.maximum(0.0, energy - traded),
        }
    )
