"""Who was pivotal: constraint by hour, the supply that was tested, and the market's structure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from cases.errors import CounterflowError, DataWarning
from counterflow.pages.blocks import Block, Column, Grid, Note, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.measured import BUSES
from counterflow.pages.text import Text, say
from counterflow.plots.structure import constraint_names
from counterflow.tables.monitor_tables import monitor_tables

__all__ = ["pivotal_panel", "sheets_of", "structure_panel", "tests_of"]


def tests_of(day: Day) -> pd.DataFrame:
    """Tests of constraints with an index for three suppliers, and the ``name`` of each."""
    tests = day.run.tests_structure
    tests = tests[(tests["constraint"] != "") & (tests["need_mw"] > 0)]
    return tests.assign(name=constraint_names(tests)).reset_index(drop=True)


def pivotal_panel(day: Day) -> Panel:
    """Lowest three-supplier index of every constraint and hour, and the table behind a cell."""
    tests = tests_of(day)
    if tests.empty:
        key = "note.no_tests" if day.audience.kind == "monitor" else "note.not_disclosed"
        return Panel("pivotal", "panel.pivotal", say(key), (Note(say(key), "missing"),))
    cells = tests.groupby(["name", "interval_start"]).agg(
        index=("rsi3", "min"), failed=("passed", lambda passed: not passed.all())
    )
    failures = cells.groupby("name")["failed"].sum().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in failures.index]
    wide = cells["index"].unstack("interval_start").reindex(index=names, columns=day.starts)
    failed = cells["failed"].unstack("interval_start").reindex(index=names, columns=day.starts)
    hit = failed.eq(True).to_numpy()
    tested = failed.notna().to_numpy()
    grid = Grid(
        "pivotal",
        tuple(names),
        wide.to_numpy(dtype=float),
        ("", "mark.pass", "mark.fail"),
        np.where(hit, 2, np.where(tested, 1, 0)),
        label="column.constraint",
        scale="risk",
        value="factor",
        dim="constraint",
        target="suppliers",
        legend=(("✕", "mark.fail"), ("·", "mark.pass"), ("", "mark.none")),
    )
    columns = (
        Column("name", "column.constraint", dim="constraint_name"),
        Column("interval_start", "column.interval_start", "time", dim="t"),
        Column("owner", "column.owner", dim="owner"),
        Column("supply_mw", "column.supply_mw", "mw", "MW"),
        Column("total_supply_mw", "column.total_supply_mw", "mw", "MW"),
        Column("need_mw", "column.need_mw", "mw", "MW"),
        Column("relevant_price", "column.relevant_price", "price", day.per_mwh),
        Column("shadow_price", "column.shadow_price", "price", day.per_mwh),
        Column("rsi1", "column.rsi1", "factor"),
        Column("rsi2", "column.rsi2", "factor"),
        Column("rsi3", "column.rsi3", "factor"),
        Column("result", "column.tps_result", "state"),
        Column("rule_id", "column.test", "state"),
        Column("constraint", "column.constraint", dim="constraint", hidden=True),
        Column("slack", "column.slack", hidden=True),
        Column("base", "column.base", hidden=True),
        Column("note", "column.note", hidden=True),
    )
    frame = tests.assign(result=np.where(tests["passed"].astype(bool), "pass", "fail"))
    frame = frame.sort_values(
        ["shadow_price", "supply_mw"], ascending=False, kind="stable", ignore_index=True
    )
    blocks: list[Block] = [grid, Sheet("suppliers", columns, frame, say("suppliers.caption"))]
    if day.measured == "made" and (tests["rule_id"] == "three_pivotal").all():
        blocks.insert(0, Note(say("pivotal.made")))
    relief = _relief(day)
    if relief is not None:
        blocks.append(relief)
    return Panel("pivotal", "panel.pivotal", _pivotal_title(failures, tests), tuple(blocks))


def _pivotal_title(failures: pd.Series[int], tests: pd.DataFrame) -> Text:
    worst = str(failures.index[0])
    rows = tests[tests["name"] == worst]
    hours = rows["interval_start"].nunique()
    if not failures.iloc[0]:
        return say("pivotal.none", n=("count", len(failures)))
    failing = rows[~rows["passed"].astype(bool)]
    owner = failing["owner"].replace("", np.nan).dropna().mode()
    if owner.empty:
        return say(
            "pivotal.nobody",
            constraint=worst,
            hours=("count", hours),
            failed=("count", int(failures.iloc[0])),
        )
    own = failing[failing["owner"] == owner.iloc[0]]["interval_start"].nunique()
    return say(
        "pivotal.title",
        constraint=worst,
        hours=("count", hours),
        owner=str(owner.iloc[0]),
        pivotal=("count", own),
    )


def _relief(day: Day) -> Sheet | None:
    """Blocks that were tested as supply of relief, the cheapest first."""
    relief = day.run.relief
    if relief.empty or len(relief) > 20_000:
        return None
    frame = relief.assign(
        name=constraint_names(relief), state=np.where(relief["relevant"], "relevant", "outside")
    ).sort_values(["interval_start", "name", "effective_price"], kind="stable", ignore_index=True)
    columns = (
        Column("name", "column.constraint", dim="constraint_name"),
        Column("interval_start", "column.interval_start", "time", dim="t"),
        Column("owner", "column.owner", dim="owner"),
        Column("unit", "column.unit", dim="unit"),
        Column("segment", "column.segment", "count"),
        Column("price", "column.offered", "price", day.per_mwh),
        Column("mw", "column.mw", "mw", "MW"),
        Column("dfax", "column.dfax", "factor"),
        Column("effective_mw", "column.effective_mw", "mw", "MW"),
        Column("effective_price", "column.effective_price", "price", day.per_mwh),
        Column("state", "column.relevant", "state"),
        Column("constraint", "column.constraint", dim="constraint", hidden=True),
    )
    return Sheet("relief", columns, frame, say("relief.caption"))


_TABLES = {
    "concentration": ("basis", "average", "minimum", "maximum", "hours_high", "share_high"),
    "pivotal_together": ("suppliers", "hours", "share"),
    "pivotal_alone": ("rank", "owner", "hours", "share"),
    "output_gap": ("threshold_percent", "average_mw", "maximum_mw", "mwh", "share"),
    "markup_by_owner": ("owner", "contribution", "share"),
    "markup_by_fuel": ("fuel", "contribution", "share"),
    "capped_units": ("unit", "run_hours", "capped_hours", "share"),
    "marginal_by_owner": ("owner", "share", "rank"),
    "capping": ("month", "unit_hours", "capped_hours", "share_hours", "capped_mwh", "share_mwh"),
    "mitigated": ("component", "action", "decisions", "units", "intervals", "money_effect"),
    "markup_in_prices": ("month", "period", "zone", "intervals", "markup"),
}
_DAY_TABLES = (
    "concentration",
    "pivotal_together",
    "pivotal_alone",
    "output_gap",
    "markup_by_owner",
    "markup_by_fuel",
    "capped_units",
    "marginal_by_owner",
)
_KINDS = {
    "share": "percent",
    "share_high": "percent",
    "hours": "count",
    "hours_high": "count",
    "suppliers": "count",
    "rank": "count",
    "run_hours": "count",
    "capped_hours": "count",
    "average": "number",
    "minimum": "number",
    "maximum": "number",
    "average_mw": "mw",
    "maximum_mw": "mw",
    "mwh": "mw",
    "contribution": "price",
    "threshold_percent": "number",
    "unit_hours": "number",
    "share_hours": "percent",
    "capped_mwh": "mw",
    "share_mwh": "percent",
    "component": "state",
    "action": "state",
    "decisions": "count",
    "units": "count",
    "intervals": "count",
    "money_effect": "money",
    "markup": "price",
}


def sheets_of(
    tables: Mapping[str, pd.DataFrame], names: Iterable[str], per_mwh: str, money: str
) -> tuple[Sheet, ...]:
    """Sheets of those of the monitor's tables that there are."""
    sheets = []
    for name in names:
        if name not in tables:
            continue
        frame = tables[name]
        columns = tuple(
            Column(
                column,
                f"column.{column}",
                _KINDS.get(column, "text"),  # type: ignore[arg-type]
                {
                    "mwh": "MWh",
                    "capped_mwh": "MWh",
                    "contribution": per_mwh,
                    "markup": per_mwh,
                    "money_effect": money,
                }.get(column, ""),
                column if column in ("owner", "unit", "zone") else "",
            )
            for column in _TABLES[name]
            if column in frame
        )
        sheets.append(Sheet(name, columns, frame.reset_index(drop=True), say(f"{name}.caption")))
    return tuple(sheets)


