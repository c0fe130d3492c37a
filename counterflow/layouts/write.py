"""Offers, prices and loads of a run in the layouts of published files."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cases import Run
from cases.errors import InputError
from cases.files.folders import new_folder
from cases.market_time import comes_again
from cases.readers.published import FORMATS
from cases.readers.published.layout import Clock, Curve, Layout
from cases.readers.published.markets import layouts
from counterflow.layouts.headers import HEADERS
from counterflow.layouts.states import hourly_states
from network.arrays import Floats

__all__ = ["LAYOUT_NAMES", "published_frames", "write_published"]

LAYOUT_NAMES: Final = tuple(FORMATS)
"""Formats that a run can be written in."""
HUB: Final = "SYSTEM"
"""Node of the load-weighted price of the whole market."""
_FILES: Final = {
    "pjm-offers": ("energy_market_offers", "da_hrl_lmps", "hrl_load_metered"),
    "isone-offers": ("hbdayaheadenergyoffer", "WW_DALMP_ISO", "hourlysystemdemand"),
    "nyiso-offers": ("biddata_genbids", "damlbmp_zone", "palIntegrated"),
    "miso-offers": ("da_co", "da_expost_lmp", "rf_al"),
    "ercot-offers": ("60d_DAM_Gen_Resource_Data", "DAMSPNP4190", "native_load"),
    "caiso-offers": ("PUB_BID_DAM_v3", "PRC_LMP_DAM", "SLD_FCST"),
}
_LONG: Final = "%Y-%m-%dT%H:%M:%S"


def published_frames(run: Run, format: str, *, key: str = "") -> dict[str, pd.DataFrame]:
    """Offers, prices and load of a run in the columns of a market's reports.

    Parameters
    ----------
    run
        A cleared run of hourly intervals.
    format
        pjm-offers, isone-offers, nyiso-offers, miso-offers, ercot-offers or caiso-offers.
    key
        A secret: units and owners are written as codes, the same for the same secret.

    Returns
    -------
    dict
        "offers", "prices" (every bus, and SYSTEM, the load-weighted price) and "loads". What a
        report has no column for is not in it: owners in PJM, cleared MW outside MISO and ERCOT,
        no-load costs outside PJM and ISO New England.

    Raises
    ------
    InputError
        Another format, intervals of another length, an offer of more points than a row has.
    """
    if format not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError.one("", None, None, "usage", f"there is no layout {format}: {known}")
    if run.case.meta.interval_minutes != 60:
        message = f"published offers are hourly, the run has {run.case.meta.interval_minutes} min"
        raise InputError.one("case.toml", None, "interval_minutes", "usage", message)
    market = FORMATS[format]
    states, blocks = hourly_states(run, within_reach=format == "caiso-offers")
    if key:
        for column in ("unit", "owner"):
            states[column] = states[column].map(lambda name: _code(str(name), key))
    offers = layouts("offers", market)[0]
    if "must_take_mw" not in offers.columns and "self_mw1" not in offers.columns:
        blocks = _sure(states, blocks, offers.floor)
    made = _offers(format, offers, states, blocks)
    return {
        "offers": made,
        "prices": _prices(market, run),
        "loads": _loads(market, run),
    }


def write_published(run: Run, folder: str | Path, format: str, *, key: str = "") -> list[Path]:
    """Write `published_frames` as a new folder of CSV files; return them.

    ISO New England's have lines of C, H, D and T, MISO's prices the day above the header. Raises
    InputError where the folder exists.
    """
    frames = published_frames(run, format, key=key)
    names = dict(zip(("offers", "prices", "loads"), _FILES[format], strict=True))
    written = []
    with new_folder(folder) as part:
        for kind, frame in frames.items():
            if format == "miso-offers" and kind == "prices":
                for day, rows in frame.groupby("Day", sort=True):
                    stamp = pd.Timestamp(str(day))
                    name = f"{stamp:%Y%m%d}_{names[kind]}.csv"
                    top = f"Day Ahead Market ExPost LMPs\n{stamp:%m/%d/%Y}\n\n"
                    top += "All Hours-Ending are Eastern Standard Time (EST)\n"
                    body = rows.drop(columns="Day").to_csv(index=False, lineterminator="\n")
                    (part / name).write_text(top + body, encoding="utf-8")
                    written.append(name)
                continue
            name = f"{names[kind]}.csv"
            body = frame.to_csv(index=False, lineterminator="\n")
            if format == "isone-offers":
                body = _tagged(body, kind)
            (part / name).write_text(body, encoding="utf-8")
            written.append(name)
    return [Path(folder) / name for name in written]


def _sure(states: pd.DataFrame, blocks: pd.DataFrame, floor: float) -> pd.DataFrame:
    """Offer at the market's floor what is sold at any price, where a report has no word for it."""
    number = np.arange(len(states))
    alone = (states["must_take_mw"] > 1e-9).to_numpy() & ~np.isin(number, blocks["state"])
    made = pd.DataFrame(
        {
            "state": number[alone],
            "lower_mw": 0.0,
            "upper_mw": states["must_take_mw"].to_numpy()[alone],
            "price": floor,
        }
    )
    both = pd.concat([blocks, made], ignore_index=True)
    return both.sort_values("state", kind="stable", ignore_index=True)


