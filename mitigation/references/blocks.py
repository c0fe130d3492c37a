"""What one method has to say about a unit's energy curve, and curves put together from several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mitigation.references.curves import SLIVER_MW, rising
from network.arrays import Floats, Integers

__all__ = ["Blocks", "Level", "covered", "curve_levels"]

_EXTENDED: Final = "the last block goes on"
_RAISED: Final = "raised to that of the block before"
_Source = tuple[int, int, str]
"""Number of the part, number of its block, and why the parts before have nothing there."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """A curve in blocks from 0 MW, made by one method.

    ``upper`` (n,) is where each block ends, ``price`` (n,) its reference, NaN where the method has
    too little to go by, ``sample`` (n,) the number of samples. ``note`` belongs to the rows that
    are made from it, ``missing`` says why it has nothing for the other MW.
    """

    method: str
    upper: Floats
    price: Floats
    sample: Integers
    inputs_hash: str = ""
    note: str = ""
    missing: str = ""

    @classmethod
    def none(cls, method: str, missing: str) -> Blocks:
        """Nothing, and why."""
        empty = np.zeros(0)
        return cls(method, empty, empty, np.zeros(0, dtype=np.int64), missing=missing)

    @classmethod
    def flat(
        cls, method: str, price: float, p_max: float, *, sample: int, inputs_hash: str, note: str
    ) -> Blocks:
        """One price up to ``p_max``."""
        return cls(
            method, np.array([p_max]), np.array([price]), np.array([sample]), inputs_hash, note
        )


@dataclass(frozen=True, slots=True)
class Level:
    """A reference level: the block of a curve, or a component without blocks (``mw`` NaN)."""

    price: float
    method: str
    sample: int = 0
    inputs_hash: str = ""
    note: str = ""
    mw: float = float("nan")


def curve_levels(parts: Sequence[Blocks], p_max: float) -> list[Level]:
    """The energy curve up to ``p_max``: each MW by the first method that has something for it.

    MW above the highest that any method knows take the price of the block below, those under the
    lowest that of the block above. Then each block is raised to at least the price of the block
    before it (:func:`~mitigation.references.curves.rising`). Empty where no method has anything.
    """
    upper, found = _sources(parts, p_max)
    if all(source is None for source in found):
        return []
    levels: list[Level] = []
    before: _Source | None = None
    low = 0.0
    for high, own in zip(upper, found, strict=True):
        source = own or before or next(item for item in found if item is not None)
        part, block, reasons = source
        width, low = high - low, high
        if levels and source == before:
            last = levels.pop()
            levels.append(_level(parts[part], block, last.mw + width, reasons, own is None))
        else:
            levels.append(_level(parts[part], block, width, reasons, own is None))
        before = source
    prices = rising(np.array([level.price for level in levels]))
    return [
        level if price == level.price else _raised(level, float(price))
        for level, price in zip(levels, prices, strict=True)
    ]


def covered(parts: Sequence[Blocks], p_max: float) -> bool:
    """Whether every MW up to ``p_max`` has a price by one of the parts."""
    return all(source is not None for source in _sources(parts, p_max)[1])


def _sources(parts: Sequence[Blocks], p_max: float) -> tuple[list[float], list[_Source | None]]:
    """Where the blocks of all parts end, and the first part that has a price for each."""
    edges = np.concatenate([*(part.upper for part in parts), [p_max]])
    upper: list[float] = []
    for edge in np.unique(np.minimum(edges, p_max)).tolist():
        if edge - (upper[-1] if upper else 0.0) > SLIVER_MW:
            upper.append(edge)
    middles = [(low + high) / 2 for low, high in zip([0.0, *upper], upper, strict=False)]
    return upper, [_first(parts, middle) for middle in middles]


def _first(parts: Sequence[Blocks], mw: float) -> _Source | None:
    """The first part with a price at this MW, its block, and why the parts before have none."""
    reasons: list[str] = []
    for number, part in enumerate(parts):
        block = int(np.searchsorted(part.upper, mw))
        if block < len(part.upper) and not np.isnan(part.price[block]):
            return number, block, "; ".join(reasons)
        if part.missing:
            reasons.append(f"{part.method}: {part.missing}")
    return None


def _level(part: Blocks, block: int, mw: float, reasons: str, extended: bool) -> Level:
    note = "; ".join(text for text in (part.note, reasons, _EXTENDED if extended else "") if text)
    price, sample = float(part.price[block]), int(part.sample[block])
    return Level(price, part.method, sample, part.inputs_hash, note, mw)


def _raised(level: Level, price: float) -> Level:
    note = "; ".join(text for text in (level.note, f"{_RAISED}, from {level.price:g}") if text)
    return Level(price, level.method, level.sample, level.inputs_hash, note, level.mw)
