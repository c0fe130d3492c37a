"""IESO: constrained areas, conduct, and the price at the unit's own bus.

A unit is tested while it lies in a constrained area (narrow and dynamic by the share of hours in
which a limit binds, broad while one binds), or everywhere where its owner is pivotal. Impact is the
difference of the price at the resource itself, not anywhere. Source: IESO market power mitigation
of the renewed market (2025); reference/mitigation.md section 4.
"""

from __future__ import annotations

import pandas as pd

from mitigation.impact.measure import DECIDED, finished, measure
from mitigation.impact.subject import Outcome, Subject, registered
from mitigation.keys import KEY

__all__ = ["constrained_areas"]


@registered("ieso")
def constrained_areas(subject: Subject) -> Outcome:
    """Measure what failed conduct by the price at its own bus, and replace what moved that."""
    measured = measure(subject, subject.rules.impact.mode)
    bus = subject.run.case.tables["units"].set_index("unit")["bus"]
    for place, verdicts in enumerate(measured.verdicts):
        measured.verdicts[place] = _at_own_bus(verdicts, measured.impact[place], bus)
    return finished(subject, measured, measured.mitigated)


def _at_own_bus(verdicts: pd.DataFrame, impact: pd.DataFrame, bus: pd.Series) -> pd.DataFrame:
    """Verdicts with energy decided by the price at the unit's bus.

    Start-up, no-load and parameters of a unit are decided by its guarantee payment, as elsewhere.
    """
    priced = impact[impact["scope"] == "bus"]
    energy = (verdicts["component"] == "energy").to_numpy()
    own = verdicts.loc[energy, KEY]
    own = own.assign(subject=own["unit"].map(bus))
    decided = own.merge(
        priced[["interval_start", *DECIDED]],
        on=["interval_start", "subject"],
        how="left",
        sort=False,
    )
    parts = [decided[[*KEY, *DECIDED]], verdicts[~energy][[*KEY, *DECIDED]]]
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
