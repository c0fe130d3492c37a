"""Adequacy rows: what the states of an interval must be able to serve, demand and reserve together.

One redundant row per interval, a sum of rows that the program has. The relaxation does not move,
but only states and columns of the system are left in the row, so that the solver cuts it as the
knapsack that it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from clearing.program.compiled import Compiled
from network.arrays import Floats, Positions

__all__ = ["AdequacyRows", "adequacy_rows"]


@dataclass(frozen=True, eq=False)
class AdequacyRows:
    """Rows ``matrix @ x >= least``, (T, n) and (T,)."""

    matrix: csr_array
    least: Floats


def adequacy_rows(compiled: Compiled) -> AdequacyRows:
    """Add up rows of a commitment that are there, by interval t.

        sum over islands of energy_balance[i,t]
            + sum of reserve_requirement[j,z,t] over upward ones that share no award
            - sum over units of capacity_started[u,t] or reserve_capacity[u,t]          (adequacy)

    What is left says ``sum of reach * on - cuts at starts and stops + other supply + shortages >=
    demand + reserve``. Awards that none of the chosen requirements counts would stand on the left
    with a minus; they are left out, which asks for less. So every row is a nonnegative combination
    of rows and bounds of the program: no schedule is lost, and the relaxation stays what it is. It
    matters because cuts aggregate few rows (Marchand and Wolsey, "Aggregation and mixed integer
    rounding to solve MIPs", Operations Research 49(3), 2001).
    """
    market, matrix = compiled.market, csr_array(compiled.matrix)
    model, intervals = market.model, market.day.intervals
    balance = compiled.rows(model.energy_balance)
    balance_at = np.array([t for _, t in model.energy_balance], dtype=np.intp)
    needs, needs_at = _requirements(compiled, matrix)
    caps, caps_at = _capacities(compiled, matrix, needs)
    rows = np.concatenate([balance, needs, caps])
    at = np.concatenate([balance_at, needs_at, caps_at])
    sign = np.concatenate([np.ones(len(balance) + len(needs)), -np.ones(len(caps))])
    chosen = csr_array((sign, (at, rows)), shape=(intervals, matrix.shape[0]))
    bound = np.concatenate(
        [compiled.row_low[balance], compiled.row_low[needs], -compiled.row_high[caps]]
    )
    summed = csr_array(chosen @ matrix)
    award = np.zeros(matrix.shape[1], dtype=bool)
    if "reserve" in market.families:
        award[compiled.columns("reserve")] = True
    summed.data[award[summed.indices] & (summed.data < 0.0)] = 0.0
    summed.eliminate_zeros()
    least = np.asarray(np.bincount(at, weights=bound, minlength=intervals), dtype=float)
    return AdequacyRows(summed, least)


def _requirements(compiled: Compiled, matrix: csr_array) -> tuple[Positions, Positions]:
    """Rows of upward requirements and their intervals; those of an interval share no award.

    The largest come first.
    """
    market, none = compiled.market, np.zeros(0, dtype=np.intp)
    if market.reserves is None:
        return none, none
    component = market.model.reserve_requirement
    reserves = market.day.reserves
    up = dict(zip(reserves.products.tolist(), reserves.up.tolist(), strict=True))
    row = compiled.rows(component)
    keys = list(component.keys())
    award = np.zeros(matrix.shape[1], dtype=bool)
    award[compiled.columns("reserve")] = True
    taken, rows, at = np.zeros(matrix.shape[1], dtype=bool), [], []
    for k in np.argsort(-compiled.row_low[row], kind="stable").tolist():
        product, _, t = keys[k]
        inside = matrix.indices[matrix.indptr[row[k]] : matrix.indptr[row[k] + 1]]
        inside = inside[award[inside]]
        if up[product] and not taken[inside].any():
            taken[inside] = True
            rows.append(int(row[k]))
            at.append(t)
    return np.array(rows, dtype=np.intp), np.array(at, dtype=np.intp)


def _capacities(
    compiled: Compiled, matrix: csr_array, needs: Positions
) -> tuple[Positions, Positions]:
    """One capacity row of each unit and interval, and its interval.

    The tighter one, with the cuts of starts and stops, where it holds every award that is counted.
    """
    market = compiled.market
    counted = np.zeros(matrix.shape[1], dtype=bool)
    if len(needs):
        inside = np.unique(matrix[needs].indices)
        counted[inside] = True
        award = np.zeros(matrix.shape[1], dtype=bool)
        award[compiled.columns("reserve")] = True
        counted &= award
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for name in ("reserve_capacity", "capacity", "capacity_started"):
        component = market.model.component(name)
        if component is None:
            continue
        rows = compiled.rows(component)
        own = csr_array(matrix[rows])
        own.data = np.ones_like(own.data)
        awards = np.asarray(own @ counted.astype(float))
        for key, row, held in zip(component.keys(), rows.tolist(), awards.tolist(), strict=True):
            if key not in found or round(held) >= found[key][1]:
                found[key] = row, round(held)
    at = np.array([t for _, t in found], dtype=np.intp)
    return np.array([row for row, _ in found.values()], dtype=np.intp), at
