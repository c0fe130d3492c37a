"""Files of a market, any number of them in any order, as one set of tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.market_time import from_utc
from cases.readers.published.layout import Kind, Layout
from cases.readers.published.markets import markets
from cases.readers.published.offers import OfferPart, offers_of
from cases.readers.published.prices import PARTS, loads_of, prices_of, reserves_of
from cases.readers.published.recognise import held_on, layout_of, service_columns
from cases.readers.published.source import Given, Header, Text, opened, parsed

__all__ = ["Offers", "PriceData", "read_loads", "read_offers", "read_prices"]

Floats = NDArray[np.float64]
ZONES = {
    "PJM": "America/New_York",
    "ISO-NE": "America/New_York",
    "NYISO": "America/New_York",
    "MISO": "Etc/GMT+5",
    "ERCOT": "America/Chicago",
    "CAISO": "America/Los_Angeles",
}
"""The clock by which each market's days are counted; MISO's is standard time all year."""
_MOST = 10


@dataclass(frozen=True)
class Offers:
    """Offers of a market: what every unit stated for every hour, and its blocks.

    Attributes
    ----------
    market, timezone
        Whose offers, and the clock of its days.
    units
        One row per unit and hour, ordered by hour and unit: unit, interval_start, owner, node,
        zone, technology, p_min, p_max, must_take_mw, status (economic, must_run, unavailable),
        cleared_mw, lmp, no_load, startup_cold, startup_inter, startup_hot, min_up.
    state, segment, mw, price
        Blocks from 0 MW: row of `units`, number from 1, width in MW, money per MWh.
    bids
        Charging of storage: unit, interval_start, segment, mw, price.
    reserve_offers
        unit, owner, interval_start, product, segment, mw, price.
    files
        Names of the files, sorted; `empty` are those without a row.
    """

    market: str
    timezone: str
    units: pd.DataFrame
    state: NDArray[np.int64]
    segment: NDArray[np.int64]
    mw: Floats
    price: Floats
    bids: pd.DataFrame
    reserve_offers: pd.DataFrame
    files: tuple[str, ...]
    empty: tuple[str, ...]
    floor: float

    @property
    def offers(self) -> pd.DataFrame:
        """The blocks as a table: unit, interval_start, segment, mw, price."""
        rows = self.units[["unit", "interval_start"]]
        return pd.DataFrame(
            {
                "unit": rows["unit"].take(self.state).array,
                "interval_start": rows["interval_start"].take(self.state).array,
                "segment": self.segment,
                "mw": self.mw,
                "price": self.price,
            }
        )

    def between(self, first: pd.Timestamp, last: pd.Timestamp) -> Offers:
        """The hours from one moment up to another."""
        start = self.units["interval_start"]
        keep = ((start >= first) & (start < last)).to_numpy()
        number = np.cumsum(keep) - 1
        of_block = keep[self.state]

        def few(frame: pd.DataFrame) -> pd.DataFrame:
            stamps = frame["interval_start"]
            return frame[(stamps >= first) & (stamps < last)].reset_index(drop=True)

        return Offers(
            self.market,
            self.timezone,
            self.units[keep].reset_index(drop=True),
            number[self.state[of_block]],
            self.segment[of_block],
            self.mw[of_block],
            self.price[of_block],
            few(self.bids),
            few(self.reserve_offers),
            self.files,
            self.empty,
            self.floor,
        )


PriceData = pd.DataFrame
"""node, interval_start, zone, lmp, mec, mcc, mlc: ordered by hour and node."""


def read_offers(
    files: Iterable[Given], market: str, *, version: str = "da", pieces: int = 1
) -> Offers:
    """Read the published offers of a market.

    Parameters
    ----------
    files
        Files, zips, folders or frames, in any order, of any hours.
    market
        PJM, ISO-NE, NYISO, MISO, ERCOT or CAISO.
    version
        "da" or "rt", where a file holds both (NYISO: DAM, HAM).
    pieces
        Blocks for each sloping line of a curve.

    Raises
    ------
    InputError
        A file of another market, report or date, columns that are missing, rows that cannot be
        read, an hour of a unit in two rows, a unit whose owner or mask changes.
    """
    if market not in markets():
        known = ", ".join(markets())
        raise InputError.one("", None, None, "market", f"there is no market {market}: {known}")
    parts: list[OfferPart] = []
    reserves: list[pd.DataFrame] = []
    names: list[str] = []
    empty: list[str] = []
    mine: list[str] = []
    for text in opened(files):
        layout, header = layout_of(text, ("offers", "reserves"), market)
        names.append(text.name)
        if layout.kind == "reserves":
            raw = parsed(text, header, layout, _reserve_columns(layout, header))
            found = reserves_of(raw, layout)
            _on_days(text, layout, found["start"], ZONES[market])
            reserves.append(found)
            continue
        mine.append(text.name)
        part = offers_of(
            parsed(text, header, layout, _wanted(layout)), layout, market=version, pieces=pieces
        )
        _on_days(text, layout, part.states["start"], ZONES[market])
        if len(part.states):
            parts.append(part)
        else:
            empty.append(text.name)
    if not mine:
        raise InputError.one("", None, None, "files", f"no file with offers of {market} was given")
    _one_version(mine)
    if not parts:
        raise InputError.one(mine[0], None, None, "empty", "no file has a row: nothing was offered")
    return _joined(market, parts, reserves, tuple(sorted(names)), tuple(sorted(empty)))


def _wanted(layout: Layout) -> list[str]:
    named = [*layout.clock.columns, layout.clock.repeat, *layout.columns.values(), *layout.only]
    if layout.curve is not None:
        named += [*layout.curve.names(), layout.curve.sloped]
    if layout.wide is not None:
        named += [layout.wide.hours.format(k=k) for k in range(1, 25)]
    return named


def _reserve_columns(layout: Layout, header: Header) -> list[str]:
    blocks = service_columns(layout, header.columns)
    pairs = [pair for block in blocks.values() for pair in block.values()]
    columns = [*layout.clock.columns, layout.clock.repeat, *layout.columns.values()]
    return columns + [name for pair in pairs for name in pair]


def _on_days(text: Text, layout: Layout, start: pd.Series, timezone: str) -> None:
    """Raise where a file has days on which its layout did not hold."""
    if start.empty:
        return
    ends = from_utc(pd.Series([start.min(), start.max()]), timezone)
    wrong = held_on(layout, ends.iloc[0].date(), ends.iloc[1].date())
    if wrong is not None:
        raise InputError.one(text.name, None, None, "layout", wrong)


def _one_version(names: Sequence[str]) -> None:
    ahead = [name for name in names if "dayahead" in name.lower()]
    real = [name for name in names if "realtime" in name.lower()]
    if ahead and real:
        message = f"is of the real-time market, {ahead[0]} of the day-ahead: give one of the two"
        raise InputError.one(real[0], None, None, "market", message)


def _joined(
    market: str,
    parts: list[OfferPart],
    reserves: list[pd.DataFrame],
    names: tuple[str, ...],
    empty: tuple[str, ...],
) -> Offers:
    timezone = ZONES[market]
    sizes = np.array([len(part.states) for part in parts])
    states = pd.concat([part.states for part in parts], ignore_index=True)
    place = np.repeat(np.arange(len(parts)), sizes)
    offset = np.cumsum(sizes) - sizes
    state = np.concatenate([part.state + offset[k] for k, part in enumerate(parts)])
    unit, _ = pd.factorize(states["unit"], sort=True)
    start = states["start"].to_numpy()
    order = np.lexsort((unit, start))
    same = (unit[order][1:] == unit[order][:-1]) & (start[order][1:] == start[order][:-1])
    if same.any():
        raise InputError(_doubled(parts, states, place, order, same, timezone))
    _same_mask(parts, states, place, timezone)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    moved, blocks = _by_rank(rank, state)
    segment = np.concatenate([part.segment for part in parts]).astype(np.int64)
    table = states.iloc[order].reset_index(drop=True).drop(columns=["line", "duration"])
    table.insert(1, "interval_start", from_utc(table.pop("start"), timezone))
    bids = pd.concat([part.bids for part in parts], ignore_index=True)
    bids["interval_start"] = from_utc(bids.pop("start"), timezone)
    columns = ["unit", "interval_start", "segment", "mw", "price"]
    return Offers(
        market,
        timezone,
        table,
        moved,
        segment[blocks],
        np.concatenate([part.mw for part in parts])[blocks],
        np.concatenate([part.price for part in parts])[blocks],
        bids[columns].sort_values(columns[:3], ignore_index=True),
        _reserves(reserves, timezone),
        names,
        empty,
        min(part.layout.floor for part in parts),
    )


def _by_rank(
    rank: NDArray[np.int64], state: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """New states of blocks in order, and the block that comes at each place.

    Blocks of one state stand together and in order already, so that only states are sorted.
    """
    counts = np.bincount(state, minlength=len(rank))
    begin = np.cumsum(counts) - counts
    old = np.argsort(rank)
    taken = counts[old]
    inside = np.arange(len(state)) - np.repeat(np.cumsum(taken) - taken, taken)
    return np.repeat(np.arange(len(rank)), taken), np.repeat(begin[old], taken) + inside


def _reserves(parts: list[pd.DataFrame], timezone: str) -> pd.DataFrame:
    columns = ["unit", "owner", "interval_start", "product", "segment", "mw", "price"]
    if not parts:
        empty = pd.DataFrame(columns=columns)
        return empty.assign(interval_start=from_utc(empty["interval_start"], timezone))
    made = pd.concat(parts, ignore_index=True)
    made["interval_start"] = from_utc(made.pop("start"), timezone)
    keys = ["unit", "interval_start", "product"]
    made = made.sort_values([*keys, "price", "mw"], kind="stable", ignore_index=True)
    made["segment"] = made.groupby(keys, sort=False).cumcount() + 1
    return made[columns]


def _doubled(
    parts: list[OfferPart],
    states: pd.DataFrame,
    place: NDArray[np.int64],
    order: NDArray[np.int64],
    same: NDArray[np.bool_],
    timezone: str,
) -> list[Failure]:
    failures = []
    for k in np.flatnonzero(same)[:_MOST].tolist():
        first, again = sorted((int(order[k]), int(order[k + 1])))
        stamp = pd.Timestamp(states["start"].iloc[again], tz="UTC").tz_convert(timezone)
        other = f"{parts[int(place[first])].name} row {states['line'].iloc[first]}"
        message = f"unit {states['unit'].iloc[again]} at {stamp.isoformat()} is in {other} already"
        line = int(states["line"].iloc[again])
        failures.append(Failure(parts[int(place[again])].name, line, None, "doubled_hour", message))
    return failures


def _same_mask(
    parts: list[OfferPart], states: pd.DataFrame, place: NDArray[np.int64], timezone: str
) -> None:
    """Raise where masks change: codes of another year, a unit that changes hands."""
    if any(part.layout.masked_by_year for part in parts):
        years = from_utc(states["start"], timezone).dt.year.to_numpy()
        if years.min() != years.max():
            row = int(np.argmax(years == years.max()))
            message = (
                f"the codes of units change every year, and the files hold {years.min()} and "
                f"{years.max()}: give the files of one year"
            )
            name, line = parts[int(place[row])].name, int(states["line"].iloc[row])
            raise InputError.one(name, line, None, "mask", message)
    owners = states.groupby("unit", sort=True)["owner"].nunique()
    changed = owners[owners > 1].index[:_MOST]
    failures = []
    for unit in changed:
        rows = states[states["unit"] == unit].sort_values("start", kind="stable")
        moved = int(rows.index[int(np.argmax((rows["owner"] != rows["owner"].iloc[0]).to_numpy()))])
        old, new = rows["owner"].iloc[0], states["owner"].iloc[moved]
        message = (
            f"unit {unit} was of owner {old} and is of {new} here: its mask changed, or it was "
            "sold; take the days before or after"
        )
        name, line = parts[int(place[moved])].name, int(states["line"].iloc[moved])
        failures.append(Failure(name, line, None, "mask", message))
    if failures:
        raise InputError(failures)


def read_prices(files: Iterable[Given], market: str = "", *, zone: str = "") -> PriceData:
    """Read published prices of a market, or frames of gridstatus; of one node where it is named.

    Returns node, interval_start (UTC), zone, lmp, mec, mcc, mlc, ordered by hour and node.

    Raises InputError as `read_offers`.
    """
    rows = _placed(files, ("prices",), market, zone)
    if rows.empty and zone:
        raise InputError.one("", None, None, "zone", f"no row of the price files is of {zone}")
    keys = ["start", "node"]
    rows = rows.sort_values(keys, kind="stable", ignore_index=True)
    _once(rows, keys, "node")
    rows.insert(1, "interval_start", from_utc(rows.pop("start"), "UTC"))
    return rows[["node", "interval_start", "zone", *PARTS]]


def read_loads(files: Iterable[Given], market: str = "", *, zone: str = "") -> pd.DataFrame:
    """Read published loads: load, interval_start (UTC), mw; one load where `zone` names one.

    Rows of totals stand for the others.
    """
    rows = _placed(files, ("loads",), market, "")
    if zone and (rows["load"] == zone).any():
        rows = rows[rows["load"] == zone]
    elif rows["total"].any():
        rows = rows[rows["total"]]
    keys = ["start", "load"]
    rows = rows.sort_values(keys, kind="stable", ignore_index=True)
    _once(rows, keys, "load")
    rows.insert(1, "interval_start", from_utc(rows.pop("start"), "UTC"))
    return rows[["load", "interval_start", "mw"]]


def _placed(
    files: Iterable[Given], kinds: tuple[Kind, ...], market: str, zone: str
) -> pd.DataFrame:
    found = []
    for text in opened(files):
        layout, header = layout_of(text, kinds, market)
        raw = parsed(text, header, layout, _wanted(layout))
        if kinds == ("prices",):
            part = prices_of(raw, layout, zone)
        else:
            part = loads_of(raw, layout)
            part["total"] = part["load"].isin(layout.totals)
        found.append(part.assign(file=text.name))
    if not found:
        raise InputError.one("", None, None, "files", f"no file with {kinds[0]} was given")
    filled = [part for part in found if len(part)] or found[:1]
    return pd.concat(filled, ignore_index=True)


def _once(rows: pd.DataFrame, keys: list[str], what: str) -> None:
    twice = rows.duplicated(keys)
    if not twice.any():
        return
    failures = []
    for at in np.flatnonzero(twice.to_numpy())[:_MOST].tolist():
        row, before = rows.iloc[at], rows.iloc[at - 1]
        stamp = pd.Timestamp(row["start"], tz="UTC").isoformat()
        message = f"{row[what]} at {stamp} is in {before['file']} row {before['line']} already"
        failures.append(Failure(str(row["file"]), int(row["line"]), None, "doubled_hour", message))
    raise InputError(failures)


def names_of(files: Iterable[Given]) -> list[str]:
    """Names of files for a record; frames have none."""
    return sorted(Path(item).name for item in files if not isinstance(item, pd.DataFrame))
