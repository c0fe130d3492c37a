"""What changed between the run as submitted and the run as mitigated: limits, units, money."""

from __future__ import annotations

import warnings
from typing import Final

import pandas as pd

from cases import Run
from cases.errors import CounterflowError, DataWarning
from counterflow.explain.limits import active, network_limits, relieved_flow
from counterflow.pages.blocks import Block, Chart, Column, Note, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.panels.structure import tests_of
from counterflow.pages.text import Text, say
from counterflow.plots.stack import generation_stack
from settlement import settle
from settlement.ledger.statement import Statement

__all__ = [
    "constraint_changes",
    "constraints_panel",
    "dispatch_changes",
    "dispatch_panel",
    "owner_settlement",
    "settlement_panel",
]

_LIMIT: Final = ["constraint", "contingency", "direction"]


def _limits(run: Run) -> pd.DataFrame:
    """Binding limits of a run with their rent: one row per limit and interval."""
    rows = active(network_limits(run.constraints))
    hours = run.case.interval_hours
    return rows.assign(rent=rows["shadow_price"] * relieved_flow(rows) * hours)


def constraint_changes(day: Day) -> pd.DataFrame:
    """Binding limits of both runs, all intervals together.

    Returns
    -------
    DataFrame
        constraint, contingency, direction, limit_mw (lowest), flow_mw (largest, in the binding
        direction); hours, shadow_price (mean where it binds) and rent, each ``_before`` and
        ``_after``; rent_change; tests and failed. Largest rent first. Without a parent the
        ``_before`` columns are missing.
    """
    parts = {"after": _limits(day.run)}
    if day.parent is not None:
        parts = {"before": _limits(day.parent), **parts}
    sides = []
    for side, rows in parts.items():
        own = rows.groupby(_LIMIT).agg(
            hours=("rent", "size"), shadow_price=("shadow_price", "mean"), rent=("rent", "sum")
        )
        own["hours"] = own["hours"] * day.run.case.interval_hours
        sides.append(own.add_suffix(f"_{side}"))
    out = pd.concat(sides, axis=1)
    for name in out.columns:
        if name.startswith(("hours", "rent")):
            out[name] = out[name].astype(float).fillna(0.0)
    if day.parent is not None:
        out["rent_change"] = out["rent_after"] - out["rent_before"]
    every = pd.concat([rows.assign(flow=relieved_flow(rows)) for rows in parts.values()])
    extremes = every.groupby(_LIMIT).agg(limit_mw=("limit_mw", "min"), flow_mw=("flow", "max"))
    tests = tests_of(day)
    key = ["constraint", "contingency", "direction", "interval_start"]
    passed = tests.groupby(key)["passed"].all().groupby(_LIMIT).agg(["size", "sum"])
    out = extremes.join(out)
    out["tests"] = passed["size"].reindex(out.index).fillna(0).astype(int)
    out["failed"] = out["tests"] - passed["sum"].reindex(out.index).fillna(0).astype(int)
    rent = "rent_before" if day.parent is not None else "rent_after"
    return out.reset_index().sort_values(rent, ascending=False, kind="stable", ignore_index=True)


def constraints_panel(day: Day) -> Panel:
    """Binding limits with flow, limit, price and rent, hour by hour below."""
    table = constraint_changes(day)
    if table.empty:
        none = say("note.nothing_binds")
        return Panel("constraints", "panel.constraints", none, (Note(none, "missing"),))
    pair = day.parent is not None
    columns = [
        Column("constraint", "column.constraint", dim="constraint"),
        Column("contingency", "column.contingency"),
        Column("direction", "column.direction", "state"),
        Column("limit_mw", "column.limit_mw", "mw", "MW"),
        Column("flow_mw", "column.flow_mw", "mw", "MW"),
    ]
    for name, kind, unit in (
        ("hours", "number", "h"),
        ("shadow_price", "price", day.per_mwh),
        ("rent", "money", day.money),
    ):
        for side in ("before", "after") if pair else ("after",):
            label = f"column.{name}_{side}" if pair else f"column.{name}"
            columns.append(Column(f"{name}_{side}", label, kind, unit))  # type: ignore[arg-type]
    if pair:
        columns.append(Column("rent_change", "column.rent_change", "money", day.money))
    if day.mitigated:
        columns += [
            Column("tests", "column.tests", "count"),
            Column("failed", "column.failed", "count"),
        ]
    sheet = Sheet("constraints", tuple(columns), table, say("constraints.caption"))
    first = table.iloc[0]
    hours = float(first["hours_before" if pair else "hours_after"])
    title = say(
        "constraints.title",
        n=("count", len(table)),
        constraint=str(first["constraint"]),
        hours=("number", hours),
    )
    return Panel("constraints", "panel.constraints", title, (sheet, _hourly(day)))


