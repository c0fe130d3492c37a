"""Pivotal supplier and residual supply indices of a market or zone, gross and net of contracts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.structure.pivotal import ROUNDING, jointly_pivotal, residual_supply
from network.arrays import Floats, Integers


def pivotal_indices(supply: pd.DataFrame, demand: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    r"""PSI and RSI of every owner in every market.

    .. math::
        PSI_j = [\sum_i Q_i - (Q_j - C_j) < D], \quad RSI_j = (\sum_i Q_i - (Q_j - C_j)) / D

    Parameters
    ----------
    supply
        ``by``, owner, supply_mw and optionally contract_mw (net sales under contract, which take
        away the gain from withholding).
    demand
        ``by``, demand_mw, and optionally import_mw, supply that nobody in the market can withhold.
        Where the demand is not above zero nobody is pivotal and the RSI is infinite.
    by
        Columns that make a market.

    Returns
    -------
    DataFrame
        ``by``, owner, supply_mw, demand_mw, psi (0 or 1), rsi1, rsi2, rsi3.

    Source: the article, equations (1) and (2); Sheffrin 2002 for the index.
    """
    frame = supply.merge(demand, on=by, how="inner", sort=False).sort_values(
        [*by, "owner"], ignore_index=True
    )
    test, withheld, total, need = _markets(frame, by)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = residual_supply(test, withheld, total, np.maximum(need, 0.0))
    wanted = need[test] > 0
    short = total[test] - withheld < need[test] * (1 - ROUNDING)
    return frame[[*by, "owner", "supply_mw", "demand_mw"]].assign(
        psi=(wanted & short).astype(int),
        rsi1=np.where(wanted, index.rsi1, np.inf),
        rsi2=np.where(wanted, index.rsi2, np.inf),
        rsi3=np.where(wanted, index.rsi3, np.inf),
    )


def joint_counts(supply: pd.DataFrame, demand: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """How many of the largest owners are pivotal together in each market.

    Parameters as of :func:`pivotal_indices`. Returns ``by`` and jointly_pivotal: 1, 2 or 3, or 0
    where demand can be met without the three largest.
    """
    frame = supply.merge(demand, on=by, how="inner", sort=False).sort_values(by)
    test, withheld, total, need = _markets(frame, by)
    size = jointly_pivotal(test, np.maximum(0.0, withheld), total, need)
    return frame[by].drop_duplicates(ignore_index=True).assign(jointly_pivotal=size)


def _markets(frame: pd.DataFrame, by: list[str]) -> tuple[Integers, Floats, Floats, Floats]:
    """Market of each row, what its owner can withhold, and total supply and demand by market."""
    test = frame.groupby(by, sort=False).ngroup().to_numpy(dtype=np.int64)
    quantity = frame["supply_mw"].to_numpy(dtype=float)
    contract = frame["contract_mw"].to_numpy(dtype=float) if "contract_mw" in frame else 0.0
    markets = frame.groupby(by, sort=False).first()
    total = np.bincount(test, weights=quantity, minlength=len(markets)).astype(float)
    if "import_mw" in markets:
        total = total + markets["import_mw"].to_numpy(dtype=float)
    need: Floats = markets["demand_mw"].to_numpy(dtype=float)
    return np.asarray(test, dtype=np.int64), quantity - contract, total, need
