"""The order of building: a family that needs another one says so, and is refused before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from clearing.formulation.market import Market

__all__ = ["BuildOrder", "family"]

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")
_Define = Callable[Concatenate["Market", _Given], _Made]


class BuildOrder(RuntimeError):
    """A part of the formulation was built before what it needs, or after it could count."""


def family(
    *, needs: Sequence[str] = (), makes: Sequence[str] = ()
) -> Callable[[_Define[_Given, _Made]], _Define[_Given, _Made]]:
    """Mark a ``define_NAME`` function: it makes the part NAME, and needs others to be there.

    Parameters
    ----------
    needs
        Parts that must have been made in the same market: names of other such functions, or what
        those make beside themselves (`output`, which a dispatch and a commitment each make in
        their own way).
    makes
        What it makes beside the part of its own name.

    Raises
    ------
    BuildOrder
        When the function is called: with the parts that are missing.
    """

    def marked(define: _Define[_Given, _Made]) -> _Define[_Given, _Made]:
        name = getattr(define, "__name__", "").removeprefix("define_")

        @wraps(define)
        def ordered(market: Market, /, *given: _Given.args, **named: _Given.kwargs) -> _Made:
            missing = [part for part in needs if part not in market.made]
            if missing:
                raise BuildOrder(f"{name} needs {', '.join(missing)}, which no one has defined yet")
            made = define(market, *given, **named)
            market.made.update((name, *makes))
            return made

        return ordered

    return marked
