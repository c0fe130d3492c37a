"""The Pyomo model under construction, and where each of its variables acts on the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from clearing.day import Day
from network.arrays import Floats, Positions

__all__ = ["Injection", "Market", "linear"]


@dataclass(frozen=True, eq=False)
class Injection:
    """Entries `coefficient` MW at `bus` in `interval` per MW of a variable, (E,) each."""

    variable: Positions
    """Position of the variable in `Market.variables`."""
    interval: Positions
    bus: Positions
    coefficient: Floats


@dataclass(eq=False)
class Market:
    """A Pyomo model and what the families of variables have told about themselves.

    Every family of variables adds itself with `inject` (where it enters the grid) and `pay` (what
    it costs, money per MW and hour); the energy balance, the network rows and the objective are
    then written without knowing any family.
    """

    day: Day
    model: pyo.ConcreteModel = field(default_factory=pyo.ConcreteModel)
    variables: list[Any] = field(default_factory=list)
    """Every variable that enters the grid, once."""
    injections: list[Injection] = field(default_factory=list)
    costs: list[tuple[Sequence[Any], Floats]] = field(default_factory=list)
    constant_cost: float = 0.0
    """Money per hour, over all intervals, that no variable changes."""
    fixed_injection: Floats = field(init=False)
    """MW that enter the grid whatever is decided, (T, B)."""

    def __post_init__(self) -> None:
        """Start from demand."""
        self.fixed_injection = -self.day.bus_demand

    def add(self, variables: Sequence[Any]) -> Positions:
        """Take in variables that enter the grid; their positions are what `inject` expects."""
        first = len(self.variables)
        self.variables.extend(variables)
        return np.arange(first, len(self.variables))

    def inject(
        self, variable: Positions, interval: Positions, bus: Positions, coefficient: Floats
    ) -> None:
        """Say that variable[k] puts coefficient[k] MW into bus[k] in interval[k], per MW of it."""
        self.injections.append(Injection(variable, interval, bus, coefficient))

    def pay(self, variables: Sequence[Any], price: Floats) -> None:
        """Say that variable k costs price[k] money per MW and hour."""
        self.costs.append((variables, price))


def linear(variables: Sequence[Any], coefficients: Floats, constant: float = 0.0) -> Any:
    """Write the sum of coefficients * variables + constant as a Pyomo expression."""
    return LinearExpression(
        constant=constant,
        linear_coefs=np.asarray(coefficients, dtype=float).tolist(),
        linear_vars=list(variables),
    )


def bounded(component: Any, low: Floats, high: Floats) -> list[Any]:
    """Set the bounds of an indexed variable in the order of its index; infinite means none."""
    variables = list(component.values())
    for variable, least, most in zip(variables, low.tolist(), high.tolist(), strict=True):
        variable.setlb(None if least == -np.inf else least)
        variable.setub(None if most == np.inf else most)
    return variables
