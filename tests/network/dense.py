"""Random grids, and the DC power flow written out densely: the witness of these tests.

Nothing of ``network`` is used. Angles come from a dense solve of all nodal balances at once with
angles that sum to zero per island, so no reference bus and no slack are involved; an outage is a
new matrix.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from matpowercaseframes import CaseFrames

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tables:
    buses: pd.DataFrame
    branches: pd.DataFrame
    base_mva: float = 100.0

    def without(self, out: Collection[int]) -> Tables:
        live = self.branches["in_service"].to_numpy(bool).copy()
        live[list(out)] = False
        return replace(self, branches=self.branches.assign(in_service=live))

    def graph(self) -> nx.MultiGraph:
        graph = nx.MultiGraph()
        graph.add_nodes_from(self.buses["bus"])
        live = self.branches[self.branches["in_service"].to_numpy(bool)]
        columns = (live[name].tolist() for name in ("from_bus", "to_bus", "branch"))
        graph.add_edges_from(zip(*columns, strict=True))
        return graph

    def islands(self) -> int:
        return nx.number_connected_components(self.graph())


def random_tables(
    seed: int,
    buses: int = 12,
    *,
    extra: int = 10,
    islands: int = 1,
    parallel: int = 2,
    negative: int = 0,
    out: int = 0,
) -> Tables:
    """A connected mesh per island with taps, shifts, parallel circuits, blank ratings."""
    rng = np.random.default_rng(seed)
    names = [f"b{k}" for k in rng.permutation(buses)]
    part = np.arange(buses) % islands
    pairs: list[tuple[int, int]] = []
    for island in range(islands):
        members = np.flatnonzero(part == island)
        pairs += [(int(rng.choice(members[:k])), int(members[k])) for k in range(1, len(members))]
        if len(members) > 1:
            ends = [rng.choice(members, 2, replace=False) for _ in range(extra // islands)]
            pairs += [(int(a), int(b)) for a, b in ends]
    pairs += [pairs[int(k)][::-1] for k in rng.integers(0, len(pairs), parallel)]
    order = rng.permutation(len(pairs))
    count = len(pairs)
    x = rng.uniform(0.02, 0.4, count)
    if negative:
        x[rng.choice(count, negative, replace=False)] *= -3.0
    live = np.ones(count, dtype=bool)
    if out:
        live[rng.choice(count, out, replace=False)] = False
    rating = rng.uniform(20.0, 120.0, count)
    rating[rng.random(count) < 0.15] = np.nan
    emergency = rating * rng.uniform(1.0, 1.4, count)
    emergency[rng.random(count) < 0.3] = np.nan
    table = pd.DataFrame(
        {
            "branch": [f"l{k}" for k in range(count)],
            "from_bus": [names[pairs[k][0]] for k in order],
            "to_bus": [names[pairs[k][1]] for k in order],
            "r": rng.uniform(0.0, 0.05, count),
            "x": x,
            "tap": np.where(rng.random(count) < 0.3, rng.uniform(0.9, 1.1, count), 1.0),
            "shift_deg": np.where(rng.random(count) < 0.2, rng.uniform(-8, 8, count), 0.0),
            "rating_mw": rating,
            "emergency_rating_mw": emergency,
            "in_service": live,
        }
    )
    zones = [f"z{k % 3}" for k in range(buses)]
    return Tables(pd.DataFrame({"bus": names, "zone": zones}), table)


def matpower_tables(path: Path) -> Tables:
    """Buses and branches of a MATPOWER file, straight from its matrices."""
    frames = CaseFrames(str(path))
    bus, branch = frames.bus, frames.branch.reset_index(drop=True)
    rating = branch["RATE_A"].where(branch["RATE_A"] > 0)
    return Tables(
        pd.DataFrame({"bus": bus["BUS_I"].astype(int).astype(str).tolist()}),
        pd.DataFrame(
            {
                "branch": [f"l{k}" for k in range(len(branch))],
                "from_bus": branch["F_BUS"].astype(int).astype(str).tolist(),
                "to_bus": branch["T_BUS"].astype(int).astype(str).tolist(),
                "r": branch["BR_R"].to_numpy(float),
                "x": branch["BR_X"].to_numpy(float),
                "tap": branch["TAP"].to_numpy(float),
                "shift_deg": branch["SHIFT"].to_numpy(float),
                "rating_mw": rating.to_numpy(float),
                "emergency_rating_mw": rating.to_numpy(float) * 1.1,
                "in_service": branch["BR_STATUS"].to_numpy(float) > 0,
            }
        ),
        float(frames.baseMVA),
    )


def injections(tables: Tables, seed: int, intervals: int = 0, size: float = 60.0) -> Array:
    """Random MW by bus, summing to zero in every island; (B,) or (B, T)."""
    rng = np.random.default_rng(seed)
    place = {bus: k for k, bus in enumerate(tables.buses["bus"].tolist())}
    mw = rng.uniform(-size, size, (len(place), max(1, intervals)))
    for part in nx.connected_components(tables.graph()):
        rows = [place[bus] for bus in part]
        mw[rows] -= mw[rows].mean(axis=0)
    return mw if intervals else mw[:, 0]


def susceptances(tables: Tables, convention: str) -> tuple[Array, Array]:
    b, shift = np.zeros(len(tables.branches)), np.zeros(len(tables.branches))
    columns = ("in_service", "r", "x", "tap", "shift_deg")
    rows = zip(*(tables.branches[name].tolist() for name in columns), strict=True)
    for k, (live, r, x, tap, shift_deg) in enumerate(rows):
        if live and convention == "series":
            b[k] = (-1.0 / complex(r, x)).imag
        elif live:
            b[k] = 1.0 / (x * (tap or 1.0))
            shift[k] = shift_deg * np.pi / 180.0
    return b, shift


def dense_flows(tables: Tables, mw: Array, convention: str = "matpower") -> Array:
    """Flows in MW for balanced injections, (L,) or (L, T)."""
    place = {bus: k for k, bus in enumerate(tables.buses["bus"].tolist())}
    b, shift = susceptances(tables, convention)
    start = [place[bus] for bus in tables.branches["from_bus"].tolist()]
    end = [place[bus] for bus in tables.branches["to_bus"].tolist()]
    matrix, pushed = np.zeros((len(place), len(place))), np.zeros(len(place))
    for f, t, susceptance, angle in zip(start, end, b.tolist(), shift.tolist(), strict=True):
        matrix[f, f] += susceptance
        matrix[t, t] += susceptance
        matrix[f, t] -= susceptance
        matrix[t, f] -= susceptance
        pushed[f] += susceptance * angle
        pushed[t] -= susceptance * angle
    columns = mw.reshape(len(place), -1) / tables.base_mva + pushed[:, None]
    # Angles of each island that sum to zero make the matrix regular without a reference bus.
    regular = matrix.copy()
    for part in nx.connected_components(tables.graph()):
        members = [place[bus] for bus in part]
        regular[np.ix_(members, members)] += np.abs(matrix).max(initial=1.0)
    angles = np.linalg.solve(regular, columns)
    assert np.allclose(matrix @ angles, columns, atol=1e-6), "the injections cannot be met"
    flows = b[:, None] * (angles[start] - angles[end] - shift[:, None]) * tables.base_mva
    return flows[:, 0] if mw.ndim == 1 else flows
