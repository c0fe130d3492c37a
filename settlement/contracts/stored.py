"""The rows of stored curves: one version of one curve, and the hash over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from settlement.contracts.curve import Curve, nanoseconds
from settlement.ledger.frames import line_of
from settlement.ledger.money import exact

__all__ = ["Stored", "stored_versions"]


@dataclass(frozen=True, eq=False)
class Stored:
    """One version of a curve as it is stored, in order of time, (T,)."""

    name: str
    version: int
    line: int
    """Line of its first row in a file."""
    days: NDArray[Any]
    """Days of fixing, one per row; they should be the same."""
    starts: pd.DatetimeIndex
    hours: NDArray[np.float64]
    mwh: NDArray[np.float64]
    source: str
    rules: str
    hash: str
    texts: list[str]
    """Interval starts in UTC, as the hash takes them."""

    @classmethod
    def of(cls, curve: Curve, version: int, day: np.datetime64, rules: str) -> Stored:
        """A new version of a curve, fixed on `day` under `rules`; it has no hash yet."""
        starts = pd.DatetimeIndex(curve.mwh.index)
        hours = np.full(len(starts), curve.step_hours)
        mwh = np.asarray(curve.mwh, dtype=np.float64)
        return cls(curve.name, version, 2, np.full(len(starts), day), starts, hours, mwh,
                   curve.source, rules, "", _texts(nanoseconds(starts)))  # fmt: skip

    @cached_property
    def moments(self) -> NDArray[np.int64]:
        """Starts in nanoseconds."""
        return nanoseconds(self.starts)

    @property
    def fixed_on(self) -> pd.Timestamp:
        """The day of its first row."""
        return pd.Timestamp(self.days[0])

    @property
    def series(self) -> pd.Series:
        """Exact MWh by interval."""
        return pd.Series([exact(x) for x in self.mwh.tolist()], index=self.starts, dtype=object)

    def computed_hash(self) -> str:
        """SHA-256 over name, version, day, rules and every interval with its MWh."""
        head = [
            self.name,
            str(self.version),
            f"{self.fixed_on:%Y-%m-%d}",
            self.source,
            self.rules,
            _plain(exact(self.hours[0])),
        ]
        body = map(" ".join, zip(self.texts, map(_shown, self.mwh.tolist()), strict=True))
        return hashlib.sha256("\n".join([*head, *body]).encode()).hexdigest()


def stored_versions(table: pd.DataFrame) -> Iterator[tuple[str, list[Stored]]]:
    """Curves of the table `frozen_curves` with their versions in order, each in order of time."""
    if table.empty:
        return
    starts = pd.DatetimeIndex(table["interval_start"])
    moments = nanoseconds(starts)
    codes, names = pd.factorize(table["curve"])
    version = table["version"].to_numpy()
    order = np.lexsort((moments, version, codes))
    cuts = np.flatnonzero((np.diff(codes[order]) != 0) | (np.diff(version[order]) != 0)) + 1
    days = table["fixed_on"].to_numpy()
    hours = table["hours"].to_numpy(dtype=float)
    mwh = table["mwh"].to_numpy(dtype=float)
    said = [_said(table[name]) for name in ("source", "rules", "hash")]
    same: dict[bytes, tuple[pd.DatetimeIndex, list[str]]] = {}
    own: list[Stored] = []
    for rows in np.split(order, cuts):
        at = moments[rows]
        key = at.tobytes()
        if key not in same:
            same[key] = starts[rows], _texts(at)
        index, texts = same[key]
        first = int(rows[0])
        name = str(names[codes[first]])
        if own and own[0].name != name:
            yield own[0].name, own
            own = []
        source, rules, sealed = (_once(cells, rows) for cells in said)
        own.append(
            Stored(name, int(version[first]), line_of(table.index[first]), days[rows], index,
                   hours[rows], mwh[rows], source, rules, sealed, texts)
        )  # fmt: skip
    yield own[0].name, own


def _texts(moments: NDArray[np.int64]) -> list[str]:
    utc = np.datetime_as_string(moments.astype("M8[ns]").astype("M8[s]"))
    return [f"{text}Z" for text in utc.tolist()]


def _said(cells: pd.Series) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Where a column that stands once in a version says something, and its cells."""
    return (cells != "").to_numpy(dtype=bool), cells.to_numpy(dtype=object)


def _once(said: tuple[NDArray[np.bool_], NDArray[Any]], rows: NDArray[Any]) -> str:
    filled, cells = said
    given = rows[filled[rows]]
    return str(cells[given[0]]) if len(given) else ""


def _shown(mwh: float) -> str:
    text = repr(mwh)
    if "e" in text or mwh == 0:
        return _plain(exact(mwh))
    return text.removesuffix(".0")


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
