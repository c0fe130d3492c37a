"""The market monitor's summary tables of conduct, performance and mitigation.

They take run tables, of one run or of many stacked, as those of :mod:`mitigation.report.market` do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from cases.market_time import hours_of
from cases.rulebook.structure import PeakRules
from mitigation.components import kinds
from mitigation.keys import CELL
from mitigation.report.market import on_peak
from mitigation.structure.tables import sum_by

__all__ = [
    "capping_by_month",
    "capping_by_unit",
    "capping_distribution",
    "conduct_summary",
    "contribution_summary",
    "funnel",
    "markup_in_prices_summary",
    "markup_summary",
    "mitigated_summary",
    "output_gap_summary",
]

#: Classes of PJM's table of units by share of run hours capped, and by hours capped.
SHARES: Final = (0.0, 0.10, 0.25, 0.50, 0.60, 0.70, 0.75, 0.80, 0.90, np.inf)
HOURS: Final = (0.0, 1.0, 100.0, 200.0, 300.0, 400.0, 500.0, np.inf)
PRICES: Final = (-np.inf, 0.0, 10.0, 25.0, 50.0, 75.0, 100.0, 150.0, np.inf)


def conduct_summary(tests: pd.DataFrame) -> pd.DataFrame:
    """Conduct tests by component and area: tests, passed, failed, exempt, near, units_failed.

    ``tests`` is the run table ``tests_conduct``; components of a block curve count block by block.
    """
    rows = tests.assign(component=kinds(tests["component"]), tests=1)
    for name, result in (("passed", "pass"), ("failed", "fail"), ("exempt", "exempt")):
        rows[name] = (rows["result"] == result).astype(int)
    by = ["component", "area"]
    counted = ["tests", "passed", "failed", "exempt"]
    table = sum_by(rows.assign(near=rows["near"].astype(int)), by, [*counted, "near"])
    units = rows[rows["failed"] == 1].groupby(by)["unit"].nunique().rename("units_failed")
    joined = table.join(units, on=by)
    return joined.assign(units_failed=joined["units_failed"].fillna(0).astype(int))


def output_gap_summary(indices: pd.DataFrame, capacity_mw: float) -> pd.DataFrame:
    """Output gap of the whole market by percent of the conduct threshold.

    Returns threshold_percent, average_mw, maximum_mw, mwh, share (average over ``capacity_mw``).
    """
    rows = indices[indices["measure"] == "output_gap"]
    rows = rows.assign(
        hours=hours_of(rows),
    )
    by = ["threshold_percent", "interval_start"]
    total = rows.groupby(by).agg(mw=("value", "sum"), hours=("hours", "first")).reset_index()
    total["mwh"] = total["mw"] * total["hours"]
    table = total.groupby("threshold_percent").agg(
        maximum_mw=("mw", "max"), mwh=("mwh", "sum"), hours=("hours", "sum")
    )
    table.insert(0, "average_mw", table["mwh"] / table.pop("hours"))
    return table.assign(share=table["average_mw"] / capacity_mw).reset_index()


def markup_summary(
    indices: pd.DataFrame,
    marginal_units: pd.DataFrame,
    units: pd.DataFrame,
    edges: Sequence[float] = PRICES,
) -> pd.DataFrame:
    """Markup index of marginal units by fuel and band of their offer price.

    Returns fuel, from_price, to_price, intervals, markup, adjusted_markup (averages; the latter
    without the cost adder).
    """
    rows = indices[indices["index"].isin(["markup", "adjusted_markup"])]
    wide = rows.pivot_table(
        index=["interval_start", "subject"], columns="index", values="value"
    ).reindex(columns=["markup", "adjusted_markup"])
    priced = marginal_units.loc[marginal_units["kind"] == "unit", [*CELL, "price"]]
    joined = (
        wide.reset_index()
        .rename(columns={"subject": "unit"})
        .merge(priced, on=CELL, sort=False)
        .merge(units[["unit", "fuel"]], on="unit", sort=False)
    )
    low, high = _class_of(joined["price"], edges)
    grouped = joined.assign(from_price=low, to_price=high, intervals=1).groupby(
        ["fuel", "from_price", "to_price"]
    )
    return grouped.agg(
        intervals=("intervals", "sum"),
        markup=("markup", "mean"),
        adjusted_markup=("adjusted_markup", "mean"),
    ).reset_index()


def markup_in_prices_summary(
    indices: pd.DataFrame, load: pd.DataFrame, rules: PeakRules
) -> pd.DataFrame:
    """Markup component of the load-weighted LMP by month, on and off peak, market and zone.

    ``load`` has interval_start, zone, mw. Intervals without a value are left out. Returns month,
    period, zone (blank = the whole market), intervals, markup (money per MWh, weighted by MWh).
    """
    rows = indices[(indices["index"] == "markup_component") & indices["value"].notna()]
    whole = sum_by(load, ["interval_start"], ["mw"]).assign(zone="")
    zones = sum_by(load[load["zone"] != ""], ["interval_start", "zone"], ["mw"])
    joined = rows.merge(pd.concat([whole, zones]), on=["interval_start", "zone"], sort=False)
    weight = joined["mw"] * hours_of(joined)
    joined = joined.assign(
        month=joined["interval_start"].dt.strftime("%Y-%m"),
        period=on_peak(joined["interval_start"], rules).map({True: "peak", False: "off-peak"}),
        weight=weight,
        part=joined["value"] * weight,
        intervals=1,
    )
    table = sum_by(joined, ["month", "period", "zone"], ["intervals", "weight", "part"])
    return table.assign(markup=table.pop("part") / table.pop("weight"))


def contribution_summary(
    contributions: pd.DataFrame, load: pd.DataFrame, units: pd.DataFrame, by: str = "fuel"
) -> pd.DataFrame:
    """What the markups of a fuel's or an owner's units add to the load-weighted price.

    Parameters
    ----------
    contributions
        :func:`mitigation.indices.contributions.markup_contributions`.
    load
        interval_start, mw.
    units
        unit, and ``by``.

    Returns
    -------
    DataFrame
        ``by``, contribution (money per MWh over the intervals that have any), share (of all).
    """
    total = load.groupby("interval_start")["mw"].sum()
    known = total[total.index.isin(contributions["interval_start"])]
    rows = contributions.merge(units[["unit", by]], on="unit", sort=False)
    rows["part"] = rows["contribution"] * rows["interval_start"].map(total)
    table = sum_by(rows, [by], ["part"])
    table["contribution"] = table.pop("part") / known.sum()
    all_of_it = table["contribution"].sum()
    share = table["contribution"] / all_of_it if all_of_it else table["contribution"] * np.nan
    return table.assign(share=share).sort_values("contribution", ascending=False, ignore_index=True)


def _capped(decisions: pd.DataFrame, dispatch: pd.DataFrame) -> pd.DataFrame:
    """Rows of units on line, with hours, MWh and whether some component was mitigated."""
    running = dispatch[dispatch["on"].astype(bool)]
    done = decisions[decisions["action"] == "mitigated"]
    always = set(done.loc[done["interval_start"].isna(), "unit"])
    stamped = pd.MultiIndex.from_frame(done.loc[done["interval_start"].notna(), CELL])
    capped = pd.MultiIndex.from_frame(running[CELL]).isin(stamped) | running["unit"].isin(always)
    length = hours_of(running)
    return running.assign(
        unit_hours=length,
        mwh=running["mw"] * length,
        capped_hours=length.where(capped, 0.0),
        capped_mwh=(running["mw"] * length).where(capped, 0.0),
    )


def capping_by_month(decisions: pd.DataFrame, dispatch: pd.DataFrame) -> pd.DataFrame:
    """Offer capping: hours and MWh of capped units, and their share of what ran, by month.

    Returns month, unit_hours, capped_hours, share_hours, mwh, capped_mwh, share_mwh.
    """
    rows = _capped(decisions, dispatch)
    rows = rows.assign(month=rows["interval_start"].dt.strftime("%Y-%m"))
    table = sum_by(rows, ["month"], ["unit_hours", "capped_hours", "mwh", "capped_mwh"])
    table.insert(3, "share_hours", table["capped_hours"] / table["unit_hours"])
    mwh = table["mwh"].where(table["mwh"] > 0)
    return table.assign(share_mwh=table["capped_mwh"] / mwh)


def capping_by_unit(decisions: pd.DataFrame, dispatch: pd.DataFrame) -> pd.DataFrame:
    """Run hours and capped hours of each unit that was capped, those capped longest first.

    Returns unit, run_hours, capped_hours, share.
    """
    table = sum_by(_capped(decisions, dispatch), ["unit"], ["unit_hours", "capped_hours"])
    table = table[table["capped_hours"] > 0].rename(columns={"unit_hours": "run_hours"})
    table = table.assign(share=table["capped_hours"] / table["run_hours"])
    return table.sort_values(["capped_hours", "unit"], ascending=[False, True], ignore_index=True)


def capping_distribution(by_unit: pd.DataFrame) -> pd.DataFrame:
    """Units by share of run hours capped and by hours capped, in the classes of PJM's table.

    Returns from_share, to_share, from_hours, to_hours, units; classes without units are left out.
    """
    low, high = _class_of(by_unit["share"], SHARES)
    first, last = _class_of(by_unit["capped_hours"], HOURS)
    names = ["from_share", "to_share", "from_hours", "to_hours"]
    rows = pd.DataFrame(dict(zip(names, (low, high, first, last), strict=True))).assign(units=1)
    return sum_by(rows, names, ["units"]).sort_values(names, ascending=False, ignore_index=True)


def _class_of(values: pd.Series, edges: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Lower (included) and upper edge of the class of each value."""
    bounds = np.asarray(edges, dtype=float)
    at = np.searchsorted(bounds, values.to_numpy(dtype=float), side="right")
    return bounds[at - 1], bounds[np.minimum(at, len(bounds) - 1)]


