"""Available output in place of awards: a change of columns on the way to the solver.

A product that lasts the interval is awarded beside output, ``above + reserve <= room * on - ...``,
and required beside the balance. Written with available output, ``avail = above + reserve``, balance
and requirement become one row over columns that each one state caps: a knapsack that the solver
finds its cuts in. (Carrion and Arroyo, "A computationally efficient mixed-integer linear
formulation for the thermal unit commitment problem", IEEE Trans. Power Systems 21(3), 2006; above
minimum output as in Knueven, Ostrowski and Watson, INFORMS J. Computing 32(4), 2020.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array, eye_array, vstack

from clearing.commit.adequacy import AdequacyRows, adequacy_rows
from clearing.program.compiled import Compiled
from network.arrays import Floats, Positions

__all__ = ["HandOver"]


@dataclass(frozen=True, eq=False)
class HandOver:
    """How a commitment goes to the solver, and how its solution comes back.

    The program stays what it is: ``avail[g,t] = above[g,t] + reserve[g,t]`` is a change of columns,
    adequacy rows are sums of rows, and what is left out is implied by what is there.
    """

    adequacy: AdequacyRows
    award: Positions
    """Columns of awards that become available output, (A,)."""
    above: Positions
    """Column of the output above minimum output of the same unit and interval, (A,)."""
    room: Floats
    """Most output above minimum output, (A,)."""
    most: Floats
    """Most of the award, (A,)."""
    joined: tuple[Positions, Positions]
    """Requirement rows that balance rows are added to, and those."""
    implied: Positions
    """Rows that others imply once states are whole."""

    @classmethod
    def of(cls, compiled: Compiled) -> HandOver:
        """Find what can be handed over with available output."""
        none = np.zeros(0, dtype=np.intp)
        rows = adequacy_rows(compiled)
        award, above = _sustained_awards(compiled)
        joined = _joined(compiled)
        if not len(award) or not len(joined[0]):
            empty = np.zeros(0)
            return cls(rows, none, none, empty, empty, (none, none), none)
        implied = _implied(compiled, award, above)
        return cls(rows, award, above, compiled.high[above], compiled.high[award], joined, implied)

    def program(self, lp: Any) -> highspy.HighsLp:
        """Write the program for the solver; `lp` may have columns and rows behind the compiled."""
        width = lp.num_col_
        matrix = _rows_of(lp)
        low, high = np.array(lp.row_lower_), np.array(lp.row_upper_)
        cost = np.array(lp.col_cost_)
        column_low, column_high = np.array(lp.col_lower_), np.array(lp.col_upper_)
        own = self.adequacy.matrix
        extra = csr_array(
            (own.data, own.indices, own.indptr), shape=(len(self.adequacy.least), width)
        )
        parts, lows = [extra], [self.adequacy.least]
        highs = [np.full(len(self.adequacy.least), np.inf)]
        if len(self.award):
            change = self._change(width)
            requirement, balance = self.joined
            add = csr_array(
                (np.ones(len(requirement)), (requirement, balance)),
                shape=(matrix.shape[0], matrix.shape[0]),
            )
            low[requirement] += low[balance]
            matrix = csr_array((matrix + add @ matrix) @ change)
            matrix.eliminate_zeros()
            low[self.implied], high[self.implied] = -np.inf, np.inf
            kept = np.ones(matrix.shape[0])
            kept[self.implied] = 0.0
            matrix.data *= np.repeat(kept, np.diff(matrix.indptr))
            matrix.eliminate_zeros()
            cost = np.asarray(cost @ change)
            # A unit that gives reserve while it is off may give more than its room while on.
            column_low[self.award] = 0.0
            column_high[self.award] = np.maximum(self.room, self.most)
            parts[0] = csr_array(extra @ change)
            count = np.arange(len(self.award))
            ones = np.ones(len(self.award))
            place = (np.concatenate([count, count]), np.concatenate([self.award, self.above]))
            shape = (len(self.award), width)
            parts.append(csr_array((np.concatenate([ones, -ones]), place), shape=shape))
            lows.append(np.zeros(len(self.award)))
            highs.append(np.where(self.most < self.room, self.most, np.inf))
        made = csr_array(vstack([matrix, *parts], format="csr"))
        return _lp(
            made,
            cost,
            lp.offset_,
            (column_low, column_high),
            (np.concatenate([low, *lows]), np.concatenate([high, *highs])),
        )

    def back(self, x: Floats) -> Floats:
        """Read the program's own columns off a solution."""
        result = x.copy()
        result[self.award] -= x[self.above]
        return result

    def _change(self, width: int) -> csr_array:
        moved = csr_array(
            (np.ones(len(self.award)), (self.award, self.above)), shape=(width, width)
        )
        return csr_array(eye_array(width, format="csr") - moved)


