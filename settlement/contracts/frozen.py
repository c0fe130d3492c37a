"""Curves that are frozen: decomposed once, at signing, and stored as MWh by interval.

A contract's energy is decomposed by a rule (flat, block, typical day) whose hours depend on a
calendar and on the blocks of a rulebook. Both change; what was agreed does not. So the MWh of every
interval are stored with the rules of then and a hash, and a settlement takes what is stored,
whatever its own rulebook says. A curve is amended only by a new version with a date of its own,
which counts from its first interval on (Ding, Chen, Ji and Jing, "Linking the medium and long-term
market with the spot market: curve decomposition", 2019: the curve is fixed before the spot market).

Table `frozen_curves`: one row per curve, version and interval; `source`, `rules` (JSON) and `hash`
stand in the first row of a version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.rulebook.book import RuleBook
from settlement.contracts.curve import Curve, Steps
from settlement.contracts.curves import CurveMaker
from settlement.contracts.stored import Stored, stored_versions
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import exact
from settlement.ledger.units import Whole, whole_units

__all__ = ["amend", "freeze", "frozen_curves", "signing_days"]

_FILE = "frozen_curves"
_DIGITS = 6
"""Decimals of MWh that whole units have."""
_COLUMNS = ["curve", "version", "fixed_on", "interval_start", "hours", "mwh", "source", "rules",
            "hash"]  # fmt: skip


def freeze(
    table: pd.DataFrame,
    maker: CurveMaker,
    rulebook: RuleBook,
    fixed_on: Mapping[str, date],
) -> pd.DataFrame:
    """Decompose every curve of a table once, for good: version 1 of each.

    Parameters
    ----------
    table
        Table `contract_curves`.
    maker
        Decomposes by the calendar and blocks of `rulebook` (`CurveMaker.of`).
    rulebook
        The rules of the day of signing; they are stored.
    fixed_on
        Curve -> the day on which it was fixed (`signing_days`).

    Raises
    ------
    InputError
        With every curve that cannot be decomposed or has no day.
    """
    found = Problems("contract_curves")
    for name in table["curve"].unique():
        if name not in fixed_on:
            found.add(
                None, "curve", "fixed_on", f"curve {name}: the day of its fixing is not known"
            )
    if found.failures:
        raise InputError(found.failures)
    rules = _rules_of(rulebook, maker)
    rows = _rows_of(table)
    frames = [
        _version(curve, 1, fixed_on[name], rows.get(name, []), rules)
        for name, curve in maker.make(table).items()
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS)


def amend(
    frozen: pd.DataFrame,
    table: pd.DataFrame,
    maker: CurveMaker,
    rulebook: RuleBook,
    *,
    fixed_on: date,
    first: pd.Timestamp,
) -> pd.DataFrame:
    """The frozen curves with a new version of each curve of `table`, from interval `first` on.

    What was frozen stays as it is: the new version only holds intervals from `first` on.

    Raises
    ------
    InputError
        A curve that was never frozen, a date before that of its last version, or nothing left
        from `first` on.
    """
    known = frozen_curves(frozen)
    rules = _rules_of(rulebook, maker)
    found = Problems("contract_curves")
    frames, rows = [frozen], _rows_of(table)
    for name, curve in maker.make(table).items():
        if name not in known:
            found.add(None, "curve", "amend", f"curve {name} was never frozen")
            continue
        own = frozen[frozen["curve"] == name]
        last = pd.Timestamp(own["fixed_on"].max()).date()
        if fixed_on < last:
            message = f"curve {name}: a version of {fixed_on} cannot follow that of {last}"
            found.add(None, "curve", "amend", message)
        kept = curve.mwh[curve.mwh.index >= first]
        if kept.empty:
            message = f"curve {name}: no interval from {first.isoformat()} on"
            found.add(None, "curve", "amend", message)
            continue
        later = Curve(name, curve.source, curve.step_hours, kept)
        number = int(own["version"].max()) + 1
        frames.append(_version(later, number, fixed_on, rows.get(name, []), rules))
    if found.failures:
        raise InputError(found.failures)
    return pd.concat(frames, ignore_index=True)


def frozen_curves(table: pd.DataFrame) -> dict[str, Curve]:
    """Curves as they are stored, by name, after their hashes were verified.

    The latest version counts from its first interval on. `Curve.fixed_on` is the day of version 1,
    `Curve.source` names the rule, the version and the hash.

    Raises
    ------
    InputError
        Naming every version whose rows were changed, or whose dates are not in order.
    """
    curves: dict[str, Curve] = {}
    found: list[Failure] = []
    for name, versions in stored_versions(table):
        parts: list[Stored] = []
        for stored in versions:
            problem, column = _changed(stored), "hash"
            if not problem and parts and stored.fixed_on < parts[-1].fixed_on:
                problem = f"is dated {stored.fixed_on:%Y-%m-%d}, before the one it amends"
            if not problem and parts and stored.hours[0] != parts[-1].hours[0]:
                problem, column = "its intervals have another length", "hours"
            if problem:
                what = f"curve {name}, version {stored.version}: {problem}"
                rule = "changed" if column == "hash" else column
                found.append(Failure(_FILE, stored.line, column, rule, what))
                continue
            parts.append(stored)
        if parts:
            curves[name] = _curve(name, parts)
    if found:
        raise InputError(found)
    return curves


def _curve(name: str, versions: list[Stored]) -> Curve:
    """One curve of its versions: each counts from its first interval on."""
    last = versions[-1]
    amended = f", version {last.version} of {last.fixed_on:%Y-%m-%d}" if len(versions) > 1 else ""
    words = f"{last.source} (frozen{amended}, {last.hash[:12]})"
    units = [whole_units(stored.mwh, _DIGITS) for stored in versions]
    energies: pd.Series | Steps
    if all(u is not None and _as_shown(v.mwh, u) for u, v in zip(units, versions, strict=True)):
        steps = Steps(last.starts, units[-1], _DIGITS)  # type: ignore[arg-type]
        for stored, own in zip(reversed(versions[:-1]), reversed(units[:-1]), strict=True):
            kept = stored.moments < steps.moments[0]
            starts = stored.starts[kept].append(steps.starts)
            joined = np.concatenate([own[kept], steps.units])  # type: ignore[index]
            steps = Steps(starts, joined, _DIGITS)
        energies = steps
    else:
        merged = last.series
        for stored in reversed(versions[:-1]):
            before = stored.series
            merged = pd.concat([before[before.index < merged.index[0]], merged])
        energies = merged
    return Curve(name, words, float(last.hours[0]), energies, versions[0].fixed_on)


def _as_shown(mwh: NDArray[np.float64], units: Whole) -> bool:
    """Whether floats are what whole units print as, so that nothing was rounded."""
    return bool((units / 10.0**_DIGITS == mwh).all())


def signing_days(
    table: pd.DataFrame, contracts: pd.DataFrame | None, default: date | None = None
) -> dict[str, date]:
    """The day on which each curve of `contract_curves` is fixed.

    That is `default` where given, else the earliest day on which one of its contracts says that the
    curve was fixed or, blank, that it was signed. Curves without any such day are left out.
    """
    names = table["curve"].unique()
    if default is not None:
        return dict.fromkeys(names, default)
    if contracts is None:
        return {}
    fixed = contracts["curve_fixed"].fillna(contracts["signed"])
    first = fixed.groupby(contracts["curve"]).min().dropna()
    return {name: pd.Timestamp(first[name]).date() for name in names if name in first.index}


def _rules_of(rulebook: RuleBook, maker: CurveMaker) -> dict[str, Any]:
    futures = rulebook.settlement.futures
    blocks = {
        name: getattr(futures, name).model_dump(mode="json") for name in ("base", "mid", "peak")
    }
    return {
        "rulebook": rulebook.name,
        "rulebook_hash": rulebook.hash,
        "timezone": maker.timezone,
        "interval_hours": maker.interval_hours,
        "calendar": futures.calendar,
        "summer_months": list(futures.summer_months),
        "blocks": blocks,
    }


def _rows_of(table: pd.DataFrame) -> dict[str, list[dict[str, str]]]:
    """The rule rows of every curve, as they are stored."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in records(table[table["kind"] != ""]):
        found.setdefault(row["curve"], []).append(
            {
                "kind": row["kind"],
                "mwh": str(exact(row["mwh"])),
                "start": f"{row['start']:%Y-%m-%d}",
                "end": f"{row['end']:%Y-%m-%d}",
                "shape": row["shape"],
            }
        )
    return found


