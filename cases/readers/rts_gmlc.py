"""Days of the RTS-GMLC test system (NREL) as cases, from its folder of CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.case import Case, assemble
from cases.errors import InputError
from cases.files.convert import Source
from cases.readers.names import find_rts_gmlc
from cases.readers.reader import Origin, Reader, refuse
from cases.readers.rts_fleet import read_fleet
from cases.readers.rts_reserves import PRODUCTS, product_and_zone, reserve_tables
from cases.readers.rts_tables import Folder

__all__ = ["READER", "is_rts_gmlc_folder", "read_rts_gmlc"]

Floats = NDArray[np.float64]

TIMEZONE = "America/Phoenix"
"""The system lies in Arizona and Nevada; its year has 8784 even hours, so no daylight saving."""

MARKETS = {"da": ("DAY_AHEAD", 60), "rt": ("REAL_TIME", 5)}
BUS = ("Bus ID", "BaseKV", "Bus Type", "MW Load", "MW Shunt G", "Area", "lat", "lng")
BRANCH = ("UID", "From Bus", "To Bus", "R", "X", "Cont Rating", "LTE Rating", "Tr Ratio")
LINK = ("UID", "From Bus", "To Bus", "MW Load")
POINTERS = ("Simulation", "Category", "Object", "Parameter", "Data File")

NOTES = (
    "zones and areas are the three regions of the data; loads are region series times bus share",
    "rating_mw is Cont Rating, emergency_rating_mw is LTE Rating (STE Rating is not used)",
    "offers are fuel price times heat rate: above p_min at HR_incr, below it at HR_avg_0 or, "
    "where that is dearer than the next block, at the next block's price with the rest as no-load",
    "HR_incr of 0 beside an HR_avg_0 (nuclear) means not given: the average is used",
    "start-up tiers from start heats and times; 9999 hours means the state does not exist",
    "hydro and rooftop PV are fixed at their series (self_schedules); wind, PV and concentrating "
    "solar can be curtailed (availability)",
    "concentrating solar: output up to its inflow, p_min 0 and no start costs (30 MW and 10000 in "
    "the data); its tank is in storage with charge_mw 0, since the grid cannot fill it",
    "storage is in units at 0 MW (self_schedules) and in storage with its power and energy; "
    "reservoirs of hydro, whose output is fixed, are left out",
    "nuclear must run; combustion turbines with min_up of 1 h or less are quick_start",
    "reserve eligibility and response times: RTS-GMLC reserves.csv, which is not in the folder",
    "owners, initial status and initial output are not in the data",
)


def is_rts_gmlc_folder(path: Path) -> bool:
    """Whether a folder holds RTS-GMLC data."""
    return (path / "SourceData" / "gen.csv").is_file()


def read_rts_gmlc(
    path: Path, day: str | date, *, days: int = 1, market: str = "da", source: str = "rts-gmlc"
) -> Case:
    """Read one or more days of RTS-GMLC.

    Parameters
    ----------
    path
        Folder that holds `SourceData` and `timeseries_data_files`.
    day, days
        First day (YYYY-MM-DD) and number of days, all within the year of the data.
    market
        "da": day-ahead series, hourly; "rt": real-time series, every five minutes.

    Raises
    ------
    InputError
        A date that the data does not hold, or everything that is wrong with the files.
    """
    if market not in MARKETS:
        raise _usage(f"market must be da or rt, not {market}")
    simulation, minutes = MARKETS[market]
    folder = Folder(path)
    pointers = folder.table("timeseries_pointers.csv", POINTERS)
    folder.stop()
    pointers = pointers[pointers["Simulation"].str.strip() == simulation]
    first = _first_day(folder, pointers, day, days)
    periods = 24 * 60 // minutes
    start = pd.Timestamp(first, tz=TIMEZONE)
    starts = pd.date_range(start, periods=days * periods, freq=f"{minutes}min", unit="us")
    series = {
        (kind, parameter, name): values
        for kind, parameter, name, values in _series(folder, pointers, first, days, periods)
    }

    def of(kind: str, *parameters: str) -> dict[str, Floats]:
        return {
            name: values
            for (found, parameter, name), values in series.items()
            if found == kind and parameter in parameters
        }

    buses, loads, demand, reference = _buses(folder, of("Area", "MW Load"), starts)
    high = of("Generator", "PMax MW", "Natural_Inflow")
    fleet = read_fleet(folder, of("Generator", "PMin MW"), high, len(starts))
    tables = {"buses": buses, "loads": loads, "demand": demand, **fleet.tables()}
    tables["branches"] = _branches(folder)
    tables["links"] = _links(folder)
    folder.stop()
    categories = dict(_categories(folder))
    required = {
        name: mw
        for name, mw in of("Reserve", "Requirement").items()
        if product_and_zone(name)[0] in PRODUCTS
    }
    tables.update(reserve_tables(required, starts, fleet, categories))
    for name, columns in (("availability", fleet.reach), ("self_schedules", fleet.fixed)):
        tables[name] = pd.DataFrame({"interval_start": starts, **columns})
    name = f"rts-gmlc-{first}" + ("" if market == "da" else f"-{market}")
    meta = {
        "name": name,
        "timezone": TIMEZONE,
        "start": start.to_pydatetime(),
        "interval_minutes": minutes,
        "intervals": len(starts),
        "reference": reference,
        "imported": _record(source, first, days, market),
    }
    files = {
        "buses": "bus.csv",
        "branches": "branch.csv",
        "links": "dc_branch.csv",
        "units": "gen.csv",
        "storage": "storage.csv",
    }
    sources = {
        table: Source(f"SourceData/{files[table]}" if table in files else f"rts-gmlc {table}")
        for table in tables
    }
    return assemble(meta, {t: f for t, f in tables.items() if len(f.columns)}, sources)


def _usage(message: str) -> InputError:
    return InputError.one("", None, None, "usage", message)


def _first_day(folder: Folder, pointers: pd.DataFrame, day: str | date, days: int) -> date:
    """Read the first day and check that the data holds it and the days after it."""
    files = pointers.loc[pointers["Parameter"].str.strip() == "MW Load", "Data File"]
    if files.empty:
        file = "SourceData/timeseries_pointers.csv"
        folder.fail(file, None, "Parameter", "missing_series", "no MW Load series of this market")
        folder.stop()
    file = _data_file(files.iloc[0])
    frame = folder.csv(file)
    folder.stop()
    assert frame is not None
    try:
        ends = [date(*(int(frame[c].iloc[k]) for c in ("Year", "Month", "Day"))) for k in (0, -1)]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        text = "Year, Month, Day must be there, and dates in every row"
        raise InputError.one(file, None, None, "date", text) from error
    span = f"the data holds {ends[0]} to {ends[1]}"
    try:
        first = day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        raise _usage(f"{day or 'no date'} is not a day like 2020-07-10; {span}") from None
    if not isinstance(days, int) or days < 1:
        raise _usage(f"days must be a whole number from 1, not {days}")
    if days > 1000 or not (ends[0] <= first and first + timedelta(days=days - 1) <= ends[1]):
        raise _usage(f"{_days(first, days)} is outside the data: {span}")
    return first


def _days(first: date, days: int) -> str:
    return str(first) if days == 1 else f"{first} with {days} days"


def _data_file(text: str) -> str:
    return text.strip().replace("\\", "/").removeprefix("../")


def _series(
    folder: Folder, pointers: pd.DataFrame, first: date, days: int, periods: int
) -> Iterator[tuple[str, str, str, Floats]]:
    """Read the series of this market: kind, parameter and name of the object, values.

    The inflow of a solar plant is given for its tank; it is that of the plant.
    """
    frames: dict[str, pd.DataFrame | None] = {}
    tanks = folder.table("storage.csv", ("Storage", "GEN UID"))
    units = dict(zip(tanks["Storage"].str.strip(), tanks["GEN UID"].str.strip(), strict=True))
    for kind, name, parameter, place in pointers[list(POINTERS[1:])].itertuples(index=False):
        file = _data_file(place)
        if file not in frames:
            frames[file] = folder.series(file, first, days, periods)
        frame = frames[file]
        if frame is None:
            continue
        subject = units.get(name.strip(), name.strip())
        column = "value" if list(frame.columns) == ["value"] else subject
        yield kind.strip(), parameter.strip(), subject, folder.series_numbers(file, frame, column)


def _buses(
    folder: Folder, regions: dict[str, Floats], starts: pd.DatetimeIndex
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, str]:
    """Read the buses; also return loads, demand and the reference bus.

    The load of a bus is the series of its region times its share of the region's MW Load.
    """
    bus = folder.table("bus.csv", BUS)
    names = folder.ids("bus.csv", bus, "Bus ID")
    area = bus["Area"].str.strip()
    mw, shunt, kv, lat, lng = (
        folder.numbers("bus.csv", bus, c) for c in ("MW Load", "MW Shunt G", "BaseKV", "lat", "lng")
    )
    whole = pd.Series(mw).groupby(area.to_numpy()).transform("sum").to_numpy()
    load, at, columns = [], [], {}
    for k, name in enumerate(names):
        if mw[k] and area.iloc[k] not in regions:
            text = f"region {area.iloc[k]} has no load series"
            folder.fail("SourceData/bus.csv", k + 2, "Area", "missing_series", text)
        elif mw[k]:
            load.append(f"D{name}")
            at.append(name)
            columns[f"D{name}"] = regions[area.iloc[k]] * (mw[k] / whole[k])
        if shunt[k]:
            load.append(f"S{name}")
            at.append(name)
            columns[f"S{name}"] = np.full(len(starts), shunt[k])
    buses = pd.DataFrame({"bus": names, "zone": area, "area": area, "kv": kv, "x": lng, "y": lat})
    reference = [n for n, t in zip(names, bus["Bus Type"], strict=True) if t.strip() == "Ref"]
    return (
        buses,
        pd.DataFrame({"load": load, "bus": at}, dtype="str"),
        pd.DataFrame({"interval_start": starts, **columns}),
        reference[0] if len(reference) == 1 else "",
    )


def _branches(folder: Folder) -> pd.DataFrame:
    """Read lines and transformers (`Tr Ratio` other than 0)."""
    rows = folder.table("branch.csv", BRANCH)
    names = folder.ids("branch.csv", rows, "UID")
    r, x, rating, emergency, ratio = (folder.numbers("branch.csv", rows, c) for c in BRANCH[3:])
    return pd.DataFrame(
        {
            "branch": names,
            "from_bus": rows["From Bus"].str.strip(),
            "to_bus": rows["To Bus"].str.strip(),
            "kind": np.where(ratio != 0, "transformer", "line"),
            "r": r,
            "x": x,
            "tap": np.where(ratio != 0, ratio, 1.0),
            "rating_mw": np.where(rating > 0, rating, np.nan),
            "emergency_rating_mw": np.where(emergency > 0, emergency, np.nan),
        }
    )


def _links(folder: Folder) -> pd.DataFrame:
    """Read the DC line, controllable up to its MW either way, without losses."""
    rows = folder.table("dc_branch.csv", LINK)
    most = folder.numbers("dc_branch.csv", rows, "MW Load")
    return pd.DataFrame(
        {
            "link": folder.ids("dc_branch.csv", rows, "UID"),
            "from_bus": rows["From Bus"].str.strip(),
            "to_bus": rows["To Bus"].str.strip(),
            "min_mw": -most,
            "max_mw": most,
        }
    )


def _categories(folder: Folder) -> Iterator[tuple[str, str]]:
    gen = folder.table("gen.csv", ("GEN UID", "Category"))
    for name, category in zip(gen["GEN UID"], gen["Category"], strict=True):
        yield name.strip(), category.strip()


def _record(source: str, first: date, days: int, market: str) -> dict[str, Any]:
    return {
        "source": source if source != "rts-gmlc" else f"rts-gmlc/{first}",
        "format": "rts-gmlc",
        "date": str(first),
        "days": days,
        "market": market,
        "notes": list(NOTES),
    }


COLLECTION = "rts-gmlc"


def _accepts(origin: Origin) -> bool:
    path = origin.path
    dated = not path.exists() and not path.suffix and is_rts_gmlc_folder(path.parent)
    return origin.collection == COLLECTION or is_rts_gmlc_folder(path) or dated


def _read(origin: Origin, *, date: str | date | None, days: int, market: str) -> Case:
    if is_rts_gmlc_folder(origin.path):
        source = origin.path.name
        return read_rts_gmlc(origin.path, date or "", days=days, market=market, source=source)
    packaged = origin.collection == COLLECTION
    day = origin.name.partition("/")[2] if packaged else origin.path.name
    if date is not None and day:
        refuse(f"{origin.name} names a day already: leave out the date {date}")
    if packaged:
        return read_rts_gmlc(find_rts_gmlc(), date or day, days=days, market=market)
    folder = origin.path.parent
    return read_rts_gmlc(folder, day, days=days, market=market, source=folder.name)


READER = Reader(
    name="RTS-GMLC",
    forms=("a folder of RTS-GMLC", "rts-gmlc/YYYY-MM-DD"),
    accepts=_accepts,
    read=_read,
    options={"date": None, "days": 1, "market": "da"},
)
