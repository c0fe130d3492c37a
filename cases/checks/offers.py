"""Offers and bids: prices in order, blocks that reach p_max, no interval without an offer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cases.checks.context import Context, member, positions

__all__ = ["check_offers"]

TOLERANCE_MW = 1e-6


def check_offers(context: Context) -> None:
    """Check the shape of offers and bids."""
    _check_monotone(context, "offers", ["unit", "interval_start"], rising=True)
    _check_monotone(context, "bids", ["load", "interval_start"], rising=False)
    if context.usable("offers", "units"):
        _check_width(context)
        _check_coverage(context)


def _check_monotone(context: Context, name: str, group: list[str], *, rising: bool) -> None:
    """Offer prices must not fall, bid prices must not rise, from block to block."""
    frame = context.tables[name]
    if len(frame) < 2 or not context.usable(name):
        return
    codes = frame.groupby(group, dropna=False, sort=False).ngroup().to_numpy()
    order = np.lexsort((frame["segment"].to_numpy(), codes))
    price = frame["price"].to_numpy()[order]
    same = codes[order][1:] == codes[order][:-1]
    step = np.diff(price)
    wrong = same & ((step < 0) if rising else (step > 0))
    verb = "below" if rising else "above"
    for k in positions(wrong):
        position, before = int(order[k + 1]), int(order[k])
        message = (
            f"block {frame['segment'].iat[position]} of {frame[group[0]].iat[position]} is at "
            f"{price[k + 1]:g}, {verb} block {frame['segment'].iat[before]} at {price[k]:g}"
        )
        context.fail(name, position, "price", "monotone", message)


def _check_width(context: Context) -> None:
    """The blocks of a unit, in each set of rows of one stamp, must reach its p_min.

    Blocks that do not reach p_max withhold the rest: a warning for each unit.
    """
    offers, units = context.tables["offers"], context.tables["units"]
    if len(offers) == 0:
        return
    groups = offers.groupby(["unit", "interval_start"], dropna=False, sort=False)
    codes = groups.ngroup().to_numpy()
    bad = context.reported("offers", "unit", "interval_start", "segment", "mw")
    number = codes.max() + 1
    width = np.bincount(codes, weights=np.nan_to_num(offers["mw"].to_numpy()), minlength=number)
    skip = np.bincount(codes, weights=bad, minlength=number) > 0
    last = np.zeros(number, dtype=np.int64)
    np.maximum.at(last, codes, np.arange(len(codes)))
    known = units.drop_duplicates("unit").set_index("unit")
    told: set[str] = set()
    for column, rule in (("p_min", "offer_below_p_min"), ("p_max", "narrow_offer")):
        least = known[[column, "p_max"]].min(axis=1)
        need = least.reindex(offers["unit"].iloc[last]).to_numpy(dtype=np.float64)
        narrow = width < need - TOLERANCE_MW * np.maximum(1.0, need)
        for code in positions(narrow & ~skip):
            position = int(last[code])
            name = str(offers["unit"].iat[position])
            stamp: Any = offers["interval_start"].iat[position]
            when = "" if pd.isna(stamp) else f" at {stamp.isoformat()}"
            message = (
                f"the blocks of {name}{when} reach {width[code]:g} MW, "
                f"less than {column} of {need[code]:g} MW"
            )
            if column == "p_min":
                context.fail("offers", position, "mw", rule, message)
            elif name not in told:
                told.add(name)
                context.warn(
                    "offers", position, "mw", rule, f"{message}; what is not offered is not cleared"
                )


def _check_coverage(context: Context) -> None:
    """A unit needs an offer in every interval, unless it is self-scheduled or has p_max 0.

    In an interval in which it is out, with an availability of 0 MW, it needs none.
    """
    offers, units = context.tables["offers"], context.tables["units"]
    names = units["unit"].tolist()
    taken = member(names, context.tables["self_schedules"].columns)
    idle = units["p_max"].to_numpy() == 0
    covered = taken | idle | member(names, offers["unit"][offers["interval_start"].isna()])
    if covered.all() or context.reported("offers", "unit", "interval_start").any():
        return
    stamped = offers.loc[offers["interval_start"].notna(), ["unit", "interval_start"]]
    counts = stamped.drop_duplicates().groupby("unit").size().reindex(names, fill_value=0)
    grid = context.meta.interval_starts() if context.meta is not None else None
    enough = len(grid) if grid is not None else 1
    reach = context.tables["availability"]
    out = reach.iloc[:, 1:].eq(0).set_axis(pd.DatetimeIndex(reach["interval_start"]))
    for position in positions(~covered & (counts < enough)):
        unit = names[position]
        number = int(counts.iloc[position])
        if number == 0:
            message = f"unit {unit} has no offer and no self-schedule"
            context.fail("units", position, "unit", "no_offer", message)
        elif grid is not None and number < len(grid):
            stamps = stamped.loc[stamped["unit"] == unit, "interval_start"]
            missing = grid[~grid.isin(stamps)]
            if unit in out:
                missing = missing[~missing.isin(out.index[out[unit]])]
            if len(missing):
                message = (
                    f"unit {unit} has no offer in {len(missing)} of {len(grid)} intervals, "
                    f"first {missing[0].isoformat()}"
                )
                context.fail("units", position, "unit", "no_offer", message)
