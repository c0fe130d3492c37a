"""Offers of units from a raw file: what each unit stated for an hour, and its blocks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.readers.published.clock import starts_of
from cases.readers.published.curves import Blocks, blocks_of, with_minimum
from cases.readers.published.layout import Layout
from cases.readers.published.source import Raw

__all__ = ["MARKETS", "OfferPart", "offers_of", "texts"]

Floats = NDArray[np.float64]
MARKETS = {"da": "DAM", "rt": "HAM"}
"""Market of NYISO's file that is meant by `market`."""
_FALLING = "MW or prices fall from one point to the next: the points of a curve must rise"
_TRUE = ("true", "1", "1.0", "y", "yes", "t")


@dataclass(frozen=True)
class OfferPart:
    """What one file says: states and blocks of units, by number of the state.

    Attributes
    ----------
    states
        unit, owner, node, zone, technology (text), start (UTC, naive), p_min, p_max, must_take_mw,
        status, cleared_mw, lmp, no_load, startup_cold, startup_inter, startup_hot, min_up, line.
    state, segment, mw, price
        Blocks: the row of `states`, number from 1, width in MW, money per MWh.
    bids
        Charging of storage: start, unit, segment, mw, price, the dearest first.
    """

    name: str
    layout: Layout
    states: pd.DataFrame
    state: NDArray[np.int64]
    segment: NDArray[np.int16]
    mw: Floats
    price: Floats
    bids: pd.DataFrame


def offers_of(raw: Raw, layout: Layout, *, market: str = "da", pieces: int = 1) -> OfferPart:
    """Read the offers of one file.

    Raises
    ------
    InputError
        With every row that cannot be an offer: no unit, times, curves that fall, MW below 0.
    """
    raw = _counted(raw, layout, market)
    if layout.curve is not None and not layout.curve.points:
        return _of_points(raw, layout)
    assert layout.curve is not None
    keys = [raw.frame[layout.columns["unit"]]]
    if "market" in layout.columns:
        keys.append(raw.frame[layout.columns["market"]])
    states = _states(raw, layout, starts_of(raw, layout.clock, keys))
    count = layout.curve.points
    names = layout.curve.names()
    mw = raw.frame[names[:count]].to_numpy(dtype=np.float64)
    price = raw.frame[names[count:]].to_numpy(dtype=np.float64)
    sloped = _sloped(raw, layout)
    p_min = states["p_min"].to_numpy()
    blocks = blocks_of(layout.curve, mw, price, sloped, p_min, pieces)
    if blocks.falling.any():
        raise InputError(
            raw.failure(int(row), names[0], "curve", _FALLING)
            for row in np.flatnonzero(blocks.falling)[:10]
        )  # fmt: skip
    if "minimum_cost" in layout.columns or "minimum_price" in layout.columns:
        blocks, states = _minimum(raw, layout, blocks, states)
    return _part(raw, layout, states, blocks)


def _counted(raw: Raw, layout: Layout, market: str) -> Raw:
    """The rows that are of this market and product."""
    keep = np.ones(len(raw.frame), dtype=bool)
    for column, values in layout.only.items():
        if column in raw.frame:
            keep &= texts(raw.frame[column]).isin(values).to_numpy()
    if "market" in layout.columns:
        column = layout.columns["market"]
        words = texts(raw.frame[column])
        unknown = ~words.isin(list(MARKETS.values()))
        if unknown.any():
            row = int(np.argmax(unknown.to_numpy()))
            message = f"must be one of {', '.join(MARKETS.values())}, not {words.iloc[row]!r}"
            raise InputError([raw.failure(row, column, "choice", message)])
        keep &= words.eq(MARKETS[market]).to_numpy()
    if keep.all():
        return raw
    return Raw(raw.name, raw.frame[keep].reset_index(drop=True), raw.lines[keep], raw.preamble)


def texts(cells: pd.Series) -> pd.Series:
    """Cells as text without spaces around them, blanks as ""; each distinct text once."""
    place, distinct = pd.factorize(cells, use_na_sentinel=True)
    words = pd.Index(distinct).astype("object")
    plain = np.array([_word(word) for word in words] + [""], dtype=object)
    return pd.Series(pd.Categorical(plain[place]) if len(plain) > 1 else plain[place]).astype("str")


def _word(word: object) -> str:
    """An id as text; a whole number that a frame holds as float is written without a point."""
    if isinstance(word, float) and word.is_integer():
        return str(int(word))
    return str(word).strip()


