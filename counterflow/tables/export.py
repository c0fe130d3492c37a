"""Prices in the columns that published market data has: gridstatus, PJM, NYISO."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cases import Run
from cases.errors import InputError
from cases.files.folders import new_file
from cases.files.sheets import write_sheet

EASTERN = "America/New_York"


def _market(run: Run) -> str:
    """``rt`` where the case was imported from real-time series, else ``da``."""
    options = run.case.meta.imported.get("options", {})
    return "rt" if str(options.get("market", "da")) == "rt" else "da"


def _gridstatus(run: Run) -> pd.DataFrame:
    """Give the LMP columns of the gridstatus library, times in the case's timezone."""
    minutes = run.case.meta.interval_minutes
    every = "HOURLY" if minutes == 60 else f"{minutes:g}_MIN"
    market = ("REAL_TIME_" if _market(run) == "rt" else "DAY_AHEAD_") + every
    buses = run.prices.assign(point=run.prices["bus"], location_type="Bus")
    areas = run.zone_prices.assign(location_type=run.zone_prices["kind"].str.capitalize())
    columns = ["interval_start", "interval_end", "point", "location_type"]
    parts = ["lmp", "mec", "mcc", "mlc"]
    rows = pd.concat([buses[columns + parts], areas[columns + parts]], ignore_index=True)
    rows = rows.sort_values("interval_start", kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "Interval Start": rows["interval_start"],
            "Interval End": rows["interval_end"],
            "Market": market,
            "Location": rows["point"],
            "Location Type": rows["location_type"],
            "LMP": rows["lmp"],
            "Energy": rows["mec"],
            "Congestion": rows["mcc"],
            "Loss": rows["mlc"],
        }
    )


def _pjm(run: Run) -> pd.DataFrame:
    """Give PJM Data Miner's columns; the Eastern column is in Eastern prevailing time."""
    prices = run.prices
    kind = _market(run)
    kv = prices["bus"].map(run.case.buses.set_index("bus")["kv"])
    stamp = "%Y-%m-%dT%H:%M:%S"
    return pd.DataFrame(
        {
            "datetime_beginning_utc": prices["interval_start"]
            .dt.tz_convert("UTC")
            .dt.strftime(stamp),
            "datetime_beginning_ept": prices["interval_start"]
            .dt.tz_convert(EASTERN)
            .dt.strftime(stamp),
            "pnode_id": prices["bus"],
            "pnode_name": prices["bus"],
            "voltage": kv.map(lambda value: "" if pd.isna(value) else f"{value:g} KV"),
            "type": "BUS",
            "zone": prices["zone"],
            f"system_energy_price_{kind}": prices["mec"],
            f"total_lmp_{kind}": prices["lmp"],
            f"congestion_price_{kind}": prices["mcc"],
            f"marginal_loss_price_{kind}": prices["mlc"],
        }
    )


def _nyiso(run: Run) -> pd.DataFrame:
    """Give NYISO's columns; LBMP = energy + losses - congestion, so its congestion is -mcc.

    `Time Stamp` is the start of the interval in Eastern prevailing time, as NYISO writes it.
    """
    prices = run.prices
    unit = f"({run.case.meta.currency}/MWHr)"
    return pd.DataFrame(
        {
            "Time Stamp": prices["interval_start"]
            .dt.tz_convert(EASTERN)
            .dt.strftime("%m/%d/%Y %H:%M"),
            "Name": prices["bus"],
            "PTID": prices["bus"],
            f"LBMP {unit}": prices["lmp"],
            f"Marginal Cost Losses {unit}": prices["mlc"],
            f"Marginal Cost Congestion {unit}": 0.0 - prices["mcc"],
        }
    )


PROFILES: dict[str, Callable[[Run], pd.DataFrame]] = {
    "gridstatus": _gridstatus,
    "pjm": _pjm,
    "nyiso": _nyiso,
}


def export_prices(run: Run, profile: str = "gridstatus") -> pd.DataFrame:
    """Prices of a run in a published market's columns.

    Parameters
    ----------
    run
        A cleared run.
    profile
        ``gridstatus`` (buses, zones and hubs), ``pjm`` or ``nyiso`` (buses; NYISO's congestion is
        the negative of `mcc`).

    Returns
    -------
    DataFrame
        One row per interval and location; money per MWh.

    Raises
    ------
    InputError
        There is no such profile.
    """
    if profile not in PROFILES:
        raise InputError.one(
            file="",
            row=None,
            column=None,
            rule="unknown profile",
            message=f"there is no profile {profile!r}; expected one of {', '.join(PROFILES)}",
        )
    return PROFILES[profile](run)


def write_prices(run: Run, path: Path, profile: str = "gridstatus") -> int:
    """Write `export_prices` to a new ``.csv`` or ``.parquet`` file, whole or not at all.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    InputError
        Unknown profile, another file type, a folder that does not exist, or a file that does.
    """
    return write_table(lambda: export_prices(run, profile), path)


def write_table(make: Callable[[], pd.DataFrame], path: Path) -> int:
    """Write a table to a new ``.csv`` or ``.parquet`` file, whole or not at all; give its rows.

    Raises
    ------
    InputError
        Another file type, a folder that does not exist, or a file that does; the table is not made
        then.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise InputError.one(
            file="",
            row=None,
            column=None,
            rule="file type",
            message=f"{path.name!r} must end in .csv or .parquet",
        )
    if not path.parent.is_dir():
        raise InputError.one(
            file="",
            row=None,
            column=None,
            rule="no such folder",
            message=f"{path.parent} is not a folder: create it first",
        )
    with new_file(path) as part:
        table = make()
        if path.suffix == ".csv":
            write_sheet(table, part)
        else:
            table.to_parquet(part, index=False)
    return len(table)
