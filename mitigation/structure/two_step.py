"""ERCOT's two-step clearing: which constraints are competitive, and prices without the others."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.again.protocols import LiveModel
from mitigation.keys import CELL, LIMIT
from mitigation.structure.base import ReliefBase
from mitigation.structure.owners import Ownership
from mitigation.structure.pivotal import by_owner, jointly_pivotal
from mitigation.structure.relief_tests import PLACE, relief_supply
from mitigation.structure.verdicts import verdict_rows
from network.arrays import Floats

_ANY: Final = 1e-12
"""Any positive factor: what is significant was chosen before."""


def element_competitiveness(
    run: Run,
    binding: pd.DataFrame,
    base: ReliefBase,
    factors: pd.DataFrame,
    ownership: Ownership,
    slack: str,
    rules: StructureRules,
) -> pd.DataFrame:
    """Verdict rows: whether each binding constraint is competitive, one row without owner.

    The element competitiveness index is the HHI, on the import side, of the owners' capacity times
    its squared shift factor; capacity is that of units on line. A unit is significant where its
    factor exceeds the smaller of ``two_step.dfax_min`` and ``two_step.dfax_share`` of the largest.
    A constraint is not competitive where the index lies above its limit, or where the relief cannot
    be had without the ``two_step.pivotal_suppliers`` largest owners. The index is the column
    ``concentration``.

    Parameters
    ----------
    factors
        test, interval_start, unit, bus, dfax, energy_price: factors under the slack of the rules.

    Source: ERCOT constraint competitiveness logic notes, NPRR520, Nodal Protocols 3.19.
    """
    helping = _significant(factors, len(binding), rules)
    index = _index(run, helping, ownership, len(binding))
    supply = relief_supply(run, base, helping, ownership, rules, _ANY).segments
    owners = by_owner(
        supply["test"].to_numpy(dtype=np.int64),
        supply["owner"],
        supply["effective_mw"].to_numpy(dtype=float),
    )
    test = owners["test"].to_numpy(dtype=np.int64)
    mw = owners["supply_mw"].to_numpy(dtype=float)
    total = np.bincount(test, weights=mw, minlength=len(binding)).astype(float)
    need = np.nan_to_num(base.need_mw, nan=0.0)
    size = jointly_pivotal(test, mw, total, need)
    pivotal = (size > 0) & (size <= rules.two_step.pivotal_suppliers)
    needed = need > rules.relief_tolerance_mw
    competitive = ~needed | ((index <= rules.two_step.concentration_max) & ~pivotal)
    note = [
        "no need of relief"
        if not want
        else f"element competitiveness index {value:.0f}" + (", pivotal" if alone else "")
        for want, value, alone in zip(needed, index, pivotal, strict=True)
    ]
    rows = binding[PLACE].assign(
        total_supply_mw=total,
        need_mw=base.need_mw,
        concentration=np.where(needed, index, np.nan),
        passed=competitive,
        note=note,
    )
    return verdict_rows(rows, rule_id="two_step", slack=slack, base=base.name)


def _significant(factors: pd.DataFrame, tests: int, rules: StructureRules) -> pd.DataFrame:
    """Units on the import side whose factor is significant."""
    dfax, test = factors["dfax"].to_numpy(dtype=float), factors["test"].to_numpy(dtype=np.int64)
    largest = np.zeros(tests)
    np.maximum.at(largest, test, dfax)
    least = np.minimum(rules.two_step.dfax_min, rules.two_step.dfax_share * largest)
    found: pd.DataFrame = factors[dfax > np.maximum(least[test], 0.0)]
    return found


def _index(run: Run, helping: pd.DataFrame, ownership: Ownership, tests: int) -> Floats:
    """HHI of capacity on line times squared factor, by test, (G,); NaN without any."""
    state = run.dispatch[[*CELL, "on", "available_mw"]]
    rows = helping.merge(state, on=CELL, sort=False)
    capacity = np.where(rows["on"], rows["available_mw"].fillna(0.0), 0.0)
    rows = ownership.split(rows.assign(weight=capacity * rows["dfax"] ** 2), "weight")
    owners = by_owner(
        rows["test"].to_numpy(dtype=np.int64),
        rows["owner"],
        rows["weight"].to_numpy(dtype=float),
    )
    test, part = owners["test"].to_numpy(dtype=np.int64), owners["supply_mw"].to_numpy(dtype=float)
    total = np.bincount(test, weights=part, minlength=tests).astype(float)
    with np.errstate(invalid="ignore"):
        squares = (100 * part / total[test]) ** 2
    index = np.bincount(test, weights=squares, minlength=tests).astype(float)
    return np.where(total > 0, index, np.nan)


def step_one_prices(verdicts: pd.DataFrame, model: LiveModel, alike: float) -> pd.DataFrame:
    """Prices of a clearing with the competitive constraints only: interval_start, bus, lmp.

    They need no reference bus. In the second step, with all constraints, offers are
    ``min(offer, max(mitigated cap, this price))``; see
    :func:`mitigation.structure.decomposition.mitigated_price`.

    ``verdicts`` has interval_start, constraint, contingency, direction, passed; ``alike`` as of
    :meth:`LiveModel.solve_without`.
    """
    dropped = verdicts.loc[~verdicts["passed"], ["interval_start", *LIMIT]]
    return model.solve_without(dropped.reset_index(drop=True), alike=alike).prices
