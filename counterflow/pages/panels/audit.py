"""Where every number comes from: hashes, rules, solver, events, overrides, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cases import Proof
from counterflow.pages.blocks import Block, Column, Facts, Panel, Sheet
from counterflow.pages.day import Day
from counterflow.pages.text import Text, say

__all__ = ["audit_panel"]


def audit_panel(day: Day) -> Panel:
    """The audit trail of the run."""
    manifest = day.manifest
    folder = day.folder or "RUN"
    solver = manifest.get("solver") or {}
    told = " ".join(f"{key} {value}" for key, value in solver.items())
    rows: list[tuple[str, str | Text]] = [
        ("fact.run", str(manifest["run_id"])),
        ("fact.parent", str(manifest.get("parent") or "-")),
        ("fact.case_hash", str(manifest["case_hash"])),
        ("fact.rulebook", _rulebook(manifest)),
        ("fact.rulebook_hash", str(manifest["rulebook_hash"])),
        ("fact.solver", told),
        ("fact.proof", Proof.of(day.whole.stated).text(day.money)),
        ("fact.reference", str(day.whole.settings.get("reference", ""))),
        ("fact.created", str(manifest["created"])),
        ("fact.version", str(manifest["code_version"])),
        ("fact.verify", f"counterflow verify {folder}"),
        ("fact.evidence", f"counterflow evidence {folder} -o evidence.zip"),
    ]
    procedure = (manifest.get("mitigation") or {}).get("procedure")
    if procedure:
        text = ", ".join(f"{key} {value}" for key, value in procedure.items())
        rows.insert(5, ("fact.procedure", text))
    blocks: list[Block] = [Facts(tuple(rows))]
    if day.run.events:
        blocks.append(_events(day))
    overrides = day.run.decisions
    overrides = overrides[overrides["override_by"] != ""].reset_index(drop=True)
    if len(overrides):
        columns = (
            Column("unit", "column.unit", dim="unit"),
            Column("interval_start", "column.interval_start", "time", dim="t"),
            Column("component", "column.component", "state"),
            Column("action", "column.action", "state"),
            Column("override_by", "column.override_by"),
            Column("override_reason", "column.override_reason"),
        )
        blocks.append(Sheet("overrides", columns, overrides, say("overrides.caption")))
    if day.mitigated:
        blocks.append(_warnings(day))
    title = say("audit.title", version=str(manifest["code_version"]))
    return Panel("audit", "panel.audit", title, tuple(blocks))


def _rulebook(manifest: Mapping[str, Any]) -> str:
    name, date = str(manifest["rulebook"]), manifest.get("rulebook_as_of")
    profile = (manifest.get("mitigation") or {}).get("profile")
    parts = [name, f"profile {profile}" if profile and profile != name else "", str(date or "")]
    return ", ".join(part for part in parts if part)


def _events(day: Day) -> Sheet:
    rows = [
        {
            "n": n,
            "event": str(event.get("event", "")),
            "told": ", ".join(f"{k} {_short(v)}" for k, v in event.items() if k != "event"),
        }
        for n, event in enumerate(day.run.events, start=1)
    ]
    columns = (
        Column("n", "column.n", "count"),
        Column("event", "column.event"),
        Column("told", "column.told"),
    )
    return Sheet("events", columns, pd.DataFrame(rows), say("events.caption"))


def _short(value: Any) -> str:
    text = f"{value:,.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 120 else text[:117] + "..."


def _warnings(day: Day) -> Sheet:
    texts = [str(text) for text in day.run.stated.get("warnings", [])]
    notes = (day.run.stated.get("mitigation") or {}).get("notes", [])
    texts += [str(note) for note in notes]
    frame = pd.DataFrame({"n": range(1, len(texts) + 1), "warning": texts})
    columns = (Column("n", "column.n", "count"), Column("warning", "column.warning"))
    return Sheet("warnings", columns, frame.astype({"warning": "str"}), say("warnings.caption"))
