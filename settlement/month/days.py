"""Which run counts for which day of a month: versions in order, real time beside them.

Runs of the same intervals are versions of one another. Their order is that of their names (initial,
final, rerun) where they have one, else that of their parents: a run that names another of them as
its parent comes after it. A real-time run counts for every version of the intervals it covers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cases.errors import Failure, InputError
from cases.market_time import day_of, first_moment
from cases.run import Run

__all__ = ["ORDER", "Settled", "Span", "check_cover", "month_bounds", "next_day", "spans_of"]

ORDER = ("initial", "final", "rerun")
"""Names of versions in their order."""

Settled = tuple[str, Run, Run | None]
"""Name of a version, its run, and its real-time run."""


@dataclass(frozen=True)
class Span:
    """The versions of one stretch of time, first to last."""

    start: pd.Timestamp
    end: pd.Timestamp
    versions: list[Settled]


def month_bounds(month: str, timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First instant of a month, and of the next one, on the market's clock.

    Raises
    ------
    InputError
        If the month is not written like 2016-10.
    """
    try:
        first = pd.Timestamp(f"{month}-01")
        if f"{first:%Y-%m}" != month:
            raise ValueError
    except ValueError:
        raise InputError.one(
            "", None, "month", "month", f"a month is written like 2016-10, not {month!r}"
        ) from None
    ends = first, first + pd.offsets.MonthBegin(1)
    return first_moment(ends[0], timezone), first_moment(pd.Timestamp(ends[1]), timezone)


def spans_of(runs: Sequence[Run], names: Mapping[str, str]) -> list[Span]:
    """Group runs by the time that they cover, in order of time, versions in order.

    Parameters
    ----------
    runs
        Day-ahead runs and real-time runs (setting `market` = rt), in any order.
    names
        Run id -> name of its version (initial, final, rerun), where it was given one.

    Raises
    ------
    InputError
        Two versions without an order, real time without a day ahead or twice, spans that overlap,
        and runs of different currencies or timezones; all of them.
    """
    failures = _different(runs)
    ahead: dict[tuple[pd.Timestamp, pd.Timestamp], list[Run]] = {}
    actual: dict[tuple[pd.Timestamp, pd.Timestamp], list[Run]] = {}
    for run in runs:
        kind = actual if run.settings.get("market") == "rt" else ahead
        kind.setdefault(_ends(run), []).append(run)
    for ends in actual.keys() - ahead.keys():
        failures.append(_wrong(f"real time of {_words(ends)} has no day-ahead run"))
    spans: list[Span] = []
    for ends in sorted(ahead):
        try:
            real_time = _last(actual.get(ends, []), names, f"real time of {_words(ends)}")
            ordered = _ordered(ahead[ends], names, _words(ends))
        except InputError as error:
            failures += error.failures
            continue
        versions = [(name, run, real_time) for name, run in ordered]
        if spans and ends[0] < spans[-1].end:
            both = _words((spans[-1].start, spans[-1].end))
            failures.append(_wrong(f"runs of {both} and of {_words(ends)} hold the same intervals"))
        spans.append(Span(*ends, versions))
    if failures:
        raise InputError(failures)
    return spans


def check_cover(
    spans: Sequence[Span], start: pd.Timestamp, end: pd.Timestamp
) -> list[pd.Timestamp]:
    """The local days of a month that no run covers, or covers only in part."""
    missing = []
    day = start
    while day < end:
        after = next_day(day)
        covered = sum(
            (max(min(span.end, after) - max(span.start, day), pd.Timedelta(0)) for span in spans),
            pd.Timedelta(0),
        )
        if covered != after - day:
            missing.append(day)
        day = after
    return missing


def next_day(moment: pd.Timestamp) -> pd.Timestamp:
    """First moment of the day after that of `moment`, on its own clock."""
    return first_moment(day_of(moment) + pd.Timedelta(days=1), str(moment.tz))


def _ends(run: Run) -> tuple[pd.Timestamp, pd.Timestamp]:
    return run.case.interval_starts[0], run.case.interval_ends[-1]


def _words(ends: tuple[pd.Timestamp, pd.Timestamp]) -> str:
    return f"{ends[0]:%Y-%m-%d %H:%M} to {ends[1]:%Y-%m-%d %H:%M}"


def _wrong(message: str) -> Failure:
    return Failure("", None, None, "month", message)


def _different(runs: Sequence[Run]) -> list[Failure]:
    failures = []
    for what in ("currency", "timezone"):
        values = sorted({str(getattr(run.case.meta, what)) for run in runs})
        if len(values) > 1:
            failures.append(_wrong(f"the runs differ in {what}: {', '.join(values)}"))
    operators = sorted({run.rulebook.settlement.operator for run in runs})
    if len(operators) > 1:
        failures.append(_wrong(f"the runs differ in their operator: {', '.join(operators)}"))
    return failures


def _last(runs: Sequence[Run], names: Mapping[str, str], what: str) -> Run | None:
    return _ordered(runs, names, what)[-1][1] if runs else None


def _ordered(runs: Sequence[Run], names: Mapping[str, str], what: str) -> list[tuple[str, Run]]:
    """Versions first to last with their names."""
    ids = [run.id for run in runs]
    if len(set(ids)) < len(ids):
        raise InputError([_wrong(f"{what}: the same run twice, {ids[0][:12]}")])
    if len(runs) > 1 and all(run_id in names for run_id in ids):
        return _by_name([(names[run.id], run) for run in runs], what)
    chain = [run for run in runs if run.manifest["parent"] not in ids]
    while chain and len(chain) < len(runs):
        after = [run for run in runs if run.manifest["parent"] == chain[-1].id]
        if len(after) != 1:
            break
        chain += after
    roots = sum(run.manifest["parent"] not in ids for run in runs)
    if roots != 1 or len(chain) != len(runs):
        listed = ", ".join(run_id[:12] for run_id in ids)
        why = f"two versions with no order ({listed}): none is the parent of the other; name them"
        raise InputError([_wrong(f"{what}: {why} {' or '.join(ORDER)}")])
    numbered = ["initial", *("rerun" if k == 1 else f"rerun {k}" for k in range(1, len(chain)))]
    return [(names.get(run.id, number), run) for number, run in zip(numbered, chain, strict=True)]


def _by_name(versions: list[tuple[str, Run]], what: str) -> list[tuple[str, Run]]:
    given = [name for name, _ in versions]
    if not set(given) <= set(ORDER) or len(set(given)) < len(given):
        why = f"versions {', '.join(given)} have no order: name them once each, of"
        raise InputError([_wrong(f"{what}: {why} {', '.join(ORDER)}")])
    return sorted(versions, key=lambda version: ORDER.index(version[0]))
