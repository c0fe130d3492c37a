"""Starts of hours from what files state: hours by their end, standard time, clock changes."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.market_time import all_instants
from cases.readers.published.layout import Clock
from cases.readers.published.source import Raw

__all__ = ["starts_of"]

Stamps = NDArray[np.datetime64]
_HOUR = re.compile(r"\s*(?:HE\s*)?(\d{1,2})(X?)(?::00(?::00)?)?\s*", re.IGNORECASE)


def starts_of(raw: Raw, clock: Clock, keys: list[pd.Series]) -> Stamps:
    """Start of the hour of every row, UTC in microseconds without a zone.

    Parameters
    ----------
    raw, clock
        A file and how it states hours.
    keys
        What has one row for an hour (unit, node): where nothing else tells the second of two
        equal hours, it is the second row of the same keys.

    Raises
    ------
    InputError
        A moment that cannot be read, an hour that the clock skips, the hour that comes twice with
        one row only and nothing that says which of the two it is.
    """
    frame = raw.frame
    cells = frame[clock.column]
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return _plain(pd.DatetimeIndex(cells))
    moments = _moments(raw, clock, cells)
    second = np.zeros(len(frame), dtype=bool)
    told = clock.repeat == "suffix"
    if clock.hour:
        hours, marked = _hours(raw, clock)
        moments = moments + (hours - int(clock.ending)).astype("timedelta64[h]")
        second |= marked
    if clock.zone == "UTC" or clock.zone.startswith("Etc/"):
        offset = pd.Timestamp("2000-01-01", tz=clock.zone).utcoffset()
        assert offset is not None
        return moments - np.timedelta64(int(offset.total_seconds()), "s")
    if clock.repeat in frame.columns:
        second |= frame[clock.repeat].astype("str").str.strip().str.upper().eq("Y").to_numpy()
        told = True
    return _local(raw, clock, moments, second, told, keys)


def _plain(stamps: pd.DatetimeIndex) -> Stamps:
    """Moments in UTC, without a zone."""
    plain = stamps.tz_convert("UTC").tz_localize(None).to_numpy()
    return np.asarray(plain, dtype="datetime64[us]")


def _moments(raw: Raw, clock: Clock, cells: pd.Series) -> Stamps:
    """Read the column, each distinct text once."""
    place, distinct = pd.factorize(cells, use_na_sentinel=True)
    if isinstance(distinct, pd.CategoricalIndex):
        distinct = pd.Index(distinct.astype("object"))
    texts = pd.Series(pd.Index(distinct).astype("str")).str.strip()
    if clock.form:
        read = pd.to_datetime(texts, format=clock.form, errors="coerce")
    else:
        aware = clock.zone == "UTC"
        read = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=aware)
        if read.isna().any():
            other = pd.to_datetime(texts, format="%m/%d/%Y %I:%M:%S %p", errors="coerce", utc=aware)
            read = read.fillna(other)
    if isinstance(read.dtype, pd.DatetimeTZDtype):
        read = read.dt.tz_convert("UTC").dt.tz_localize(None)
    if read.isna().any() and clock.form == "%m/%d/%Y":
        read = read.fillna(pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce"))
    if read.isna().any() and clock.form:
        for form in ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"):
            read = read.fillna(pd.to_datetime(texts, format=form, errors="coerce"))
    wrong = (place < 0) | read.isna().to_numpy()[np.maximum(place, 0)] if len(read) else place < 0
    if wrong.any():
        form = clock.form or "ISO 8601"
        raise InputError(
            raw.failure(
                int(row), clock.column, "time",
                f"must be a time in the form {form}, not {cells.iloc[int(row)]!r}",
            )
            for row in np.flatnonzero(wrong)[:5]
        )  # fmt: skip
    if not len(read):
        return np.array([], dtype="datetime64[us]")
    return read.to_numpy().astype("datetime64[us]")[place]


def _hours(raw: Raw, clock: Clock) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    cells = raw.frame[clock.hour]
    place, distinct = pd.factorize(cells, use_na_sentinel=False)
    matches = [_HOUR.fullmatch(str(text).removesuffix(".0")) for text in distinct]
    least, most = (1, 24) if clock.ending else (0, 23)
    numbers = np.array([-1 if m is None else int(m[1]) for m in matches], dtype=np.int64)
    good = (numbers >= least) & (numbers <= most)
    wrong = ~good[place] if len(good) else np.zeros(0, dtype=bool)
    if wrong.any():
        raise InputError(
            raw.failure(
                int(row), clock.hour, "hour",
                f"must be an hour from {least} to {most}, not {cells.iloc[int(row)]!r}",
            )
            for row in np.flatnonzero(wrong)[:5]
        )  # fmt: skip
    marked = np.array([m is not None and bool(m[2]) for m in matches], dtype=bool)
    if not len(numbers):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    return numbers[place], marked[place]


def _local(
    raw: Raw,
    clock: Clock,
    moments: Stamps,
    second: NDArray[np.bool_],
    told: bool,
    keys: list[pd.Series],
) -> Stamps:
    """Put a local clock's moments into UTC; days of clock changes are the only ones looked at."""
    place, distinct = pd.factorize(moments)
    index = pd.DatetimeIndex(distinct)
    first, last = all_instants(index, clock.zone)
    early, late = _plain(first), _plain(last)
    skipped = np.isnat(early)
    twice = ~skipped & (early != late)
    if skipped.any():
        rows = np.flatnonzero(skipped[place])[:5]
        raise InputError(
            raw.failure(
                int(row), clock.hour or clock.column, "skipped_hour",
                f"the clock of {clock.zone} has no {pd.Timestamp(moments[row])}: it is put forward "
                "then, and the day has 23 hours",
            )
            for row in rows
        )  # fmt: skip
    doubled = twice[place]
    if (second & ~doubled).any():
        row = int(np.argmax(second & ~doubled))
        message = f"is marked as a repeated hour, and {pd.Timestamp(moments[row])} comes once"
        raise InputError([raw.failure(row, clock.hour or clock.column, "repeated_hour", message)])
    if doubled.any() and clock.repeat == "none":
        row = int(np.argmax(doubled))
        message = (
            f"{pd.Timestamp(moments[row])} comes twice on this day, and nothing in the file says "
            "which of the two a row is for: leave the day out"
        )
        raise InputError([raw.failure(row, clock.column, "repeated_hour", message)])
    if doubled.any() and not told:
        second = second | _by_order(raw, clock, moments, doubled, keys)
    return np.where(doubled & second, late[place], early[place])


def _by_order(
    raw: Raw, clock: Clock, moments: Stamps, doubled: NDArray[np.bool_], keys: list[pd.Series]
) -> NDArray[np.bool_]:
    """The second of two rows with the same keys and hour."""
    rows = np.flatnonzero(doubled)
    named = {f"k{k}": key.astype("object").to_numpy()[rows] for k, key in enumerate(keys)}
    few = pd.DataFrame({**named, "moment": moments[rows]})
    groups = few.groupby(list(few.columns), sort=False, dropna=False)["moment"]
    alone = groups.transform("size").to_numpy() < 2
    if alone.any():
        row = int(rows[int(np.argmax(alone))])
        message = (
            f"{pd.Timestamp(moments[row])} comes twice on this day, and the file has it once: "
            "nothing says whether before or after the clock goes back"
        )
        failure: Failure = raw.failure(row, clock.column, "repeated_hour", message)
        raise InputError([failure])
    second = np.zeros(len(moments), dtype=bool)
    second[rows[groups.cumcount().to_numpy() == 1]] = True
    return second
