"""Who is marginal: what is filled in part, and no one else, at the price of its own offer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.storage_prices import storage_prices
from clearing.validation.blocks import Blocks
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import rows
from clearing.validation.units import limits

__all__ = ["marginal"]

KEY = ["interval_start", "kind", "unit"]


def marginal(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check ``marginal_units`` against blocks, awards and storage that are filled in part.

    What lies inside its bounds by more than the tolerance must be listed; what is listed must lie
    inside them, and have the price of what it could do more or less of.
    """
    if "marginal_units" not in facts.run.tables:
        return
    parts = list(_inside(facts))
    should = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*KEY, "price"])
    stated = facts.table("marginal_units")
    both = should.merge(stated, on=KEY, how="outer", suffixes=("", "_stated"), indicator=True)
    missing = (both["_merge"] == "left_only") & both["sure"].eq(True)
    off = np.abs((both["price"] - both["price_stated"]).to_numpy(dtype=np.float64))
    size = np.maximum(1.0, np.abs(np.nan_to_num(both["price"].to_numpy(dtype=np.float64))) / 1e3)
    wrong = (both["_merge"] == "both") & ~(off <= facts.price_tolerance * size)
    # A subject with several prices in reach is right if it has one of them.
    right = both[(both["_merge"] == "both") & ~wrong][KEY].drop_duplicates().assign(right=True)
    excused = both[KEY].merge(right, on=KEY, how="left")["right"].eq(True).to_numpy()
    for check, bad in (
        ("missing", missing & ~excused),
        ("unknown", both["_merge"] == "right_only"),
        ("price", wrong & ~excused),
    ):
        found = both[bad.to_numpy(dtype=bool)]
        yield rows(
            f"marginal_units.{check}",
            found["kind"] + " " + found["unit"],
            found["interval_start"],
            found["price_stated"],
            found["price"],
            np.ones(len(found)),
        )


def _inside(facts: Facts) -> Iterator[pd.DataFrame]:
    """Everything that may be listed: interval, kind, name, price, whether it must be."""
    low, high = limits(facts)
    yield _blocks(facts, "unit", facts.offers_used, facts.dispatch, "units", (low, high))
    if not facts.case.tables["bids"].empty:
        yield _blocks(facts, "bid", facts.bids, facts.bid_mw, "loads", None)
    slacks = facts.table("slacks")
    balance = slacks[slacks["kind"] == "balance"]
    if len(balance):
        price = np.where(balance["direction"] == "shortage", 1.0, -1.0)
        yield pd.DataFrame(
            {
                "interval_start": balance["interval_start"],
                "kind": "slack",
                "unit": balance["direction"],
                "price": price * facts.rulebook.penalties.balance,
                "sure": balance["mw"] > facts.tolerance,
            }
        ).drop_duplicates(KEY)
    awards = facts.table("virtual_awards")
    if len(awards):
        most, own = _offered(facts, awards), awards["virtual"]
        yield _between(facts, "virtual", own, awards, awards["mw"], most, awards["price"])
    schedule, table = facts.table("storage_schedule"), facts.case.tables["storage"]
    if schedule.empty:
        return
    each = table.drop_duplicates("storage").set_index("storage").reindex(schedule["storage"])
    each = each.reset_index(drop=True)
    hourly = storage_prices(facts.case)
    at = facts.starts.get_indexer(pd.DatetimeIndex(schedule["interval_start"]))
    of = pd.Index(table["storage"]).get_indexer(pd.Index(schedule["storage"]))
    each = each.assign(**{name: price[at, of] for name, price in hourly.items()})
    worth = schedule["energy_value"]
    for way, value in (
        ("charge", each["charge_price"] + worth * each["efficiency_in"]),
        ("discharge", each["discharge_price"] + worth / each["efficiency_out"]),
    ):
        mw, most = schedule[f"{way}_mw"], each[f"{way}_mw"].to_numpy(dtype=np.float64)
        yield _between(facts, "storage", schedule["storage"], schedule, mw, most, value)


def _offered(facts: Facts, awards: pd.DataFrame) -> Floats:
    """MW that each award is of, (N,): a row with a stamp replaces the blank ones of its virtual."""
    table = facts.case.tables["virtuals"]
    stamped = table[table["interval_start"].notna()].drop_duplicates(["virtual", "interval_start"])
    blank = table[table["interval_start"].isna()].drop_duplicates("virtual")
    own = awards[["virtual", "interval_start"]].merge(
        stamped[["virtual", "interval_start", "mw"]], on=["virtual", "interval_start"], how="left"
    )["mw"]
    usual = awards["virtual"].map(blank.set_index("virtual")["mw"])
    return own.fillna(usual.reset_index(drop=True)).to_numpy(dtype=np.float64)


def _between(
    facts: Facts,
    kind: str,
    names: pd.Series,
    stamped: pd.DataFrame,
    mw: pd.Series,
    most: Floats,
    price: pd.Series,
) -> pd.DataFrame:
    """Rows that are above 0 and below a most."""
    value = mw.to_numpy(dtype=np.float64)
    kept = (value > 0.0) & (value < most)
    sure = (value > facts.tolerance) & (value < most - facts.tolerance)
    found = pd.DataFrame(
        {
            "interval_start": stamped["interval_start"],
            "kind": kind,
            "unit": names,
            "price": price,
            "sure": sure & price.notna().to_numpy(),
        }
    )
    return found[kept & price.notna().to_numpy()]


def _blocks(
    facts: Facts,
    kind: str,
    blocks: Blocks,
    mw: Floats,
    table: str,
    bounds: tuple[Floats, Floats] | None,
) -> pd.DataFrame:
    """Blocks that hold the last or the next MW, of units strictly inside their bounds."""
    at = mw[blocks.interval, blocks.of]
    near = np.full(at.shape, facts.tolerance)
    kept = _strictly(at, blocks.begin, blocks.end, -near)
    sure = _strictly(at, blocks.begin, blocks.end, near)
    if bounds is not None:
        low, high = (bound[blocks.interval, blocks.of] for bound in bounds)
        free = np.isnan(facts.self_scheduled)[blocks.interval, blocks.of]
        # In real time a stop or a ramp that lies ahead may hold a unit below what it can reach.
        sure &= _strictly(at, low, high, near) & free & (not facts.rolling)
        kept &= _strictly(at, low, high, -near)
    place = np.flatnonzero(kept)
    return pd.DataFrame(
        {
            "interval_start": facts.starts[blocks.interval[place]],
            "kind": kind,
            "unit": facts.names(table)[blocks.of[place]].astype(str),
            "price": blocks.price[place] * (-1.0 if kind == "bid" else 1.0),
            "sure": sure[place],
        }
    )


def _strictly(at: Floats, low: Floats, high: Floats, by: Floats) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (at > low + by) & (at < high - by)
    return inside
