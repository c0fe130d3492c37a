"""The tables of a State of the Market report from a study: by month, scenario and rulebook.

The monitor's tables of each month (`counterflow.tables.monitor_tables`) are made from its run
folders; money, pivotal hours and congestion come from the study's own tables, by column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd

from cases import InputError, Run
from cases.market_time import hours_of
from counterflow.studies.folders import Folders
from counterflow.studies.ledger import Ledger
from counterflow.studies.tables import read_days
from counterflow.tables.monitor_tables import MonitorTables, monitor_tables

__all__ = ["STUDY_TABLES", "monthly_tables"]

STUDY_TABLES = {
    "outcome": "What the month cleared at and cost, by rulebook",
    "pivotal_hours": "Hours in which owners were pivotal",
    "congestion_rent": "Congestion rent by constraint",
    "money": "Statement lines by item",
}
"""Tables that only a study has, with their titles; they come before the monitor's."""
_GROUP = ["scenario", "rulebook", "month"]
_SUMS = (
    "objective",
    "load_payment",
    "generation_revenue",
    "production_cost",
    "uplift",
    "merchandising_surplus",
    "units_mitigated",
    "components_mitigated",
)


def monthly_tables(
    folder: str | Path,
    *,
    scenario: str | None = None,
    rulebook: str | None = None,
    only: Collection[str] = (),
) -> MonitorTables:
    """Make the tables of a study's months, every scenario and rulebook beside the others.

    Parameters
    ----------
    folder
        A study.
    scenario, rulebook
        Only these; rulebook "" is as cleared.
    only
        Names of tables that are wanted; where all are of `STUDY_TABLES` no run folder is opened.

    Returns
    -------
    MonitorTables
        Every table with scenario, rulebook (blank: as cleared) and month (YYYY-MM) in front:
        those of `STUDY_TABLES`, then the monitor's. ``outcome`` has days, the load-weighted
        price, sums over the days, and the change of the load payment against as cleared.
        ``pivotal_hours`` counts, by owner, hours in which some constraint could not be relieved
        without it alone (rsi1 below 1), or in which it failed its test.

    Raises
    ------
    InputError
        No study, or no finished run of that scenario and rulebook.
    """
    path = Path(folder)
    if not (path / "study.json").is_file():
        raise InputError.one("", None, None, "no_study", f"{path} is no study")
    made = Folders(path)
    months = list(_months(made, scenario, rulebook))
    if not months:
        asked = [f"{n} {v or 'as cleared'}" for n, v in
                 (("scenario", scenario), ("rulebook", rulebook)) if v is not None]  # fmt: skip
        what = " and ".join(asked) or "it"
        raise InputError.one("", None, None, "no_runs", f"{path} has no finished run of {what}")
    of_study = {
        "outcome": _outcome(made),
        "pivotal_hours": _pivotal_hours(made),
        "congestion_rent": _congestion_rent(made),
        "money": _money(made),
    }
    wanted = pd.DataFrame([group for group, _ in months], columns=_GROUP)
    tables = {
        name: table.merge(wanted, on=_GROUP).sort_values(_GROUP, kind="stable", ignore_index=True)
        for name, table in of_study.items()
        if len(table)
    }
    notes: dict[str, str] = {}
    if "pivotal_hours" not in tables:
        notes["pivotal_hours"] = "no structural test was made: mitigate the days"
    if "money" not in tables:
        notes["money"] = "the study has no [settle]"
    if only and set(only) <= set(STUDY_TABLES):
        return MonitorTables(tables, notes)
    return _with_monitors(made, months, tables, notes)


Group = tuple[str, str, str]


def _months(study: Folders, scenario: str | None, rulebook: str | None) -> Iterator[
    tuple[Group, list[str]]
]:  # fmt: skip
    """Scenario, rulebook and month with the days that were finished."""
    base = Ledger(study.root / "ledger.sqlite")
    try:
        done = base.frame()
    finally:
        base.close()
    done = done[done["status"].eq("done") & done["step"].isin(["clear", "mitigate"])]
    done = done.assign(month=done["day"].astype(str).str[:7], day=done["day"].astype(str))
    for key, rows in done.groupby(_GROUP, sort=True):
        group = (str(key[0]), str(key[1]), str(key[2]))
        if scenario in (None, group[0]) and rulebook in (None, group[1]):
            yield group, sorted(rows["day"])


def _run(study: Folders, group: Group, day: str) -> Run:
    step = f"mitigate.{group[1]}" if group[1] else "clear"
    return Run.read(study.run(f"{group[0]}/{day}/{step}"))