def _code(name: str, key: str) -> str:
    return hmac.new(key.encode(), name.encode(), "sha256").hexdigest()[:12] if name else ""


def _tagged(body: str, kind: str) -> str:
    header, *rows = body.splitlines()
    lines = [f"C,{kind} in the layout of ISO New England", f"H,{header}"]
    lines += [f"D,{row}" for row in rows]
    return "\n".join([*lines, f"T,{len(rows)} lines"]) + "\n"


def _clock(clock: Clock, stamps: pd.Series) -> dict[str, pd.Series]:
    """Write starts of hours as a clock states them."""
    local = stamps.dt.tz_convert(clock.zone)
    if not clock.hour:
        text = local.dt.strftime(clock.form or _LONG)
        return {clock.column: text.str.upper() if "%b" in clock.form else text}
    day = local.dt.strftime(clock.form)
    hour = (local.dt.hour + int(clock.ending)).astype(int)
    written = hour.map("{:02d}".format)
    second = pd.Series(comes_again(local), index=local.index)
    if clock.repeat == "suffix":
        written = written.where(~second, written + "X")
    made = {clock.column: day, clock.hour: written}
    if clock.repeat not in ("suffix", "order", "none"):
        made[clock.repeat] = second.map({True: "Y", False: "N"})
    return made


def _offers(
    format: str, layout: Layout, states: pd.DataFrame, blocks: pd.DataFrame
) -> pd.DataFrame:
    assert layout.curve is not None
    if format == "caiso-offers":
        return _points(layout, states, blocks)
    named = dict(layout.columns)
    made: dict[str, object] = dict(_clock(layout.clock, states["interval_start"]))
    for meaning, column in named.items():
        if meaning in states:
            made[column] = states[meaning]
    made |= _marks(format, states)
    mw, price = _curve(layout.curve, states, blocks)
    names = layout.curve.names()
    count = layout.curve.points
    made |= {name: mw[:, k] for k, name in enumerate(names[:count])}
    made |= {name: price[:, k] for k, name in enumerate(names[count:])}
    frame = pd.DataFrame(made)
    return frame.reindex(columns=HEADERS[format])


