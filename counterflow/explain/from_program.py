"""Setters of a price from the program of its run: by the optimal basis, or by both of its sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cases import CheckFailed, InputError, NoClearing, Run
from clearing.session.setters import Move, PriceSetters, Turn
from counterflow.explain.setters import Setters, limit_text

__all__ = ["SIDE_COLUMNS", "Answer", "program_of", "setters_of"]

SIDE_COLUMNS = ("side", "price", "mw", "until", "setters")
SAME = 1e-4
"""Difference of a published price from what a program makes, relative above 1, that is none."""
_AT_ONCE = 1e-6
"""MW for which a move that turns at once holds."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Setters of one price.

    `setters` has their coefficients; `sides` says for one MW more and one MW less the price, the MW
    for which it holds, what ends it and who sets it; `ties` name the limits that hold the movers
    together. Where not `determined`, `reason` says why, and where it is, whether the price is one
    of several.
    """

    determined: bool
    reason: str
    setters: tuple[dict[str, Any], ...]
    sides: tuple[dict[str, Any], ...] = ()
    ties: tuple[str, ...] = ()


def program_of(run: Run) -> tuple[PriceSetters | None, str]:
    """The program behind the prices of a run, or why there is none to look at."""
    model = run.model
    if model is None or not run.stated.get("solver"):
        return None, "the run does not say how it was cleared"
    try:
        return model.setters, ""
    except (InputError, CheckFailed, NoClearing) as error:
        return None, str(error).splitlines()[0]


def setters_of(
    write: Setters,
    program: PriceSetters,
    weights: NDArray[np.float64],
    position: int,
    price: float,
) -> Answer:
    """Find who sets a price.

    Parameters
    ----------
    write
        Writes the moves of the run.
    weights
        Weight of each bus in the price, (B,).
    position
        Of the interval.
    price
        As published, money per MWh.
    """
    basis = program.move(weights, position)
    assert basis is not None
    turns_at_once = min(basis.more.mw, basis.less.mw) <= _AT_ONCE
    agrees = _same(basis.price, price)
    if agrees and not turns_at_once:
        sides = [
            _side(write, "more", basis, basis.more, position),
            _side(write, "less", basis, basis.less, position),
        ]
        return _answer(write, basis, "", sides, position)
    more, less = (program.move(weights, position, side) for side in ("more", "less"))
    if more is None or less is None:
        if agrees:
            return _answer(write, basis, "", [], position)
        return _unknown(f"the program of the run makes {basis.price:.6f}, not the published price")
    sides = [
        _side(write, "more", more, more.more, position),
        _side(write, "less", less, less.less, position),
    ]
    reason = ""
    if not _same(more.price, less.price):
        reason = (
            f"one MW more costs {more.price:,.4f} and one MW less saves {less.price:,.4f}: "
            "every price between the two clears the market"
        )
    chosen = next((move for move in (basis, more, less) if _same(move.price, price)), None)
    if chosen is not None:
        return _answer(write, chosen, reason, sides, position)
    low, high = sorted((less.price, more.price))
    if not low < price < high:
        return _unknown(
            f"the program of the run makes {basis.price:.6f} ({low:.6f} to {high:.6f}), "
            f"not the published {price:.6f}",
            sides,
        )
    share = (price - less.price) / (more.price - less.price)
    both = (*write.rows(more, share), *write.rows(less, 1.0 - share))
    ties = dict.fromkeys((*_ties(write, more, position), *_ties(write, less, position)))
    return Answer(True, reason, _summed(both), tuple(sides), tuple(ties))


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(1.0, abs(other))


def _answer(
    write: Setters, move: Move, reason: str, sides: list[dict[str, Any]], position: int
) -> Answer:
    ties = _ties(write, move, position)
    return Answer(True, reason, write.rows(move), tuple(sides), ties)


def _unknown(reason: str, sides: list[dict[str, Any]] | None = None) -> Answer:
    return Answer(False, reason, (), tuple(sides or []))


def _side(write: Setters, side: str, move: Move, turn: Turn, position: int) -> dict[str, Any]:
    until = write.turn_text(turn) + (write.when(turn.name, position) if turn.name else "")
    paid = write.rows(move)
    paid = tuple(row for row in paid if row["amount"]) or paid
    names = ", ".join(dict.fromkeys(row["name"] for row in paid))
    return {"side": side, "price": move.price, "mw": turn.mw, "until": until, "setters": names}


def _ties(write: Setters, move: Move, position: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(limit_text(name) + write.when(name, position) for name in move.ties))


def _summed(rows: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Setters of both sides, each once."""
    summed: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("kind", "name", "interval_start", "price"))
        own = summed.setdefault(key, {**row, "coefficient": 0.0, "amount": 0.0})
        for name in ("coefficient", "amount"):
            own[name] += row[name]
    return tuple(summed.values())
