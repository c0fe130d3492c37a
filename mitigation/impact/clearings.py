"""The clearings that an impact is measured between, or a result is made by.

By ``mitigation.rerun.commitment``: *local*, a control with the offers as submitted and a
counterfactual with references, over the same few free units at zero gap; *held*, the run itself
and its own commitment with references; *reoptimized*, the run and every unit chosen anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from cases.case import Case
from cases.proof import Proof
from cases.run import Run
from mitigation.components import is_parameter
from mitigation.slots.assessed import AssessedRun

__all__ = ["Clearings", "cleared_again", "result_over"]

NOT_CLOSED: Final = (
    "a program over the replaced units alone did not close to its gap in time: there is no control "
    "and no counterfactual to compare"
)


@dataclass(frozen=True, eq=False)
class Clearings:
    """What is compared.

    Attributes
    ----------
    control
        The day with offers as submitted; the tested run itself where its commitment is held.
    run
        The day with what is replaced.
    commitment
        held, local or reoptimized; none where there is no commitment.
    before
        ``run`` before the last free units joined, local only; None where there was one set.
    measurable
        Whether the two may be compared.
    told
        What was free and why, for the events.
    """

    control: Run
    run: Run
    commitment: str
    before: Run | None = None
    measurable: bool = True
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alike(self) -> bool:
        """Whether nothing that a solver left open lies between control and run."""
        return self.commitment in ("none", "held", "local")


def cleared_again(
    assessed: AssessedRun, case: Case, keys: pd.DataFrame, *, check: bool = True
) -> Clearings:
    """Clear the day with other offers, by the rulebook's ``mitigation.rerun.commitment``.

    Parameters of units change the program itself: where it does not choose units anew, a new
    clearing is made for them in any case.
    """
    base, rerun = assessed.run, assessed.rerun
    committed = bool(base.settings.get("commitment"))
    how = assessed.rules.rerun.commitment if committed else "none"
    parameters = bool(is_parameter(keys["component"]).any())
    if how == "local":
        pair = rerun.paired(case, set(keys["unit"]))
        if pair is not None:
            run = rerun.checked(pair.counterfactual) if check else pair.counterfactual
            return Clearings(pair.control, run, how, pair.before, told=pair.told())
        run = rerun.reoptimized(case) if parameters else rerun.held(case, check=check)
        return Clearings(base, run, "held", measurable=False, told={"ended": NOT_CLOSED})
    if how == "reoptimized" or parameters:
        return Clearings(base, rerun.reoptimized(case), "reoptimized" if committed else how)
    return Clearings(base, rerun.held(case, check=check), how)


def result_over(
    assessed: AssessedRun, case: Case, keys: pd.DataFrame, measured: Iterable[Run]
) -> Run:
    """Clear the day with what is replaced: the market result, over the units of its measurement.

    Parameters
    ----------
    measured
        Counterfactuals of the impact; what was free in any of them is free here. Without any the
        result is cleared as :func:`cleared_again` does.
    """
    committed = bool(assessed.run.settings.get("commitment"))
    free = {unit for run in measured for unit in Proof.of(run.stated).freed}
    if committed and free and assessed.rules.rerun.commitment == "local":
        found = assessed.rerun.local(case, free | set(keys["unit"]))
        if found is not None:
            return found
        if not is_parameter(keys["component"]).any():
            return assessed.rerun.held(case)
    return cleared_again(assessed, case, keys).run
