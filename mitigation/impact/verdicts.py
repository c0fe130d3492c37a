"""Which row of the impact decides a component: the one furthest above its limit, and of what."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.keys import KEY
from mitigation.references.substitution import COMMITMENT, whole_day
from mitigation.slots.parts import DECIDED

__all__ = ["at_own_bus", "by_guarantee", "by_price", "by_price_or_guarantee"]


def by_price_or_guarantee(
    keys: pd.DataFrame, impact: pd.DataFrame, withheld: set[str]
) -> pd.DataFrame:
    """Verdicts by prices of the interval, and by the guarantee payment of what holds all day.

    Energy and reserves are decided by prices of their own interval (buses and reserve products;
    zones are averages of buses and are shown only). Commitment offers are decided by the unit's
    guarantee payment of any day; parameters, and commitment offers that kept a unit from running
    (``withheld``), by prices of any interval as well.

    Parameters
    ----------
    keys
        What was replaced: KEY.
    impact
        Rows of ``tests_impact``.
    withheld
        Units that run only once their commitment offers are replaced.

    Returns
    -------
    DataFrame
        KEY and DECIDED, blank where nothing was measured.
    """
    priced, of_unit = _ranked(impact)
    all_day = keys[whole_day(keys["component"])][KEY]
    parts = [_of_interval(keys, priced)]
    if len(all_day):
        rows = _of_unit(all_day, of_unit)
        by_any = priced.head(1)
        prices_count = ~all_day["component"].isin(COMMITMENT) | all_day["unit"].isin(withheld)
        if len(by_any) and bool(by_any["failed"].iloc[0]):
            swap = (prices_count.to_numpy()) & (rows["result"] != "fail").to_numpy()
            for column in DECIDED:
                rows[column] = rows[column].mask(swap, by_any[column].iloc[0])
        parts.append(rows)
    return _stacked(parts)


def by_price(keys: pd.DataFrame, impact: pd.DataFrame, _withheld: set[str]) -> pd.DataFrame:
    """Verdicts by prices alone: of the own interval, or of any for what holds all day."""
    priced, _ = _ranked(impact)
    all_day = keys[whole_day(keys["component"])][KEY]
    parts = [_of_interval(keys, priced)]
    if len(all_day):
        parts.append(all_day.merge(priced.head(1)[DECIDED], how="cross"))
    return _stacked(parts)


def by_guarantee(keys: pd.DataFrame, impact: pd.DataFrame, _withheld: set[str]) -> pd.DataFrame:
    """Verdicts by the guarantee payment of the unit on any day, whatever the component."""
    _, of_unit = _ranked(impact)
    return _stacked([_of_unit(keys[KEY], of_unit)])


def at_own_bus(bus_of: pd.Series, keys: pd.DataFrame, impact: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of energy by the price at the unit's own bus; ``bus_of`` maps unit to bus."""
    priced = impact[impact["scope"] == "bus"]
    placed = keys[KEY].assign(subject=keys["unit"].map(bus_of))
    rows = placed.merge(
        priced[["interval_start", *DECIDED]],
        on=["interval_start", "subject"],
        how="left",
        sort=False,
    )
    return rows[[*KEY, *DECIDED]]


def _ranked(impact: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of prices, those furthest above their limit first, and the first row of each unit."""
    room = impact["difference"] - impact["limit"]
    with np.errstate(invalid="ignore"):
        ranked = impact.assign(
            failed=impact["result"] == "fail", room=room.where(np.isfinite(room), -np.inf)
        )
    order = ["failed", "room", "difference"]
    ranked = ranked.sort_values(order, ascending=False, kind="stable")
    priced = ranked[ranked["scope"].isin(["bus", "reserve"])]
    return priced, ranked[ranked["scope"] == "unit"].drop_duplicates("subject")[DECIDED]


def _of_interval(keys: pd.DataFrame, priced: pd.DataFrame) -> pd.DataFrame:
    """What holds in an interval, by the first price of it."""
    first = priced.drop_duplicates("interval_start")[["interval_start", *DECIDED]]
    stamped = keys[~whole_day(keys["component"])]
    return stamped[KEY].merge(first, on="interval_start", how="left", sort=False)


def _of_unit(keys: pd.DataFrame, of_unit: pd.DataFrame) -> pd.DataFrame:
    """What holds all day, by the payment of the unit."""
    return keys.assign(subject=keys["unit"]).merge(of_unit, on="subject", how="left", sort=False)


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part[[*KEY, *DECIDED]] for part in parts if len(part)]
    return pd.concat(filled or [parts[0][[*KEY, *DECIDED]]], ignore_index=True)
