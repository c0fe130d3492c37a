"""Every error that Counterflow raises on purpose.

CounterflowError            exit code 1
├── InputError              exit code 1: what the user gave is wrong; holds every failure found
├── NoClearing              exit code 2: no clearing exists, or none was found within the limits
└── CheckFailed             exit code 3: a comparison or a check did not hold

DataWarning (a UserWarning) marks data that can be cleared but that looks wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CheckFailed",
    "CounterflowError",
    "DataWarning",
    "Failure",
    "InputError",
    "NoClearing",
    "Reason",
]

Reason = Literal["infeasible", "limit", "solver_error", "data"]
"""Why there is no clearing; see `NoClearing`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong with the input, and where.

    `row` is the line of the file with the header as line 1; for tables given in memory and for
    Parquet files it is the line that the row would have in a CSV file. `rule` is a short stable
    name of the rule that was broken, `message` says it in words.
    """

    file: str
    row: int | None
    column: str | None
    rule: str
    message: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place = f"{place} row {self.row}".strip()
        if self.column is not None:
            place = f"{place}, {self.column}" if place else self.column
        return f"{place}: {self.message}" if place else self.message


class CounterflowError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class InputError(CounterflowError):
    """The user's input is wrong. `failures` lists everything that was found, not only the first."""

    exit_code = 1

    def __init__(self, failures: Iterable[Failure]) -> None:
        self.failures: tuple[Failure, ...] = tuple(failures)
        super().__init__("\n".join(str(failure) for failure in self.failures))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Failure, ...]]]:
        return type(self), (self.failures,)

    @classmethod
    def one(
        cls, file: str, row: int | None, column: str | None, rule: str, message: str
    ) -> InputError:
        """An error with a single failure."""
        return cls([Failure(file, row, column, rule, message)])


class NoClearing(CounterflowError):
    """No clearing exists, or none was found. `conflicts` names the limits that cannot all hold.

    `reason` says which of the two: infeasible (proved by the solver: none exists), limit (the
    time ended before one was found, so that one may exist), solver_error (the solver failed, or
    what it iterates does not settle), or data (numbers of the case rule it out before anything is
    solved).
    """

    exit_code = 2

    def __init__(
        self, message: str, conflicts: Iterable[str] = (), *, reason: Reason = "data"
    ) -> None:
        self.message = message
        self.conflicts: tuple[str, ...] = tuple(conflicts)
        self.reason: Reason = reason
        super().__init__("\n".join([message, *self.conflicts]))

    def __reduce__(
        self,
    ) -> tuple[type[NoClearing], tuple[str, tuple[str, ...]], dict[str, Reason]]:
        return type(self), (self.message, self.conflicts), {"reason": self.reason}


class CheckFailed(CounterflowError):
    """A comparison or a check did not hold. `failures` are lines to show to the user."""

    exit_code = 3

    def __init__(self, failures: Iterable[str]) -> None:
        self.failures: tuple[str, ...] = tuple(failures)
        super().__init__("\n".join(self.failures))

    def __reduce__(self) -> tuple[type[CheckFailed], tuple[tuple[str, ...]]]:
        return type(self), (self.failures,)


class DataWarning(UserWarning):
    """The data can be cleared, but looks wrong."""