def _hourly(day: Day) -> Sheet:
    """Binding limits hour by hour, both runs."""
    parts = [_limits(run).assign(run=name) for name, run in _sides(day)]
    frame = pd.concat(parts).sort_values(
        ["interval_start", "constraint", "contingency", "run"], kind="stable", ignore_index=True
    )
    columns = (
        Column("interval_start", "column.interval_start", "time", dim="t"),
        Column("run", "column.run", "state"),
        Column("constraint", "column.constraint", dim="constraint"),
        Column("contingency", "column.contingency"),
        Column("direction", "column.direction", "state"),
        Column("limit_mw", "column.limit_mw", "mw", "MW"),
        Column("flow_mw", "column.flow_mw", "mw", "MW"),
        Column("shadow_price", "column.shadow_price", "price", day.per_mwh),
        Column("penalty_mw", "column.penalty_mw", "mw", "MW"),
        Column("rent", "column.rent", "money", day.money),
    )
    return Sheet("limits_by_hour", columns, frame, say("limits_by_hour.caption"))


def _sides(day: Day) -> list[tuple[str, Run]]:
    own = [("after" if day.mitigated else "cleared", day.run)]
    return own if day.parent is None else [("before", day.parent), *own]


def dispatch_changes(before: Run, after: Run) -> pd.DataFrame:
    """Units whose output, hours or cost changed, the largest change of MWh first.

    Returns
    -------
    DataFrame
        unit, owner, bus; hours_before, hours_after (h on); mwh_before, mwh_after, mwh_change;
        cost_before, cost_after, cost_change (money).
    """
    hours = after.case.interval_hours
    sides = []
    for name, run in (("before", before), ("after", after)):
        table = run.dispatch
        sums = (
            table.assign(on=table["on"].astype(bool) * hours, mw=table["mw"] * hours)
            .groupby("unit")[["on", "mw", "cost"]]
            .sum()
        )
        sides.append(sums.set_axis([f"{n}_{name}" for n in ("hours", "mwh", "cost")], axis=1))
    out = sides[0].join(sides[1], how="outer").fillna(0.0)
    for name in ("mwh", "cost"):
        out[f"{name}_change"] = out[f"{name}_after"] - out[f"{name}_before"]
    units = after.case.units.set_index("unit")
    out.insert(0, "bus", units["bus"].reindex(out.index))
    out.insert(0, "owner", units["owner"].reindex(out.index))
    moved = (
        (out["mwh_change"].abs() > 1e-3)
        | (out["cost_change"].abs() > 5e-3)
        | (out["hours_after"] != out["hours_before"])
    )
    out = out[moved]
    order = (-out["mwh_change"].abs()).sort_values(kind="stable").index
    return out.loc[order].rename_axis("unit").reset_index()


def dispatch_panel(day: Day) -> Panel:
    """Who produced more and who less after the offers were replaced."""
    if day.run.dispatch.empty:
        note = Note(say("note.not_disclosed"), "missing")
        return Panel("dispatch", "panel.dispatch", say("dispatch.plain"), (note,))
    stack = Chart(
        "stack",
        generation_stack(day.run),
        say("stack.title"),
        {"xaxis": "axis.interval", "yaxis": "axis.mw"},
    )
    if day.parent is None:
        return Panel("dispatch", "panel.dispatch", say("dispatch.plain"), (_no_parent(day), stack))
    table = dispatch_changes(day.parent, day.run)
    columns = (
        Column("unit", "column.unit", dim="unit"),
        Column("owner", "column.owner", dim="owner"),
        Column("bus", "column.bus", dim="bus"),
        Column("hours_before", "column.hours_on_before", "number", "h"),
        Column("hours_after", "column.hours_on_after", "number", "h"),
        Column("mwh_before", "column.mwh_before", "mw", "MWh"),
        Column("mwh_after", "column.mwh_after", "mw", "MWh"),
        Column("mwh_change", "column.mwh_change", "mw", "MWh"),
        Column("cost_before", "column.cost_before", "money", day.money),
        Column("cost_after", "column.cost_after", "money", day.money),
        Column("cost_change", "column.cost_change", "money", day.money),
    )
    blocks: list[Block] = [stack]
    if table.empty:
        blocks.insert(0, Note(say("note.same_dispatch")))
    else:
        blocks.insert(0, Sheet("dispatch_changes", columns, table, say("dispatch.caption")))
    return Panel("dispatch", "panel.dispatch", _dispatch_title(table), tuple(blocks))


