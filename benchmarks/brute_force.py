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
    islanding: int
    """Outages that split the grid: no flows to compare."""
    unchecked: int
    """Contingencies with a unit in them: who picks up is not this check's business."""


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

    The outages are the case's contingencies, or every branch where it lists none. Excess that the
    run itself reports in `slacks`, by contingency and branch, is not counted as missed.
    """
    grid = Dc(case)
    names = pd.Index(grid.branches["branch"])
    flows = run.flows.pivot(index="branch", columns="interval_start", values="flow_mw")
    flow = flows.reindex(names).to_numpy(dtype=float)
    rating = grid.branches["emergency_rating_mw"].fillna(grid.branches["rating_mw"])
    limit = np.maximum(rating.fillna(np.inf).to_numpy(dtype=float), 0.0)
    listed, unchecked = _outages(case, names)
    reported = _reported(run, names, pd.Index(flows.columns))
    outages = pairs = missed = islanding = 0
    worst = 0.0
    items = list(listed.items())
    for start in range(0, len(items), BLOCK):
        block = items[start : start + BLOCK]
        members = np.unique(np.concatenate([out for _, out in block]))
        transfers = grid.transfers(members)
        for contingency, out in block:
            own = transfers[:, np.searchsorted(members, out)]
            rest = np.eye(len(out)) - own[out]
            if abs(np.linalg.det(rest)) <= ISLANDING:
                islanding += 1
                continue
            after = flow + own @ np.linalg.solve(rest, flow[out])
            after[out] = 0.0
            excess = np.abs(after) - limit[:, None]
            for line, when, mw in reported.get(contingency, ()):
                excess[line, when] -= mw
            outages += 1
            pairs += excess.size
            missed += int((excess > TOLERANCE_MW).sum())
            worst = max(worst, float(excess.max()))
    return Check(outages, pairs, missed, worst, islanding, unchecked)


def _outages(case: Case, names: pd.Index) -> tuple[dict[str, NDArray[np.intp]], int]:
    """Positions of the branches that go out together, by contingency; how many hold a unit too."""
    table = case.contingencies
    if not len(table):
        return {str(name): np.array([k], dtype=np.intp) for k, name in enumerate(names)}, 0
    found, unchecked = {}, 0
    for name, rows in table.groupby("contingency", sort=False):
        if not rows["kind"].eq("branch").all():
            unchecked += 1
            continue
        out = names.get_indexer(pd.Index(rows["element"]))
        if (out >= 0).any():
            found[str(name)] = np.unique(out[out >= 0])
    return found, unchecked


def _reported(
    run: Run, names: pd.Index, times: pd.Index
) -> dict[str, list[tuple[int, int, float]]]:
    slacks = run.slacks
    slacks = slacks[slacks["contingency"].ne("") & slacks["constraint"].isin(names)]
    line = names.get_indexer(pd.Index(slacks["constraint"])).tolist()
    when = times.get_indexer(pd.Index(slacks["interval_start"])).tolist()
    found: dict[str, list[tuple[int, int, float]]] = {}
    rows = zip(slacks["contingency"].tolist(), line, when, slacks["mw"].tolist(), strict=True)
    for contingency, *place in rows:
        found.setdefault(str(contingency), []).append((place[0], place[1], place[2]))
    return found
