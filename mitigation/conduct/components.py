"""Offers beside their reference levels, one table per kind of component.

Every function gives rows with the columns of ``PAIR``. Energy, minimum generation and reserves have
one row per interval; commitment costs and parameters hold for all intervals and have a blank one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.start_tiers import held_beside
from mitigation.components import is_parameter, subjects
from mitigation.keys import AT
from mitigation.references.curves import at_same_mw, for_intervals

__all__ = ["PAIR", "commitment", "energy", "min_generation", "parameters", "reserves"]

PAIR: Final = [
    "unit",
    "interval_start",
    "component",
    "segment",
    "after_hours_off",
    "mw",
    "offered",
    "reference",
    "reference_method",
]
COMMITMENT: Final = ("no_load", "startup", "shutdown")
TIMES: Final = ("min_up", "min_down")
MINIMUMS: Final = ("p_min",)
MAXIMUMS: Final = ("p_max", "ramp_up", "ramp_down", "startup_ramp", "shutdown_ramp")


def energy(offers: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Energy blocks beside the reference at the same MW, cut where either curve steps."""
    curves = levels[levels["component"] == "energy"]
    both = at_same_mw(curves, offers)
    method = for_intervals(curves, offers)[[*AT, "segment", "method"]].rename(
        columns={"segment": "reference_segment", "method": "reference_method"}
    )
    both = both.merge(method, on=[*AT, "reference_segment"], how="left", sort=False)
    return _pairs(both.assign(component="energy", mw=both["upper_mw"]))