def _dispatch_title(table: pd.DataFrame) -> Text:
    if table.empty:
        return say("note.same_dispatch")
    ordered = table.sort_values("mwh_change", kind="stable")
    down, up = ordered.iloc[0], ordered.iloc[-1]
    if not (up["mwh_change"] > 0 > down["mwh_change"]):
        return say("dispatch.changed", n=("count", len(table)))
    return say(
        "dispatch.title",
        up=str(up["unit"]),
        more=("mw", float(up["mwh_change"])),
        down=str(down["unit"]),
        less=("mw", -float(down["mwh_change"])),
    )


def _no_parent(day: Day) -> Note:
    return Note(day.parent_note or say("note.parent_missing", id=""), "missing")


def owner_settlement(statement: Statement) -> pd.DataFrame:
    """Balance of a statement by owner (money received), without kinds that nobody has."""
    wide = statement.balance.set_index("owner").astype(float)
    return wide.loc[:, [name for name in wide if name == "total" or wide[name].any()]]


def settlement_panel(day: Day) -> Panel:
    """Who pays whom, before and after, and whether it sums to zero."""
    if day.audience.kind == "public":
        note = Note(say("note.not_disclosed"), "missing")
        return Panel("settlement", "panel.settlement", say("settlement.plain"), (note,))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            after = settle(day.whole)
            before = None if day.whole_parent is None else settle(day.whole_parent)
    except CounterflowError as error:
        note = Note(say("note.failed", reason=str(error).splitlines()[0]), "missing")
        return Panel("settlement", "panel.settlement", say("settlement.plain"), (note,))
    table = _settlement_frame(after, before)
    total = after.total()
    if day.audience.kind == "participant":
        table = table[table["owner"] == day.audience.owner].reset_index(drop=True)
    columns = [Column("owner", "column.owner", dim="owner")]
    for name in [name for name in table.columns if name not in ("owner", "before", "change")]:
        key = f"money.{name}" if name != "after" else "column.total_after"
        columns.append(Column(name, key, "money", day.money))
    if before is not None:
        columns.append(Column("before", "column.total_before", "money", day.money))
        columns.append(Column("change", "column.total_change", "money", day.money))
    blocks: list[Block] = [
        Sheet("settlement", tuple(columns), table, say("settlement.caption")),
    ]
    zero = total == 0
    blocks.append(
        Note(
            say("settlement.zero" if zero else "settlement.not_zero"), "good" if zero else "missing"
        )
    )
    if before is None and day.mitigated:
        blocks.append(_no_parent(day))
    blocks.append(_cover(day))
    return Panel("settlement", "panel.settlement", _settlement_title(table), tuple(blocks))


def _settlement_frame(after: Statement, before: Statement | None) -> pd.DataFrame:
    table = owner_settlement(after).rename(columns={"total": "after"})
    if before is not None:
        table["before"] = owner_settlement(before)["total"].reindex(table.index).fillna(0.0)
        table["change"] = table["after"] - table["before"]
        order = (-table["change"].abs()).sort_values(kind="stable").index
        table = table.loc[order]
    return table.rename_axis("owner").rename_axis(None, axis=1).reset_index()


def _cover(day: Day) -> Note:
    contracts = day.run.case.tables.get("contracts")
    if contracts is None or contracts.empty:
        return Note(say("settlement.no_cover"))
    return Note(say("settlement.cover", n=("count", len(contracts))))


def _settlement_title(table: pd.DataFrame) -> Text:
    if "change" not in table or table.empty:
        return say("settlement.plain")
    first = table.iloc[0]
    key = "settlement.gained" if first["change"] > 0 else "settlement.lost"
    return say(key, owner=str(first["owner"]), money=("money", abs(float(first["change"]))))
