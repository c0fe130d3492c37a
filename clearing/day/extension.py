"""What a user's function adds to a day: read once from a Pyomo model, kept as arrays.

The function gets a `pyomo.environ.ConcreteModel` in which ``model.output[unit, t]``,
``model.on[unit, t]``, ``model.start[unit, t]``, ``model.stop[unit, t]``, ``model.flow[branch, t]``
and ``model.injection[bus, t]`` stand for quantities of the market. Nothing is made for a quantity
that the function does not ask for. What it adds is written into every program of the day
(`clearing.formulation.custom`): commitment, dispatch, prices, windows of real time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from cases import InputError
from cases.files.convert import nearest
from cases.files.hashing import value_hash
from clearing.day.custom_limits import Entries
from network.arrays import Flags, Floats, Positions

if TYPE_CHECKING:
    from clearing.day.day import Day

__all__ = ["QUANTITIES", "Extend", "Extension", "name_of"]

Extend = Callable[[Any], Any]
"""A function that gets the model of a day and adds to it; what it returns is not looked at."""

QUANTITIES = {
    "output": "unit",
    "on": "unit",
    "start": "unit",
    "stop": "unit",
    "flow": "branch",
    "injection": "bus",
}
"""Quantities that the model has, and what each is indexed by, beside the interval."""
_OTHER = ("SOSConstraint", "LogicalConstraint", "BooleanVar", "Disjunction", "Complementarity")


@dataclass(frozen=True, eq=False)
class Extension:
    """What a function added to a day: R rows, V variables and costs."""

    name: str
    rows: list[str]
    """Name of each row, such as ``nomogram[3]``."""
    low: Floats
    high: Floats
    first: Positions
    """First interval that each row speaks of, (R,)."""
    last: Positions
    hourly: Flags
    """Rows that are limits of one interval in MW: their index ends with its position, (R,)."""
    variables: list[str]
    least: Floats
    """Bounds of the variables, (V,)."""
    most: Floats
    whole: Flags
    """Variables that take whole numbers, (V,)."""
    entries: dict[str, Entries]
    """Terms of the rows by quantity; row R stands for the cost."""
    own: list[tuple[int, int, float]]
    """Row, variable and coefficient; row R stands for the cost."""
    constant_cost: float
    """Money that no quantity changes."""
    components: dict[str, int]
    """Number of rows of each component."""

    @property
    def cost_row(self) -> int:
        """The row that stands for the cost, R."""
        return len(self.rows)

    @property
    def costs(self) -> bool:
        """Whether it adds to the objective."""
        rows = [entry.row for entry in self.entries.values()] + [[r for r, *_ in self.own]]
        return self.constant_cost != 0.0 or any(self.cost_row in row for row in rows)

    def units(self, *quantities: str) -> Positions:
        """Units whose quantities are spoken of."""
        found = [self.entries[name].element for name in quantities if name in self.entries]
        return np.unique(np.concatenate([np.zeros(0, dtype=np.intp), *found]))

    @property
    def content(self) -> str:
        """Hash of all that it says."""
        entries = {
            name: [values.tolist() for values in (e.row, e.element, e.interval, e.coefficient)]
            for name, e in self.entries.items()
        }
        bounds = [v.tolist() for v in (self.low, self.high, self.least, self.most, self.whole)]
        said = [self.rows, self.variables, [str(b) for b in bounds], entries, self.own]
        return value_hash({"extension": said, "constant": self.constant_cost})

    @classmethod
    def read(cls, extend: Extend, day: Day) -> Extension:
        """Let a function add to the model of a day and read what it added.

        Raises InputError where it asks for something that is not there, or adds what a linear
        program cannot hold.
        """
        reading = _Reading(day)
        with _quiet(), _named(reading.model):
            extend(reading.model)
        return reading.read(name_of(extend))


def name_of(extend: Extend) -> str:
    """How results call an extension."""
    return str(getattr(extend, "__qualname__", type(extend).__qualname__))


def refused(rule: str, message: str) -> InputError:
    """An extension that cannot be used."""
    return InputError.one("", None, "extend", rule, message)


class _Quantity:
    """One quantity of the market, indexed by a name and the position of an interval."""

    def __init__(self, name: str, what: str, known: dict[str, int], intervals: int) -> None:
        self._name, self._what, self._known, self._intervals = name, what, known, intervals
        self.asked: dict[tuple[str, int], Any] = {}
        self._holder = pyo.ConcreteModel()
        self._holder.add_component(name, pyo.Var(pyo.Any, dense=False))

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, tuple) or len(key) != 2:
            message = f"model.{self._name} is indexed by a {self._what} and an interval, got {key}"
            raise refused("extension_index", message)
        name, t = key
        if name not in self._known:
            message = f"model.{self._name}: there is no {self._what} {name}"
            raise refused(f"unknown_{self._what}", message + nearest(str(name), list(self._known)))
        try:
            at = int(t.__index__())
        except AttributeError:
            at = -1
        if not 0 <= at < self._intervals:
            message = (
                f"model.{self._name}[{name}, {t}]: intervals go by their positions 0 to "
                f"{self._intervals - 1}"
            )
            raise refused("unknown_interval", message)
        if (name, at) not in self.asked:
            self.asked[name, at] = getattr(self._holder, self._name)[name, at]
        return self.asked[name, at]


@dataclass(eq=False)
class _Reading:
    """The model that a function gets, and what it finds there afterwards."""

    day: Day
    model: Any = field(init=False)

    def __post_init__(self) -> None:
        """Make the model: quantities, costs, and what there is to go through."""
        day, model = self.day, pyo.ConcreteModel()
        names = {
            "unit": day.units.tolist(),
            "branch": day.grid.branches.tolist(),
            "bus": day.grid.buses.tolist(),
        }
        places = {what: {name: k for k, name in enumerate(own)} for what, own in names.items()}
        self._quantities = {}
        for name, what in QUANTITIES.items():
            quantity = _Quantity(name, what, places[what], day.intervals)
            self._quantities[name] = quantity
            setattr(model, name, quantity)
        model.units, model.branches, model.buses = (tuple(own) for own in names.values())
        model.intervals = range(day.intervals)
        model.starts, model.hours = day.case.interval_starts, day.hours
        model.cost = pyo.Objective(expr=0.0)
        self.model, self._places = model, places
        self._entries: dict[str, list[tuple[int, int, int, int, float]]] = {}
        self._own: list[tuple[int, int, float]] = []
        self._rows: list[tuple[str, float, float, int, int, bool]] = []
        self._variables: dict[int, int] = {}
        self._kept: list[Any] = []

    def read(self, name: str) -> Extension:
        """Read what was added."""
        self._refuse_others()
        self._place = {
            id(variable): (quantity, self._places[QUANTITIES[quantity]][element], t)
            for quantity, own in self._quantities.items()
            for (element, t), variable in own.asked.items()
        }
        components: dict[str, int] = {}
        for row in self.model.component_data_objects(pyo.Constraint, active=True):
            self._constraint(row)
            whole = row.parent_component().name
            components[whole] = components.get(whole, 0) + 1
        self._bounds(components)
        self._refuse_taken()
        constant = 0.0
        for objective in self.model.component_data_objects(pyo.Objective, active=True):
            sign = 1.0 if objective.sense == pyo.minimize else -1.0
            constant += self._terms(len(self._rows), objective.expr, objective.name, sign)
        columns = list(zip(*self._rows, strict=True)) or [()] * 6
        names, low, high, first, last, hourly = columns
        return Extension(
            name,
            list(names),
            np.array(low, dtype=float),
            np.array(high, dtype=float),
            np.array(first, dtype=np.intp),
            np.array(last, dtype=np.intp),
            np.array(hourly, dtype=bool),
            [variable.name for variable in self._kept],
            *self._limits(),
            {quantity: Entries.of(found) for quantity, found in self._entries.items()},
            self._own,
            constant,
            components,
        )

    def _refuse_others(self) -> None:
        for component in self.model.component_objects(active=True):
            kind = component.ctype.__name__
            if kind in _OTHER:
                message = f"{component.name} is a {kind}; add variables and linear constraints"
                raise refused("not_linear", message)

    def _refuse_taken(self) -> None:
        """Refuse names by which results already know another limit."""
        tables = self.day.case.tables
        taken = {*self.day.grid.branches, *tables["interface_limits"]["interface"]}
        taken |= set(tables["custom_constraints"]["constraint"])
        for name, *_ in self._rows:
            if name in taken:
                message = (
                    f"there is a limit {name} in the case already; give the constraint another"
                )
                raise refused("name_taken", message)

    def _constraint(self, row: Any) -> None:
        """Read one constraint; a limit on both sides becomes two rows."""
        low, high = (
            none if bound is None else float(pyo.value(bound))
            for bound, none in ((row.lower, -np.inf), (row.upper, np.inf))
        )
        ranged = low != high and np.isfinite(low) and np.isfinite(high)
        sides = [(low, np.inf), (-np.inf, high)] if ranged else [(low, high)]
        for least, most in sides:
            self._add(row.name, row.index(), row.body, least, most)

    def _add(self, name: str, index: Any, body: Any, low: float, high: float) -> None:
        """Add a row; its limits lose what is constant in its body."""
        at = len(self._rows)
        constant = self._terms(at, body, name)
        intervals = [t for own in self._entries.values() for row, _, _, t, _ in own if row == at]
        ends = index[-1] if isinstance(index, tuple) and index else index
        numbered = isinstance(ends, int) and not isinstance(ends, bool)
        if not intervals:
            inside = numbered and 0 <= ends < self.day.intervals
            intervals = [ends] if inside else [0, self.day.intervals - 1]
        first, last = min(intervals), max(intervals)
        hourly = bool(numbered and ends == last)
        first = last if hourly else first
        self._rows.append((name, low - constant, high - constant, first, last, hourly))

    def _terms(self, row: int, body: Any, name: str, sign: float = 1.0) -> float:
        """Take in the terms of an expression; give its constant."""
        found = generate_standard_repn(body, quadratic=False)
        if found.nonlinear_expr is not None:
            message = f"{name} is not linear in what is decided"
            raise refused("not_linear", message)
        for variable, value in zip(found.linear_vars, found.linear_coefs, strict=True):
            coefficient = sign * float(pyo.value(value))
            if id(variable) in self._place:
                quantity, element, t = self._place[id(variable)]
                entry = (row, element, -1, t, coefficient)
                self._entries.setdefault(quantity, []).append(entry)
                continue
            if variable.model() is not self.model:
                message = f"{name} speaks of {variable.name}, which is no variable of this model"
                raise refused("unknown_variable", message)
            if id(variable) not in self._variables:
                self._variables[id(variable)] = len(self._kept)
                self._kept.append(variable)
            self._own.append((row, self._variables[id(variable)], coefficient))
        return sign * float(pyo.value(found.constant))

    def _bounds(self, components: dict[str, int]) -> None:
        """Read values and bounds that were given to quantities themselves."""
        for quantity, own in self._quantities.items():
            for (element, t), variable in own.asked.items():
                low, high = variable.lb, variable.ub
                if variable.fixed:
                    low = high = float(variable.value)
                    variable.unfix()
                if low is None and high is None:
                    continue
                bounds = -np.inf if low is None else low, np.inf if high is None else high
                self._add(f"{quantity}[{element},{t}]", (element, t), variable, *bounds)
                components[quantity] = components.get(quantity, 0) + 1

    def _limits(self) -> tuple[Floats, Floats, Flags]:
        """Bounds of the variables and which of them take whole numbers."""
        least, most, whole = [], [], []
        for variable in self._kept:
            least.append(-np.inf if variable.lb is None else float(variable.lb))
            most.append(np.inf if variable.ub is None else float(variable.ub))
            whole.append(not variable.is_continuous())
        return np.array(least), np.array(most), np.array(whole, dtype=bool)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pyomo from logging what is raised as an error of its own anyway."""
    log = logging.getLogger("pyomo")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _named(model: Any) -> Iterator[None]:
    """Say what is not there, where a function asks the model for it."""
    try:
        yield
    except AttributeError as error:
        if error.obj is not model:
            raise
        known = [name for name in vars(model) if not name.startswith("_")]
        message = f"model has no {error.name}{nearest(str(error.name), known)}"
        raise refused("unknown_variable", message) from error
    except KeyError as error:
        message = f"there is no {error.args[0] if error.args else error}"
        raise refused("unknown_variable", message) from error
