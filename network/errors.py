"""Errors that only a grid can raise.

InputError                  exit code 1
├── IslandingOutage         an outage splits the grid, so it has no outage factors
└── DegenerateNetwork       the susceptance matrix is singular although the grid holds together
"""

from __future__ import annotations

from collections.abc import Sequence

from cases.errors import Failure, InputError

__all__ = ["DegenerateNetwork", "IslandingOutage"]


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


class IslandingOutage(InputError):
    """Outages that split an island of the grid.

    `outages` holds the branches of each such outage, `cut_off` the buses that each would cut off
    from the larger part (same order).
    """

    def __init__(
        self, outages: Sequence[tuple[str, ...]], cut_off: Sequence[tuple[str, ...]]
    ) -> None:
        self.outages = tuple(outages)
        self.cut_off = tuple(cut_off)
        super().__init__(
            Failure(
                "branches",
                None,
                None,
                "islanding",
                f"the outage of {' and '.join(out)} cuts off {_some(buses)}",
            )
            for out, buses in zip(self.outages, self.cut_off, strict=True)
        )

    def __reduce__(self) -> tuple[type[IslandingOutage], tuple[object, ...]]:  # type: ignore[override]
        return type(self), (self.outages, self.cut_off)


class DegenerateNetwork(InputError):
    """Susceptances cancel (negative reactances can do that): angles and flows are not defined.

    `outages` holds the branches of each outage that leaves such a grid; it is empty when the grid
    is degenerate as it stands.
    """

    def __init__(self, outages: Sequence[tuple[str, ...]] = (), message: str = "") -> None:
        self.outages = tuple(outages)
        self.message = message
        texts = [message] if message else []
        texts += [
            f"after the outage of {' and '.join(out)} the susceptances cancel and no flows exist"
            for out in self.outages
        ]
        super().__init__(
            Failure("branches", None, "x", "degenerate network", text) for text in texts
        )

    def __reduce__(self) -> tuple[type[DegenerateNetwork], tuple[object, ...]]:  # type: ignore[override]
        return type(self), (self.outages, self.message)