def _with_monitors(
    study: Folders,
    months: list[tuple[Group, list[str]]],
    tables: dict[str, pd.DataFrame],
    notes: dict[str, str],
) -> MonitorTables:
    parts: dict[str, list[pd.DataFrame]] = {}
    missing: dict[str, str] = {}
    for group, days in months:
        found = monitor_tables([_run(study, group, day) for day in days])
        missing.update(found.notes)
        for name, table in found.tables.items():
            kept = table.drop(columns="month", errors="ignore")
            for place, (column, value) in enumerate(zip(_GROUP, group, strict=True)):
                kept.insert(place, column, value)
            parts.setdefault(name, []).append(kept)
    for name, found_parts in parts.items():
        tables[name] = pd.concat(found_parts, ignore_index=True)
    notes.update({name: why for name, why in missing.items() if name not in tables})
    return MonitorTables(tables, notes)


def _month(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(month=rows["day"].astype(str).str[:7])


def _both(study: Folders, table: str, columns: list[str]) -> pd.DataFrame:
    """Rows of a table of the cleared and of the mitigated days."""
    own = ["scenario", "rulebook", "day"]
    parts = [read_days(study, table, step=step, columns=[*columns, *own])
             for step in ("clear", "mitigate")]  # fmt: skip
    filled = [part for part in parts if len(part)]
    return _month(pd.concat(filled, ignore_index=True)) if filled else pd.DataFrame()


def _outcome(study: Folders) -> pd.DataFrame:
    rows = _both(study, "runs", ["price", *_SUMS])
    rows["mwh"] = rows["load_payment"] / rows["price"]
    grouped = rows.groupby(_GROUP)
    table = grouped[[*_SUMS, "mwh"]].sum()
    table.insert(0, "days", grouped["day"].nunique())
    table.insert(1, "price", table["load_payment"] / table["mwh"])
    table = table.drop(columns="mwh").reset_index()
    cleared = table[table["rulebook"] == ""].set_index(["scenario", "month"])["load_payment"]
    before = cleared.reindex(pd.MultiIndex.from_frame(table[["scenario", "month"]])).to_numpy()
    return table.assign(payment_change=table["load_payment"] - before)


def _pivotal_hours(study: Folders) -> pd.DataFrame:
    columns = ["interval_start", "interval_end", "constraint", "owner", "rsi1", "passed"]
    rows = _both(study, "tests_structure", columns)
    if rows.empty:
        return rows
    rows["hours"] = hours_of(rows)
    rows["pivotal"] = rows["rsi1"] < 1
    rows["failed"] = rows["passed"].eq(False)
    by_hour = rows.groupby([*_GROUP, "owner", "interval_start"]).agg(
        pivotal=("pivotal", "any"), failed=("failed", "any"), hours=("hours", "first")
    )
    found = pd.DataFrame(
        {
            "hours_tested": by_hour["hours"],
            "hours_pivotal": by_hour["hours"].where(by_hour["pivotal"], 0.0),
            "hours_failed": by_hour["hours"].where(by_hour["failed"], 0.0),
        }
    )
    return found.groupby([*_GROUP, "owner"]).sum().reset_index()


def _congestion_rent(study: Folders) -> pd.DataFrame:
    columns = ["interval_start", "interval_end", "constraint", "contingency", "direction",
               "flow_mw", "shadow_price"]  # fmt: skip
    rows = _both(study, "constraints", columns)
    if rows.empty:
        return rows
    rows = rows[rows["shadow_price"] > 0]
    hours = hours_of(rows)
    rows = rows.assign(hours=hours, rent=rows["shadow_price"] * rows["flow_mw"].abs() * hours)
    keys = [*_GROUP, "constraint", "contingency", "direction"]
    found = rows.groupby(keys).agg(
        hours=("hours", "sum"), highest_shadow_price=("shadow_price", "max"), rent=("rent", "sum")
    )
    return found.reset_index()


def _money(study: Folders) -> pd.DataFrame:
    rows = read_days(
        study, "statement", step="settle", columns=["item", "amount", "scenario", "rulebook", "day"]
    )
    if rows.empty:
        return rows
    rows = _month(rows)
    rows["paid"] = rows["amount"].where(rows["amount"] < 0, 0) * -1
    rows["received"] = rows["amount"].where(rows["amount"] > 0, 0)
    return rows.groupby([*_GROUP, "item"])[["received", "paid"]].sum().reset_index()
