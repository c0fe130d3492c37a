"""The four slots of a procedure, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pandas as pd

from cases.errors import InputError
from mitigation.keys import KEY
from mitigation.slots import (
    Applied,
    AssessedRun,
    Impact,
    Outcome,
    Procedure,
    Replacement,
    SlotFunction,
    Subjects,
)
from mitigation.slots.parts import among
from mitigation.structure.run import StructureTests
from mitigation.structure.verdicts import as_run_table

__all__ = ["but_for", "carry_out"]

Part = TypeVar("Part", Subjects, Replacement, Impact, Applied)


def carry_out(procedure: Procedure, assessed: AssessedRun) -> Outcome:
    """Carry out a procedure on an assessed run.

    Raises
    ------
    InputError
        A slot gave something else than its part, or keys that are not to be had; whatever the
        functions of the slots refuse.
    """
    subjects = _given(procedure.subject, Subjects, assessed)
    _known_keys(procedure.subject, subjects.keys, assessed.failing, "failed the conduct test")
    replacement = _without_kept(
        _given(procedure.replacement, Replacement, assessed, subjects), assessed.kept
    )
    impact = _given(procedure.impact, Impact, assessed, replacement)
    _known_keys(procedure.impact, impact.keys, replacement.keys, "the replacement gives")
    applied = _given(procedure.apply, Applied, assessed, replacement, impact)
    parts = (subjects, replacement, applied)
    events: list[Mapping[str, Any]] = [*subjects.events, *replacement.events, *impact.events]
    found = assessed.structure
    notes = [*(found.notes if found else ()), *(note for part in parts for note in part.notes)]
    terms = [part.terms for part in parts if len(part.terms)]
    return Outcome(
        final=applied.run,
        mitigated=applied.mitigated,
        impact=impact.rows,
        verdicts=impact.verdicts,
        events=[*events, *applied.events],
        details=tuple(part.details for part in parts),
        terms=pd.concat(terms, ignore_index=True) if terms else subjects.terms,
        tables=_tables(found),
        notes=tuple(dict.fromkeys(notes)),
        whole=replacement.whole,
    )


def but_for(procedure: Procedure, assessed: AssessedRun) -> Impact:
    """Measure the impact by a procedure, and replace nothing: what an override stands against."""
    subjects = _given(procedure.subject, Subjects, assessed)
    replacement = _given(procedure.replacement, Replacement, assessed, subjects)
    return _given(procedure.impact, Impact, assessed, replacement)


def _given(slot: SlotFunction, part: type[Part], *inputs: object) -> Part:
    """What the function of a slot gives, of the type that the slot asks for."""
    made = slot.function(*inputs)
    if not isinstance(made, part):
        message = f"{slot.name} gave a {type(made).__name__}, not {part.__name__}"
        raise _refused(slot, message)
    keys = made.mitigated if isinstance(made, Applied) else made.keys
    missing = [name for name in KEY if name not in keys]
    if missing:
        raise _refused(slot, f"{slot.name} gave keys without {', '.join(missing)}")
    return made


def _known_keys(slot: SlotFunction, keys: pd.DataFrame, known: pd.DataFrame, which: str) -> None:
    """Refuse keys that are not among those that the slot may choose from."""
    strange = keys[~among(keys, known)]
    if len(strange):
        unit, stamp, component = strange.iloc[0][KEY]
        message = f"{slot.name} gave {component} of {unit} at {stamp}, which is not what {which}"
        raise _refused(slot, message)


def _without_kept(replacement: Replacement, kept: pd.DataFrame) -> Replacement:
    """What a monitor, or the same rules before, have left as submitted stays, with its bundle."""
    keys = replacement.keys
    held = among(keys, kept)
    if not held.any():
        return replacement
    if "bundle" in keys:
        stays = pd.MultiIndex.from_frame(keys.loc[held, ["unit", "bundle"]].dropna())
        held |= pd.MultiIndex.from_frame(keys[["unit", "bundle"]]).isin(stays)
    return Replacement(
        keys[~held].reset_index(drop=True),
        replacement.levels,
        replacement.whole,
        replacement.details,
        replacement.terms,
        replacement.events,
        replacement.notes,
    )


def _refused(slot: SlotFunction, message: str) -> InputError:
    return InputError.one("", None, f"mitigation.procedure.{slot.slot}", "slot", message)


def _tables(found: StructureTests | None) -> dict[str, pd.DataFrame]:
    """Run tables of the structural tests that were made, without the indices."""
    if found is None:
        return {}
    return {
        "relief": as_run_table("relief", found.relief),
        "tests_structure": as_run_table("tests_structure", found.verdicts),
    }
