"""How much is held back, by size of the supplier and level of load, output gaps beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.market_time import hours_of
from cases.rulebook.withholding import WithholdingRules
from cases.run import Run
from mitigation.structure.tables import sum_by

__all__ = ["withholding_rates"]

BY = ["screen", "size", "load_level"]


def withholding_rates(
    run: Run,
    screened: pd.DataFrame,
    rules: WithholdingRules | None = None,
    *,
    gaps: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rates of withholding by kind, supplier size and load level.

    Competitive suppliers hold back least when load is highest, for that is when it pays to run; a
    rate of large suppliers that rises with load is the mark of withholding.

    Parameters
    ----------
    run
        The run that was screened.
    screened
        :func:`mitigation.withholding.screens.screen_withholding`; what is exempt is left out.
    rules
        Default: ``mitigation.withholding`` of the run's rulebook. The ``largest_suppliers`` by
        reference MW are large; load levels end at the given shares of intervals.
    gaps
        interval_start, unit, fraction, gap_mw: :func:`mitigation.indices.output_gap.output_gap`.

    Returns
    -------
    DataFrame
        screen (also output_gap.100 and so on), size (large, other), load_level (1 is the lowest),
        reference_mwh, withheld_mwh, economic_mwh, rate (economic over reference), change (rate less
        that at the lowest load level).

    Source: Potomac Economics, state of the market reports: deratings and output gaps by load level
    and portfolio size.
    """
    rules = rules or run.rulebook.mitigation.withholding
    rows = screened[screened["result"] != "exempt"]
    rows = rows.assign(hours=hours_of(rows))
    rows = _classed(rows, run, rules)
    measured = rows.assign(
        screen=rows["screen"].replace({"outage": "availability", "derating": "availability"})
    )
    # Outages and deratings are parts of one screen: both rates are over all reference MW.
    parts = [measured]
    for kind in ("outage", "derating"):
        own = (rows["screen"] == kind).astype(float)
        share = rows[rows["screen"].isin(["outage", "derating"])].assign(screen=kind)
        parts.append(
            share.assign(
                withheld_mw=share["withheld_mw"] * own.loc[share.index],
                economic_mw=share["economic_mw"] * own.loc[share.index],
            )
        )
    if gaps is not None:
        parts.append(_gap_rows(rows, gaps))
    every = pd.concat(parts, ignore_index=True)
    for name in ("reference", "withheld", "economic"):
        every[f"{name}_mwh"] = every[f"{name}_mw"] * every["hours"]
    table = sum_by(every, BY, ["reference_mwh", "withheld_mwh", "economic_mwh"])
    reference = table["reference_mwh"]
    table["rate"] = table["economic_mwh"] / reference.where(reference > 0)
    first = table.groupby(["screen", "size"])["rate"].transform("first")
    return table.assign(change=table["rate"] - first)


def _classed(rows: pd.DataFrame, run: Run, rules: WithholdingRules) -> pd.DataFrame:
    capacity = rows[rows["screen"].isin(["outage", "derating"])]
    by_owner = sum_by(capacity, ["owner"], ["reference_mw"])
    ranked = by_owner.sort_values(["reference_mw", "owner"], ascending=[False, True])
    large = set(ranked["owner"].head(rules.largest_suppliers))
    load = run.load_awards.groupby("interval_start")["mw"].sum()
    edges = load.quantile(list(rules.load_levels)).to_numpy(dtype=float)
    level = pd.Series(np.searchsorted(edges, load.to_numpy(dtype=float)) + 1, index=load.index)
    return rows.assign(
        size=np.where(rows["owner"].isin(large), "large", "other"),
        load_level=rows["interval_start"].map(level),
    )


def _gap_rows(rows: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Output gaps as rows of a screen; a unit of several owners by their shares of its MW."""
    capacity = rows[rows["screen"].isin(["outage", "derating"])]
    whole = capacity.groupby(["interval_start", "unit"])["reference_mw"].transform("sum")
    share = capacity["reference_mw"] / whole.where(whole > 0)
    held = capacity.assign(share=share.fillna(0.0)).merge(
        gaps[["interval_start", "unit", "fraction", "gap_mw"]], on=["interval_start", "unit"]
    )
    names = "output_gap." + (100 * held["fraction"]).round().astype(int).astype("str")
    amount = held["gap_mw"] * held["share"]
    return held.assign(screen=names, withheld_mw=amount, economic_mw=amount)
