"""Output gap: MW that would have been economic at reference prices and were not offered so."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mitigation.keys import CELL
from network.arrays import Floats


def output_gap(
    reference: pd.DataFrame,
    offers: pd.DataFrame,
    state: pd.DataFrame,
    threshold: pd.DataFrame,
    *,
    fractions: tuple[float, ...] = (1.0, 0.5, 0.25),
) -> pd.DataFrame:
    r"""Output gap of every unit and interval at fractions of the conduct threshold.

    .. math:: gap = \max(0, Q_{econ} - \max(Q_{prod}, Q_{offer}))

    ``Q_econ`` is the MW whose reference is at or below the LMP, ``Q_offer`` the MW offered at or
    below it. Of the MW between, those count whose offer is at least reference plus threshold,
    compared at the same MW.

    Parameters
    ----------
    reference, offers
        unit, interval_start, segment, mw, price; blocks need not agree.
    state
        interval_start, unit, mw (produced), available_mw, lmp, economic_start (whether a start at
        reference cost pays; :func:`economic_starts`; a unit for which it does not has no gap).
    threshold
        unit, interval_start, segment, threshold: of the blocks of ``reference``, money per MWh
        above it.

    Returns
    -------
    DataFrame
        interval_start, unit, fraction, economic_mw, offered_mw, produced_mw, gap_mw.

    Source: Potomac Economics, state of the market reports, output gap.
    """
    columns = [*CELL, "mw", "available_mw", "lmp", "economic_start"]
    blocks = _common_blocks(reference, offers, threshold).merge(state[columns], on=CELL, sort=False)
    top = np.minimum(blocks["upper"], blocks["available_mw"])
    lmp = blocks["lmp"]
    economic = blocks["economic_start"] & (blocks["reference"] <= lmp)
    offered = blocks["offer"] <= lmp
    width = np.maximum(0.0, top - blocks["lower"])
    measured = (
        blocks[CELL]
        .assign(
            economic_mw=np.where(economic, width, 0.0), offered_mw=np.where(offered, width, 0.0)
        )
        .groupby(CELL, sort=False)
        .sum()
        .reset_index()
    )
    joined = blocks[CELL].merge(measured, on=CELL, sort=False)
    start = np.maximum(joined["offered_mw"], blocks["mw"].to_numpy())
    held = np.maximum(
        0.0,
        np.minimum(top, joined["economic_mw"].to_numpy())
        - np.maximum(blocks["lower"].to_numpy(), start.to_numpy()),
    )
    result = []
    for fraction in fractions:
        bound = blocks["reference"] + fraction * blocks["threshold"]
        counted = np.where(blocks["offer"] >= bound, held, 0.0)
        gap = blocks[CELL].assign(gap_mw=counted).groupby(CELL, sort=False).sum().reset_index()
        result.append(measured.merge(gap, on=CELL, sort=False).assign(fraction=fraction))
    stacked = pd.concat(result, ignore_index=True)
    produced = stacked[CELL].merge(state[[*CELL, "mw"]], on=CELL, sort=False)["mw"]
    columns = [*CELL, "fraction", "economic_mw", "offered_mw", "produced_mw", "gap_mw"]
    return stacked.assign(produced_mw=produced.to_numpy())[columns]


def _common_blocks(
    reference: pd.DataFrame, offers: pd.DataFrame, threshold: pd.DataFrame
) -> pd.DataFrame:
    """Cut references and offers at each other's breakpoints: lower, upper, and their prices."""
    keys = [*CELL, "segment"]
    cost = _cumulative(reference.merge(threshold, on=keys, sort=False))
    offer = _cumulative(offers)
    pairs = cost.merge(offer, on=CELL, suffixes=("", "_offer"), sort=False)
    lower = np.maximum(pairs["lower"], pairs["lower_offer"])
    upper = np.minimum(pairs["upper"], pairs["upper_offer"])
    kept = upper > lower
    return (
        pairs.loc[kept, CELL]
        .assign(
            lower=lower[kept],
            upper=upper[kept],
            reference=pairs["price"][kept],
            offer=pairs["price_offer"][kept],
            threshold=pairs["threshold"][kept],
        )
        .reset_index(drop=True)
    )


def _cumulative(blocks: pd.DataFrame) -> pd.DataFrame:
    ordered = blocks.sort_values([*CELL, "segment"], ignore_index=True)
    upper = ordered.groupby(CELL, sort=False)["mw"].cumsum()
    return ordered.assign(upper=upper, lower=upper - ordered["mw"])


def economic_starts(
    reference: pd.DataFrame,
    lmp: Floats,
    *,
    hours: float,
    min_up: float,
    p_min: float,
    startup: float,
    no_load: float,
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a unit at reference cost would run in each interval, commitment counted.

    An interval counts where it lies in some window of the minimum run time over which the margin
    above reference energy and no-load cost pays for a start. The best output is taken in each
    interval, at least ``p_min``.

    Parameters
    ----------
    reference
        Blocks of the unit's reference: mw, price, the cheapest first.
    lmp
        (T,) price at its bus, money per MWh.
    hours
        Length of an interval.
    min_up
        Minimum run time, hours.
    p_min, startup, no_load
        MW, money per start, money per hour.
    """
    upper = reference["mw"].cumsum().to_numpy(dtype=float)
    lower = upper - reference["mw"].to_numpy(dtype=float)
    price = reference["price"].to_numpy(dtype=float)
    must = np.clip(p_min - lower, 0.0, upper - lower)
    gain = lmp[:, None] - price
    margin = (gain * must + np.maximum(gain, 0.0) * (upper - lower - must)).sum(axis=1) - no_load
    earned = np.concatenate([[0.0], np.cumsum(margin * hours)])
    length = min(len(lmp), max(1, int(np.ceil(min_up / hours - 1e-9))))
    pays = np.zeros(len(lmp), dtype=bool)
    for start in range(len(lmp) - length + 1):
        best = start + length + int(np.argmax(earned[start + length :]))
        if earned[best] - earned[start] >= startup:
            pays[start:best] = True
    return pays
