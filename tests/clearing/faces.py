"""Solving the faces of a run with Pyomo's interface to HiGHS, and prices out of their duals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from cases.run import Run

NETWORK = ("energy_balance", "loss_tangent", "soft_limit")
"""Constraints whose duals a price is made of."""


def optimum(model: Any, gap: float = 0.0) -> float:
    """Solve a model and give the value of its objective."""
    solver = pyo.SolverFactory("appsi_highs")
    solver.config.mip_gap = gap
    solver.solve(model)
    return float(pyo.value(model.cost))


def duals(model: Any) -> Any:
    """Solve a linear model; its duals by constraint."""
    model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    optimum(model)
    found = dict(model.dual.items())
    model.del_component("dual")
    return found


def unit_prices(run: Run, model: Any, variable: str) -> dict[tuple[str, int], float]:
    """LMP at the bus of each unit and interval that has a variable, by the duals of a model.

    One MW more of `variable` is one MW more at its unit's bus: what the balance and the limits of
    the grid, each by its coefficient, say it is worth is the price there. Ramps are no part of it.
    """
    dual = duals(model)
    members = {id(v): key for key, v in getattr(model, variable).items()}
    worth: dict[tuple[str, int], float] = dict.fromkeys(members.values(), 0.0)
    hours = run.case.meta.interval_minutes / 60.0
    for name in NETWORK:
        for key, row in getattr(model, name, {}).items():
            if name == "soft_limit" and str(key[0]).startswith("ramp_"):
                continue
            body = generate_standard_repn(row.body)
            for v, coefficient in zip(body.linear_vars, body.linear_coefs, strict=True):
                if id(v) in members:
                    worth[members[id(v)]] += dual[row] * coefficient / hours
    return worth


def assert_duals_are_prices(run: Run, model: Any, variable: str = "p") -> None:
    found = unit_prices(run, model, variable)
    bus = run.case.units.set_index("unit")["bus"]
    lmp = run.prices.pivot(index="interval_start", columns="bus", values="lmp")
    assert found
    mine = np.array([lmp[bus[unit]].iloc[t] for unit, t in found])
    np.testing.assert_allclose(np.array(list(found.values())), mine, atol=1e-4)