def funnel(
    structure: pd.DataFrame,
    conduct: pd.DataFrame,
    impact: pd.DataFrame,
    decisions: pd.DataFrame,
    dispatch: pd.DataFrame,
) -> pd.DataFrame:
    """From structure to conduct to impact to mitigated MW, with its effect in money.

    Parameters
    ----------
    structure, conduct, impact, decisions, dispatch
        Run tables ``tests_structure``, ``tests_conduct``, ``tests_impact``, ``decisions`` and
        ``dispatch``.

    Returns
    -------
    DataFrame
        stage (structure, conduct, impact, mitigated), what is counted, tested, failed, share,
        units (those that failed; NaN for structure and impact), mwh and money_effect (mitigated
        only: output of mitigated units in those intervals, change of what they are paid).
    """
    test = ["constraint", "contingency", "direction", "interval_start", "rule_id"]
    passed = structure.groupby(test, dropna=False)["passed"].all()
    tested = conduct[conduct["result"] != "exempt"]
    component = ["unit", "interval_start", "component"]
    found = (tested["result"] == "fail").groupby([tested[name] for name in component], dropna=False)
    failed = found.any()
    hurt = impact["result"] == "fail"
    done = decisions[decisions["action"] == "mitigated"]
    rows = [
        ("structure", "tests", len(passed), int((~passed.astype(bool)).sum()), np.nan),
        (
            "conduct",
            "units, intervals and components",
            len(failed),
            int(failed.sum()),
            tested.loc[tested["result"] == "fail", "unit"].nunique(),
        ),
        ("impact", "prices and payments", len(impact), int(hurt.sum()), np.nan),
        ("mitigated", "decisions", len(decisions), len(done), done["unit"].nunique()),
    ]
    table = pd.DataFrame(rows, columns=["stage", "counted", "tested", "failed", "units"])
    table["share"] = table["failed"] / table["tested"].where(table["tested"] > 0)
    last = table["stage"] == "mitigated"
    capped = float(_capped(decisions, dispatch)["capped_mwh"].sum())
    table["mwh"] = np.where(last, capped, np.nan)
    table["money_effect"] = np.where(last, float(done["money_effect"].sum()), np.nan)
    return table


def mitigated_summary(decisions: pd.DataFrame) -> pd.DataFrame:
    """Decisions by component and action: decisions, units, intervals, money_effect.

    The average fall of a mitigated offer is in its own units: offered, used (averages).
    """
    rows = decisions.assign(component=kinds(decisions["component"]))
    grouped = rows.groupby(["component", "action"])
    return grouped.agg(
        decisions=("unit", "size"),
        units=("unit", "nunique"),
        intervals=("interval_start", "nunique"),
        offered=("offered", "mean"),
        used=("offer_used", "mean"),
        money_effect=("money_effect", "sum"),
    ).reset_index()
