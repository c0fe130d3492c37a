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

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from cases.errors import Failure, InputError
from cases.rulebook.book import RuleBook
from settlement.contracts.curves import Curve, CurveMaker
from settlement.ledger.frames import Problems, line_of, records
from settlement.ledger.money import exact

__all__ = ["amend", "freeze", "frozen_curves", "signing_days"]

_FILE = "frozen_curves"
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
    frames = [
        _version(curve, 1, fixed_on[name], _rows_of(table, name), rules)
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
    frames = [frozen]
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
        frames.append(_version(later, number, fixed_on, _rows_of(table, name), rules))
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
    for name, rows in table.groupby("curve", sort=False):
        merged: pd.Series | None = None
        days: list[pd.Timestamp] = []
        hours = 1.0
        words = ""
        for version in sorted(rows["version"].unique().tolist()):
            part = rows[rows["version"] == version].sort_values("interval_start", kind="stable")
            problem = _changed(str(name), version, part)
            if not problem and days and part["fixed_on"].iloc[0] < days[-1]:
                problem = f"is dated {part['fixed_on'].iloc[0]:%Y-%m-%d}, before the one it amends"
            if problem:
                what = f"curve {name}, version {version}: {problem}"
                found.append(Failure(_FILE, line_of(part.index[0]), "hash", "changed", what))
                continue
            if days and float(part["hours"].iloc[0]) != hours:
                message = f"curve {name}, version {version}: its intervals have another length"
                found.append(Failure(_FILE, line_of(part.index[0]), "hours", "hours", message))
                continue
            days.append(part["fixed_on"].iloc[0])
            hours = float(part["hours"].iloc[0])
            starts = pd.DatetimeIndex(part["interval_start"])
            own = pd.Series([exact(x) for x in part["mwh"]], index=starts, dtype=object)
            merged = own if merged is None else pd.concat([merged[merged.index < starts[0]], own])
            amended = f", version {version} of {days[-1]:%Y-%m-%d}" if len(days) > 1 else ""
            words = f"{_once(part, 'source')} (frozen{amended}, {_once(part, 'hash')[:12]})"
        if merged is not None:
            curves[str(name)] = Curve(str(name), words, hours, merged, days[0])
    if found:
        raise InputError(found)
    return curves


def signing_days(
    table: pd.DataFrame, contracts: pd.DataFrame | None, default: date | None = None
) -> dict[str, date]:
    """The day on which each curve of `contract_curves` is fixed.

    That is `default` where given, else the earliest day on which one of its contracts says that the
    curve was fixed or, blank, that it was signed. Curves without any such day are left out.
    """
    days: dict[str, date] = {}
    for name in table["curve"].unique():
        if default is not None:
            days[name] = default
        elif contracts is not None:
            own = contracts[contracts["curve"] == name]
            known = own["curve_fixed"].fillna(own["signed"]).dropna()
            if len(known):
                days[name] = pd.Timestamp(known.min()).date()
    return days


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


def _rows_of(table: pd.DataFrame, name: str) -> list[dict[str, str]]:
    rows = table[(table["curve"] == name) & (table["kind"] != "")]
    return [
        {
            "kind": row["kind"],
            "mwh": str(exact(row["mwh"])),
            "start": f"{row['start']:%Y-%m-%d}",
            "end": f"{row['end']:%Y-%m-%d}",
            "shape": row["shape"],
        }
        for row in records(rows)
    ]


def _version(
    curve: Curve, number: int, fixed_on: date, rows: list[dict[str, str]], rules: dict[str, Any]
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "curve": curve.name,
            "version": number,
            "fixed_on": pd.Timestamp(fixed_on).as_unit("us"),
            "interval_start": curve.mwh.index,
            "hours": curve.step_hours,
            "mwh": [float(mwh) for mwh in curve.mwh],
            "source": "",
            "rules": "",
            "hash": "",
        }
    )
    text = json.dumps({**rules, "rows": rows}, sort_keys=True, ensure_ascii=False)
    frame.loc[0, ["source", "rules"]] = [curve.source, text]
    frame.loc[0, "hash"] = _hash(curve.name, number, frame)
    return frame[_COLUMNS]


def _hash(name: str, version: int, rows: pd.DataFrame) -> str:
    """SHA-256 over name, version, day, rules and every interval with its MWh."""
    head = [
        name,
        str(version),
        f"{rows['fixed_on'].iloc[0]:%Y-%m-%d}",
        _once(rows, "source"),
        _once(rows, "rules"),
        _plain(exact(rows["hours"].iloc[0])),
    ]
    starts = pd.DatetimeIndex(rows["interval_start"]).tz_convert("UTC")
    body = [
        f"{start:%Y-%m-%dT%H:%M:%SZ} {_plain(exact(mwh))}"
        for start, mwh in zip(starts, rows["mwh"], strict=True)
    ]
    return hashlib.sha256("\n".join([*head, *body]).encode()).hexdigest()


def _changed(name: str, version: int, rows: pd.DataFrame) -> str:
    """What is wrong with the rows of one version; "" if they are as they were frozen."""
    if rows["fixed_on"].nunique() != 1 or rows["hours"].nunique() != 1:
        return "its rows have several days of fixing or several lengths"
    stated = _once(rows, "hash")
    if not stated:
        return "it has no hash; curves are frozen by `counterflow contracts freeze`"
    if _hash(name, version, rows) != stated:
        return "its rows are not those that were frozen: the hash differs"
    return ""


def _once(rows: pd.DataFrame, column: str) -> str:
    given = [text for text in rows[column] if text]
    return str(given[0]) if given else ""


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