def _states(raw: Raw, layout: Layout, start: NDArray[np.datetime64]) -> pd.DataFrame:
    frame, columns = raw.frame, layout.columns
    count = len(frame)

    def number(meaning: str) -> Floats:
        column = columns.get(meaning)
        if column is None or column not in frame:
            return np.full(count, np.nan)
        return frame[column].to_numpy(dtype=np.float64)

    def text(meaning: str) -> pd.Series:
        column = columns.get(meaning)
        if column is None or column not in frame:
            return pd.Series([""] * count, dtype="str")
        return texts(frame[column])

    units = text("unit")
    failures: list[Failure] = [
        raw.failure(int(row), columns["unit"], "blank", "a row without a unit")
        for row in np.flatnonzero((units == "").to_numpy())[:5]
    ]
    made: dict[str, object] = {"unit": units}
    for meaning in ("owner", "node", "zone", "technology"):
        made[meaning] = text(meaning)
    made["start"] = start
    for meaning in ("p_min", "p_max"):
        values = number(meaning)
        if meaning == "p_max":
            failures += [
                raw.failure(int(row), columns[meaning], "range", f"is {values[row]:g}, below 0 MW")
                for row in np.flatnonzero(values < 0)[:5]
            ]
        made[meaning] = np.maximum(values, 0.0)
    if failures:
        raise InputError(failures)
    must = number("must_take_mw")
    if "self_mw1" in columns:
        steps = np.column_stack([number(f"self_mw{k}") for k in range(1, 5)])
        must = np.where(
            np.isfinite(steps).any(axis=1), np.nanmax(np.nan_to_num(steps), axis=1), 0.0
        )
    made["must_take_mw"] = np.nan_to_num(must)
    made["status"] = _status(raw, layout, text)
    for meaning in (
        *("cleared_mw", "lmp", "no_load", "startup_cold", "startup_inter", "startup_hot"),
        *("min_up", "duration"),
    ):
        made[meaning] = number(meaning)
    made["line"] = raw.lines
    states = pd.DataFrame(made)
    states.loc[states["status"] == "unavailable", "must_take_mw"] = 0.0
    return states


def _status(raw: Raw, layout: Layout, text: object) -> pd.Series:
    """economic, must_run or unavailable, from a word or from two flags."""
    assert callable(text)
    found = np.full(len(raw.frame), "economic", dtype=object)
    if "must_run" in layout.columns:
        found[text("must_run").str.casefold().isin(_TRUE).to_numpy()] = "must_run"
    if "available" in layout.columns:
        found[~text("available").str.casefold().isin(_TRUE).to_numpy()] = "unavailable"
    if "status" in layout.columns and layout.columns["status"] in raw.frame:
        words = text("status").str.upper()
        unknown = ~words.isin([*layout.states, ""])
        if unknown.any():
            row = int(np.argmax(unknown.to_numpy()))
            known = ", ".join(layout.states)
            message = f"{words.iloc[row]!r} is no status of {layout.name}: {known}"
            raise InputError([raw.failure(row, layout.columns["status"], "choice", message)])
        found = words.map({**layout.states, "": "economic"}).to_numpy(dtype=object)
    return pd.Series(found, dtype="str")


def _sloped(raw: Raw, layout: Layout) -> NDArray[np.bool_]:
    assert layout.curve is not None
    count = len(raw.frame)
    if layout.curve.sloped in ("", "always"):
        return np.full(count, layout.curve.sloped == "always")
    return texts(raw.frame[layout.curve.sloped]).str.casefold().isin(_TRUE).to_numpy()


def _minimum(
    raw: Raw, layout: Layout, blocks: Blocks, states: pd.DataFrame
) -> tuple[Blocks, pd.DataFrame]:
    """Put the cost of running at the minimum into a first block and a no-load cost."""
    p_min = states["p_min"].to_numpy()
    if "minimum_cost" in layout.columns:
        cost = raw.frame[layout.columns["minimum_cost"]].to_numpy(dtype=np.float64)
    else:
        cost = raw.frame[layout.columns["minimum_price"]].to_numpy(dtype=np.float64) * p_min
    charging = blocks.charging
    made, rest = with_minimum(blocks, p_min, cost)
    no_load = np.where(np.isfinite(rest), rest, states["no_load"].to_numpy())
    return Blocks(made.lower, made.upper, made.price, made.falling, charging), states.assign(
        no_load=no_load
    )


def _part(raw: Raw, layout: Layout, states: pd.DataFrame, blocks: Blocks) -> OfferPart:
    width = blocks.upper - blocks.lower
    keep = width > 1e-9
    keep &= (states["status"] != "unavailable").to_numpy()[:, None]
    state, _ = np.nonzero(keep)
    segment = np.cumsum(keep, axis=1)[keep].astype(np.int16)
    mw, price = width[keep], blocks.price[keep]
    bids = _bids(states, blocks.charging)
    states, state, segment, mw, price = _taken(states, state, segment, mw, price, layout.floor)
    made = OfferPart(raw.name, layout, states, state, segment, mw, price, bids)
    return _repeated(made) if states["duration"].gt(1).any() else made


def _bids(states: pd.DataFrame, charging: Blocks | None) -> pd.DataFrame:
    columns = ["start", "unit", "segment", "mw", "price"]
    if charging is None:
        return pd.DataFrame(columns=columns)
    keep = (charging.upper - charging.lower > 1e-9) & (
        states["status"] != "unavailable"
    ).to_numpy()[:, None]
    row, _ = np.nonzero(keep)
    frame = states[["start", "unit"]].iloc[row].reset_index(drop=True)
    frame["mw"] = (charging.upper - charging.lower)[keep]
    frame["price"] = charging.price[keep]
    frame = frame.iloc[::-1].reset_index(drop=True)  # nearest to 0 MW is the dearest bid
    frame["segment"] = frame.groupby(["start", "unit"], sort=False).cumcount() + 1
    return frame[columns]


