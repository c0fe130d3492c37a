"""Prices and loads from raw files: one row per place and hour."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.market_time import first_moment
from cases.readers.published.clock import starts_of
from cases.readers.published.layout import Layout
from cases.readers.published.offers import texts
from cases.readers.published.recognise import service_columns
from cases.readers.published.source import Raw

__all__ = ["loads_of", "prices_of", "reserves_of"]

PARTS = ("lmp", "mec", "mcc", "mlc")
SYSTEM = "system"
"""Name of the load of a file that has one load."""
_DAY = re.compile(r"\b(\d{1,2}/\d{1,2}/\d{4})\b")


def prices_of(raw: Raw, layout: Layout, zone: str = "") -> pd.DataFrame:
    """Prices of a file: node, zone, start (UTC, naive), lmp, mec, mcc, mlc, line.

    A component that the file leaves out follows from the others (lmp = mec + mcc + mlc), or is
    blank where more than one is missing. Of a `zone`, only rows of that node are kept.
    """
    column = layout.columns["node"]
    if zone:
        keep = texts(raw.frame[column]).eq(zone).to_numpy()
        raw = Raw(raw.name, raw.frame[keep].reset_index(drop=True), raw.lines[keep], raw.preamble)
    current = layout.columns.get("current", "")
    if current in raw.frame:
        old = texts(raw.frame[current]).str.casefold().isin(("false", "0")).to_numpy()
        raw = Raw(raw.name, raw.frame[~old].reset_index(drop=True), raw.lines[~old])
    frame = _long(raw, layout) if layout.wide is None else _wide(raw, layout)
    for part, sign in layout.signs.items():
        frame[part] = 0.0 + sign * frame[part]
    missing = [part for part in PARTS[1:] if frame[part].isna().all()]
    if len(missing) == 1 and len(frame):
        others = [part for part in PARTS[1:] if part not in missing]
        frame[missing[0]] = frame["lmp"] - frame[others].sum(axis=1, skipna=False)
    return frame


def _long(raw: Raw, layout: Layout) -> pd.DataFrame:
    frame, columns = raw.frame, layout.columns
    nodes = texts(frame[columns["node"]])
    keys = [nodes]
    if "component" in columns:
        keys.append(texts(frame[columns["component"]]))
    starts = starts_of(raw, layout.clock, keys)
    zone = texts(frame[columns["zone"]]) if columns.get("zone") in frame else ""
    made = pd.DataFrame({"node": nodes, "zone": zone, "start": starts, "line": raw.lines})
    if "component" not in columns:
        for part in PARTS:
            column = columns.get(part)
            made[part] = frame[column].to_numpy(float) if column in frame else np.nan
        return made
    made["part"] = keys[1].map(dict(layout.components))
    made["value"] = frame[columns["value"]].to_numpy(float)
    return _spread(raw, made[made["part"].notna()])


def _spread(raw: Raw, made: pd.DataFrame) -> pd.DataFrame:
    """One row per place and hour from one row per component."""
    keys = ["node", "start", "part"]
    twice = made.duplicated(keys)
    if twice.any():
        line = int(made["line"][twice].iloc[0])
        message = f"{made['part'][twice].iloc[0]} of this place and hour comes twice"
        raise InputError.one(raw.name, line, None, "doubled_hour", message)
    at = ["node", "zone", "start"]
    wide = made.pivot(index=at, columns="part", values="value").reindex(columns=list(PARTS))
    lines = made.groupby(at, sort=False)["line"].min().rename("line")
    return wide.join(lines).reset_index()


def _wide(raw: Raw, layout: Layout) -> pd.DataFrame:
    """Hours as columns; the day stands above the header or in the name of the file."""
    assert layout.wide is not None
    text = " ".join(raw.preamble)
    found = _DAY.search(text)
    named = re.search(r"(\d{8})", raw.name)
    if found is not None:
        day = pd.to_datetime(found[1], format="%m/%d/%Y")
    elif named is not None:
        day = pd.to_datetime(named[1], format="%Y%m%d")
    else:
        message = "has no day above its header, and none in its name"
        raise InputError.one(raw.name, 1, None, "day", message)
    nodes = texts(raw.frame[layout.columns["node"]])
    part = texts(raw.frame[layout.wide.quantity]).map(dict(layout.wide.meanings))
    hours = [layout.wide.hours.format(k=k) for k in range(1, 25)]
    missing = [name for name in hours if name not in raw.frame]
    if missing:
        message = f"the column is missing; {layout.name} has HE 1..24"
        raise InputError.one(raw.name, None, missing[0], "layout", message)
    values = raw.frame[hours].to_numpy(dtype=np.float64)
    midnight = first_moment(pd.Timestamp(day), layout.clock.zone).tz_convert("UTC")
    first = np.datetime64(midnight.tz_localize(None)).astype("datetime64[us]")
    starts = first + np.arange(24).astype("timedelta64[h]")
    count = len(values)
    long = pd.DataFrame(
        {
            "node": np.repeat(nodes.to_numpy(), 24),
            "zone": "",
            "start": np.tile(starts, count),
            "part": np.repeat(part.to_numpy(), 24),
            "value": values.ravel(),
            "line": np.repeat(raw.lines, 24),
        }
    )
    return _spread(raw, long[long["part"].notna() & long["value"].notna()])


def loads_of(raw: Raw, layout: Layout) -> pd.DataFrame:
    """Loads of a file: load, zone, start (UTC, naive), mw, line."""
    frame, columns = raw.frame, layout.columns
    named = columns.get("load") in frame
    names = (
        texts(frame[columns["load"]]) if named else pd.Series([SYSTEM] * len(frame), dtype="str")
    )
    clock = layout.clock
    starts = starts_of(raw, clock, [names])
    zone = texts(frame[columns["zone"]]) if columns.get("zone") in frame else ""
    mw = frame[columns["load_mw"]].to_numpy(float)
    return pd.DataFrame({"load": names, "zone": zone, "start": starts, "mw": mw, "line": raw.lines})


def reserves_of(raw: Raw, layout: Layout) -> pd.DataFrame:
    """Offers of reserves: unit, owner, start, product, segment, mw, price, line.

    A block that is offered to several products is a row for each. Where a unit has several offers
    in an hour its blocks are numbered through, the cheapest first.
    """
    services = service_columns(layout, list(raw.frame.columns))
    units = texts(raw.frame[layout.columns["unit"]])
    owners = texts(raw.frame[layout.columns["owner"]])
    clock = replace(layout.clock, repeat="none")
    starts = starts_of(raw, clock, [])
    parts = []
    for product, blocks in services.items():
        for price, mw in blocks.values():
            level = pd.to_numeric(raw.frame[price], errors="coerce").to_numpy(float)
            size = raw.frame[mw].to_numpy(dtype=float)
            keep = np.isfinite(level) & (np.nan_to_num(size) > 0)
            parts.append(
                pd.DataFrame(
                    {
                        "unit": units[keep],
                        "owner": owners[keep],
                        "start": starts[keep],
                        "product": product,
                        "mw": size[keep],
                        "price": level[keep],
                        "line": raw.lines[keep],
                    }
                )
            )
    made = pd.concat(parts, ignore_index=True)
    keys = ["unit", "start", "product"]
    made = made.sort_values([*keys, "price", "mw", "line"], kind="stable", ignore_index=True)
    made["segment"] = made.groupby(keys, sort=False).cumcount() + 1
    return made
