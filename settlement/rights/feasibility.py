"""Simultaneous feasibility: whether the grid could carry all rights at once.

Rights that pass on the grid and limits that a market is cleared with are fully funded by its
congestion rent: with shadow prices mu_k >= 0 and limits h_k, the rent is sum mu_k (h_k - shift_k),
and the rights' flows, shift flows included, stay within h_k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.book import RuleBook
from network import Grid
from settlement.rights.limits import Security, coefficients, states, untested_contingencies
from settlement.rights.points import right_injections

__all__ = ["Feasibility", "simultaneous_feasibility"]


@dataclass(frozen=True)
class Feasibility:
    """Outcome of the test.

    `violations`: constraint, contingency, direction, limit_mw, flow_mw, excess_mw, largest excess
    first; `untested`: contingencies that rights cannot be tested against.
    """

    violations: pd.DataFrame
    untested: tuple[str, ...]

    @property
    def feasible(self) -> bool:
        """Whether no limit is exceeded."""
        return self.violations.empty


def simultaneous_feasibility(
    rights: pd.DataFrame,
    case: Case,
    *,
    security: Security = "none",
    rulebook: RuleBook | None = None,
    grid: Grid | None = None,
) -> Feasibility:
    """Test all rights together on the grid of a case.

    Parameters
    ----------
    rights
        Table `rights`; all rows are tested together, whatever their term.
    security
        `n-1` tests the contingencies of the case too, against emergency ratings.
    rulebook
        Gives the network convention, angle limits and the tolerance; the default rulebook if None.
    grid
        The grid, if it is at hand.

    Raises
    ------
    InputError
        Naming every right whose points are unknown, the same, or not connected.
    """
    rules = rulebook or RuleBook.load("default")
    grid = grid or Grid.from_case(case, rules.network.convention)
    injections = right_injections(rights, case, grid)
    mw = rights["mw"].to_numpy(float)
    options = (rights["kind"] == "option").to_numpy()
    rows = []
    for state in states(grid, case, injections, security, rules.network.angle_limits):
        for direction, name, limit in ((1, "upper", state.high), (-1, "lower", -state.low)):
            load = coefficients(state.flows, options, direction) @ mw + direction * state.shift
            for k in np.flatnonzero(load > limit + rules.settlement.rights.tolerance_mw):
                rows.append(
                    (
                        state.constraints[k],
                        state.contingency,
                        name,
                        float(direction * limit[k]),
                        float(direction * load[k]),
                        float(load[k] - limit[k]),
                    )
                )
    violations = pd.DataFrame(
        rows, columns=["constraint", "contingency", "direction", "limit_mw", "flow_mw", "excess_mw"]
    )
    violations = violations.sort_values("excess_mw", ascending=False, kind="stable")
    return Feasibility(
        violations.reset_index(drop=True), untested_contingencies(grid, case, security)
    )
