"""The model of a run that was read from its folder: cleared again when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cases import CheckFailed, InputError, Run
from clearing.commit.settled import Settled, resettled
from clearing.day.day import Day
from clearing.day.schedule import Commitment
from clearing.day.start_costs import commitment_cost
from clearing.extended import again, decided_whole
from clearing.limits.names import named_rows
from clearing.limits.network import NetworkLimits
from clearing.model import ClearedModel, Opened
from clearing.program.rows import RowSet
from clearing.session.session import Session
from network.arrays import Flags

__all__ = ["committed_units", "model_of", "rows_of"]

_SAME = 1e-6


def model_of(run: Run) -> ClearedModel | None:
    """Give a run its model, made when asked for; None where it does not say how it was cleared."""
    return ClearedModel(partial(_opened, run)) if "security" in run.settings else None


def committed_units(run: Run) -> Flags:
    """Which units are on in a run, (T, U)."""
    intervals = run.case.meta.intervals
    on: Flags = run.dispatch["on"].to_numpy(dtype=bool).reshape(intervals, -1)
    return on


def rows_of(run: Run, network: NetworkLimits) -> RowSet:
    """Rows that the dispatch of a run holds, as the run names them."""
    table = run.program_rows
    return named_rows(network, table[table["program"] == "dispatch"])[0]


def _opened(run: Run) -> Opened:
    """Dispatch the run's commitment again, from the rows that it names.

    Raises
    ------
    InputError
        A real-time run, which is a chain of programs, or an extension, which no folder holds.
    CheckFailed
        The dispatch does not cost what the run says: the run is of another version.
    """
    settings = run.settings
    if settings.get("market") == "rt":
        message = "a real-time run is a chain of windows, one program each, and has no single model"
        raise InputError.one("", None, "model", "real_time", message)
    day = again(run, run.case, None)
    if settings["commitment"]:
        on = committed_units(run)
        day = day.committed(Commitment(on, commitment_cost(day, on), decided_whole(run)))
    session = Session.open(day, settings["security"])
    session.know(rows_of(run, session.network))
    cleared = session.solve()
    if abs(cleared.solution.objective - run.objective) > _SAME * max(1.0, abs(run.objective)):
        raise CheckFailed(
            [
                f"clearing the run again gives the objective {cleared.solution.objective:.6f}, not "
                f"its own {run.objective:.6f}: clear the case anew"
            ]
        )
    return Opened(session, cleared, settings["security"], _decided(run, day, session))


def _decided(run: Run, day: Day, session: Session) -> Callable[[], Settled] | None:
    told = run.stated.get("decided")
    if told is None:
        return None
    own = run.program_rows
    own = own[own["program"] == "commitment"]
    rows, places = named_rows(session.network, own)
    if len(rows) != len(own):
        raise CheckFailed(["program_rows names limits that the grid of the run does not have"])
    return partial(
        resettled,
        day,
        session.network.contingencies,
        told,
        rows,
        own["soft"].to_numpy(dtype=bool)[places],
        session.losses,
    )
