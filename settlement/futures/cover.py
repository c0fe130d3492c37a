"""Portfolio cover: the lots of a market's products that stand for a load curve.

Blocks that are nested (peak inside mid inside base) stack in horizontal slices: outside mid hours
the cover is base, in mid hours outside the peak it is base + mid, in peak hours base + mid + peak.
Blocks that share out the hours between them (on-peak and off-peak) each cover their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import InputError
from cases.market_time import day_of, first_moment
from settlement.futures.product import Futures

__all__ = ["Cover", "CoverMethod", "cover_load"]

CoverMethod = Literal["least_squares", "no_overcover"]


@dataclass(frozen=True)
class Cover:
    """Lots that cover a load curve, and what they leave open.

    `lots` by product; `cover_mw` and `load_mw` by interval; energies in MWh. `hedge_ratio` is the
    covered energy over the load's energy.
    """

    lots: dict[str, int]
    load_mw: pd.Series
    cover_mw: pd.Series
    interval_hours: float

    @property
    def open_mwh(self) -> float:
        """Load above the cover."""
        return float(np.clip(self.load_mw - self.cover_mw, 0, None).sum() * self.interval_hours)

    @property
    def over_mwh(self) -> float:
        """Cover above the load."""
        return float(np.clip(self.cover_mw - self.load_mw, 0, None).sum() * self.interval_hours)

    @property
    def hedge_ratio(self) -> float:
        """Energy of the lots over the energy of the load."""
        return float(self.cover_mw.sum() / self.load_mw.sum())


def cover_load(
    load_mw: pd.Series,
    futures: Futures,
    method: CoverMethod = "least_squares",
) -> Cover:
    """Lots that cover a load curve of one delivery month.

    Parameters
    ----------
    load_mw
        MW by interval start (timezone-aware, whole delivery month, regular intervals).
    method
        `least_squares`: whole lots that minimize the squared MW left open or over, by interval.
        `no_overcover`: the most energy that stays at or below the load in every interval. A load
        that is a stack of lots is matched by both, without a rest.

    Raises
    ------
    InputError
        If the curve is not one whole month, or an interval lies across the edge of a block.
    """
    if method not in get_args(CoverMethod):
        raise InputError.one(
            "",
            None,
            None,
            "method",
            f"unknown cover method {method!r}: one of {', '.join(get_args(CoverMethod))}",
        )
    starts = pd.DatetimeIndex(load_mw.index)
    hours = _interval_hours(starts)
    month = f"{starts[0]:%Y-%m}"
    names, inside, nested = _layers(futures, month, starts, hours)
    mw = load_mw.to_numpy(dtype=float) / futures.rules.lot_mw
    find = _least_squares if method == "least_squares" else _under
    if nested:
        levels = find(mw, inside, len(names))
        stack = np.diff(levels, prepend=0)
    else:
        levels = np.array([find(mw[inside == k], 0 * inside[inside == k], 1)[0]
                           for k in range(len(names))])  # fmt: skip
        stack = levels
    lots = {name: int(count) for name, count in zip(names, stack, strict=True)}
    cover = levels[inside] * futures.rules.lot_mw
    return Cover(lots, load_mw, pd.Series(cover, index=starts), hours)


def _interval_hours(starts: pd.DatetimeIndex) -> float:
    steps = (starts[1:] - starts[:-1]).unique()
    if len(steps) != 1:
        raise InputError.one("", None, None, "load", "the load curve needs regular intervals")
    first, hours = starts[0], steps[0] / pd.Timedelta(hours=1)
    end = starts[-1] + steps[0]
    month = day_of(first).replace(day=1)
    edges = [month, month + pd.offsets.MonthBegin(1)]
    if [first, end] != [first_moment(day, str(starts.tz)) for day in edges]:
        raise InputError.one(
            "",
            None,
            None,
            "load",
            f"the load curve must be one whole month, not {first.isoformat()} to {end.isoformat()}",
        )
    return float(hours)


def _layers(
    futures: Futures, month: str, starts: pd.DatetimeIndex, hours: float
) -> tuple[list[str], NDArray[np.int64], bool]:
    """Products from the outermost in, the one that each interval belongs to, whether they nest."""
    share = {
        name: futures.delivery_mw(name, month, starts, hours) / futures.rules.lot_mw
        for name in futures.products
    }
    for name, part in share.items():
        if ((part > 1e-9) & (part < 1 - 1e-9)).any():
            raise InputError.one(
                "",
                None,
                None,
                "load",
                f"an interval of {hours:g} h lies across "
                f"the edge of the {name} block: use shorter intervals",
            )
    names = sorted(share, key=lambda name: -share[name].sum())
    used = np.array([share[name] > 0.5 for name in names])
    if used.shape[0] > 1 and (used.sum(axis=0) == 1).all():
        return names, used.argmax(axis=0), False
    if not used[0].all() or (used[1:] & ~used[:-1]).any():
        raise InputError.one(
            "",
            None,
            None,
            "blocks",
            "cover needs nested blocks (peak inside mid inside base, base in every hour), or "
            "blocks of which one holds every hour",
        )
    return names, used.sum(axis=0) - 1, True


def _least_squares(
    mw: NDArray[np.float64], inside: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Whole levels L0 <= L1 <= L2 (in lots) of least squared distance to the load.

    The distance separates by block into count * (level - mean)^2 plus a constant. Isotonic
    regression (pooling blocks whose means are in the wrong order) gives the best real levels; for
    a convex separable distance their rounding is the best whole one.
    """
    present = [block for block in range(count) if (inside == block).any()]
    pools: list[tuple[float, int, list[int]]] = []
    for block in present:
        values = mw[inside == block]
        pools.append((float(values.mean()), len(values), [block]))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, size, blocks = pools.pop()
            before, number, others = pools.pop()
            both = size + number
            pools.append(((mean * size + before * number) / both, both, others + blocks))
    levels = np.zeros(count, dtype=np.int64)
    for mean, _, blocks in pools:
        levels[blocks] = max(0, round(mean))
    for block in range(count):
        if block not in present:
            levels[block] = levels[block - 1] if block else 0
    return levels


def _under(mw: NDArray[np.float64], inside: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Largest whole levels L0 <= L1 <= L2 at or below the load everywhere."""
    lowest = [
        np.floor(mw[inside == block].min() + 1e-9) if (inside == block).any() else np.inf
        for block in range(count)
    ]
    levels = np.zeros(count, dtype=np.int64)
    for block in range(count):
        bound = min(lowest[block:])
        levels[block] = max(0, int(bound)) if np.isfinite(bound) else levels[block - 1]
    return levels
