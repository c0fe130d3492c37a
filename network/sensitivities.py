"""PTDF, LODF and DFAX, each made on demand from the factorized susceptance matrix.

With A the (L, B) incidence matrix (+1 at the from bus, -1 at the to bus), b the susceptances and
K = A' diag(b) A, the PTDF row of branch l is ``b_l a_l' K^-1``: one solve per branch asked for,
because K is symmetric. With H the flows that a transfer between the ends of the outaged branches M
causes, the flows after their outage are ``F + H (I - H_M)^-1 F_M`` (Guo, Fu, Li and Shahidehpour,
"Direct calculation of line outage distribution factors", IEEE Trans. Power Systems 24(3), 2009);
for a single branch m that is the textbook LODF ``H_lm / (1 - H_mm)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from cases.errors import InputError
from network.arrays import Flags, Floats, Positions
from network.contingencies import Contingency
from network.errors import DegenerateNetwork, IslandingOutage
from network.factor import BLOCK, blocks

if TYPE_CHECKING:
    from network.grid import Grid
    from network.slack import Slack

Direction: TypeAlias = Literal["upper", "lower"]
"""Which limit of a constraint is meant: the one on positive or the one on negative flow."""

__all__ = [
    "Direction",
    "constraint_ptdf",
    "dfax",
    "is_degenerate",
    "lodf",
    "outage_lodf",
    "ptdf",
    "ptdf_after",
    "transfer_flows",
]

_SINGULAR = 1e-8


def ptdf(grid: Grid, branches: Positions, slack: Slack | None) -> Floats:
    """Rows of the PTDF, (K, B): MW on each branch per MW injected at a bus, taken at the slack.

    Without a slack the MW is taken at the reference bus of the bus's island. A branch does not
    feel buses of other islands, and a branch out of service feels none.
    """
    start, end = grid.from_bus[branches], grid.to_bus[branches]
    rows = grid.factor.transfer_angles(start, end)
    rows *= grid.susceptance[branches][:, None]
    if slack is not None:
        at_slack = rows @ slack.weights
        if len(grid.references) == 1:
            rows -= at_slack[:, None]
        else:
            for island in np.unique(grid.islands[start]):
                here = grid.islands[start] == island
                rows[here] -= np.outer(at_slack[here], grid.islands == island)
    return rows


def transfer_flows(grid: Grid, branches: Positions) -> Floats:
    """Flows, (n, L), when 1 MW goes from the from bus to the to bus of each given branch.

    Memory is n * L numbers: ask for few at a time.
    """
    angles = grid.factor.transfer_angles(grid.from_bus[branches], grid.to_bus[branches])
    flows = np.take(angles, grid.from_bus, axis=1)
    flows -= np.take(angles, grid.to_bus, axis=1)
    flows *= grid.susceptance
    return flows


def is_degenerate(remainder: Floats) -> Flags:
    """Whether each ``I - H_M``, (..., n, n), of a non-islanding outage is singular all the same."""
    if remainder.shape[-1] == 1:
        return np.asarray(np.abs(remainder[..., 0, 0]) < _SINGULAR)
    return np.asarray(np.linalg.svd(remainder, compute_uv=False)[..., -1] < _SINGULAR)


def _names(grid: Grid, branches: Positions) -> tuple[str, ...]:
    return tuple(str(name) for name in grid.branches[branches])


def _refuse_islanding(grid: Grid, outages: Sequence[Positions]) -> None:
    pairs = [(_names(grid, out), grid.cut_off(out)) for out in outages]
    bad = [(out, cut_off) for out, cut_off in pairs if cut_off]
    if bad:
        raise IslandingOutage([out for out, _ in bad], [cut_off for _, cut_off in bad])


def lodf(grid: Grid, outages: Positions, rows: Positions | None) -> Floats:
    """Outage factors of branches that go out one at a time, (L, n), or (K, n) for given `rows`.

    Column j: flow after the outage of j = flow + column * flow on j. A branch's own entry is -1.
    The outage of a branch that is out of service changes nothing: a column of zeros.

    Raises
    ------
    IslandingOutage
        Names every outage that splits the grid.
    DegenerateNetwork
        Names every outage after which susceptances cancel.
    """
    _refuse_islanding(grid, [np.array([m]) for m in outages[grid.forest.bridges[outages]]])
    wanted = np.arange(len(grid.branches)) if rows is None else rows
    columns = np.empty((len(outages), len(wanted)))
    degenerate: list[tuple[str, ...]] = []
    for block in blocks(len(outages), BLOCK):
        out = outages[block]
        flows = transfer_flows(grid, out)
        remainder = 1.0 - flows[np.arange(len(out)), out]
        dead = is_degenerate(remainder[:, None, None])
        degenerate += [_names(grid, out[[k]]) for k in np.flatnonzero(dead)]
        flows *= (grid.in_service[out] / np.where(dead, np.nan, remainder))[:, None]
        flows[np.arange(len(out)), out] = np.where(grid.in_service[out], -1.0, 0.0)
        columns[block] = flows[:, wanted]
    if degenerate:
        raise DegenerateNetwork(degenerate)
    return columns.T


def outage_lodf(grid: Grid, together: Positions, rows: Positions | None) -> Floats:
    """Outage factors of branches that go out together, (L, n), or (K, n) for given `rows`.

    Flow after = flow + factors @ flow[together]; the rows of the outaged branches are -I. Raises
    as `lodf` does, and InputError when a branch is given twice or is out of service.
    """
    if len(np.unique(together)) < len(together) or not np.all(grid.in_service[together]):
        message = "an outage needs different branches that are in service: " + ", ".join(
            _names(grid, together)
        )
        raise InputError.one("", None, "outage", "branches in service", message)
    _refuse_islanding(grid, [together])
    flows = transfer_flows(grid, together)
    count = len(together)
    remainder = np.eye(count) - flows[:, together].T
    if is_degenerate(remainder):
        raise DegenerateNetwork([_names(grid, together)])
    wanted = np.arange(len(grid.branches)) if rows is None else rows
    factors = np.asarray(np.linalg.solve(remainder.T, flows[:, wanted]).T, dtype=float)
    for column, branch in enumerate(together):
        own = wanted == branch
        factors[own] = 0.0
        factors[own, column] = -1.0
    return factors


def ptdf_after(grid: Grid, branches: Positions, together: Positions, slack: Slack | None) -> Floats:
    """PTDF rows of `branches`, (K, B), after the outage of `together`."""
    factors = outage_lodf(grid, together, branches)
    return ptdf(grid, branches, slack) + factors @ ptdf(grid, together, slack)


def constraint_ptdf(
    grid: Grid, constraint: str, contingency: str | Contingency | None, slack: Slack | None
) -> Floats:
    """Sensitivity of a constraint's flow, (B,): a branch or an interface, base or after an outage.

    `contingency` is the name of a listed contingency, the name of a branch, or a `Contingency`.
    After an outage of units the sensitivity is that to the injection of anybody else; what the
    units themselves injected also moves others (`clearing.unit_outages`).
    """
    interface = grid.interfaces.get(constraint)
    if interface is None:
        positions, weights = grid.branch_positions([constraint]), np.ones(1)
    else:
        positions, weights = interface.branches, interface.weights
    if contingency is None or contingency == "":
        return weights @ ptdf(grid, positions, slack)
    found = grid.contingency(contingency) if isinstance(contingency, str) else contingency
    if not found.branches:
        return weights @ ptdf(grid, positions, slack)
    return weights @ ptdf_after(grid, positions, np.array(found.branches, dtype=np.intp), slack)


def dfax(
    grid: Grid,
    constraint: str | tuple[str, str | Contingency],
    direction: Direction,
    slack: Slack | None,
) -> pd.Series:
    """DFAX by bus: MW of relief per MW injected, positive where injection relieves.

    It is minus the sensitivity on the ``upper`` limit and plus the sensitivity on the ``lower``.
    `constraint` is the name of a branch or interface, or a pair (name, contingency).
    """
    if direction not in ("upper", "lower"):
        raise InputError.one(
            "", None, "direction", "known direction", f"expected upper or lower: {direction!r}"
        )
    name, contingency = constraint if isinstance(constraint, tuple) else (constraint, None)
    sensitivity = constraint_ptdf(grid, name, contingency, slack)
    return pd.Series(
        -sensitivity if direction == "upper" else sensitivity, index=grid.buses, name=name
    )
