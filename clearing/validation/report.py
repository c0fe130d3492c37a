"""How a check states what it found: one row per number that is not what it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["COLUMNS", "above", "below", "collect", "differing", "rows", "unmade"]

COLUMNS = {
    "check": "str",
    "subject": "str",
    "interval_start": "object",
    "value": "float64",
    "limit": "float64",
    "excess": "float64",
}

Floats = npt.NDArray[np.float64]


def rows(
    check: str,
    subject: Iterable[str],
    interval_start: Iterable[Any],
    value: npt.ArrayLike,
    limit: npt.ArrayLike,
    excess: npt.ArrayLike,
) -> pd.DataFrame:
    """Violations as a frame of ``COLUMNS``, one per subject given; without subjects no columns."""
    subject = list(subject)
    if not subject:
        return pd.DataFrame()
    starts = pd.Series(list(interval_start), dtype="object")
    return pd.DataFrame(
        {
            "check": pd.Series([check] * len(subject), dtype="str"),
            "subject": pd.Series(subject, dtype="str"),
            "interval_start": starts,
            "value": np.asarray(value, dtype=np.float64),
            "limit": np.asarray(limit, dtype=np.float64),
            "excess": np.asarray(excess, dtype=np.float64),
        }
    )


def unmade(check: Callable[[Any], Iterator[pd.DataFrame]], facts: Any) -> Iterator[pd.DataFrame]:
    """What a check finds; tables that it cannot work with are a finding of its own."""
    try:
        yield from check(facts)
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        said = f"cannot be checked: {reason}"
        yield rows(name, [said], [pd.NaT], [np.nan], [np.nan], [1.0])


def above(
    check: str,
    names: Sequence[str] | pd.Index[str],
    starts: pd.DatetimeIndex,
    value: Floats,
    limit: npt.ArrayLike,
    tolerance: float,
) -> pd.DataFrame:
    """Where ``value`` (T, N) exceeds ``limit`` (broadcast to it) by more than ``tolerance``."""
    bound = np.broadcast_to(np.asarray(limit, dtype=np.float64), value.shape)
    excess = value - bound
    return _picked(check, names, starts, value, bound, excess, excess > tolerance)


def below(
    check: str,
    names: Sequence[str] | pd.Index[str],
    starts: pd.DatetimeIndex,
    value: Floats,
    limit: npt.ArrayLike,
    tolerance: float,
) -> pd.DataFrame:
    """Where ``value`` (T, N) is under ``limit`` by more than ``tolerance``."""
    bound = np.broadcast_to(np.asarray(limit, dtype=np.float64), value.shape)
    excess = bound - value
    return _picked(check, names, starts, value, bound, excess, excess > tolerance)


def differing(
    check: str,
    names: Sequence[str] | pd.Index[str],
    starts: pd.DatetimeIndex,
    value: Floats,
    expected: npt.ArrayLike,
    tolerance: npt.ArrayLike,
) -> pd.DataFrame:
    """Where ``value`` (T, N) is not ``expected`` within ``tolerance``.

    NaN differs from every number; two NaN agree.
    """
    right = np.broadcast_to(np.asarray(expected, dtype=np.float64), value.shape)
    excess = np.abs(value - right)
    wrong = (excess > np.asarray(tolerance)) | (np.isnan(value) != np.isnan(right))
    return _picked(check, names, starts, value, right, excess, wrong)


def collect(found: Iterable[pd.DataFrame], timezone: str) -> pd.DataFrame:
    """All violations in one frame; an empty one with the same columns where there is none."""
    frames = [frame for frame in found if len(frame)]
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
    report = pd.concat(frames, ignore_index=True) if frames else empty
    starts = pd.to_datetime(report["interval_start"], utc=True)
    return report.assign(interval_start=starts.dt.tz_convert(timezone))


def _picked(
    check: str,
    names: Sequence[str] | pd.Index[str],
    starts: pd.DatetimeIndex,
    value: Floats,
    limit: Floats,
    excess: Floats,
    wrong: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    if not wrong.any():
        return pd.DataFrame()
    t, n = np.nonzero(wrong)
    where = (t, n)
    return rows(
        check,
        [str(names[k]) for k in n.tolist()],
        [starts[k] for k in t.tolist()],
        value[where],
        limit[where],
        excess[where],
    )
