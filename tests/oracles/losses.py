"""A dispatch with quadratic losses as a nonlinear program over bus angles: another witness.

One interval; every block of every unit is a variable, every bus has its balance

    generation - demand = sum of flows out + half the losses of every branch at the bus

with flow = base * (theta_from - theta_to) / x and losses r * flow^2 / base, solved by scipy's
SLSQP. Prices are central differences of the optimal cost in the demand of a bus. No loss factor,
no PTDF, no linearization and no code of ``network`` or ``clearing`` is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

STEP_MW = 0.05


@dataclass(frozen=True)
class Grid:
    """Buses 0 ... B - 1; branches (from, to, r, x, limit in MW, inf = none), per unit."""

    demand: tuple[float, ...]
    branches: tuple[tuple[int, int, float, float, float], ...]
    blocks: tuple[tuple[int, float, float], ...]
    """(bus, MW, price)."""
    base: float = 100.0


def solve(grid: Grid, more: Floats | None = None) -> tuple[float, Floats, Floats]:
    """Cost per hour, MW of the blocks and flows at the optimum; `more` is added to the demand."""
    demand = np.array(grid.demand) + (0.0 if more is None else more)
    start, end = (np.array([b[k] for b in grid.branches]) for k in (0, 1))
    r, x, limit = (np.array([b[k] for b in grid.branches]) for k in (2, 3, 4))
    bus = np.array([b[0] for b in grid.blocks])
    most, price = (np.array([b[k] for b in grid.blocks]) for k in (1, 2))
    count, buses = len(bus), len(demand)
    incidence = np.zeros((len(r), buses))
    incidence[np.arange(len(r)), start] = 1.0
    incidence[np.arange(len(r)), end] = -1.0
    place = np.zeros((buses, count))
    place[bus, np.arange(count)] = 1.0
    # Per unit throughout; the last bus has the angle 0.
    to_flow = (incidence / x[:, None])[:, :-1]
    ends = np.abs(incidence).T

    def balance(v: Floats) -> Floats:
        flow = to_flow @ v[count:]
        out = incidence.T @ flow + ends @ (0.5 * r * flow**2)
        return np.asarray(place @ v[:count] - demand / grid.base - out)

    def slope(v: Floats) -> Floats:
        flow = to_flow @ v[count:]
        out = (incidence.T + ends * (r * flow)) @ to_flow
        return np.hstack([place, -out])

    limited = np.isfinite(limit)
    rows = np.hstack([np.zeros((int(limited.sum()), count)), to_flow[limited]])
    room = limit[limited] / grid.base
    constraints = [{"type": "eq", "fun": balance, "jac": slope}]
    if len(rows):
        both = np.vstack([-rows, rows])
        constraints.append(
            {
                "type": "ineq",
                "fun": lambda v: np.concatenate([room, room]) + both @ v,
                "jac": lambda v: both,
            }
        )
    cost = np.concatenate([price, np.zeros(buses - 1)])
    first = np.concatenate([most / grid.base * demand.sum() / most.sum(), np.zeros(buses - 1)])
    result = minimize(
        lambda v: float(cost @ v),
        first,
        jac=lambda v: cost,
        bounds=[(0.0, m / grid.base) for m in most] + [(None, None)] * (buses - 1),
        constraints=constraints,
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-13},
    )
    assert np.abs(balance(result.x)).max() < 1e-8, result.message
    flow = to_flow @ result.x[count:] * grid.base
    return float(result.fun) * grid.base, result.x[:count] * grid.base, np.asarray(flow)


def prices(grid: Grid) -> Floats:
    """What one MW more of demand at each bus costs, per hour, (B,)."""
    found = np.empty(len(grid.demand))
    for bus in range(len(found)):
        step = np.zeros(len(found))
        step[bus] = STEP_MW
        found[bus] = (solve(grid, step)[0] - solve(grid, -step)[0]) / (2.0 * STEP_MW)
    return found