def structure_panel(day: Day) -> Panel:
    """Concentration, pivotal hours, output gap and markup: the monitor's published tables."""
    if day.measured == "large":
        note = Note(say("note.structure_large", n=("count", BUSES)), "missing")
        return Panel("structure", "panel.structure", say("structure.title"), (note,))
    if day.audience.kind != "monitor":
        note = Note(say("note.not_disclosed"), "missing")
        return Panel("structure", "panel.structure", say("structure.title"), (note,))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            made = monitor_tables(day.whole)
    except CounterflowError as error:
        note = Note(say("note.failed", reason=str(error).splitlines()[0]), "missing")
        return Panel("structure", "panel.structure", say("structure.title"), (note,))
    blocks: list[Block] = list(sheets_of(made.tables, _DAY_TABLES, day.per_mwh, day.money))
    if not blocks:
        reason = next(iter(made.notes.values()), "")
        blocks = [Note(say("note.failed", reason=reason), "missing")]
    return Panel("structure", "panel.structure", _structure_title(made.tables), tuple(blocks))


def _structure_title(tables: dict[str, pd.DataFrame]) -> Text:
    alone = tables.get("pivotal_alone")
    if alone is None or alone.empty:
        return say("structure.title")
    first = alone.iloc[0]
    return say("structure.pivotal", owner=str(first["owner"]), hours=("count", int(first["hours"])))
