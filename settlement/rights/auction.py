"""The auction of transmission rights: the highest-valued set of bids that the grid can carry.

    max sum price_r x_r   with   0 <= x_r <= mw_r   and, for every limit k of every state,
    sum_r a_kr x_r <= h_k - shift_k - load of the rights already held

with a_kr the flow of 1 MW of right r in the direction of the limit (for an option, its positive
part). Limits appear lazily: solve, test, append what is exceeded, until nothing is. A right's
clearing price is sum_k mu_k a_kr: what its MW takes from scarce limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from cases.case import Case
from cases.errors import InputError, NoClearing
from cases.rulebook.book import RuleBook
from network import Grid
from network.arrays import Floats
from settlement.rights.feasibility import simultaneous_feasibility
from settlement.rights.limits import Security, State, coefficients, states
from settlement.rights.points import right_injections

__all__ = ["Auction", "auction_rights"]


@dataclass(frozen=True)
class Auction:
    """Result of an auction.

    `awards`: the bids with bid_mw, bid_price, mw awarded, clearing price per MW and payment;
    `constraints` that bind: constraint, contingency, direction, limit_mw, flow_mw, shadow_price;
    `value` of the accepted bids, money.
    """

    awards: pd.DataFrame
    constraints: pd.DataFrame
    value: float

    @property
    def revenue(self) -> float:
        """Money that the awards pay."""
        return float(self.awards["payment"].sum())


@dataclass(frozen=True)
class _Row:
    constraint: str
    contingency: str
    direction: int
    limit: float
    load: Floats
    rest: float


def auction_rights(
    bids: pd.DataFrame,
    case: Case,
    *,
    held: pd.DataFrame | None = None,
    security: Security = "none",
    rulebook: RuleBook | None = None,
) -> Auction:
    """Clear an auction of rights.

    Parameters
    ----------
    bids
        Table `rights`: `mw` is the most that is bid for, `price` the highest price per MW.
    case
        The market whose grid the rights lie on.
    held
        Rights sold before, which keep their MW.
    security, rulebook
        As in `simultaneous_feasibility`.

    Raises
    ------
    InputError
        Where points are unknown, or the rights already held are not feasible.
    """
    rules = rulebook or RuleBook.load("default")
    grid = Grid.from_case(case, rules.network.convention)
    injections = right_injections(bids, case, grid)
    options = (bids["kind"] == "option").to_numpy()
    held = bids.iloc[:0] if held is None else held
    _check_held(held, case, security, rules, grid)
    held_injections = right_injections(held, case, grid)
    both = np.hstack([injections, held_injections])
    held_options = (held["kind"] == "option").to_numpy()
    held_mw = held["mw"].to_numpy(float)
    tolerance = rules.settlement.rights.tolerance_mw
    rows: dict[tuple[str, str, int], _Row] = {}
    while True:
        awards, shadow = _solve(bids, list(rows.values()))
        new = {}
        for state in states(grid, case, both, security, rules.network.angle_limits):
            for row in _rows(state, options, held_options, held_mw):
                key = (row.constraint, row.contingency, row.direction)
                if row.load @ awards > row.rest + tolerance and key not in rows:
                    new[key] = row
        if not new:
            break
        rows.update(new)
    return _result(bids, list(rows.values()), awards, shadow)


def _check_held(
    held: pd.DataFrame, case: Case, security: Security, rules: RuleBook, grid: Grid
) -> None:
    if held.empty:
        return
    test = simultaneous_feasibility(held, case, security=security, rulebook=rules, grid=grid)
    if not test.feasible:
        worst = test.violations.iloc[0]
        raise InputError.one(
            "rights",
            None,
            "mw",
            "feasibility",
            "the rights already held are not feasible: "
            f"{worst['constraint']} {worst['contingency']} would carry {worst['flow_mw']:.3f} MW "
            f"at a limit of {worst['limit_mw']:.3f}",
        )


def _rows(
    state: State,
    options: np.typing.NDArray[np.bool_],
    held_options: np.typing.NDArray[np.bool_],
    held_mw: Floats,
) -> list[_Row]:
    count = len(options)
    rows = []
    for direction, limit in ((1, state.high), (-1, -state.low)):
        load = coefficients(state.flows[:, :count], options, direction)
        held = coefficients(state.flows[:, count:], held_options, direction) @ held_mw
        rest = limit - direction * state.shift - held
        rows += [
            _Row(
                state.constraints[k],
                state.contingency,
                direction,
                float(limit[k]),
                load[k],
                float(rest[k]),
            )
            for k in np.flatnonzero(np.isfinite(limit))
        ]
    return rows


def _solve(bids: pd.DataFrame, rows: list[_Row]) -> tuple[Floats, Floats]:
    result = linprog(
        -bids["price"].to_numpy(float),
        A_ub=np.array([row.load for row in rows]) if rows else None,
        b_ub=np.array([row.rest for row in rows]) if rows else None,
        bounds=[(0.0, mw) for mw in bids["mw"]],
        method="highs",
    )
    if result.status != 0:
        # Without rights every limit holds unless its rest is negative already.
        raise NoClearing(
            "no rights are feasible: the phase shifters, with the rights already held, exceed "
            "limits that no bid relieves",
            [
                f"{row.constraint} {row.contingency}".strip() + f": {row.rest:.3f} MW left"
                for row in rows
                if row.rest < 0
            ],
        )
    shadow = -np.asarray(result.ineqlin.marginals) if rows else np.zeros(0)
    return np.asarray(result.x, dtype=float), shadow


def _result(bids: pd.DataFrame, rows: list[_Row], awards: Floats, shadow: Floats) -> Auction:
    prices = np.zeros(len(bids))
    for row, mu in zip(rows, shadow, strict=True):
        prices += mu * row.load
    table = (
        bids[["right", "owner", "kind", "source", "sink"]]
        .reset_index(drop=True)
        .assign(
            bid_mw=bids["mw"].to_numpy(float),
            bid_price=bids["price"].to_numpy(float),
            mw=awards,
            price=prices,
            payment=awards * prices,
        )
    )
    binding = [
        (
            row.constraint,
            row.contingency,
            "upper" if row.direction > 0 else "lower",
            row.direction * row.limit,
            row.direction * (row.limit - row.rest + float(row.load @ awards)),
            float(mu),
        )
        for row, mu in zip(rows, shadow, strict=True)
        if mu > 1e-9
    ]
    constraints = pd.DataFrame(
        binding,
        columns=["constraint", "contingency", "direction", "limit_mw", "flow_mw", "shadow_price"],
    )
    return Auction(table, constraints, float(bids["price"].to_numpy(float) @ awards))
