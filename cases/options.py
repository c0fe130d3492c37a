"""Options of every import: who owns what, stressed limits and load."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.files.text import decoded, regular_bytes

__all__ = ["OWN", "STRESSES", "apply_options", "parse_stress"]

STRESSES = ("rating", "load")
OWN = ("owners", *STRESSES)
"""The options that go with every case, whatever it was read from."""


def apply_options(
    case: Case,
    *,
    owners: str | Path | None = None,
    rating: float | None = None,
    load: float | None = None,
) -> Case:
    """Give a case owners and stress; what was done is recorded in its `[import]` table.

    Parameters
    ----------
    owners
        "area": each unit and storage belongs to an owner named as the area of its bus.
        "round-robin:K": units and storage, sorted by name, are dealt to owner1 ... ownerK.
        A CSV file with columns unit, owner and, if wanted, parent; units that it leaves out keep
        their owner.
    rating
        Factor on the normal and emergency ratings of all branches.
    load
        Factor on all demand.

    Raises
    ------
    InputError
        An option that cannot be applied (one line), or every failure of the owners' file.
    """
    changes: dict[str, Any] = {}
    record = dict(case.meta.imported)
    if owners is not None:
        changes.update(_owners(case, owners))
        named = str(owners)
        record["owners"] = named if _is_rule(named) else Path(owners).name
    stress = dict(record.get("stress", {}))
    if rating is not None:
        factor = _factor("rating", rating)
        branches = case.branches
        for column in ("rating_mw", "emergency_rating_mw"):
            branches = branches.assign(**{column: branches[column] * factor})
        changes["branches"] = branches
        stress["rating"] = stress.get("rating", 1.0) * factor
    if load is not None:
        factor = _factor("load", load)
        demand = case.demand
        start = demand["interval_start"]
        scaled = demand.drop(columns="interval_start") * factor
        scaled.insert(0, "interval_start", start)
        changes["demand"] = scaled
        stress["load"] = stress.get("load", 1.0) * factor
    if not changes:
        return case
    if stress:
        record["stress"] = stress
    return case.replace(imported=record, **changes)


def parse_stress(text: str) -> dict[str, float]:
    """Read "rating=0.7,load=1.1" into factors by name. Raises InputError."""
    factors: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            factor = float(value)
        except ValueError:
            factor = math.nan
        if not equals or name.strip() not in STRESSES or math.isnan(factor):
            raise _usage(f"stress is written like rating=0.7,load=1.1, not {text!r}")
        factors[name.strip()] = factor
    return factors


def _factor(name: str, value: float) -> float:
    factor = float(value) if isinstance(value, (int, float)) else math.nan
    if not (math.isfinite(factor) and factor > 0):
        raise _usage(f"{name} must be a factor above 0, not {value}")
    return factor


def _is_rule(owners: str) -> bool:
    return owners == "area" or owners.startswith("round-robin")


def _owners(case: Case, owners: str | Path) -> dict[str, pd.DataFrame]:
    """The tables `units`, `storage` and `owners` after an ownership rule."""
    rule = str(owners)
    units, storage = case.units, case.storage
    if rule == "area":
        area = case.buses.set_index("bus")["area"]
        of = {
            name: str(area[bus])
            for table, key in ((units, "unit"), (storage, "storage"))
            for name, bus in zip(table[key], table["bus"], strict=True)
        }
        if not all(of.values()):
            raise _usage("owners=area needs an area at every bus that has a unit")
        parents: dict[str, str] = {}
    elif rule.startswith("round-robin"):
        of = _round_robin(rule, [*units["unit"], *storage["storage"]])
        parents = {}
    else:
        of, parents = _from_file(Path(owners), {*units["unit"], *storage["storage"]})
    units = units.assign(owner=units["unit"].map(of).fillna(units["owner"]))
    storage = storage.assign(owner=storage["storage"].map(of).fillna(storage["owner"]))
    known = case.owners
    names = sorted({*of.values()} - {*known["owner"]})
    fresh = pd.DataFrame({"owner": names}, dtype="str")
    table = pd.concat([known, fresh], ignore_index=True) if names else known
    given = table["owner"].map(parents)
    table = table.assign(parent=given.where(given.notna(), table["parent"]).fillna(""))
    return {"units": units, "storage": storage, "owners": table}


def _round_robin(rule: str, names: list[str]) -> dict[str, str]:
    """Deal names, sorted, to owner1, owner2, ..., ownerK in turn."""
    count = rule.removeprefix("round-robin:")
    if not count.isdecimal() or int(count) < 1:
        raise _usage(f"owners are dealt by round-robin:K with K from 1, not {rule}")
    most = int(count)
    if most > len(names):
        raise _usage(f"{rule} has more owners than there are units ({len(names)})")
    return {name: f"owner{k % most + 1}" for k, name in enumerate(sorted(names))}


def _from_file(path: Path, units: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Owner of each unit, and parent of each owner, from a CSV file."""
    if not path.is_file():
        raise _usage(f"owners must be area, round-robin:K or a CSV file; there is no file {path}")
    try:
        content = io.StringIO(decoded(regular_bytes(path)))
        rows = pd.read_csv(content, dtype="str", na_filter=False, skip_blank_lines=False)
    except (ValueError, OSError, pd.errors.ParserError) as error:
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise InputError.one(
            path.name, None, None, "unreadable", f"cannot be read: {reason}"
        ) from error
    failures = [
        Failure(path.name, 1, column, "missing_column", "the column is missing")
        for column in ("unit", "owner")
        if column not in rows
    ]
    failures += [
        Failure(path.name, 1, str(c), "unknown_column", "columns are unit, owner, parent")
        for c in rows.columns
        if c not in ("unit", "owner", "parent")
    ]
    if failures:
        raise InputError(failures)
    parent_column = rows["parent"] if "parent" in rows else [""] * len(rows)
    of: dict[str, str] = {}
    parents: dict[str, str] = {}
    triples = zip(rows["unit"], rows["owner"], parent_column, strict=True)
    for line, (unit, owner, parent) in enumerate(triples, start=2):
        unit, owner, parent = unit.strip(), owner.strip(), parent.strip()
        if not (unit or owner or parent):
            continue
        wrong: list[tuple[str, str, str]] = []
        if unit not in units:
            wrong.append(("unit", "unknown_unit", f"{unit or 'blank'} is not a unit of the case"))
        if unit in of:
            wrong.append(("unit", "duplicate", f"{unit} is there twice"))
        if not owner:
            wrong.append(("owner", "blank", "must not be blank"))
        if parents.get(owner, parent) != parent:
            text = (
                f"{owner} has the parent {parents[owner] or 'none'} above, {parent or 'none'} here"
            )
            wrong.append(("parent", "two_parents", text))
        failures += [Failure(path.name, line, *item) for item in wrong]
        of.setdefault(unit, owner)
        parents.setdefault(owner, parent)
    if failures:
        raise InputError(failures)
    return of, parents


def _usage(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)