def _version(
    curve: Curve, number: int, fixed_on: date, rows: list[dict[str, str]], rules: dict[str, Any]
) -> pd.DataFrame:
    """Rows of a new version; what stands once is in the first of them."""
    text = json.dumps({**rules, "rows": rows}, sort_keys=True, ensure_ascii=False)
    count = len(curve.mwh)
    day = np.datetime64(fixed_on, "us")
    stored = Stored.of(curve, number, day, text)
    rest = [""] * (count - 1)
    return pd.DataFrame(
        {
            "curve": pd.Series([curve.name] * count, dtype="str"),
            "version": number,
            "fixed_on": np.full(count, day),
            "interval_start": stored.starts,
            "hours": curve.step_hours,
            "mwh": stored.mwh,
            "source": pd.Series([curve.source, *rest], dtype="str"),
            "rules": pd.Series([text, *rest], dtype="str"),
            "hash": pd.Series([stored.computed_hash(), *rest], dtype="str"),
        }
    )


def _changed(stored: Stored) -> str:
    """What is wrong with the rows of one version; "" if they are as they were frozen."""
    if (stored.days != stored.days[0]).any() or (stored.hours != stored.hours[0]).any():
        return "its rows have several days of fixing or several lengths"
    if not stored.hash:
        return "it has no hash; curves are frozen by `counterflow contracts freeze`"
    if stored.computed_hash() != stored.hash:
        return "its rows are not those that were frozen: the hash differs"
    return ""
