"""Offers of a case replaced by their reference levels, component by component.

What is replaced is a table of keys: unit, interval_start (NaT = every interval), component
(``energy``, ``no_load``, ``startup``, ``shutdown``, ``reserve:PRODUCT``, ``param:COLUMN``,
``charge``, ``discharge``). A price
becomes the lower of offer and reference at the same MW: never above what was submitted, never
below the reference (NYISO MST 23.4: the default bid fixes a maximum for one or more components).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.storage_prices import storage_prices
from mitigation.components import is_parameter, is_reserve, subject_of
from mitigation.keys import AT, KEY
from mitigation.references.curves import at_same_mw, for_intervals
from settlement.ledger.frames import records

__all__ = [
    "COMMITMENT",
    "replaced_blocks",
    "segment_levels",
    "split_offers",
    "substituted",
    "whole_day",
]

COMMITMENT: Final = ("no_load", "startup", "shutdown")
STORED: Final = ("charge", "discharge")


def whole_day(components: pd.Series) -> pd.Series:
    """Tell which components have one value for all intervals: commitment costs, parameters."""
    found: pd.Series = components.isin(COMMITMENT) | is_parameter(components)
    return found


def substituted(
    case: Case, levels: pd.DataFrame, keys: pd.DataFrame, *, whole: bool = False
) -> Case:
    """Give the case with the components of ``keys`` at the lower of offer and reference.

    With ``whole`` prices are those of the reference, also where that is the higher one: one
    schedule takes the place of another.

    Parameters
    ----------
    case
        A case.
    levels
        Reference levels: unit, interval_start (NaT = every interval), component, segment, mw,
        after_hours_off, price. Beyond its last block a reference curve goes on at its last price.
    keys
        unit, interval_start, component: what is replaced.

    Raises
    ------
    InputError
        A key without a reference level, all of them at once.
    """
    if keys.empty:
        return case
    _all_have_levels(levels, keys)
    return _with_tables(
        case,
        {
            **_energy(case, levels, keys, lower=True, whole=whole),
            **_commitment(case, levels, keys, whole=whole),
            **_reserves(case, levels, keys),
            **_parameters(case, levels, keys),
            **_storage(case, levels, keys),
        },
    )


def split_offers(case: Case, levels: pd.DataFrame, keys: pd.DataFrame) -> Case:
    """Give the case with the same energy offers, cut where their reference curves have steps.

    Cases that are made from it by :func:`substituted` have the same blocks, whatever is replaced,
    so that a live model takes them over as changes of price.
    """
    return _with_tables(case, _energy(case, levels, keys, lower=False))


def segment_levels(levels: pd.DataFrame, case: Case, failing: pd.DataFrame) -> pd.DataFrame:
    """Give levels that replace only the segments of energy curves that failed.

    Where a segment passed, the level is the offer itself; a block before one that is replaced is
    not left above it, for offers must not fall.

    Parameters
    ----------
    levels
        Reference levels.
    case
        The case with its offers.
    failing
        unit, interval_start, segment: energy segments that failed.
    """
    if failing.empty:
        return levels
    names = [*AT, "segment"]
    cells = _cells(failing, case)
    pieces = at_same_mw(
        levels[levels["component"] == "energy"], for_intervals(case.tables["offers"], cells)
    )
    failed = pd.MultiIndex.from_frame(pieces[names]).isin(pd.MultiIndex.from_frame(failing[names]))
    pieces["price"] = pieces["offered"].where(
        ~failed, np.fmin(pieces["offered"], pieces["reference"])
    )
    pieces["price"] = pieces[::-1].groupby(AT, sort=False)["price"].cummin()[::-1]
    pieces["mw"] = pieces["upper_mw"] - pieces["lower_mw"]
    pieces["segment"] = pieces.groupby(AT, sort=False).cumcount() + 1
    made = pieces[[*AT, "segment", "mw", "price"]].assign(component="energy")
    made["after_hours_off"] = np.nan
    own = pd.MultiIndex.from_frame(levels[AT]).isin(pd.MultiIndex.from_frame(cells))
    kept = levels[~(own & (levels["component"] == "energy").to_numpy())]
    return pd.concat([kept, made], ignore_index=True)


def replaced_blocks(offered: Case, used: Case, keys: pd.DataFrame) -> pd.DataFrame:
    """Energy blocks of ``keys`` whose price in ``used`` is not that offered at the same MW.

    Columns unit, interval_start, segment (of ``used``).
    """
    names = ["unit", "interval_start", "segment"]
    energy = keys[keys["component"] == "energy"]
    if energy.empty:
        return pd.DataFrame(columns=names)
    cells = _cells(energy, used)
    new, old = (for_intervals(case.tables["offers"], cells) for case in (used, offered))
    both = at_same_mw(old, new)
    return both.loc[both["offered"] != both["reference"], names].drop_duplicates(ignore_index=True)


def _cells(keys: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Units and intervals of keys, every interval for a blank one, sorted and each once."""
    blank = keys["interval_start"].isna()
    starts = pd.DataFrame({"interval_start": case.interval_starts})
    always = keys.loc[blank, ["unit"]].merge(starts, how="cross")
    both = pd.concat([keys.loc[~blank, ["unit", "interval_start"]], always], ignore_index=True)
    both["interval_start"] = both["interval_start"].astype(starts["interval_start"].dtype)
    return both.drop_duplicates().sort_values(["unit", "interval_start"], ignore_index=True)


