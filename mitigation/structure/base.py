"""The dispatch from which both demand and supply of relief are measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.again.protocols import LiveModel, needed
from mitigation.keys import CELL, LIMIT
from mitigation.structure.binding import overload
from mitigation.structure.relief import previous_dispatch
from network.arrays import Floats


@dataclass(frozen=True, slots=True)
class ReliefBase:
    """Base dispatch of every test.

    Attributes
    ----------
    name
        ``pre_control`` or ``current``.
    dispatch
        test, interval_start, unit, mw, on.
    need_mw
        (G,) relief needed from that dispatch, at least zero; NaN where the dispatch is not known.
    """

    name: str
    dispatch: pd.DataFrame
    need_mw: Floats


def relief_base(
    run: Run,
    binding: pd.DataFrame,
    factors: pd.DataFrame,
    rules: StructureRules,
    model: LiveModel | None,
) -> ReliefBase:
    """Find base dispatch and need of relief of every binding constraint, by the rule ``base``.

    ``pre_control`` solves the live model once per limit without it (and without those that stand in
    for it, see :meth:`LiveModel.solve_without`), in all intervals in which it binds; ``current``
    takes the dispatch in which each interval begins, with the loads of the interval and the
    imbalance at the slack of ``factors``.

    Parameters
    ----------
    binding
        As of :func:`mitigation.structure.binding.binding_constraints`.
    factors
        test, interval_start, unit, bus, dfax of every unit (only ``current`` needs them).

    Raises
    ------
    InputError
        ``pre_control`` without a live model.
    """
    if rules.base == "current":
        return _current(run, binding, factors)
    purpose = "the base pre_control (mitigation.structure.base=current does not)"
    return _pre_control(run, binding, needed(model, purpose), rules.alike)


def _pre_control(run: Run, binding: pd.DataFrame, model: LiveModel, alike: float) -> ReliefBase:
    keys = ["interval_start", *LIMIT]
    dispatch = []
    flow = np.full(len(binding), np.nan)
    for _, limit in binding.groupby(LIMIT, sort=False):
        solved = model.solve_without(limit[keys], alike=alike)
        tests = limit[["test", "interval_start"]]
        dispatch.append(
            tests.merge(solved.dispatch[[*CELL, "mw"]], on="interval_start", sort=False)
        )
        found = limit[["test", *keys]].merge(solved.flows, on=keys, how="left", sort=False)
        flow[found["test"].to_numpy()] = found["flow_mw"].to_numpy(dtype=float)
    need = np.maximum(0.0, overload(binding, flow))
    solved_units = [part["unit"] for part in dispatch]
    other = run.dispatch[~run.dispatch["unit"].isin(pd.concat(solved_units))]
    if len(other):  # storage, which keeps its schedule
        tests = binding[["test", "interval_start"]]
        dispatch.append(tests.merge(other[[*CELL, "mw"]], on="interval_start", sort=False))
    stacked = pd.concat(dispatch, ignore_index=True)
    frame = stacked.merge(run.dispatch[[*CELL, "on"]], on=CELL, sort=False)
    return ReliefBase("pre_control", frame[["test", *CELL, "mw", "on"]], need)


def _current(run: Run, binding: pd.DataFrame, factors: pd.DataFrame) -> ReliefBase:
    before = previous_dispatch(run)
    dispatch = binding[["test", "interval_start"]].merge(before, on="interval_start", sort=False)
    moved = factors.merge(before, on=CELL, sort=False).merge(
        run.dispatch[[*CELL, "mw"]], on=CELL, suffixes=("_before", ""), sort=False
    )
    relieved = moved["dfax"] * (moved["mw_before"] - moved["mw"])
    by_test = relieved.groupby(moved["test"]).sum(min_count=1)
    unknown = moved.loc[moved["mw_before"].isna(), "test"].unique()
    change = by_test.reindex(binding["test"]).fillna(0.0).to_numpy(dtype=float)
    over = overload(binding, binding["flow_mw"].to_numpy(dtype=float)) - change
    need = np.maximum(0.0, over)
    need[unknown] = np.nan
    known = dispatch[~dispatch["test"].isin(unknown)]
    return ReliefBase("current", known.reset_index(drop=True), need)
