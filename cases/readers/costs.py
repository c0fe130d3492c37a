"""Generator cost curves (MATPOWER `gencost` rows) and their blocks.

A row is piecewise linear (model 1: x1 y1 x2 y2 ...) or polynomial (model 2: c(n-1) ... c0). Offers
are blocks, so a curved cost is replaced by its chords between breakpoints. A chord of width w over
a cost with second derivative at most M lies above it by at most M w^2 / 8; for c2 p^2 that is
c2 w^2 / 4. Nothing is lost at a breakpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

__all__ = ["Chords", "Cost", "CostError", "parse_cost"]

Floats = NDArray[np.float64]

ROUNDING = 1e-3
"""A dent of a cost curve up to this share of the curve's rise is taken for rounding and bridged."""


class CostError(ValueError):
    """A cost row that cannot be used; the message says why."""


@dataclass(frozen=True)
class Chords:
    """A convex piecewise linear curve: points `x` (MW) and `y` (money/h).

    `error` is the most it lies above the true cost, money/h; `dent` is what was bridged to make
    it convex, money/h.
    """

    x: Floats
    y: Floats
    error: float
    dent: float

    @property
    def slopes(self) -> Floats:
        """Price of each piece, money/MWh, never falling."""
        return np.maximum.accumulate(np.diff(self.y) / np.diff(self.x))


@dataclass(frozen=True)
class Cost:
    """One cost curve: a polynomial (`poly`, ascending coefficients) or knots (`x`, `y`)."""

    poly: Floats
    x: Floats
    y: Floats

    @property
    def curved(self) -> bool:
        """Whether the cost is a polynomial of degree two or more."""
        return len(self.poly) > 2

    def value(self, p: float) -> float:
        """Cost at an output, money/h; the outer pieces of a piecewise cost go on beyond it."""
        if len(self.x) == 0:
            return float(polynomial.polyval(p, self.poly))
        k = min(max(int(np.searchsorted(self.x, p)) - 1, 0), len(self.x) - 2)
        slope = (self.y[k + 1] - self.y[k]) / (self.x[k + 1] - self.x[k])
        return float(self.y[k] + slope * (p - self.x[k]))

    def bend(self, low: float, high: float) -> float:
        """Largest second derivative of a polynomial on [low, high]; 0 for straight pieces."""
        if not self.curved or high <= low:
            return 0.0
        return max(float(self._second(low, high).max()), 0.0)

    def dented(self, low: float, high: float) -> bool:
        """Whether a polynomial is concave somewhere on [low, high]."""
        return self.curved and high > low and bool(self._second(low, high).min() < 0.0)

    def _second(self, low: float, high: float) -> Floats:
        """Second derivative at the ends and at its extremes."""
        second = polynomial.polyder(self.poly, 2)
        points = [low, high]
        if len(second) > 2:
            turns = polynomial.polyroots(polynomial.polyder(second))
            points += [float(t.real) for t in turns if abs(t.imag) < 1e-9 and low < t.real < high]
        return np.asarray(polynomial.polyval(np.array(points), second), dtype=np.float64)

    def chords(self, low: float, high: float, blocks: int, through: float = np.nan) -> Chords:
        """Replace the cost on [low, high] by chords; `through` is one more breakpoint, if inside.

        Raises CostError where the cost is not convex and the dent is more than rounding.
        """
        if len(self.x):
            inner = self.x[(self.x > low) & (self.x < high)]
            x = np.concatenate(([low], inner, [high]))
        else:
            if self.dented(low, high):
                blocks = max(blocks, 100)
            x = np.linspace(low, high, (blocks if self.curved else 1) + 1)
            room = 1e-6 * (high - low)
            if self.curved and low + room < through < high - room:
                near = int(np.argmin(np.abs(x - through)))
                x = x if abs(x[near] - through) < room else np.sort(np.append(x, through))
        y = np.array([self.value(p) for p in x]) if len(self.x) else self._values(x)
        error = self.bend(low, high) * float(np.diff(x).max()) ** 2 / 8 if self.curved else 0.0
        keep = _hull(x, y)
        dent = float(np.max(y - np.interp(x, x[keep], y[keep]), initial=0.0))
        rise = float(np.abs(y - y[0]).max())
        if dent > ROUNDING * rise:
            raise CostError(
                f"the cost is not convex between {low:g} and {high:g} MW: it lies up to "
                f"{dent:g} money/h above its convex hull, too much for rounding"
            )
        if dent > 1e-12 * max(rise, 1.0):
            x, y = x[keep], y[keep]
        return Chords(x, y, error, dent)

    def _values(self, x: Floats) -> Floats:
        return np.asarray(polynomial.polyval(x, self.poly), dtype=np.float64)


def _hull(x: Floats, y: Floats) -> NDArray[np.int64]:
    """Positions of the points on the lower convex hull of a curve."""
    slopes = np.diff(y) / np.diff(x)
    if (np.diff(slopes) >= 0).all():
        return np.arange(len(x))
    kept: list[int] = []
    for k in range(len(x)):
        while len(kept) > 1:
            i, j = kept[-2], kept[-1]
            if (y[j] - y[i]) * (x[k] - x[i]) <= (y[k] - y[i]) * (x[j] - x[i]):
                break
            kept.pop()
        kept.append(k)
    return np.array(kept)


def parse_cost(row: Floats, width: int) -> Cost:
    """Read a `gencost` row (model, start-up, shut-down, n, data), n of any length.

    `width` is how many numbers the row really has. Raises CostError.
    """
    none = np.zeros(0)
    model, count = row[0], row[3]
    if not np.isfinite(row[:4]).all() or count < 0 or count != int(count):
        raise CostError(f"the number of cost data must be a whole number, not {count:g}")
    size = int(count)
    if model == 2:
        if 4 + size > width:
            raise CostError(f"{size} coefficients are announced, {width - 4} are there")
        poly = row[4 : 4 + size][::-1]
        if not np.isfinite(poly).all():
            raise CostError("a coefficient is not a finite number")
        used = np.nonzero(poly)[0]
        return Cost(poly[: used[-1] + 1] if len(used) else np.zeros(1), none, none)
    if model == 1:
        if 4 + 2 * size > width:
            raise CostError(f"{size} points are announced, {(width - 4) // 2} are there")
        x, y = row[4 : 4 + 2 * size : 2], row[5 : 5 + 2 * size : 2]
        if size < 2:
            raise CostError("a piecewise linear cost needs two points or more")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise CostError("a point is not a finite number")
        if (np.diff(x) <= 0).any():
            raise CostError("the MW of the points must increase")
        return Cost(none, x, y)
    raise CostError(f"the cost model must be 1 (piecewise linear) or 2 (polynomial), not {model:g}")
