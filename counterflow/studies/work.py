"""One step, done in a worker: from the folders of the steps before it to a folder of its own."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from cases import CounterflowError, Run, read_case
from cases.errors import DataWarning
from counterflow.heard import no_warnings
from counterflow.studies.folders import Folders, hard_copy, size_of
from counterflow.studies.plan import Kind, Step
from counterflow.studies.tables import run_facts, write_tables

__all__ = ["Outcome", "do"]

Facts = dict[str, Any] | None


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    id: str
    status: Literal["done", "failed", "blocked"]
    seconds: float = 0.0
    size: int = 0
    """Bytes of its run folder."""
    error: str = ""
    """What went wrong; of a blocked step, which step it waits for."""


def do(
    root: str,
    step: Step,
    history: tuple[Step, ...],
    source: str,
    *before: Outcome,
    strict: bool = False,
) -> Outcome:
    """Do one step; whatever goes wrong is in the outcome, so that other days go on.

    Parameters
    ----------
    root
        Folder of the study, the same for every worker.
    step, history
        The step, and those of its look-back.
    source
        Folder of a finished step with the same inputs, which is taken over; "" where there is none.
    before
        Outcomes of the steps that it needs.
    strict
        A step that warns fails, and nothing of it is written.
    """
    lacking = [outcome for outcome in before if outcome.status != "done"]
    if lacking:
        told = ", ".join(f"{o.id} {o.status}" for o in lacking)
        return Outcome(step.id, "blocked", error=f"needs {told}")
    folders, began = Folders(Path(root), strict), time.perf_counter()
    said = folders.finished(step)
    if said is not None:  # a worker was lost after it had finished, and this is the second try
        return Outcome(step.id, "done", said["seconds"], said["size"])
    try:
        folders.clean(step)
        with warnings.catch_warnings():
            # The manifests have them.
            warnings.simplefilter("error" if strict else "ignore", DataWarning)
            facts = _taken_over(folders, step, source) if source else _made(folders, step, history)
        write_tables(folders, step, facts)
        size = size_of(folders.run(step.id))
        spent = time.perf_counter() - began
        folders.mark(step, {"seconds": spent, "size": size})
    except CounterflowError as error:
        return Outcome(step.id, "failed", time.perf_counter() - began, error=str(error))
    except DataWarning as warning:
        return Outcome(step.id, "failed", time.perf_counter() - began, error=str(warning))
    except OSError as error:
        told = f"{error.strerror or error}: {error.filename or step.id}"
        return Outcome(step.id, "failed", time.perf_counter() - began, error=told)
    except Exception as error:
        told = "".join(traceback.format_exception(error))
        return Outcome(step.id, "failed", time.perf_counter() - began, error=told)
    return Outcome(step.id, "done", spent, size)


def _made(folders: Folders, step: Step, history: tuple[Step, ...]) -> Facts:
    return _WORK[step.kind](folders, step, history)


def _taken_over(folders: Folders, step: Step, source: str) -> Facts:
    hard_copy(Path(source), folders.run(step.id))
    if step.kind in ("import", "import_rt", "settle"):
        return None
    return run_facts(Run.read(folders.run(step.id)))


def _used(folders: Folders, step: Step, role: str) -> Run | None:
    """The run of the step that plays a role; None where none does."""
    return Run.read(folders.run(step.uses[role])) if role in step.uses else None


def _import(folders: Folders, step: Step, history: tuple[Step, ...]) -> Facts:
    from cases.options import apply_options

    told = step.arguments
    case = told["source"].case(step.day, told["hours_more"])
    options = {name: told[name] for name in ("owners", "load", "rating")}
    apply_options(case, **options).write(folders.run(step.id), format="parquet")
    return None


def _clear(folders: Folders, step: Step, history: tuple[Step, ...]) -> Facts:
    from counterflow.studies.ahead import clear_day
    from counterflow.studies.state import carried

    told = dict(step.arguments)
    ahead = told.pop("look_ahead_hours")
    case = read_case(folders.run(step.uses["case"]))
    before = _used(folders, step, "before")
    if before is not None:
        case = carried(case, before)
    run = clear_day(case, 24.0, **told) if ahead else _cleared(case, told)
    return _written(folders, step, run)


def _written(folders: Folders, step: Step, run: Run) -> Facts:
    """Write the run of a step, which a strict study leaves where it warns; give its facts."""
    no_warnings(folders.strict, run.stated["warnings"])
    run.write(folders.run(step.id))
    return run_facts(run)


def _cleared(case: Any, told: Mapping[str, Any]) -> Run:
    from clearing import clear

    return clear(case, **told)


def _mitigate(folders: Folders, step: Step, history: tuple[Step, ...]) -> Facts:
    from counterflow.mitigation import mitigate
    from counterflow.studies.history import earlier_runs

    cleared = _used(folders, step, "day_ahead")
    assert cleared is not None
    earlier = earlier_runs(folders, history) if history else []
    run = mitigate(cleared, earlier=earlier, **step.arguments)
    return _written(folders, step, run)


def _real_time(folders: Folders, step: Step, history: tuple[Step, ...]) -> Facts:
    day_ahead = _used(folders, step, "day_ahead")
    case = read_case(folders.run(step.uses["case"]))
    run = _cleared(case, {**step.arguments, "commitment_from": day_ahead})
    return _written(folders, step, run)


def _settle(folders: Folders, step: Step, history: tuple[Step, ...]) -> Facts:
    from settlement import settle
    from settlement.inputs import read_tables

    day_ahead = _used(folders, step, "day_ahead")
    assert day_ahead is not None
    timezone = day_ahead.case.meta.timezone
    given: dict[str, Any] = {}
    for name, tables in _SETTLED.items():
        if name in step.arguments:
            given |= read_tables(step.arguments[name], tables, timezone)
    if "collateral" in given:
        own = given["collateral"]
        given["collateral"] = dict(zip(own["owner"], own["amount"], strict=True))
    statement = settle(day_ahead, real_time=_used(folders, step, "real_time"), **given)
    statement.write(folders.run(step.id))
    return None


_SETTLED: Final = {
    "contracts": ("contracts", "contract_curves", "frozen_curves"),
    "futures": ("futures", "settlement_prices", "collateral"),
    "rights": ("rights",),
}
_WORK: Final[dict[Kind, Callable[[Folders, Step, tuple[Step, ...]], Facts]]] = {
    "import": _import,
    "import_rt": _import,
    "clear": _clear,
    "mitigate": _mitigate,
    "real_time": _real_time,
    "settle": _settle,
}
