"""Which row of the impact decides a component: the one furthest above its limit, and of what."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.market_time import day_of
from mitigation.impact.coupling import EVERY_KEY
from mitigation.impact.second_opinion import NOT_MEASURABLE
from mitigation.keys import KEY
from mitigation.references.substitution import COMMITMENT, whole_day
from mitigation.slots.parts import DECIDED

__all__ = ["at_own_bus", "by_guarantee", "by_price", "by_price_or_guarantee"]


def by_price_or_guarantee(
    keys: pd.DataFrame, impact: pd.DataFrame, withheld: set[str]
) -> pd.DataFrame:
    """Verdicts by prices, and by guarantee payments.

    Energy and reserves are decided by prices of the intervals that hang together with their own
    (buses and reserve products; zones are averages of buses and are shown only); energy that moved
    no price by the guarantee payment of its unit on that day as well. Commitment offers are decided
    by the unit's guarantee payment of any day; parameters, and commitment offers that kept a unit
    from running (``withheld``), by prices of any interval as well.

    Parameters
    ----------
    keys
        What was replaced: KEY, and ``group``: that of its interval.
    impact
        Rows of ``tests_impact``, ranked by thresholds of the keys' own areas, with ``group``.
    withheld
        Units that run only once their commitment offers are replaced.

    Returns
    -------
    DataFrame
        KEY and DECIDED, blank where nothing was measured.
    """
    priced, paid = _ranked(impact)
    stamped = keys[~whole_day(keys["component"])]
    rows = _or_guarantee(_of_interval(stamped, priced), paid)
    return _stacked([rows, _all_day(keys, priced, paid, withheld)])


def by_price(keys: pd.DataFrame, impact: pd.DataFrame, _withheld: set[str]) -> pd.DataFrame:
    """Verdicts by prices alone: of the own interval, or of any for what holds all day."""
    priced, _ = _ranked(impact)
    all_day = keys[whole_day(keys["component"])][KEY]
    parts = [_of_interval(keys[~whole_day(keys["component"])], priced)]
    if len(all_day):
        parts.append(all_day.merge(priced.head(1)[DECIDED], how="cross"))
    return _stacked(parts)


def by_guarantee(keys: pd.DataFrame, impact: pd.DataFrame, _withheld: set[str]) -> pd.DataFrame:
    """Verdicts by the guarantee payment of the unit on any day, whatever the component."""
    _, paid = _ranked(impact)
    return _stacked([_of_unit(keys[KEY], paid)])


def at_own_bus(
    bus_of: pd.Series, keys: pd.DataFrame, impact: pd.DataFrame, withheld: set[str]
) -> pd.DataFrame:
    """Verdicts as :func:`by_price_or_guarantee`, energy by the price at the unit's own bus.

    ``bus_of`` maps unit to bus.
    """
    priced, paid = _ranked(impact)
    energy = keys["component"] == "energy"
    placed = priced[priced["scope"] == "bus"]
    parts = [
        _or_guarantee(_of_interval(rows, placed[placed["subject"] == bus]), paid)
        for bus, rows in keys[energy].groupby(keys["unit"].map(bus_of), sort=True)
    ]
    if not energy.all():
        parts.append(by_price_or_guarantee(keys[~energy], impact, withheld))
    return _stacked(parts)


def _severity(result: pd.Series) -> pd.Series:
    """2 where it failed, 1 where it is not measurable, else 0."""
    return result.map({"fail": 2, NOT_MEASURABLE: 1}).fillna(0).astype("int64")


def _ranked(impact: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of prices and of payments, those first whose difference is most of their limit."""
    difference, limit = (impact[name].to_numpy(dtype=float) for name in ("difference", "limit"))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(limit > 0, difference / limit, np.sign(difference) * np.inf)
    ranked = impact.assign(severity=_severity(impact["result"]), share=share)
    order = ["severity", "share", "difference"]
    ranked = ranked.sort_values(order, ascending=False, kind="stable")
    priced = ranked[ranked["scope"].isin(["bus", "reserve"])]
    return priced, ranked[ranked["scope"] == "unit"]


def _of_interval(keys: pd.DataFrame, priced: pd.DataFrame) -> pd.DataFrame:
    """What holds in an interval, by the first price of those that hang together with it."""
    groups = keys["group"].unique()
    first = [
        priced[priced["group"].isin([group, EVERY_KEY])].head(1).assign(group=group)
        for group in groups
    ]
    rows = pd.concat(first or [priced.head(0)], ignore_index=True)[["group", *DECIDED]]
    return keys[[*KEY, "group"]].merge(rows, on="group", how="left", sort=False)[[*KEY, *DECIDED]]


def _or_guarantee(rows: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """Rows of prices; energy that moved none by a payment of its unit that did."""
    failed = paid[paid["severity"] > 0]
    if failed.empty or rows.empty:
        return rows
    days = failed.assign(unit=failed["subject"], day=day_of(failed["at"]))
    wanted = rows[KEY].assign(day=day_of(rows["interval_start"]))
    own = wanted.merge(
        days[["unit", "day", *DECIDED]].drop_duplicates(["unit", "day"]),
        on=["unit", "day"],
        how="left",
        sort=False,
    )
    worse = _severity(own["result"]).to_numpy() > _severity(rows["result"]).to_numpy()
    swap = (rows["component"] == "energy").to_numpy() & worse
    for name in DECIDED:
        rows[name] = rows[name].mask(swap, own[name].set_axis(rows.index))
    return rows


def _all_day(
    keys: pd.DataFrame, priced: pd.DataFrame, paid: pd.DataFrame, withheld: set[str]
) -> pd.DataFrame:
    """What holds all day, by the payment of the unit; what kept it from running by prices too."""
    all_day = keys[whole_day(keys["component"])][KEY]
    rows = _of_unit(all_day, paid)
    by_any = priced.head(1)
    prices_count = ~all_day["component"].isin(COMMITMENT) | all_day["unit"].isin(withheld)
    if len(rows) and len(by_any):
        worse = _severity(rows["result"]) < int(by_any["severity"].iloc[0])
        swap = prices_count.to_numpy() & worse.to_numpy()
        for column in DECIDED:
            rows[column] = rows[column].mask(swap, by_any[column].iloc[0])
    return rows


def _of_unit(keys: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """What holds all day, by the payment of the unit."""
    first = paid.drop_duplicates("subject")[DECIDED]
    return keys.assign(subject=keys["unit"]).merge(first, on="subject", how="left", sort=False)


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part[[*KEY, *DECIDED]] for part in parts if len(part)]
    return pd.concat(filled or [parts[0][[*KEY, *DECIDED]]], ignore_index=True)
