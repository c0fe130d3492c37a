"""Units of owners that fail the three-pivotal-supplier test, and which are run for the limit."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.rulebook.mitigation import MitigationRules
from cases.run import Run
from mitigation.keys import AT, LIMIT
from mitigation.references.curves import for_intervals
from mitigation.structure.run import StructureTests

__all__ = ["COMMITTED", "RAISED", "pivotal_units"]

COMMITTED: Final = "committed for the constraint"
RAISED: Final = "raised for the constraint"
_MW: Final = 1e-6


def pivotal_units(run: Run, found: StructureTests, rules: MitigationRules) -> pd.DataFrame:
    """Units that relieve a constraint for which their owner failed, and their role in each.

    A unit is raised where it produces more than in the base dispatch without the constraint. It is
    committed for the constraint where it is on at its minimum in both and a MWh there, no-load
    included, costs more than energy without the constraint, which is the price at the output that
    its relief displaces: it would not have been worth running.

    Returns
    -------
    DataFrame
        unit, interval_start, constraint, contingency, direction, shadow_price, owner, dfax, part
        (of the price at the unit), need_mw, effective_supply_mw, relevant_price, rsi1 to rsi3,
        tps_result, pivotal_group, role ("" = runs for economics).
    """
    tests = found.verdicts[
        (found.verdicts["rule_id"] == "three_pivotal") & (found.verdicts["owner"] != "")
    ]
    limits = ["interval_start", *LIMIT]
    ranked = tests.sort_values([*limits, "supply_mw"], ascending=[True] * 4 + [False])
    group = ranked.groupby(limits, sort=False).head(3).groupby(limits, sort=False)["owner"]
    named = group.agg(", ".join).rename("pivotal_group").reset_index()
    failed = (
        tests[~tests["passed"]].drop(columns="pivotal_group").merge(named, on=limits, sort=False)
    )
    columns = ["need_mw", "total_supply_mw", "relevant_price", "rsi1", "rsi2", "rsi3"]
    failed = failed[[*limits, "owner", *columns, "pivotal_group"]]
    least = rules.structure.three_pivotal.dfax_min
    factors = found.relief_factors[found.relief_factors["dfax"] >= least]
    factors = factors.merge(found.binding[["test", *LIMIT, "shadow_price"]], on="test", sort=False)
    owned = found.owners.split(factors)
    rows = owned.merge(failed, on=[*limits, "owner"], sort=False)
    rows = rows.drop_duplicates(["test", "unit"], ignore_index=True)
    rows = rows.rename(columns={"total_supply_mw": "effective_supply_mw"})
    rows = rows.assign(part=rows["dfax"] * rows["shadow_price"], tps_result="fail")
    return rows.assign(role=_roles(run, found, rules, rows)).drop(
        columns=["test", "bus", "energy_price"]
    )


def _roles(
    run: Run, found: StructureTests, rules: MitigationRules, rows: pd.DataFrame
) -> np.ndarray:
    if rows.empty or found.base is None:
        return np.full(len(rows), "", dtype=object)
    state = run.dispatch[[*AT, "mw", "on"]]
    base = found.base.dispatch[["test", "unit", "mw"]].rename(columns={"mw": "base_mw"})
    both = rows[["test", *AT]].merge(state, on=AT, how="left", sort=False)
    both = both.merge(base, on=["test", "unit"], how="left", sort=False)
    mw, before = both["mw"].to_numpy(dtype=float), both["base_mw"].to_numpy(dtype=float)
    on = both["on"].eq(True).to_numpy()
    raised = on & (mw - before > rules.pjm.raised_mw)
    least = rows["unit"].map(run.case.tables["units"].set_index("unit")["p_min"])
    least_mw = least.to_numpy(dtype=float)
    idle = on & (least_mw > _MW) & (mw <= least_mw + _MW) & (before <= least_mw + _MW)
    cost = _cost_at_minimum(run, rows, least_mw)
    committed = idle & (cost > rows["energy_price"].to_numpy(dtype=float))
    return np.select([raised, committed], [RAISED, COMMITTED], "").astype(object)


def _cost_at_minimum(run: Run, rows: pd.DataFrame, least_mw: np.ndarray) -> np.ndarray:
    """Offered cost of a MWh at minimum output, no-load included; NaN without a minimum."""
    case = run.case
    cells = rows[AT].drop_duplicates()
    offers = for_intervals(case.tables["offers"], cells)
    upper = offers.groupby(AT, sort=False)["mw"].cumsum()
    least = offers["unit"].map(case.tables["units"].set_index("unit")["p_min"])
    width = np.clip(least - (upper - offers["mw"]), 0.0, offers["mw"])
    money = (width * offers["price"]).groupby([offers[name] for name in AT], sort=False).sum()
    table = case.tables["commitment_offers"]
    no_load = table[table["component"] == "no_load"].drop_duplicates("unit")
    hourly = rows["unit"].map(no_load.set_index("unit")["price"]).fillna(0.0).to_numpy(dtype=float)
    if not run.settings.get("commitment"):
        hourly = np.zeros(len(rows))
    own = money.reindex(pd.MultiIndex.from_frame(rows[AT])).to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(least_mw > _MW, (own + hourly) / least_mw, np.nan)
