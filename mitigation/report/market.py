"""The market monitor's summary tables of market structure.

They take the tables of one run, or those of many runs stacked, and count hours by the length of
the intervals. Source of the tables: PJM market monitor, state of the market report, energy market
section; CAISO DMM for the hours by verdict.
"""

from __future__ import annotations

import holidays
import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.market_time import hours_of
from cases.rulebook.structure import ConcentrationRules, PeakRules
from mitigation.keys import LIMIT
from mitigation.structure.tables import sum_by

OF_MARKET = ("market", "owner")


def on_peak(starts: pd.Series, rules: PeakRules) -> pd.Series:
    """Whether intervals (by their local start) are on peak: peak hours of weekdays, no holidays."""
    peak = starts.dt.hour.between(rules.first_hour, rules.last_hour)
    peak &= starts.dt.day_of_week.isin(rules.weekdays)
    if rules.holidays:
        years = sorted(starts.dt.year.unique().tolist())
        try:
            days = holidays.country_holidays(rules.holidays, years=years)
        except NotImplementedError:
            raise InputError.one(
                "", None, "peak.holidays", "country", f"no holidays are known for {rules.holidays}"
            ) from None
        peak &= ~starts.dt.date.isin(list(days))
    flags: pd.Series = peak
    return flags


def concentration_summary(indices: pd.DataFrame, rules: ConcentrationRules) -> pd.DataFrame:
    """HHI by basis and segment of the supply curve: hourly minimum, average, maximum, hours high.

    Returns basis, average, minimum, maximum, highest_share (0 to 1, NaN for segments), hours,
    hours_high (HHI above ``rules.high``), share_high.
    """
    known = indices[indices["value"].notna()]
    found = known[(known["measure"] == "hhi") & (known["scope"] == "market")]
    found = found.assign(hours=hours_of(found))
    found["hours_high"] = found["hours"].where(found["value"] > rules.high, 0.0)
    shares = known[(known["measure"] == "share") & (known["scope"] == "owner")]
    highest = shares.groupby("basis")["value"].max()
    table = found.groupby("basis").agg(
        average=("value", "mean"),
        minimum=("value", "min"),
        maximum=("value", "max"),
        hours=("hours", "sum"),
        hours_high=("hours_high", "sum"),
    )
    table.insert(3, "highest_share", highest.reindex(table.index))
    return table.assign(share_high=table["hours_high"] / table["hours"]).reset_index()


def relief_detail(verdicts: pd.DataFrame, rules: PeakRules) -> pd.DataFrame:
    """Three-pivotal-supplier tests by constraint, on and off peak.

    Returns constraint, contingency, direction, period, tests, relief_mw (average need),
    supply_mw (average effective supply), owners, owners_passing, owners_failing (averages).
    """
    rows = verdicts[(verdicts["rule_id"] == "three_pivotal") & (verdicts["need_mw"] > 0)]
    rows = rows[rows["total_supply_mw"].notna()]
    named = rows["owner"] != ""
    counted = rows.assign(
        owners=named.astype(int),
        owners_passing=(named & rows["passed"]).astype(int),
        owners_failing=(named & ~rows["passed"]).astype(int),
    )
    test = [*LIMIT, "interval_start"]
    tests = counted.groupby(test, as_index=False).agg(
        relief_mw=("need_mw", "first"),
        supply_mw=("total_supply_mw", "first"),
        owners=("owners", "sum"),
        owners_passing=("owners_passing", "sum"),
        owners_failing=("owners_failing", "sum"),
    )
    period = on_peak(tests["interval_start"], rules).map({True: "peak", False: "off-peak"})
    grouped = tests.assign(period=period).groupby([*LIMIT, "period"])
    averages = grouped[["relief_mw", "supply_mw", "owners", "owners_passing", "owners_failing"]]
    table = averages.mean()
    table.insert(0, "tests", grouped.size())
    return table.reset_index()