def _energy(
    case: Case, levels: pd.DataFrame, keys: pd.DataFrame, *, lower: bool, whole: bool = False
) -> dict[str, pd.DataFrame]:
    """Energy offers with stamped rows for the keys: cut at the steps of both curves."""
    energy = keys[keys["component"] == "energy"]
    offers = case.tables["offers"]
    if energy.empty:
        return {}
    cells = _cells(energy, case)
    own = for_intervals(offers, cells)
    pieces = at_same_mw(levels[levels["component"] == "energy"], own)
    if lower:
        pieces["price"] = np.fmin(pieces["offered"], pieces["reference"])
        if whole:
            pieces["price"] = pieces["reference"].fillna(pieces["offered"])
        step = pieces["price"]
    else:
        pieces["price"], step = pieces["offered"], pieces["reference"]
    # Pieces of one block at one price stay together: steps of a dearer reference cut nothing.
    place, _ = pd.factorize(pd.MultiIndex.from_frame(pieces[[*AT, "segment"]]))
    level = step.to_numpy(dtype=float)
    same = np.zeros(len(pieces), dtype=bool)
    same[1:] = (place[1:] == place[:-1]) & (level[1:] == level[:-1])
    first = np.flatnonzero(~same)
    last = np.append(first[1:], len(pieces)) - 1
    upper, lower_mw = pieces["upper_mw"].to_numpy()[last], pieces["lower_mw"].to_numpy()[first]
    pieces = pieces.iloc[first].reset_index(drop=True)
    # A block that was not cut keeps its width to the last digit, so that it is seen as the same.
    uncut = pieces[[*AT, "segment"]].merge(own, on=[*AT, "segment"], how="left", sort=False)
    cut = pieces.duplicated([*AT, "segment"], keep=False).to_numpy()
    pieces["mw"] = np.where(cut, upper - lower_mw, uncut["mw"].to_numpy(dtype=float))
    pieces["segment"] = pieces.groupby(AT, sort=False).cumcount() + 1
    stamps = pd.MultiIndex.from_frame(offers[AT])
    kept = offers[~stamps.isin(pd.MultiIndex.from_frame(cells))]
    return {"offers": pd.concat([kept, pieces[offers.columns]], ignore_index=True)}


def _commitment(
    case: Case, levels: pd.DataFrame, keys: pd.DataFrame, *, whole: bool
) -> dict[str, pd.DataFrame]:
    """Commitment offers at the lower of offer and reference, tier by tier."""
    wanted = keys.loc[keys["component"].isin(COMMITMENT), ["unit", "component"]]
    if wanted.empty:
        return {}
    offers = case.tables["commitment_offers"]
    named = pd.MultiIndex.from_frame(offers[["unit", "component"]])
    chosen = np.flatnonzero(named.isin(pd.MultiIndex.from_frame(wanted)))
    price = offers["price"].to_numpy(dtype=float).copy()
    tiers = levels[levels["component"].isin(COMMITMENT)]
    for place in chosen.tolist():
        unit, component, hours = offers.loc[place, ["unit", "component", "after_hours_off"]]
        own = tiers[(tiers["unit"] == unit) & (tiers["component"] == component)]
        after = own["after_hours_off"].fillna(0.0).to_numpy(dtype=float)
        # A tier is measured against the reference of as many hours off; the first is for all.
        at = np.argmax(np.where(after <= hours, after, -1.0)) if (after <= hours).any() else 0
        reference = float(own["price"].iloc[int(at)])
        price[place] = reference if whole else min(price[place], reference)
    return {"commitment_offers": offers.assign(price=price)}


