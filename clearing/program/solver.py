"""HiGHS: silent from its first call on, run with the threads it was given, and why it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import highspy

from cases import NoClearing

__all__ = ["Ended", "ended", "logged", "quiet", "run", "within"]

Ended = Literal["optimal", "infeasible", "limit", "solver_error"]
"""How a solve ended; those but the first are reasons of `cases.NoClearing`."""

_STATUS: Any = highspy.HighsModelStatus
_ENDED: dict[Any, Ended] = {
    _STATUS.kOptimal: "optimal",
    _STATUS.kObjectiveTarget: "optimal",
    _STATUS.kInfeasible: "infeasible",
    _STATUS.kUnboundedOrInfeasible: "infeasible",
    _STATUS.kTimeLimit: "limit",
    _STATUS.kIterationLimit: "limit",
    _STATUS.kSolutionLimit: "limit",
    _STATUS.kMemoryLimit: "limit",
    _STATUS.kObjectiveBound: "limit",
    _STATUS.kInterrupt: "limit",
    _STATUS.kHighsInterrupt: "limit",
}
_log: Callable[[str], object] | None = None
_threads = 0
"""Threads of the scheduler of HiGHS, of which a process has one; 0 = not started yet."""


class _Silent(highspy.Highs):  # type: ignore[misc]
    """HiGHS whose constructor, which writes a banner with its first callback, writes none."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def quiet() -> highspy.Highs:
    """A HiGHS instance that writes nothing, whatever is asked of it next.

    Standard output belongs to the commands: a banner on it would be no JSON.
    """
    highs = _Silent()
    for name in ("output_flag", "log_to_console"):
        highs.setOptionValue(name, False)
    if _log is not None:
        write = _log
        highs.setOptionValue("output_flag", True)
        highs.cbLogging.subscribe(lambda event: write(event.message))
    return highs


@contextmanager
def logged(write: Callable[[str], object]) -> Iterator[None]:
    """Give what the solver says to `write`, of every instance that is made meanwhile."""
    global _log
    before, _log = _log, write
    try:
        yield
    finally:
        _log = before


def run(highs: highspy.Highs) -> Ended:
    """Solve what is loaded and say how that ended.

    HiGHS starts one scheduler for the whole process and refuses every later solve with another
    number of threads, without a model status; so it is started anew where the number changes.
    """
    global _threads
    wanted = int(highs.getOptionValue("threads")[1])
    if wanted not in (0, _threads):
        if _threads:
            highspy.Highs.resetGlobalScheduler(True)
        _threads = wanted
    highs.run()
    return ended(highs)


def ended(highs: highspy.Highs) -> Ended:
    """How the last solve ended, by the solver's own status; unknown ones are errors.

    Costs are taken to be bounded: "unbounded or infeasible" is infeasible. Whoever cannot know
    that looks for a direction without an end first (`clearing.program.unsolved`).
    """
    return _ENDED.get(highs.getModelStatus(), "solver_error")


def within(highs: highspy.Highs, deadline: float, what: str) -> None:
    """Let the next solve end at a deadline (of `time.perf_counter`).

    Raises NoClearing (limit) where it has passed: `what` says what is missing.
    """
    left = deadline - time.perf_counter()
    if left <= 0.0:
        raise NoClearing(f"no clearing: the time limit ended before {what}", (), reason="limit")
    highs.setOptionValue("time_limit", min(highs.getRunTime() + left, 1e30))
