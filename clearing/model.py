"""The program behind a run: open for inspection, and alive for the next pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import highspy
import pyomo.environ as pyo

from cases import InputError
from clearing.commit.settled import Settled
from clearing.day.day import Day
from clearing.limits.names import soft_keys
from clearing.limits.network import NetworkLimits
from clearing.pricing import PricingProgram, second_program
from clearing.program.faces import pyomo_model
from clearing.program.live import LiveProgram
from clearing.program.program import Program
from clearing.program.solver import run
from clearing.session.cleared import Cleared
from clearing.session.loop import Loop
from clearing.session.priced import Priced
from clearing.session.session import Security, Session
from clearing.session.setters import PriceSetters

__all__ = ["ClearedModel", "Opened", "Shown"]

Shown = Literal["dispatch", "commitment", "pricing"]


@dataclass(frozen=True, eq=False)
class Opened:
    """What a model stands on."""

    session: Session
    cleared: Cleared
    security: Security
    decided: Callable[[], Settled] | None
    """Gives the program behind its commitment; None where it decided none."""


class ClearedModel:
    """What `run.model` is: the program of a run, in Pyomo, in HiGHS or as a file.

    All faces are made when they are asked for, from the program as it was cleared: complete, with
    the prices and bounds of this run, whatever was cleared after it. They are the user's own:
    solving or changing one changes nothing else.

    The live solver goes on to the next run that is cleared from this one, for that is what makes
    reruns fast; asked for afterwards, this model opens one of its own again.
    """

    def __init__(self, opened: Opened | Callable[[], Opened]) -> None:
        """Stand on what was just cleared, or on what clears it when it is first asked for."""
        self._given = opened
        if isinstance(opened, Opened):
            self._opened = opened

    @cached_property
    def _opened(self) -> Opened:
        return self._given if isinstance(self._given, Opened) else self._given()

    @property
    def opened(self) -> bool:
        """Whether the program is there; that of a run that was read is made on first use."""
        return "_opened" in self.__dict__

    def open(self) -> None:
        """Make the program where it is not there; CheckFailed where it is no longer the run's."""
        assert self._opened is not None

    @property
    def cleared(self) -> Cleared:
        """The solved day."""
        return self._opened.cleared

    @property
    def session(self) -> Session:
        """The live session, with this run's prices and rows."""
        opened = self._opened
        if opened.session.day is not opened.cleared.day:
            own = opened.session.again(opened.cleared)
            self._opened = Opened(own, opened.cleared, opened.security, opened.decided)
        return self._opened.session

    def repriced(self, day: Day) -> Session | None:
        """Hand the live session on to a day with other prices; None where more differs."""
        session = self._opened.session
        return session if session.reprice(day) else None

    @property
    def live(self) -> LiveProgram:
        """The live program with its soft rows."""
        return self.session.live

    @property
    def loop(self) -> Loop:
        """The loop that finds violated rows."""
        return self.session.loop

    @cached_property
    def highs(self) -> highspy.Highs:
        """The dispatch in a HiGHS instance of its own, solved."""
        highs = LiveProgram.holding(self.cleared.program, self.cleared.day.rulebook).highs
        run(highs)
        return highs

    @cached_property
    def pyomo(self) -> pyo.ConcreteModel:
        """The dispatch with its commitment fixed; its optimum is the run's objective.

        `cost` is the objective, penalties included. Rows that were found on the way are
        `soft_limit`, indexed by (constraint, contingency, interval, direction), each exceeded by
        `excess`; with losses `loss_tangent` stands for `energy_balance`. The variables have the
        run's schedule as their values.
        """
        return self._written("dispatch")

    @cached_property
    def commitment(self) -> pyo.ConcreteModel:
        """The mixed-integer program that decided which units run.

        Its optimum lies between the run's bound and objective; see
        `clearing.commit.settled.Settled`. Raises InputError where this run decided nothing.
        """
        return self._written("commitment")

    @cached_property
    def pricing(self) -> pyo.ConcreteModel:
        """The linear program whose duals are the prices.

        By `pricing.method`: fixed, the dispatch itself (with `pricing.penalty_factor` at lowered
        penalties); relaxed, the program that decided without whole numbers; extended, the dispatch
        in which fast-start units have no minimum output and offer their commitment cost.

        The dual of `energy_balance[i,t]` over the hours of an interval is the price at the
        reference bus of island i, that of `soft_limit[k]` the shadow price of a limit.
        """
        if self._pricing is None:
            return self.pyomo
        return self._written("pricing")

    def write_lp(self, path: str | Path, *, program: Shown = "dispatch") -> None:
        """Write a program as an LP file: the dispatch, the commitment or the one that prices.

        Raises InputError for another program, or a commitment where this run decided nothing.
        """
        model = self._written(program)
        model.write(str(path), io_options={"symbolic_solver_labels": True})

    def _written(self, name: Shown) -> pyo.ConcreteModel:
        program, network = self._programs(name)
        return pyomo_model(program, soft_keys(network, program.soft.rows))

    def _programs(self, name: Shown) -> tuple[Program, NetworkLimits]:
        if name == "commitment":
            return self.decided.program, self.decided.network
        if name not in ("dispatch", "pricing"):
            message = f"expected dispatch, commitment or pricing, got {name!r}"
            raise InputError.one("", None, "program", "known_option", message)
        if name == "pricing" and self._pricing is not None:
            return self._pricing.program, self._pricing.network
        return self.cleared.program, self.cleared.network

    @cached_property
    def decided(self) -> Settled:
        """The program that decided which units run; InputError where this run decided nothing."""
        decided = self._opened.decided
        if decided is None:
            message = "this run decided no commitment: it has none, or that of another run"
            raise InputError.one("", None, "model", "no_commitment", message)
        return decided()

    @cached_property
    def _pricing(self) -> PricingProgram | None:
        """The second program, solved again; None where the dispatch makes the prices."""
        opened = self._opened
        day, rows = opened.cleared.day, opened.cleared.program.soft.rows
        return second_program(day, rows, opened.security)

    @property
    def priced(self) -> Priced:
        """The program whose duals are the prices, in the solver at its optimum."""
        return Priced.of(self.session) if self._pricing is None else self._pricing.priced

    @cached_property
    def setters(self) -> PriceSetters:
        """Who sets each price, from the optimal basis of the program that makes the prices."""
        return PriceSetters(self.priced)