def _reserves(case: Case, levels: pd.DataFrame, keys: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Reserve offers with stamped rows for the keys, at the lower of offer and reference."""
    wanted = keys[is_reserve(keys["component"])]
    if wanted.empty:
        return {}
    offers = case.tables["reserve_offers"]
    parts, replaced = [], []
    for component, group in wanted.groupby("component", sort=True):
        product = subject_of(str(component))
        cells = _cells(group, case)
        own = for_intervals(offers[offers["product"] == product], cells)
        reference = for_intervals(levels[levels["component"] == component], cells)
        both = own.merge(reference[[*AT, "price"]], on=AT, suffixes=("", "_reference"))
        parts.append(both.assign(price=np.fmin(both["price"], both["price_reference"])))
        replaced.append(cells.assign(product=product))
    names = ["unit", "product", "interval_start"]
    stamps = pd.MultiIndex.from_frame(offers[names])
    gone = pd.MultiIndex.from_frame(pd.concat(replaced)[names])
    made = pd.concat([offers[~stamps.isin(gone)], *(p[offers.columns] for p in parts)])
    return {"reserve_offers": made.reset_index(drop=True)}


def _parameters(case: Case, levels: pd.DataFrame, keys: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Units with the parameters of the keys at their references."""
    wanted = keys[is_parameter(keys["component"])]
    if wanted.empty:
        return {}
    units = case.tables["units"].copy()
    place = pd.Index(units["unit"])
    known = levels.drop_duplicates(["unit", "component"])[["unit", "component", "price"]]
    for row in records(wanted.merge(known, on=["unit", "component"])):
        column = subject_of(row["component"])
        units.loc[place.get_loc(row["unit"]), column] = row["price"]
    return {"units": units}


def _storage(case: Case, levels: pd.DataFrame, keys: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Storage with stamped rows for the keys: discharge offers lowered, charge bids raised."""
    wanted = keys[keys["component"].isin(STORED)]
    if wanted.empty:
        return {}
    names = pd.Index(case.tables["storage"]["storage"])
    prices = storage_prices(case)
    starts = case.interval_starts
    changed = np.zeros((len(starts), len(names)), dtype=bool)
    for component, group in wanted.groupby("component", sort=True):
        cells = _cells(group, case)
        reference = for_intervals(levels[levels["component"] == component], cells)
        at = starts.get_indexer(pd.DatetimeIndex(reference["interval_start"]))
        of = names.get_indexer(pd.Index(reference["unit"]))
        own, level = prices[f"{component}_price"], reference["price"].to_numpy(dtype=float)
        nearer = np.fmax if component == "charge" else np.fmin
        own[at, of] = nearer(own[at, of], level)
        changed[at, of] = True
    at, of = np.nonzero(changed)
    made = pd.DataFrame(
        {
            "storage": names.to_numpy()[of],
            "interval_start": starts[at],
            **{column: price[at, of] for column, price in prices.items()},
        }
    )
    table = case.tables["storage_offers"]
    place = ["storage", "interval_start"]
    gone = pd.MultiIndex.from_frame(table[place]).isin(pd.MultiIndex.from_frame(made[place]))
    kept = table[~gone]
    both = pd.concat([kept, made[table.columns]], ignore_index=True) if len(kept) else made
    return {"storage_offers": both[table.columns].astype(table.dtypes.to_dict())}


def _all_have_levels(levels: pd.DataFrame, keys: pd.DataFrame) -> None:
    """Refuse keys without a level of their own interval or of every interval."""
    levels = levels[levels["price"].notna()]
    always = levels["interval_start"].isna()
    names = ["unit", "component"]
    blank = pd.MultiIndex.from_frame(levels.loc[always, names])
    stamped = pd.MultiIndex.from_frame(levels.loc[~always, KEY])
    has = pd.MultiIndex.from_frame(keys[names]).isin(blank)
    has |= pd.MultiIndex.from_frame(keys[KEY]).isin(stamped)
    missing = keys[~has].drop_duplicates(names)
    if len(missing):
        raise InputError(
            Failure(
                "reference_levels",
                None,
                None,
                "no_reference",
                f"{unit} has no reference level for {component}, so it cannot be replaced",
            )
            for unit, component in missing[names].itertuples(index=False)
        )


def _with_tables(case: Case, tables: dict[str, pd.DataFrame]) -> Case:
    """Give the case with other offers; they follow from checked ones and need no new checks."""
    if not tables:
        return case
    return Case(case.meta, {**case.tables, **tables}, case.warnings)
