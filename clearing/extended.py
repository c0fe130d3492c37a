"""Runs with an extension: what their manifest says of it, and how a rerun gets it again."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases import Case, InputError, Run
from clearing.day.day import Day
from clearing.day.extension import Extend, name_of
from clearing.model import ClearedModel
from clearing.session.cleared import Cleared
from clearing.tables.custom import extension_cost
from network.arrays import Floats

__all__ = ["again", "decided_whole", "extension_of", "extension_report", "extension_setting"]


def extension_setting(day: Day) -> dict[str, Any]:
    """The name of the extension and the hash of what it added, for the settings of a run."""
    if day.extension is None:
        return {}
    return {"extend": {"name": day.extension.name, "content": day.extension.content}}


def extension_report(cleared: Cleared) -> dict[str, Any]:
    """What the manifest says of an extension: rows by component, variables, costs."""
    extension = cleared.day.extension
    if extension is None:
        return {}
    said = {
        "name": extension.name,
        "rows": extension.components,
        "variables": len(extension.variables),
        "cost": extension_cost(cleared),
        "whole": cleared.day.commitment.whole.tolist()
        if cleared.day.commitment is not None and cleared.day.commitment.whole is not None
        else None,
    }
    return {"extension": said}


def extension_of(run: Run) -> Extend | None:
    """The extension of a run that is in memory; None where it has none.

    Raises InputError where the run had one and was read from its folder, which holds no code.
    """
    asked = run.settings.get("extend")
    if asked is None:
        return None
    kept: Extend | None = run.extend
    before = _day_before(run)
    if kept is None and before is not None:
        kept = before.extend
    if kept is not None:
        return kept
    message = (
        f"the run was cleared with the extension {asked['name']}, which its folder does not hold: "
        "give the same function again"
    )
    raise InputError.one("", None, "extend", "extension_missing", message)


def _day_before(run: Run) -> Day | None:
    """The day of a run that is in memory, its extension with it; None of one that was read."""
    model: ClearedModel | None = run.model
    return model.cleared.day if model is not None and model.opened else None


def again(run: Run, case: Case, extend: Extend | None) -> Day:
    """The day of a run with other offers, its extension included.

    Raises InputError where a given extension is not the one of the run.
    """
    asked = run.settings.get("extend")
    before = _day_before(run)
    if extend is None and before is not None and asked is not None:
        return Day.of(case, run.rulebook).sharing(before)
    extend = extension_of(run) if extend is None else extend
    day = Day.of(case, run.rulebook, extend=extend)
    added = None if day.extension is None else day.extension.content
    if added != (None if asked is None else asked["content"]):
        was = "no extension" if asked is None else f"the extension {asked['name']}"
        given = "none" if extend is None else name_of(extend)
        message = f"the run was cleared with {was}, and {given} adds something else"
        raise InputError.one("", None, "extend", "other_extension", message)
    return day


def decided_whole(run: Run) -> Floats | None:
    """Values of an extension's variables, of which a rerun holds the whole ones, (V,)."""
    told = run.stated.get("extension") or {}
    whole = told.get("whole")
    return None if whole is None else np.array(whole, dtype=float)
