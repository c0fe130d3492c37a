"""ERCOT's two-step clearing: which constraints are competitive, and prices without the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.rulebook.structure import StructureRules
from mitigation.again.protocols import LiveModel
from mitigation.keys import LIMIT
from mitigation.structure.base import ReliefBase
from mitigation.structure.pivotal import by_owner, jointly_pivotal
from mitigation.structure.relief_tests import PLACE, ReliefSupply
from mitigation.structure.verdicts import verdict_rows


def element_competitiveness(
    binding: pd.DataFrame,
    base: ReliefBase,
    supply: ReliefSupply,
    slack: str,
    rules: StructureRules,
) -> pd.DataFrame:
    """Verdict rows: whether each binding constraint is competitive, one row without owner.

    The element competitiveness index is the HHI of the owners' effective MW of relief. A
    constraint is not competitive where the index lies above its limit, or where the relief cannot
    be had without the ``two_step.pivotal_suppliers`` largest owners. The index is the column
    ``concentration``.

    Source: ERCOT NPRR520 and Nodal Protocols 3.19, constraint competitiveness tests.
    """
    counted = supply.segments[supply.segments["dfax"] >= rules.two_step.dfax_min]
    owners = by_owner(
        counted["test"].to_numpy(dtype=np.int64),
        counted["owner"],
        counted["effective_mw"].to_numpy(dtype=float),
    )
    test = owners["test"].to_numpy(dtype=np.int64)
    mw = owners["supply_mw"].to_numpy(dtype=float)
    total = np.bincount(test, weights=mw, minlength=len(binding)).astype(float)
    index = np.bincount(test, weights=(100 * mw / total[test]) ** 2, minlength=len(binding)).astype(
        float
    )
    index[total == 0] = np.nan
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