def relief_summary(
    verdicts: pd.DataFrame,
    relief: pd.DataFrame,
    dispatch: pd.DataFrame,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Three-pivotal-supplier tests by constraint, and how many could or did cap an offer.

    A test is one of a constraint in an interval. It could have led to capping where an owner that
    failed had relevant relief from a unit that was not committed; it did where ``decisions``
    mitigated an offer for the constraint. Neither contains the other: under conduct and impact
    offers of committed units are replaced too.

    Parameters
    ----------
    verdicts, relief
        As of :class:`mitigation.structure.run.StructureTests`.
    dispatch
        interval_start, unit, on.
    decisions
        interval_start, constraint, contingency, direction, action.

    Returns
    -------
    DataFrame
        constraint, contingency, direction, tests, failed, could_cap, did_cap, could_and_did_cap,
        share_could (could_cap of tests), share_did (could_and_did_cap of could_cap; NaN without).
    """
    test = [*LIMIT, "interval_start"]
    rows = verdicts[verdicts["rule_id"] == "three_pivotal"]
    tests = rows.groupby(test, as_index=False).agg(failed=("passed", lambda part: not part.all()))
    off = dispatch.loc[~dispatch["on"], ["interval_start", "unit"]]
    idle = relief[relief["relevant"].astype(bool)].merge(off, on=["interval_start", "unit"])
    failed = rows.loc[~rows["passed"] & (rows["owner"] != ""), [*test, "owner"]]
    could = idle.merge(failed, on=[*test, "owner"])[test].drop_duplicates().assign(could_cap=True)
    did = rows[test].iloc[:0]
    if decisions is not None:
        did = decisions.loc[decisions["action"] == "mitigated", test].drop_duplicates()
    marked = tests.merge(could, on=test, how="left").merge(
        did.assign(did_cap=True), on=test, how="left"
    )
    flags = ["failed", "could_cap", "did_cap"]
    marked[flags] = marked[flags].eq(True).astype(int)
    marked["could_and_did_cap"] = marked["could_cap"] * marked["did_cap"]
    table = sum_by(marked.assign(tests=1), LIMIT, ["tests", *flags, "could_and_did_cap"])
    could_cap = table["could_cap"]
    return table.assign(
        share_could=could_cap / table["tests"],
        share_did=table["could_and_did_cap"] / could_cap.where(could_cap > 0),
    )


def marginal_summary(
    marginal_units: pd.DataFrame, units: pd.DataFrame, by: str = "owner"
) -> pd.DataFrame:
    """Share of marginal units by owner (``by="owner"``) or fuel, every interval counting once.

    Where several units are marginal in an interval each counts in equal part. Returns ``by``,
    share (0 to 1), rank.
    """
    rows = marginal_units[marginal_units["kind"] == "unit"].merge(units[["unit", by]], on="unit")
    rows["part"] = 1 / rows.groupby("interval_start")["unit"].transform("size")
    table = sum_by(rows, [by], ["part"])
    table["share"] = table.pop("part") / max(1, rows["interval_start"].nunique())
    table = table.sort_values(["share", by], ascending=[False, True], ignore_index=True)
    return table.assign(rank=np.arange(1, len(table) + 1))


def pivotal_summary(indices: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hours in which the largest suppliers of the market are pivotal, together and alone.

    Returns
    -------
    tuple
        suppliers (1, 2, 3), hours, share: hours in which that many suppliers are pivotal
        together, at most; and rank, owner, hours, share: hours in which an owner is pivotal
        alone.
    """
    market = indices[indices["scope"].isin(OF_MARKET)]
    market = market.assign(hours=hours_of(market))
    joint = market[market["index"] == "jointly_pivotal"]
    total = joint["hours"].sum()
    sizes = [1, 2, 3]
    held = [joint.loc[joint["value"].between(1, size), "hours"].sum() for size in sizes]
    together = pd.DataFrame({"suppliers": sizes, "hours": held})
    alone = market[market["index"] == "psi"]
    alone = alone.assign(hours=alone["hours"].where(alone["value"] > 0, 0.0))
    table = sum_by(alone, ["subject"], ["hours"]).rename(columns={"subject": "owner"})
    table = table.sort_values(["hours", "owner"], ascending=[False, True], ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return (
        together.assign(share=together["hours"] / total),
        table.assign(share=table["hours"] / total),
    )


def congestion_summary(verdicts: pd.DataFrame, rule_id: str = "competitive_path") -> pd.DataFrame:
    """Congested hours by constraint and verdict: ..., hours, competitive, non_competitive.

    A constraint counts as competitive in an interval where nobody failed the test ``rule_id``.
    """
    rows = verdicts[verdicts["rule_id"] == rule_id].assign(hours=hours_of)
    test = [*LIMIT, "interval_start"]
    tests = rows.groupby(test, as_index=False).agg(
        passed=("passed", "all"), hours=("hours", "first")
    )
    split = tests.assign(
        competitive=tests["hours"].where(tests["passed"], 0.0),
        non_competitive=tests["hours"].where(~tests["passed"], 0.0),
    )
    return sum_by(split, LIMIT, ["hours", "competitive", "non_competitive"])


def duration_curve(indices: pd.DataFrame, index: str, subject: str | None = None) -> pd.DataFrame:
    """Duration curve of an index of the market: share_of_hours (0 to 1), value, falling.

    Of several subjects in an interval the lowest value counts (the most pivotal owner), unless one
    is named.
    """
    rows = indices[(indices["index"] == index) & indices["scope"].isin(OF_MARKET)]
    rows = rows[rows["value"].notna()]
    if subject is not None:
        rows = rows[rows["subject"] == subject]
    if rows.empty:
        known = ", ".join(sorted(indices["index"].unique()))
        raise InputError.one("", None, "index", "index", f"no values of {index}; known: {known}")
    lowest = (
        rows.assign(hours=hours_of(rows))
        .groupby("interval_start")
        .agg(value=("value", "min"), hours=("hours", "first"))
    )
    ordered = lowest.sort_values("value", ascending=False, ignore_index=True)
    return pd.DataFrame(
        {
            "share_of_hours": ordered["hours"].cumsum() / ordered["hours"].sum(),
            "value": ordered["value"],
        }
    )


def verdict_table(
    verdicts: pd.DataFrame, indices: pd.DataFrame, rules: ConcentrationRules
) -> pd.DataFrame:
    """Say whether market structure is competitive, as a whole and locally: level, result, why.

    As a whole: the residual supply index of the largest supplier reaches its guideline in the given
    share of hours, and concentration is never high. Locally: every three-pivotal-supplier test
    passed. Where both kinds of evidence are there, the result is mixed.
    """
    curve = duration_curve(indices, "rsi1")
    reached = float(curve.loc[curve["value"] >= rules.rsi, "share_of_hours"].max())
    reached = 0.0 if np.isnan(reached) else reached
    table = concentration_summary(indices, rules).set_index("basis")
    high = float(table["share_high"].to_dict()["available"])
    whole = (reached >= rules.rsi_hours, high == 0)
    tests = verdicts[verdicts["rule_id"] == "three_pivotal"].groupby([*LIMIT, "interval_start"])
    passed = tests["passed"].all()
    local = "not tested" if passed.empty else _mixed(bool(passed.all()), bool(passed.any()))
    return pd.DataFrame(
        {
            "level": ["aggregate", "local"],
            "result": [_mixed(all(whole), any(whole)), local],
            "why": [
                f"RSI1 of at least {rules.rsi:g} in {reached:.1%} of hours, "
                f"HHI of available capacity above {rules.high:g} in {high:.1%}",
                f"{int(passed.sum())} of {len(passed)} tests of constraints passed by everyone",
            ],
        }
    )


def _mixed(every: bool, some: bool) -> str:
    return "competitive" if every else "mixed" if some else "not competitive"