def _marks(format: str, states: pd.DataFrame) -> dict[str, object]:
    """Cells that say of what kind a row is."""
    out = states["available_mw"] <= 0
    if format == "pjm-offers":
        ept = states["interval_start"].dt.tz_convert("America/New_York").dt.strftime(_LONG)
        pairs = [(n, c) for n in ("min", "max") for c in ("ecomin", "ecomax")]
        both = {f"{n}_{c}": states[f"p_{c[3:]}"] for n, c in pairs}
        return {"bid_datetime_beginning_ept": ept, "bid_slope_flag": "False", **both}
    if format == "isone-offers":
        must = states["must_take_mw"] > 0
        status = np.where(out, "UNAVAILABLE", np.where(must, "MUST_RUN", "ECONOMIC"))
        return {"Unit Status": status}
    if format == "nyiso-offers":
        return {
            "Market": "DAM",
            "Duration": 1,
            "Self Commit MW1": states["must_take_mw"].where(states["must_take_mw"] > 0),
        }
    if format == "miso-offers":
        return {
            "Must Run Flag": (states["must_take_mw"] > 0).astype(int),
            "Unit Available Flag": (~out).astype(int),
            "Economic Flag": 1,
            "Emergency Flag": 0,
            "Slope": 0,
        }
    return {"QSE": states["owner"], "Resource Status": np.where(out, "OUT", "ON")}


def _curve(curve: Curve, states: pd.DataFrame, blocks: pd.DataFrame) -> tuple[Floats, Floats]:
    """Points of every state, (n, K) MW and prices, NaN where there are no more."""
    count = curve.points
    mw = np.full((len(states), count), np.nan)
    price = np.full((len(states), count), np.nan)
    row = blocks["state"].to_numpy()
    place = blocks.groupby("state", sort=False).cumcount().to_numpy()
    low, high = blocks["lower_mw"].to_numpy(), blocks["upper_mw"].to_numpy()
    level = blocks["price"].to_numpy()
    most = (int(place.max()) + 1 if len(place) else 0) * (2 if curve.sloped == "always" else 1)
    if most > count:
        unit = states["unit"].iloc[int(row[int(np.argmax(place))])]
        message = f"the offer of {unit} needs {most} points, a row of this layout has {count}"
        raise InputError.one("offers", None, "segment", "points", message)
    if curve.sloped == "always":
        for k, side in enumerate((low, high)):
            mw[row, 2 * place + k], price[row, 2 * place + k] = side, level
    elif curve.cumulative:
        mw[row, place], price[row, place] = high, level
    else:
        floor = states["p_min"].to_numpy()[row] if curve.from_minimum else 0.0
        mw[row, place] = np.maximum(high, floor) - np.maximum(low, floor)
        price[row, place] = level
    return mw, price