def _sustained_awards(compiled: Compiled) -> tuple[Positions, Positions]:
    """Columns of awards that last the interval, and of output above minimum of the same unit.

    None where a unit may give more than one such product.
    """
    none = np.zeros(0, dtype=np.intp)
    market = compiled.market
    started = market.model.component("capacity_started")
    if market.reserves is None or started is None:
        return none, none
    families = market.families
    award, above = families["reserve"].at, families["above"].at
    is_award = np.zeros(len(market.variables), dtype=bool)
    is_award[award] = True
    column = {key: k for k, key in enumerate(market.model.above.keys())}
    sustained = market.sustained
    of_award = is_award[sustained.variable]
    row, variable = sustained.row[of_award], sustained.variable[of_award]
    units = market.day.units.to_numpy(dtype=object)
    pairs: dict[int, int] = {}
    for r, v in zip(row.tolist(), variable.tolist(), strict=True):
        key = (units[r % len(units)], r // len(units))
        if key in column:
            if column[key] in pairs:
                return none, none
            pairs[column[key]] = v
    place = np.array(list(pairs), dtype=np.intp)
    return (
        compiled.column_of(np.array(list(pairs.values()), dtype=np.intp)),
        compiled.column_of(above[place]),
    )


def _joined(compiled: Compiled) -> tuple[Positions, Positions]:
    """Upward requirements of the whole market and the balance row of their interval, one island."""
    none = np.zeros(0, dtype=np.intp)
    market = compiled.market
    if market.reserves is None or market.day.islands != 1:
        return none, none
    reserves, model = market.day.reserves, market.model
    upward = set(reserves.products[reserves.up])
    whole = reserves.zones[0]
    balance = dict(zip(model.energy_balance, compiled.rows(model.energy_balance), strict=True))
    rows = compiled.rows(model.reserve_requirement)
    pairs = [
        (row, balance[0, t])
        for (product, zone, t), row in zip(model.reserve_requirement, rows, strict=True)
        if zone == whole and product in upward
    ]
    at = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return at[:, 0], at[:, 1]


def _implied(compiled: Compiled, award: Positions, above: Positions) -> Positions:
    """Rows that whole states imply: capacity and response ramps over one of these awards.

    ``p_min * on + above + reserve <= reach * on`` follows from `capacity_started`, whose cuts are
    not negative; ``reserve <= ramp * on`` of one unit follows from the award's bound and from
    `capacity_started`, which leaves nothing while the unit is off; a unit that gives reserve while
    it is off keeps its row.
    """
    market = compiled.market
    matrix = csr_array(compiled.matrix)
    is_award = np.zeros(matrix.shape[1], dtype=bool)
    is_award[compiled.columns("reserve")] = True
    moved = np.zeros(matrix.shape[1], dtype=bool)
    moved[award] = True
    rows = []
    single = dict(zip(market.day.units.tolist(), (market.count == 1.0).tolist(), strict=True))
    for name, alone in (("reserve_capacity", False), ("reserve_ramp", True)):
        component = market.model.component(name)
        if component is None:
            continue
        for key, row in zip(component.keys(), compiled.rows(component).tolist(), strict=True):
            inside = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
            given = inside[is_award[inside]]
            known = not alone or (
                len(given) == 1 and single[key[0]] and compiled.row_high[row] <= 0.0
            )
            if moved[given].all() and known:
                rows.append(row)
    return np.array(rows, dtype=np.intp)


def _rows_of(lp: Any) -> csr_array:
    matrix = lp.a_matrix_
    parts = (np.array(matrix.value_), np.array(matrix.index_), np.array(matrix.start_))
    shape = (lp.num_row_, lp.num_col_)
    by_column = matrix.format_ == highspy.MatrixFormat.kColwise
    return csr_array(csc_array(parts, shape=shape)) if by_column else csr_array(parts, shape=shape)


def _lp(
    matrix: csr_array,
    cost: Floats,
    offset: float,
    columns: tuple[Floats, Floats],
    rows: tuple[Floats, Floats],
) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.offset_ = cost, offset
    lp.col_lower_, lp.col_upper_ = columns
    lp.row_lower_, lp.row_upper_ = rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = matrix.shape
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    return lp
