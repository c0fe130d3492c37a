r"""Who sets a price: what moves in the optimum for one MW more, or one MW less, at a bus.

With B the basis of the program whose duals are the prices, c its costs and e the change of the
right-hand sides by one MW more at the bus (`clearing.session.price_rows`),

    price * hours = c_B B^-1 e = sum over basic columns j of c_j * (B^-1 e)_j             (setters)

so every basic column with a cost takes part with the MW that it moves, in whatever hour: terms add
up to the price by construction (Bertsimas and Tsitsiklis, "Introduction to Linear Optimization",
1997, section 4.2). Where the optimum is degenerate the cheapest step for one MW more, or less, is
solved (`clearing.session.step`): its moves are the setters of that side. How many MW the same
setters serve is the first limit that they reach on the way (the ratio test).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import SuperLU, splu

from clearing.program.live import LiveProgram
from clearing.session.columns import Named, Names
from clearing.session.price_rows import PriceRows
from clearing.session.priced import Priced
from clearing.session.step import Met, StepProgram
from network.arrays import Flags, Floats, Positions

__all__ = ["Move", "Mover", "PriceSetters", "Side", "Turn"]

Side = Literal["basis", "more", "less"]
"""The optimal basis as it is, or the step for one MW more or less."""

_NOTHING = 1e-9
"""Move of a column, MW per MW, that is none."""
_STAYS = 1e-7
"""Room, relative above 1, that is none; a rate or a dual that is zero."""


@dataclass(frozen=True, slots=True)
class Mover:
    """A column that moves: what it is, where it stands, by how much it moves and what that costs.

    `per_mw` is its change per MW more at the bus, `price` money per unit of it and hour; their
    product is its part of the price (money per MWh). `edge` says that it stands at a bound.
    """

    name: Named
    level: float
    per_mw: float
    price: float
    edge: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the same movers no longer do it: after `mw`, at a limit of the column or row `name`.

    `upper` says that it is its upper limit. inf and None where no limit is met.
    """

    mw: float
    name: Named | None
    upper: bool


@dataclass(frozen=True, eq=False)
class Move:
    """What one MW more at a bus moves, and what that costs.

    `price` is the sum of per_mw * price over the movers (money per MWh). `more` and `less` say
    for how many MW more, and less, the same movers do it; 0 MW on the side where the optimum turns
    at once. `ties` are the limits that hold movers together: binding rows, but for balances and
    definitions, that two or more of them enter.
    """

    price: float
    movers: tuple[Mover, ...]
    ties: tuple[Named, ...]
    more: Turn
    less: Turn