def min_generation(case: Case, offers: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Cost of a MWh at minimum output, no-load included, of units that have a minimum.

    Offered: (energy up to p_min + no-load) / p_min; the reference likewise, from the reference
    levels of both, or its own level ``min_generation`` where there is one.
    """
    least = case.units.set_index("unit")["p_min"]
    has_least = offers["unit"].map(least) > 0.0
    blocks = energy(offers[has_least], levels)
    if blocks.empty:
        return blocks
    lower = blocks.groupby(AT, sort=False)["mw"].shift(fill_value=0.0)
    p_min = blocks["unit"].map(least)
    width = (np.minimum(blocks["mw"], p_min) - lower).clip(lower=0.0)
    part = blocks.assign(
        offered=width * blocks["offered"],
        reference=width * blocks["reference"],
        unknown=blocks["reference"].isna(),
    )[width > 0]
    rows = part.groupby(AT, sort=False, as_index=False).agg(
        offered=("offered", "sum"),
        reference=("reference", "sum"),
        unknown=("unknown", "any"),
        reference_method=("reference_method", "first"),
    )
    rows["reference"] = rows["reference"].mask(rows["unknown"])
    rows["mw"] = rows["unit"].map(least)
    for name, prices in (("offered", case.commitment_offers), ("reference", levels)):
        no_load = prices[prices["component"] == "no_load"].drop_duplicates("unit")
        hourly = rows["unit"].map(no_load.set_index("unit")["price"])
        rows[name] = (rows[name] + hourly.fillna(0.0)) / rows["mw"]
    own = levels[levels["component"] == "min_generation"]
    given = for_intervals(own, rows)[[*AT, "price"]]
    stated = rows[AT].merge(given, on=AT, how="left", sort=False)["price"]
    rows["reference"] = stated.fillna(rows["reference"])
    return _pairs(rows.assign(component="min_generation"))


def commitment(case: Case, levels: pd.DataFrame) -> pd.DataFrame:
    """No-load, start-up and shut-down offers; start-up tiers at the same hours off.

    The reference of a start is that of the tier with as many hours off, or of the first tier where
    there is none so early. A tier of the offer that spans several of the reference has a row each.
    """
    key = ["unit", "component"]
    names = [*key, "after_hours_off", "price"]
    offers = case.commitment_offers[names]
    own = levels.loc[levels["component"].isin(COMMITMENT), [*names, "method"]]
    own = own.assign(after_hours_off=own["after_hours_off"].fillna(0.0).astype(float))
    points = pd.concat([offers[names[:3]], own[names[:3]]]).drop_duplicates()
    points = points.sort_values("after_hours_off", kind="stable", ignore_index=True)
    rows = held_beside(points, offers.rename(columns={"price": "offered"}), key)
    rows = rows[rows["offered"].notna()]
    reference = own.sort_values([*key, "after_hours_off"])
    reference.loc[~reference.duplicated(key), "after_hours_off"] = 0.0
    tier = rows["tier"]
    rows = held_beside(rows.drop(columns="tier"), reference, key)
    renamed = rows.rename(columns={"price": "reference", "method": "reference_method"})
    return _pairs(renamed.assign(after_hours_off=tier, interval_start=_blank(case, len(rows))))


def reserves(case: Case, levels: pd.DataFrame) -> pd.DataFrame:
    """Reserve offers of every interval, component ``reserve:PRODUCT``."""
    offers = case.reserve_offers
    offers = offers.assign(component="reserve:" + offers["product"])
    cells = (
        offers[["unit"]]
        .drop_duplicates()
        .merge(pd.DataFrame({"interval_start": case.interval_starts}), how="cross")
    )
    parts = [_pairs(cells.head(0))]
    for component, group in offers.groupby("component", sort=True):
        own = for_intervals(group, cells)
        of = levels[levels["component"] == component]
        reference = for_intervals(of, cells)[[*AT, "price", "method"]].rename(
            columns={"price": "reference", "method": "reference_method"}
        )
        both = own.merge(reference, on=AT, how="left", sort=False)
        parts.append(_pairs(both.assign(offered=both["price"], component=component)))
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def parameters(case: Case, levels: pd.DataFrame) -> pd.DataFrame:
    """Time and physical parameters that have a reference, component ``param:COLUMN``.

    A blank ramp is no limit.

    Raises
    ------
    InputError
        Reference levels of parameters that units do not have, all of them at once.
    """
    own = levels[is_parameter(levels["component"])]
    column = subjects(own["component"])
    unknown = sorted(set(column) - {*TIMES, *MINIMUMS, *MAXIMUMS})
    if unknown:
        raise InputError(
            Failure(
                "reference_levels",
                None,
                "component",
                "unknown_parameter",
                f"param:{name} is not one of {', '.join((*TIMES, *MINIMUMS, *MAXIMUMS))}",
            )
            for name in unknown
        )
    table = case.units.set_index("unit")[[*TIMES, *MINIMUMS, *MAXIMUMS]].astype(float)
    table[list(MAXIMUMS)] = table[list(MAXIMUMS)].fillna(np.inf)
    row = table.index.get_indexer(pd.Index(own["unit"]))
    place = table.columns.get_indexer(pd.Index(column))
    values = table.to_numpy()[row, place]
    there = row >= 0
    rows = own.assign(
        offered=values, reference=own["price"], reference_method=own["method"], mw=np.nan
    )[there]
    return _pairs(rows.assign(interval_start=_blank(case, len(rows)), after_hours_off=np.nan))


def _blank(case: Case, count: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([pd.NaT] * count, dtype=case.interval_starts.dtype)


def _pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the columns of `PAIR`, absent ones blank."""
    blank: dict[str, float | str] = {
        "segment": 0,
        "after_hours_off": np.nan,
        "mw": np.nan,
        "reference_method": "",
    }
    types = {
        "unit": "str",
        "component": "str",
        "segment": "int64",
        "after_hours_off": "float64",
        "mw": "float64",
        "offered": "float64",
        "reference": "float64",
    }
    full = rows.assign(**{name: value for name, value in blank.items() if name not in rows})
    full = full.reindex(columns=PAIR).reset_index(drop=True)
    full["reference_method"] = full["reference_method"].astype(object).fillna("").astype("str")
    return full.astype(types)
