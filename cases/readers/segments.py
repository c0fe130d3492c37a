"""How many blocks each curved cost gets, and where one of its breakpoints should be.

The uncongested dispatch of the case's own load (equal incremental cost, network and losses left
out) gives the cost level against which the error is measured, and each unit's output there
becomes a breakpoint: without congestion, blocks then cost nothing in accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cases.readers.costs import Cost, CostError

__all__ = ["BLOCK_LIMIT", "TARGET", "Plan", "plan_blocks"]

Floats = NDArray[np.float64]

TARGET = 1e-6
"""Wanted bound on the error of the whole, as a share of the cost at the case's load."""

BLOCK_LIMIT = 20_000
"""Blocks for all curved costs together, beyond which the bound is let go."""


@dataclass(frozen=True)
class Plan:
    """Blocks per unit, one more breakpoint per unit (NaN = none), and the cost at the load."""

    blocks: NDArray[np.int64]
    through: Floats
    cost: float


def plan_blocks(
    costs: Sequence[Cost], low: Floats, high: Floats, demand: float, segments: int | None
) -> Plan:
    """Choose blocks for the cost curves of units with outputs in [low, high] MW.

    With `segments` every curved cost gets that many equal blocks. Without, the blocks of unit i
    are proportional to (M_i w_i^2)^(1/3), which is the least number whose chord errors
    M_i (w_i / k_i)^2 / 8 sum to a given bound: `TARGET` of the cost, within `BLOCK_LIMIT` blocks.
    """
    through, cost = _uncongested(costs, low, high, demand)
    if segments is not None:
        return Plan(np.full(len(costs), segments), np.full(len(costs), np.nan), cost)
    error = np.array(
        [c.bend(a, b) * (b - a) ** 2 / 8 for c, a, b in zip(costs, low, high, strict=True)]
    )
    weight = np.cbrt(error)
    total = float(weight.sum())
    if total == 0.0:
        return Plan(np.ones(len(costs), dtype=np.int64), through, cost)
    scale = float(np.sqrt(total / (TARGET * max(abs(cost), 1.0))))
    blocks = np.ceil(weight * scale)
    if blocks.sum() > BLOCK_LIMIT:
        blocks = np.floor(weight * (BLOCK_LIMIT / total))
    return Plan(np.maximum(blocks, 1).astype(np.int64), through, cost)


def _uncongested(
    costs: Sequence[Cost], low: Floats, high: Floats, demand: float
) -> tuple[Floats, float]:
    """Find each quadratic unit's output at the common price that meets the demand; the cost."""
    quadratic = np.array([len(c.poly) == 3 and c.poly[2] > 0 for c in costs], dtype=bool)
    linear = np.array([c.poly[1] if len(c.poly) == 3 else 0.0 for c in costs])
    double = np.array([2 * c.poly[2] if len(c.poly) == 3 else 0.0 for c in costs])
    widths: list[Floats] = [np.zeros(0)]
    prices: list[Floats] = [np.zeros(0)]
    for k in np.nonzero(~quadratic & (high > low))[0].tolist():
        try:
            chords = costs[k].chords(float(low[k]), float(high[k]), 50)
        except CostError:
            continue
        widths.append(np.diff(chords.x))
        prices.append(chords.slopes)
    width, price = np.concatenate(widths), np.concatenate(prices)
    order = np.argsort(price, kind="stable")
    width, price = width[order], price[order]
    stacked = np.concatenate(([0.0], np.cumsum(width)))
    spent = np.concatenate(([0.0], np.cumsum(width * price)))
    q, a, b = quadratic, low[quadratic], high[quadratic]

    def outputs(common: float) -> Floats:
        wanted: Floats = np.clip((common - linear[q]) / double[q], a, b)
        return wanted

    needed = demand - float(low[~q].sum())
    ends = np.concatenate((price, linear[q] + double[q] * a, linear[q] + double[q] * b, [0.0]))
    below, above = float(ends.min()) - 1.0, float(ends.max()) + 1.0
    for _ in range(100):
        common = (below + above) / 2
        supply = stacked[np.searchsorted(price, common)] + outputs(common).sum()
        below, above = (common, above) if supply < needed else (below, common)
    full = int(np.searchsorted(price, below))
    through = np.full(len(costs), np.nan)
    through[q] = outputs(above)
    cost = sum(c.value(float(x)) for c, x, used in zip(costs, through, q, strict=True) if used)
    cost += sum(c.value(float(x)) for c, x, used in zip(costs, low, q, strict=True) if not used)
    rest = needed - stacked[full] - float(through[q].sum())
    return through, float(cost + spent[full] + max(rest, 0.0) * above)