def _points(layout: Layout, states: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """CAISO's rows: a point each, where a price begins and at last where the curve ends."""
    last = ~blocks["state"].duplicated(keep="last")
    ends = blocks[last].assign(lower_mw=blocks["upper_mw"])
    points = pd.concat([blocks, ends]).sort_values(["state", "lower_mw"], kind="stable")
    priced = states.iloc[points["state"]].reset_index(drop=True)
    x, y = points["lower_mw"].to_numpy(), points["price"].to_numpy()
    must = states[states["must_take_mw"] > 0].reset_index(drop=True)
    stamp = {"priced": _text(priced), "must": _text(must)}
    common = {
        "MARKET_RUN_ID": "DAM",
        "RESOURCE_TYPE": "GENERATOR",
        "MARKETPRODUCTTYPE": "EN",
    }
    bids = pd.DataFrame(
        {
            **{"RESOURCEBID_SEQ": priced["unit"], "SCHEDULINGCOORDINATOR_SEQ": priced["owner"]},
            **{"TIMEINTERVALSTART_GMT": stamp["priced"]},
            **{"SCH_BID_TIMEINTERVALSTART_GMT": stamp["priced"]},
            **{"SCH_BID_XAXISDATA": x, "SCH_BID_Y1AXISDATA": y, "SCH_BID_CURVETYPE": "BIDPRICE"},
        }
    )
    sure = pd.DataFrame(
        {
            **{"RESOURCEBID_SEQ": must["unit"], "SCHEDULINGCOORDINATOR_SEQ": must["owner"]},
            **{"TIMEINTERVALSTART_GMT": stamp["must"], "SELFSCHEDMW": must["must_take_mw"]},
        }
    )
    frame = pd.concat([bids, sure], ignore_index=True).assign(**common)
    frame["STARTDATE"] = frame["TIMEINTERVALSTART_GMT"].str[:10]
    return frame.reindex(columns=HEADERS["caiso-offers"])


def _text(states: pd.DataFrame) -> pd.Series:
    text: pd.Series = states["interval_start"].dt.tz_convert("UTC").dt.strftime(_LONG)
    return text.astype("str")


def _hub(run: Run) -> pd.DataFrame:
    """Load-weighted price of the market by interval, with its components."""
    from cases.place_prices import PlacePrices

    places = PlacePrices(run)
    market = places.points.market()
    parts = {part: places.at(market, part).to_numpy() for part in ("lmp", "mec", "mcc", "mlc")}
    starts = run.case.interval_starts
    return pd.DataFrame({"interval_start": starts, "bus": HUB, "zone": "", **parts})


def _prices(market: str, run: Run) -> pd.DataFrame:
    layout = layouts("prices", market)[0]
    columns = ["interval_start", "bus", "zone", "lmp", "mec", "mcc", "mlc"]
    rows = pd.concat([run.prices[columns], _hub(run)], ignore_index=True)
    rows = rows.sort_values(["interval_start", "bus"], kind="stable", ignore_index=True)
    for part, sign in layout.signs.items():
        rows[part] = 0.0 + sign * rows[part]
    if layout.wide is not None:
        return _wide(layout, rows)
    named = layout.columns
    if "component" in named:
        parts = {part: name for name, part in layout.components.items()}
        long = rows.melt(["interval_start", "bus"], list(parts), "part", "value")
        made = {
            **_clock(layout.clock, long["interval_start"]),
            named["node"]: long["bus"],
            named["component"]: long["part"].map(parts),
            named["value"]: long["value"],
        }
        return pd.DataFrame(made)
    made = {**_clock(layout.clock, rows["interval_start"]), named["node"]: rows["bus"]}
    if "zone" in named:
        made[named["zone"]] = rows["zone"]
    made |= {named[part]: rows[part] for part in ("lmp", "mec", "mcc", "mlc") if part in named}
    if "current" in named:
        made[named["current"]] = pd.Series(True, index=rows.index)
    return pd.DataFrame(made)


def _wide(layout: Layout, rows: pd.DataFrame) -> pd.DataFrame:
    assert layout.wide is not None
    local = rows["interval_start"].dt.tz_convert(layout.clock.zone)
    names: Mapping[str, str] = {part: name for name, part in layout.wide.meanings.items()}
    keyed = rows.assign(Day=local.dt.strftime("%Y-%m-%d"), hour=local.dt.hour + 1)
    long = keyed.melt(["Day", "hour", "bus"], list(names), "part", "value")
    wide = long.pivot(index=["Day", "bus", "part"], columns="hour", values="value")
    wide = wide.reindex(columns=range(1, 25)).set_axis(
        [layout.wide.hours.format(k=k) for k in range(1, 25)], axis=1
    )
    made = wide.reset_index().rename(columns={"bus": "Node"})
    made["Value"] = made.pop("part").map(names)
    made["Type"] = "Loadzone"
    hours = [layout.wide.hours.format(k=k) for k in range(1, 25)]
    return made[["Day", "Node", "Type", "Value", *hours]]


def _loads(market: str, run: Run) -> pd.DataFrame:
    layout = layouts("loads", market)[0]
    rows = run.load_awards.groupby("interval_start", sort=True)["mw"].sum().reset_index()
    named = layout.columns
    made = {**_clock(layout.clock, rows["interval_start"]), named["load_mw"]: rows["mw"]}
    if "load" in named:
        name = layout.totals[0] if layout.totals else HUB
        made[named["load"]] = pd.Series(name, index=rows.index)
    return pd.DataFrame(made)
