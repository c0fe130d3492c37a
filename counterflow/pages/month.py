"""The page of many days: from a month of runs, or from a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cases import InputError, Run
from counterflow.pages.audience import Audience
from counterflow.pages.blocks import Column, Facts, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.page import Opener, Page, shared_chains, things_of
from counterflow.pages.panels.decisions import EXPLAINED, chains
from counterflow.pages.panels.month import (
    day_table,
    days_panel,
    limits_panel,
    month_decisions_panel,
    month_tables_panels,
    owners_panel,
    trends_panel,
)
from counterflow.pages.text import Text, say
from counterflow.studies import Study

__all__ = ["is_study", "month_page", "study_days"]


def is_study(path: Path) -> bool:
    """Whether a folder is that of a study."""
    return (path / "study.json").is_file()


def study_days(
    folder: Path, audience: Audience, scenario: str | None = None, rulebook: str | None = None
) -> list[Day]:
    """Days of a study: those mitigated by its first rulebook, else as cleared.

    Raises
    ------
    InputError
        The study has no finished day of that scenario and rulebook.
    """
    study = Study(folder)
    done = study.ledger
    done = done[done["status"].eq("done") & done["step"].isin(["clear", "mitigate"])]
    if scenario is not None:
        done = done[done["scenario"] == scenario]
    if done.empty:
        raise InputError.one("", None, None, "no_runs", f"{folder} has no finished day yet")
    chosen = done[done["scenario"] == done["scenario"].iloc[0]]
    books = chosen.loc[chosen["step"] == "mitigate", "rulebook"]
    book = rulebook if rulebook is not None else (str(books.iloc[0]) if len(books) else "")
    step = "mitigate" if book else "clear"
    rows = chosen[(chosen["step"] == step) & (chosen["rulebook"] == book)]
    if rows.empty:
        message = f"{folder} has no finished day of rulebook {book!r}"
        raise InputError.one("", None, None, "no_runs", message)
    days = []
    for identity, date in zip(rows["id"], rows["day"].astype(str), strict=True):
        run = Run.read(folder / "runs" / str(identity))
        parent = study.run(str(rows["scenario"].iloc[0]), date) if book else None
        place = str(folder / "runs" / str(identity))
        days.append(Day.of(run, parent, audience=audience, folder=place))
    return sorted(days, key=lambda day: day.starts[0])


def month_page(days: Sequence[Day], name: str = "") -> Page:
    """Make the page of several days, each once.

    Raises
    ------
    InputError
        Days that overlap, or of different currencies.
    """
    starts = days[0].starts
    for day in days[1:]:
        if len(starts.intersection(day.starts)):
            message = f"two of the runs have the interval {day.starts[0].isoformat()}"
            raise InputError.one("", None, None, "twice", message)
        starts = pd.DatetimeIndex(starts.append(day.starts))
    if len({day.money for day in days}) > 1:
        raise InputError.one("", None, None, "currency", "the runs have different currencies")
    table = day_table(days)
    told: dict[str, list[str]] = {}
    for day in days:
        if day.mitigated and len(told) < EXPLAINED:
            told |= chains(day, EXPLAINED // len(days) or 1)
    panels = (
        trends_panel(days, table),
        days_panel(days, table),
        month_decisions_panel(days),
        owners_panel(days),
        limits_panel(days),
        *month_tables_panels(days),
        _audit(days),
    )
    facts: tuple[tuple[str, str | Text], ...] = (
        ("fact.rulebook", ", ".join(sorted({str(day.manifest["rulebook"]) for day in days}))),
        ("fact.currency", days[0].money),
        ("fact.for", str(days[0].audience)),
    )
    return Page(
        kind="study",
        name=name or days[0].run.case.meta.name,
        date=f"{days[0].starts[0].date()} – {days[-1].starts[-1].date()}",
        timezone=days[0].run.case.meta.timezone,
        facts=facts,
        panels=panels,
        starts=starts,
        openers=tuple(_openers(days, table)),
        audience=str(days[0].audience),
        extra=_extra(days, told),
    )


def _openers(days: Sequence[Day], table: pd.DataFrame) -> list[Opener]:
    worst = table.sort_values("replaced", ascending=False, kind="stable").iloc[0]
    out = []
    if worst["replaced"]:
        text = say("opener.day", day=str(worst["day"]), n=("count", int(worst["replaced"])))
        out.append(Opener(text, f"panel=decisions&q={worst['day'][5:]}"))
    dear = table.sort_values("price_after", ascending=False, kind="stable").iloc[0]
    price = ("price", float(dear["price_after"]))
    text = say("days.title", day=str(dear["day"]), price=price, unit=days[0].per_mwh)
    out.append(Opener(text, "panel=days"))
    return out


def _extra(days: Sequence[Day], told: dict[str, list[str]]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for day in days:
        for name, value in things_of(day).items():
            known = merged.get(name)
            if isinstance(known, dict) and isinstance(value, dict):
                known.update(value)
            else:
                merged[name] = dict(value) if isinstance(value, dict) else value
    merged["folder_of"] = {str(day.starts[0].date()): day.folder or "RUN" for day in days}
    return {**merged, "folder": "RUN", "chains": shared_chains(told)}


def _audit(days: Sequence[Day]) -> Panel:
    """The runs behind the page, with their hashes."""
    frame = pd.DataFrame(
        {
            "day": [str(day.starts[0].date()) for day in days],
            "run": [str(day.manifest["run_id"]) for day in days],
            "parent": [str(day.manifest.get("parent") or "") for day in days],
            "rulebook": [str(day.manifest["rulebook_hash"])[:12] for day in days],
            "folder": [day.folder for day in days],
        }
    )
    columns = (
        Column("day", "axis.day"),
        Column("run", "fact.run"),
        Column("parent", "fact.parent"),
        Column("rulebook", "fact.rulebook_hash"),
        Column("folder", "column.folder"),
    )
    version = str(days[0].manifest["code_version"])
    blocks = (
        Sheet("runs", columns, frame, say("runs.caption")),
        Facts((("fact.version", version),)),
    )
    return Panel("audit", "panel.audit", say("audit.title", version=version), blocks)
