"""Price indices: a price with its definition, its constituents and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.run import Run
from settlement.ledger.frames import grouped
from settlement.ledger.ledger import Ledger
from settlement.points import Prices
from settlement.time.blocks import named_blocks

__all__ = ["IndexDefinition", "PriceIndex", "price_duration", "price_index"]


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """What an index means.

    `place` is a bus, hub or zone, or blank for the whole market (the load-weighted price of all
    buses). `weighting` of the intervals: `load` (MWh that the place takes: the bus, the buses of
    the hub or zone, or the whole market), `system` (MWh taken in the whole market) or `time`
    (hours). `block`: `all`, or a block of the rulebook (base, mid, peak). `period`: `interval`,
    `day` or `month`, in the case's timezone.
    """

    name: str
    place: str = ""
    weighting: Literal["load", "system", "time"] = "load"
    block: str = "all"
    period: Literal["interval", "day", "month"] = "day"


@dataclass(frozen=True)
class PriceIndex:
    """An index with all it was made from.

    `values`: period (text), value (Decimal, money per MWh), weight; `constituents`: period,
    interval_start, price, weight, where value = sum(price x weight) / sum(weight). A period whose
    weights are all zero has no value and is left out.
    """

    definition: IndexDefinition
    values: pd.DataFrame
    constituents: pd.DataFrame


def price_index(runs: Run | Sequence[Run], definition: IndexDefinition) -> PriceIndex:
    """An index over one run or over several (the days of a month).

    Raises
    ------
    InputError
        If place, block, weighting or period are unknown, or two runs hold the same interval.
    """
    listed = [runs] if isinstance(runs, Run) else list(runs)
    if definition.weighting not in ("load", "system", "time") or definition.period not in (
        "interval", "day", "month"
    ):  # fmt: skip
        raise InputError.one(
            "", None, None, "index", f"index {definition.name}: weighting is load, system or time, "
            "period is interval, day or month",
        )  # fmt: skip
    table = pd.concat([_constituents(run, definition) for run in listed], ignore_index=True)
    twice = table["interval_start"].duplicated()
    if twice.any():
        at = table["interval_start"][twice].iloc[0]
        raise InputError.one("", None, None, "index", f"two runs hold the interval {at}")
    ledger = Ledger(listed[0].rulebook.settlement)
    rows = []
    for (period,), group in grouped(table, ["period"]):
        weight = float(group["weight"].sum())
        if weight > 0:
            value = float((group["price"] * group["weight"]).sum()) / weight
            rows.append((period, ledger.price(value), weight))
    values = pd.DataFrame(rows, columns=["period", "value", "weight"])
    return PriceIndex(definition, values, table)


def _constituents(run: Run, definition: IndexDefinition) -> pd.DataFrame:
    prices = Prices(run.prices, run.load_awards, run.case)
    place = definition.place
    problem = prices.problem(place) if place else ""
    if problem:
        raise InputError.one("", None, None, "point", f"index {definition.name}: {problem}")
    price = prices.of(place) if place else prices.load_weighted()
    hours = _block_hours(run, definition, prices.starts)
    weight = hours
    if definition.weighting != "time":
        weight = hours * prices.taken(place if definition.weighting == "load" else "")
    local = prices.starts
    text = {"interval": "%Y-%m-%dT%H:%M:%S%z", "day": "%Y-%m-%d", "month": "%Y-%m"}
    table = pd.DataFrame(
        {
            "period": local.strftime(text[definition.period]),
            "interval_start": local,
            "price": price.to_numpy(),
            "weight": weight,
        }
    )
    counted = table[table["weight"] != 0]
    missing = counted["price"].isna()
    if missing.any():
        at = counted["interval_start"][missing].iloc[0].isoformat()
        raise InputError.one(
            "", None, None, "price", f"index {definition.name}: no price from {at}"
        )
    return counted.reset_index(drop=True)


def _block_hours(run: Run, definition: IndexDefinition, starts: pd.DatetimeIndex) -> np.ndarray:
    hours = run.case.interval_hours
    if definition.block == "all":
        return np.full(len(starts), hours)
    blocks, calendar = named_blocks(run.rulebook.settlement.futures)
    if definition.block not in blocks:
        raise InputError.one(
            "", None, None, "block", f"index {definition.name}: unknown block "
            f"{definition.block!r}: all, {', '.join(blocks)}",
        )  # fmt: skip
    return blocks[definition.block].hours(starts, hours, calendar)


def price_duration(runs: Run | Sequence[Run], place: str = "") -> pd.DataFrame:
    """Prices from the highest down: price, interval_start, hours, share of time up to it.

    `place` as in `IndexDefinition`.
    """
    definition = IndexDefinition("price duration", place, "time", "all", "interval")
    table = price_index(runs, definition).constituents
    table = table.sort_values("price", ascending=False, kind="stable").reset_index(drop=True)
    share = table["weight"].cumsum() / table["weight"].sum()
    return pd.DataFrame(
        {
            "price": table["price"],
            "interval_start": table["interval_start"],
            "hours": table["weight"],
            "share": share,
        }
    )
