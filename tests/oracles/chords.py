"""A plain program by bus angles with losses by chords, written for tests alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

__all__ = ["Answer", "Line", "solve"]


@dataclass(frozen=True)
class Line:
    """A line between two buses; `ends` are ends of its segments in MW, `slopes` what they lose."""

    a: int
    b: int
    x: float
    most: tuple[float, float]
    segments: tuple[list[tuple[float, float]], list[tuple[float, float]]]
    """Widths and slopes, forward and back; empty without losses."""
    fixed: float = 0.0
    dc: bool = False


@dataclass(frozen=True)
class Answer:
    cost: float
    price: np.ndarray
    flow: np.ndarray
    output: np.ndarray


def solve(demand: list[float], units: list[tuple[int, float, float]], lines: list[Line]) -> Answer:
    """Least cost of units (bus, MW, price) for a demand by bus, base 100 MVA."""
    cost, low, high = [], [], []

    def variable(c: float, least: float, most: float) -> int:
        cost.append(c)
        low.append(least)
        high.append(most)
        return len(cost) - 1

    buses = len(demand)
    balance: list[dict[int, float]] = [{} for _ in range(buses)]
    need = np.array(demand, dtype=float)
    outputs = [variable(c, 0.0, mw) for _, mw, c in units]
    for v, (bus, _, _) in zip(outputs, units, strict=True):
        balance[bus][v] = 1.0
    angle = [variable(0.0, -np.inf if b else 0.0, np.inf if b else 0.0) for b in range(buses)]
    upper: list[tuple[dict[int, float], float]] = []
    equal: list[tuple[dict[int, float], float]] = []
    flows = []
    for line in lines:
        flow: dict[int, float] = {}
        ways = ((line.a, line.b, 1.0, 0), (line.b, line.a, -1.0, 1))
        for source, sink, sign, k in ways:
            parts = line.segments[k] or [(np.inf, 0.0)]
            way = {}
            for width, slope in parts:
                v = variable(0.0, 0.0, width)
                way[v], flow[v] = 1.0, sign
                balance[source][v] = balance[source].get(v, 0.0) - 1.0
                balance[sink][v] = balance[sink].get(v, 0.0) + 1.0 - slope
            upper.append((way, line.most[k]))
        if not line.dc:
            b = 100.0 / line.x
            row = dict(flow)
            row[angle[line.a]], row[angle[line.b]] = -b, b
            equal.append((row, 0.0))
        need[line.a] += line.fixed / 2
        need[line.b] += line.fixed / 2
        flows.append(flow)
    first = len(equal)
    equal += [(balance[b], need[b]) for b in range(buses)]

    def matrix(rows: list[tuple[dict[int, float], float]]) -> tuple[np.ndarray, np.ndarray]:
        dense = np.zeros((len(rows), len(cost)))
        for k, (row, _) in enumerate(rows):
            for v, value in row.items():
                dense[k, v] = value
        return dense, np.array([right for _, right in rows])

    a, b = matrix(upper)
    e, f = matrix(equal)
    bounds = list(zip(low, high, strict=True))
    found = linprog(cost, a, b, e, f, bounds=bounds, method="highs")
    assert found.status == 0, found.message
    return Answer(
        float(found.fun),
        np.asarray(found.eqlin.marginals[first:]),
        np.array([sum(value * found.x[v] for v, value in flow.items()) for flow in flows]),
        np.asarray(found.x[outputs]),
    )
