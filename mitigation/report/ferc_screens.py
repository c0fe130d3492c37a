"""FERC's annual screens for market-based rates: share, pivotal supplier, delivered price test."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cases.errors import InputError
from cases.rulebook.structure import FercRules
from cases.run import Run
from mitigation.structure.owners import Ownership
from mitigation.structure.pivotal import ROUNDING
from mitigation.structure.stored_supply import with_stored_supply
from mitigation.structure.tables import group_total, sum_by

#: Meteorological seasons of 18 CFR 35.37: December to February is winter, and so on.
SEASONS = ("winter", "spring", "summer", "autumn")


def market_share_screen(capacity: pd.DataFrame, rules: FercRules) -> pd.DataFrame:
    """Share of uncommitted capacity by season; a share at or above the limit fails.

    Parameters
    ----------
    capacity
        season, owner, uncommitted_mw.

    Returns
    -------
    DataFrame
        season, owner, uncommitted_mw, share (0 to 1), passed.

    Source: 18 CFR 35.37(c)(1)(ii); FERC Order 697.
    """
    frame = sum_by(capacity, ["season", "owner"], ["uncommitted_mw"])
    total = group_total(frame, ["season"], "uncommitted_mw")
    share = frame["uncommitted_mw"] / total.where(total > 0)
    return frame.assign(share=share, passed=~(share >= rules.share_max * (1 - ROUNDING)))


def pivotal_supplier_screen(capacity: pd.DataFrame, wholesale_load_mw: float) -> pd.DataFrame:
    """Uncommitted capacity at the annual peak against the net uncommitted supply.

    Net uncommitted supply is the total uncommitted capacity less the wholesale load; an owner whose
    own reaches it is pivotal and fails.

    Parameters
    ----------
    capacity
        owner, uncommitted_mw at the annual peak.
    wholesale_load_mw
        Peak load less the native load that commitments already cover, MW.

    Returns
    -------
    DataFrame
        owner, uncommitted_mw, net_supply_mw, passed.

    Source: 18 CFR 35.37(c)(1)(i); FERC Order 697.
    """
    frame = sum_by(capacity, ["owner"], ["uncommitted_mw"])
    net = frame["uncommitted_mw"].sum() - wholesale_load_mw
    below = frame["uncommitted_mw"] < net - ROUNDING * max(1.0, abs(net))
    return frame.assign(net_supply_mw=net, passed=below)


def delivered_price_test(
    supply: pd.DataFrame, prices: pd.DataFrame, rules: FercRules
) -> pd.DataFrame:
    """Concentration and share of what can be delivered at up to the given multiple of the price.

    Parameters
    ----------
    supply
        period, owner, cost (delivered, money per MWh), mw.
    prices
        period, price.

    Returns
    -------
    DataFrame
        period, owner, economic_mw, share, hhi, concentrated (whether the HHI fails), passed: HHI
        below its limit and share below its limit.

    Source: 18 CFR 33.3(c)(4), 35.37(d).
    """
    priced = supply.merge(prices, on="period", sort=False)
    bound = priced["price"] * rules.delivered_price
    economic = priced[priced["cost"] <= bound + ROUNDING * bound.abs()]
    frame = sum_by(economic, ["period", "owner"], ["mw"])
    total = group_total(frame, ["period"], "mw")
    share = frame["mw"] / total.where(total > 0)
    hhi = group_total(frame.assign(squared=(100 * share) ** 2), ["period"], "squared")
    concentrated = ~(hhi < rules.hhi_max * (1 - ROUNDING))
    return frame.rename(columns={"mw": "economic_mw"}).assign(
        share=share,
        hhi=hhi,
        concentrated=concentrated,
        passed=~concentrated & (share < rules.share_max * (1 - ROUNDING)),
    )


def annual_screens(
    runs: Iterable[tuple[Run, Ownership]], rules: FercRules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both annual screens over the days that were cleared.

    Uncommitted capacity is what is available less the owner's net contract position, at the
    interval of highest load of each season (share screen) and of all (pivotal screen). Native load
    is what the contracts cover, so the wholesale load is the peak load less all contracts.

    Returns
    -------
    tuple
        Results of :func:`market_share_screen` and :func:`pivotal_supplier_screen`.

    Raises
    ------
    InputError
        No run given.
    """
    peaks: dict[str, tuple[float, pd.DataFrame]] = {}
    for cleared, ownership in runs:
        run = with_stored_supply(cleared)
        load = run.load_awards.groupby("interval_start")["mw"].sum()
        months = pd.DatetimeIndex(load.index).month
        season = np.array([SEASONS[month % 12 // 3] for month in months])
        for name in np.unique(season):
            of_season = load[season == name]
            peak = of_season.idxmax()
            if name not in peaks or of_season[peak] > peaks[name][0]:
                peaks[name] = (float(of_season[peak]), _uncommitted(run, ownership, peak))
    if not peaks:
        raise InputError.one("", None, "runs", "runs", "the annual screens need at least one run")
    by_season = pd.concat([frame.assign(season=name) for name, (_, frame) in peaks.items()])
    highest, frame = max(peaks.values(), key=lambda item: item[0])
    wholesale = max(0.0, highest - float(frame["committed_mw"].sum()))
    return market_share_screen(by_season, rules), pivotal_supplier_screen(frame, wholesale)


def _uncommitted(run: Run, ownership: Ownership, at: pd.Timestamp) -> pd.DataFrame:
    units = run.dispatch.loc[
        run.dispatch["interval_start"] == at, ["interval_start", "unit", "available_mw"]
    ]
    owned = ownership.split(units, "available_mw")
    owners = sum_by(owned, ["interval_start", "owner"], ["available_mw"])
    committed = np.clip(ownership.contract_mw(owners), 0.0, owners["available_mw"])
    return owners[["owner"]].assign(
        committed_mw=committed, uncommitted_mw=owners["available_mw"] - committed
    )