class PriceSetters:
    """Setters of every price of a cleared program, from its optimal basis."""

    def __init__(self, priced: Priced) -> None:
        self._priced = priced
        self._live: LiveProgram = priced.apart()
        live = self._live
        lp = live.highs.getLp()
        self._cost = np.asarray(lp.col_cost_, dtype=float)
        solution = live.highs.getSolution()
        self._x = np.asarray(solution.col_value, dtype=float)
        self._activity = np.asarray(solution.row_value, dtype=float)
        self._bounds = [
            np.asarray(side, dtype=float)
            for side in (lp.col_lower_, lp.col_upper_, lp.row_lower_, lp.row_upper_)
        ]
        self._matrix = live.program().matrix
        self._columns = csc_array(self._matrix)
        every = np.ones(len(live.soft), dtype=bool)
        self._rows = PriceRows.of(live, priced.network, priced.balance, priced.losses, every)
        self._hours = priced.day.hours

    @cached_property
    def names(self) -> Names:
        """Names of columns and rows."""
        return Names(self._live, self._priced.network)

    @cached_property
    def _basic(self) -> Positions:
        """Basic variables, (m,): columns, or -1 - row for what is left of a row."""
        _, basic = self._live.highs.getBasicVariables()
        return np.asarray(basic, dtype=np.intp)

    @cached_property
    def _factor(self) -> SuperLU:
        basic, rows = self._basic, len(self._activity)
        column, slack = np.flatnonzero(basic >= 0), np.flatnonzero(basic < 0)
        own = self._columns[:, basic[column]].tocoo()
        entries = np.concatenate([own.data, np.ones(len(slack))])
        row = np.concatenate([own.row, -1 - basic[slack]])
        at = np.concatenate([column[own.col], slack])
        return splu(csc_array((entries, (row, at)), shape=(rows, rows)))

    @cached_property
    def prices(self) -> Floats:
        """Prices that the basis makes, c_B B^-1 e, (T, B), money per MWh."""
        cost = np.where(self._basic >= 0, self._cost[np.maximum(self._basic, 0)], 0.0)
        factor: Any = self._factor
        dual: Floats = factor.solve(cost, "T")
        return self._rows.prices(dual) / self._hours

    @cached_property
    def _met(self) -> Met:
        return Met.of(self._live)

    @cached_property
    def _step(self) -> StepProgram:
        return StepProgram(self._live, self._met)

    def move(self, weights: Floats, interval: int, side: Side = "basis") -> Move | None:
        """What one MW more at a place moves; None where the step has no answer.

        Parameters
        ----------
        weights
            How the MW spreads over the buses of the grid, (B,).
        interval
            Position in the day.
        side
            `basis`: by the optimal basis; `more`, `less`: by the cheapest step on that side, which
            is another one where the optimum is degenerate.
        """
        demand = np.zeros(self._rows.shape)
        demand[interval] = weights
        moved = self._rows.moved(demand, len(self._activity))
        if side == "basis":
            step = np.zeros(len(self._x))
            solved = self._factor.solve(moved)
            at = self._basic >= 0
            step[self._basic[at]] = solved[at]
        else:
            sign = 1.0 if side == "more" else -1.0
            found = self._step.moves(sign * moved)
            if found is None:
                return None
            step = sign * found
        step[np.abs(step) <= _NOTHING] = 0.0
        return self._told(step, moved)

    def _told(self, step: Floats, moved: Floats) -> Move:
        columns = np.flatnonzero(step)
        low, high = (side[columns] for side in self._bounds[:2])
        level = self._x[columns]
        size = _STAYS * np.maximum(1.0, np.abs(level))
        edge = (level - low <= size) | (high - level <= size)
        movers = tuple(
            Mover(self.names.column(column), *told)
            for column, *told in zip(
                columns.tolist(),
                level.tolist(),
                step[columns].tolist(),
                (self._cost[columns] / self._hours).tolist(),
                edge.tolist(),
                strict=True,
            )
        )
        price = float(self._cost @ step / self._hours)
        more, less = self._turn(step, moved), self._turn(-step, -moved)
        return Move(price, movers, self._ties(step), more, less)

    def _turn(self, step: Floats, moved: Floats) -> Turn:
        """The first limit that is met on the way (the ratio test)."""
        low, high, row_low, row_high = self._bounds
        rate = self._matrix @ step - moved
        column, at, column_up = _first(self._x, step, low, high)
        row, of, row_up = _first(self._activity, rate, row_low, row_high)
        if not np.isfinite(min(column, row)):
            return Turn(np.inf, None, upper=False)
        if column <= row:
            return Turn(column, self.names.column(at), column_up)
        return Turn(row, self.names.row(of), row_up)

    @cached_property
    def _plain(self) -> Flags:
        """Rows that say what a variable is or that balance: no limits, (m,)."""
        live = self._live
        plain = np.zeros(len(self._activity), dtype=bool)
        plain[len(live.compiled.row_low) : live.hard] = True
        for name, told in live.compiled.market.rows.items():
            if told.definition:
                component = getattr(live.compiled.market.model, name)
                plain[live.compiled.rows(component)] = True
        return plain

    @cached_property
    def _binding(self) -> Flags:
        """Rows that hold something back: not basic, and of a price that is not zero, (m,)."""
        dual = np.asarray(self._live.highs.getSolution().row_dual, dtype=float)
        binding = np.abs(dual) > _STAYS
        basic = self._basic
        binding[-1 - basic[basic < 0]] = False
        return np.asarray(binding & ~self._plain)

    def _ties(self, step: Floats) -> tuple[Named, ...]:
        entries = self._columns[:, np.flatnonzero(step)]
        count = np.bincount(entries.indices, minlength=len(self._activity))
        tied = np.flatnonzero((count > 1) & self._binding)
        return tuple(self.names.row(row) for row in tied.tolist())


def _first(value: Floats, rate: Floats, low: Floats, high: Floats) -> tuple[float, int, bool]:
    """Steps until a value that changes at a rate meets a bound, which one, and whether above."""
    room = np.where(rate > 0.0, high - value, value - low)
    room = np.where(room <= _STAYS * np.maximum(1.0, np.abs(value)), 0.0, room)
    moves = np.flatnonzero((np.abs(rate) > _STAYS) & np.isfinite(room))
    if not len(moves):
        return np.inf, -1, False
    steps = room[moves] / np.abs(rate[moves])
    first = int(np.argmin(steps))
    at = int(moves[first])
    return float(steps[first]), at, bool(rate[at] > 0.0)
