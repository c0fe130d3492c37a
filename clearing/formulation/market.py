"""The Pyomo model under construction, and where each of its variables acts on the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from clearing.day.day import Day
from clearing.formulation.order import BuildOrder
from clearing.formulation.terms import Terms
from network.arrays import Flags, Floats, Positions

if TYPE_CHECKING:
    from clearing.formulation.custom import CustomRows
    from clearing.formulation.flow_variables import FlowVariables
    from clearing.formulation.nodal import Nodal
    from clearing.formulation.reserve_families import ReserveFamilies, Supply
    from clearing.formulation.risks import RiskRows
    from clearing.formulation.sharing import Sharing

__all__ = ["Family", "Injection", "Market", "Opposed", "Rows", "linear"]


@dataclass(frozen=True, eq=False)
class Family:
    """One indexed Pyomo variable, its members in the order of its index, and what it is."""

    members: list[Any]
    at: Positions
    """Their positions in `Market.variables`, (n,)."""
    low: Floats
    high: Floats
    integer: bool = False
    """Whether its members take whole numbers."""
    of_unit: bool = False
    """Whether a member belongs to the unit that its index begins with."""
    penalty: str | None = None
    """A slack's key among the rulebook's penalties; None for what exceeds no limit."""

    def __len__(self) -> int:
        return len(self.members)

    def among(self, chosen: Flags) -> Family:
        """Give the members that are chosen, (n,)."""
        at = np.flatnonzero(chosen)
        members = [self.members[k] for k in at.tolist()]
        return replace(self, members=members, at=self.at[at], low=self.low[at], high=self.high[at])


@dataclass(frozen=True, eq=False)
class Rows:
    """What an indexed Pyomo constraint is."""

    definition: bool = False
    """Whether it says what a variable is: such rows give way last where limits conflict."""
    coupled: bool = False
    """Whether it ties an interval, the second entry of its index, to the one before."""


@dataclass(frozen=True, eq=False)
class Injection:
    """Entries `coefficient` MW at `bus` in `interval` per MW of a variable, (E,) each."""

    variable: Positions
    """Position of the variable in `Market.variables`."""
    interval: Positions
    bus: Positions
    coefficient: Floats


@dataclass(frozen=True, eq=False)
class Opposed:
    """Pairs of variables of a dispatch that must not both be above zero, (n,)."""

    kind: str
    """link or storage."""
    names: list[str]
    first: Positions
    second: Positions


@dataclass(eq=False)
class Market:
    """A Pyomo model and what the families of variables have told about themselves.

    Every family says with `inject` where it enters the grid and with `pay` what it costs; the
    energy balance, the network rows and the objective are then written without knowing any.
    """

    day: Day
    commits: bool = False
    """Whether states are decided, by whole numbers; otherwise they are data."""
    model: pyo.ConcreteModel = field(default_factory=pyo.ConcreteModel)
    families: dict[str, Family] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)
    """What each indexed constraint is, by its name."""
    made: set[str] = field(default_factory=set)
    """Parts of the formulation that are there; see `clearing.formulation.order`."""
    variables: list[Any] = field(default_factory=list)
    injections: list[Injection] = field(default_factory=list)
    prices: list[tuple[Positions, Floats]] = field(default_factory=list)
    """Positions of variables and what they cost, money per MW and hour."""
    charges: list[tuple[Positions, Floats]] = field(default_factory=list)
    """Positions of variables and what they cost, money per unit of them, however long."""
    integers: list[Positions] = field(default_factory=list)
    """Positions of variables that take whole numbers."""
    opposed: list[Opposed] = field(default_factory=list)
    """Directions of links and storage that exclude each other, where no whole number does it."""
    output: Terms = field(init=False)
    """Output of each unit and interval, MW, (T * U,), row t * U + u."""
    on: Terms = field(init=False)
    """Whether it is on, (T * U,)."""
    start: Terms = field(init=False)
    """Whether it starts, (T * U,)."""
    stop: Terms = field(init=False)
    """Whether it stops, (T * U,)."""
    sustained: Terms = field(init=False)
    """Reserve awards that must be kept up as long as the interval lasts, MW, (T * U,).

    Less what the unit can give while it is off."""
    count: Floats = field(init=False)
    """Units that each one stands for, (U,): merged units stand in the first of them."""
    apart: Flags = field(init=False)
    """Units that ramp and start rows of a commitment leave out, (U,): all in a dispatch."""
    reserves: ReserveFamilies | None = None
    """Where the reserve market stands; None where nothing is required."""
    reserve_blocks: Positions = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """Block of each member of the family `reserve_block`, where there is one."""
    flows: FlowVariables | None = None
    """Flows and injections that the user's own constraints ask for."""
    supply: Supply | None = None
    """Reserve by product and zone that covers risks or is shared; None where there are none."""
    sharing: Sharing | None = None
    """Reserve shared over links; None where there is none."""
    risks: RiskRows | None = None
    """Risks that reserves cover; None where there are none."""
    nodal: Nodal | None = None
    """Balances of buses, angles and flows; None where flows follow from injections alone."""
    custom: list[CustomRows] = field(default_factory=list)
    """The user's own constraints: those of the case, those of an extension."""
    extension_cost: Terms = field(default_factory=lambda: Terms.zeros(1))
    """What an extension costs, money, one row."""
    constant_cost: float = 0.0
    """Money per hour, over all intervals, that no variable changes."""
    offer_variable: Positions = field(init=False)
    """Variable whose cost is the price of each offer block, (N,); -1 where it cannot move."""
    offer_fixed_mw: Floats = field(init=False)
    """MW of each offer block that is paid whatever is decided, (N,)."""
    fixed_injection: Floats = field(init=False)
    """MW that enter the grid whatever is decided, (T, B)."""

    def __post_init__(self) -> None:
        """Start from demand."""
        self.fixed_injection = -self.day.bus_demand
        self.count = np.ones(len(self.day.units))
        self.apart = np.ones(len(self.day.units), dtype=bool)
        self.sustained = Terms.zeros(self.day.intervals * len(self.day.units))

    def define(
        self,
        name: str,
        keys: Sequence[Any],
        low: Floats,
        high: Floats,
        *,
        integer: bool = False,
        of_unit: bool = False,
        penalty: str | None = None,
    ) -> Family:
        """Add the indexed variable `name` with bounds (n,) in the order of `keys`; inf = none.

        What a family is is said here, once; see `Family`.
        """
        component = pyo.Var(list(keys), within=pyo.Integers if integer else pyo.Reals)
        setattr(self.model, name, component)
        members = list(component.values())
        for variable, least, most in zip(members, low.tolist(), high.tolist(), strict=True):
            variable.setlb(None if least == -np.inf else least)
            variable.setub(None if most == np.inf else most)
        first = len(self.variables)
        self.variables.extend(members)
        at = np.arange(first, len(self.variables))
        family = Family(members, at, low, high, integer, of_unit, penalty)
        self.families[name] = family
        if integer:
            self.integers.append(family.at)
        return family

    def define_slack(
        self,
        name: str,
        keys: Sequence[Any],
        penalty: str,
        *,
        width: Floats | None = None,
        price: Floats | None = None,
        of_unit: bool = False,
    ) -> Family:
        """Add MW by which limits are exceeded, paid at the rulebook's `penalty`.

        `width` (n,) bounds them, `price` (n,), money per MW and hour, stands in for the penalty
        where a demand curve says so.
        """
        count = len(keys)
        most = np.full(count, np.inf) if width is None else width
        slack = self.define(name, keys, np.zeros(count), most, of_unit=of_unit, penalty=penalty)
        own = getattr(self.day.rulebook.penalties, penalty)
        self.pay(slack.at, np.full(count, own) if price is None else price)
        return slack

    def constrain(
        self,
        name: str,
        keys: Sequence[Any],
        terms: Terms,
        low: Floats | float,
        high: Floats | float,
        *,
        definition: bool = False,
        coupled: bool = False,
    ) -> None:
        """Add the indexed constraint `name`: low <= terms <= high by row, (n,); inf = none.

        Rows that no variable enters are left out; that they hold is for the caller to see to. What
        the rows are is said here, once; see `Rows`.
        """
        self.rows[name] = Rows(definition, coupled)
        matrix = terms.matrix(len(self.variables))
        least = (np.broadcast_to(low, len(terms)) - terms.constant).tolist()
        most = (np.broadcast_to(high, len(terms)) - terms.constant).tolist()
        used = np.flatnonzero(np.diff(matrix.indptr)).tolist()
        component = pyo.Constraint([keys[k] for k in used])
        setattr(self.model, name, component)
        start, inside = matrix.indptr.tolist(), matrix.indices.tolist()
        for k in used:
            span = slice(start[k], start[k + 1])
            body = linear([self.variables[j] for j in inside[span]], matrix.data[span])
            if least[k] == most[k]:
                component[keys[k]] = (body, most[k])
            else:
                component[keys[k]] = (
                    None if least[k] == -np.inf else least[k],
                    body,
                    None if most[k] == np.inf else most[k],
                )

    def inject(
        self, variable: Positions, interval: Positions, bus: Positions, coefficient: Floats
    ) -> None:
        """Say that variable[k] puts coefficient[k] MW into bus[k] in interval[k], per MW of it."""
        if "energy_balance" in self.made:
            raise BuildOrder("the energy balance is written: what injects now would not be in it")
        self.injections.append(Injection(variable, interval, bus, coefficient))

    def pay(self, variable: Positions, price: Floats) -> None:
        """Say that variable[k] costs price[k] money per MW and hour."""
        self._still_priced()
        self.prices.append((variable, price))

    def charge(self, variable: Positions, money: Floats) -> None:
        """Say that variable[k] costs money[k] per unit of it, whatever the interval's length."""
        self._still_priced()
        self.charges.append((variable, money))

    def _still_priced(self) -> None:
        if "objective" in self.made:
            raise BuildOrder("the objective is written: what is paid now would not be in it")

    @property
    def hourly_cost(self) -> Floats:
        """What each variable costs, money per unit of it and hour, (n,)."""
        cost = np.zeros(len(self.variables))
        for variable, price in self.prices:
            np.add.at(cost, variable, price)
        for variable, money in self.charges:
            np.add.at(cost, variable, money / self.day.hours)
        return cost

    @property
    def slack(self) -> Positions:
        """Positions of the variables that exceed a limit at a penalty."""
        families = [f.at for f in self.families.values() if f.penalty is not None]
        own = [np.concatenate([custom.over, custom.under]) for custom in self.custom]
        at = np.concatenate([np.zeros(0, dtype=np.intp), *families, *own])
        return at[at >= 0]

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Bounds of all variables, ((n,), (n,))."""
        families = self.families.values()
        empty = [np.zeros(0)]
        low = np.concatenate(empty + [family.low for family in families])
        return low, np.concatenate(empty + [family.high for family in families])


def linear(
    variables: Sequence[Any], coefficients: Floats | Sequence[float], constant: float = 0.0
) -> Any:
    """Write the sum of coefficients * variables + constant as a Pyomo expression."""
    return LinearExpression(
        constant=constant,
        linear_coefs=np.asarray(coefficients, dtype=float).tolist(),
        linear_vars=list(variables),
    )
