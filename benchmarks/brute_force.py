"""Every outage, every branch, every hour: what a secured run may not have missed.

Written without the project's own network code: the case's branches, one sparse factorization, and
every pair of branch and outage in every interval, in blocks of outages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import SuperLU, splu

from cases import Case, Run

BLOCK = 128
ISLANDING = 1e-6
TOLERANCE_MW = 1e-2

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and how many pairs exceed their limit by more than is accounted for."""

    outages: int
    pairs: int
    missed: int
    worst_excess_mw: float


class Dc:
    """A grid as plain matrices: incidence (L, B), susceptance (L,), one bus per island grounded."""

    def __init__(self, case: Case) -> None:
        branches = case.branches
        self.branches = branches[branches["in_service"]].reset_index(drop=True)
        buses = pd.Index(case.buses["bus"])
        ends = [buses.get_indexer(self.branches[end]) for end in ("from_bus", "to_bus")]
        lines = np.arange(len(self.branches))
        ones = np.ones(len(lines))
        self.incidence = csr_array(
            (np.r_[ones, -ones], (np.r_[lines, lines], np.r_[ends[0], ends[1]])),
            shape=(len(lines), len(buses)),
        )
        self.susceptance = 1.0 / (self.branches["x"] * self.branches["tap"]).to_numpy(dtype=float)
        links = abs(self.incidence.T @ self.incidence)
        _, island = connected_components(links, directed=False)
        self.kept = np.setdiff1d(np.arange(len(buses)), np.unique(island, return_index=True)[1])
        weighted = self.incidence[:, self.kept].T.multiply(self.susceptance)
        self.factor: SuperLU = splu(csc_array(weighted @ self.incidence[:, self.kept]))

    def transfers(self, outages: NDArray[np.intp]) -> Floats:
        """MW on every branch per MW sent along each of `outages`, (L, K)."""
        along = self.incidence[outages][:, self.kept].toarray().T
        angles = self.factor.solve(along)
        flows: Floats = (self.incidence[:, self.kept] @ angles) * self.susceptance[:, None]
        return flows


def check_outages(case: Case, run: Run) -> Check:
    """Compare every post-outage flow of a run with its emergency rating.

    Excess that the run itself reports in `slacks` is not counted as missed.
    """
    grid = Dc(case)
    names = pd.Index(grid.branches["branch"])
    flows = run.flows.pivot(index="branch", columns="interval_start", values="flow_mw")
    flow = flows.reindex(names).to_numpy(dtype=float)
    limit = grid.branches["emergency_rating_mw"].fillna(np.inf).to_numpy(dtype=float)
    limit = np.maximum(limit, 0.0)
    reported = _reported(run, names, pd.Index(flows.columns))
    outages = pairs = missed = 0
    worst = 0.0
    for start in range(0, len(names), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(names)))
        transfers = grid.transfers(block)
        rest = 1.0 - transfers[block, np.arange(len(block))]
        for k in np.flatnonzero(np.abs(rest) > ISLANDING):
            lost = block[k]
            factor = transfers[:, k] / rest[k]
            factor[lost] = -1.0
            excess = np.abs(flow + factor[:, None] * flow[lost]) - limit[:, None]
            for line, when, mw in reported.get(int(lost), ()):
                excess[line, when] -= mw
            outages += 1
            pairs += excess.size
            missed += int((excess > TOLERANCE_MW).sum())
            worst = max(worst, float(excess.max()))
    return Check(outages, pairs, missed, worst)


def _reported(
    run: Run, names: pd.Index, times: pd.Index
) -> dict[int, list[tuple[int, int, float]]]:
    slacks = run.slacks
    slacks = slacks[slacks["contingency"].isin(names) & slacks["constraint"].isin(names)]
    found: dict[int, list[tuple[int, int, float]]] = {}
    for row in slacks.itertuples():
        place = (names.get_loc(row.constraint), times.get_loc(row.interval_start), row.mw)
        found.setdefault(names.get_loc(row.contingency), []).append(place)
    return found