def _taken(
    states: pd.DataFrame,
    state: NDArray[np.int64],
    segment: NDArray[np.int16],
    mw: Floats,
    price: Floats,
    floor: float,
) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.int16], Floats, Floats]:
    """Add MW that are sold at any price and that no curve prices, as a last resort at the floor."""
    offered = np.bincount(state, weights=mw, minlength=len(states))
    must = states["must_take_mw"].to_numpy()
    rest = np.where(offered <= 0, must, 0.0)
    rows = np.flatnonzero(rest > 1e-9)
    if not len(rows):
        return states, state, segment, mw, price
    state = np.concatenate([state, rows])
    segment = np.concatenate([segment, np.ones(len(rows), dtype=np.int16)])
    mw = np.concatenate([mw, rest[rows]])
    price = np.concatenate([price, np.full(len(rows), floor)])
    order = np.lexsort((segment, state))
    return states, state[order], segment[order], mw[order], price[order]


def _repeated(part: OfferPart) -> OfferPart:
    """Rows that hold for several hours, an hour at a time."""
    hours = np.maximum(1, np.nan_to_num(part.states["duration"].to_numpy(), nan=1.0)).astype(int)
    row = np.repeat(np.arange(len(hours)), hours)
    ahead = np.arange(len(row)) - np.repeat(np.cumsum(hours) - hours, hours)
    states = part.states.iloc[row].reset_index(drop=True)
    states["start"] = states["start"].to_numpy() + ahead.astype("timedelta64[h]")
    counts = np.bincount(part.state, minlength=len(hours))
    begin = np.cumsum(counts) - counts
    order = np.argsort(part.state, kind="stable")
    taken = counts[row]
    inner = np.arange(int(taken.sum())) - np.repeat(np.cumsum(taken) - taken, taken)
    at = order[np.repeat(begin[row], taken) + inner]
    state = np.repeat(np.arange(len(row)), taken)
    return OfferPart(
        part.name, part.layout, states, state, part.segment[at], part.mw[at], part.price[at],
        part.bids,
    )  # fmt: skip


def _of_points(raw: Raw, layout: Layout) -> OfferPart:
    """Files with a row for each point, and rows of self-schedules: CAISO's public bids."""
    assert layout.curve is not None
    frame, columns = raw.frame, layout.columns
    if "run" in columns and columns["run"] in frame:
        runs = texts(frame[columns["run"]])
        mixed = runs.unique()
        if len(mixed) > 1:
            row = int(np.argmax((runs != mixed[0]).to_numpy()))
            message = (
                f"the file has offers of {' and '.join(sorted(mixed))}: give one market a time"
            )
            raise InputError([raw.failure(row, columns["run"], "market", message)])
    starts = starts_of(raw, layout.clock, [])
    own = columns["point_start"]
    if own in frame and frame[own].notna().any():
        there = frame[own].notna().to_numpy()
        few = Raw(raw.name, frame[there].reset_index(drop=True), raw.lines[there])
        starts = starts.copy()
        starts[there] = starts_of(few, replace(layout.clock, column=own), [])
    units = texts(frame[columns["unit"]])
    keys = pd.DataFrame({"unit": units, "start": starts})
    number = keys.groupby(["unit", "start"], sort=False).ngroup().to_numpy()
    x = frame[layout.curve.mw].to_numpy(dtype=np.float64)
    y = frame[layout.curve.price].to_numpy(dtype=np.float64)
    point = np.isfinite(x) & np.isfinite(y)
    must = frame[columns["must_take_mw"]].to_numpy(dtype=np.float64)
    count = int(number.max()) + 1 if len(number) else 0
    first = np.full(count, len(number))
    np.minimum.at(first, number, np.arange(len(number)))
    order = np.lexsort((y, x, number))
    order = order[point[order]]
    place = number[order]
    rank = np.arange(len(place)) - np.searchsorted(place, place, side="left")
    most = int(rank.max()) + 1 if len(rank) else 1
    mw, price = np.full((count, most), np.nan), np.full((count, most), np.nan)
    mw[place, rank], price[place, rank] = x[order], y[order]
    short = Raw(raw.name, frame.iloc[first].reset_index(drop=True), raw.lines[first])
    states = _states(short, layout, starts[first])
    total = np.zeros(count)
    np.add.at(total, number, np.nan_to_num(must))
    sure = np.where(np.isfinite(mw).any(axis=1), np.nanmax(np.nan_to_num(mw), axis=1), 0.0)
    states = states.assign(must_take_mw=total, p_max=np.maximum(sure, total), p_min=0.0)
    flat = np.zeros(count, dtype=bool)
    blocks = blocks_of(layout.curve, mw, price, flat, np.zeros(count))
    if blocks.falling.any():
        row = int(np.argmax(blocks.falling))
        message = f"prices of unit {states['unit'].iloc[row]} fall as MW rise"
        raise InputError([short.failure(row, layout.curve.price, "curve", message)])
    return _part(short, layout, states, blocks)
