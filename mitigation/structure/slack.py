"""The slack under which relief factors and the energy price are measured, and changes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mitigation.structure.tables import group_total, sum_by


@dataclass(frozen=True, slots=True)
class SlackWeights:
    """Where the MW that balance a change are withdrawn.

    ``name`` is recorded with every result; ``weights`` has island, bus, weight, and interval_start
    where they change by interval; they sum to 1 per island (and interval).
    """

    name: str
    weights: pd.DataFrame


def reslacked(
    prices: pd.DataFrame, price_terms: pd.DataFrame, slack: SlackWeights, island: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    r"""Prices and their congestion terms measured against another slack.

    .. math::
        DFAX'_{kb} = DFAX_{kb} - \sum_s w_s DFAX_{ks}, \quad
        EC' = \sum_s w_s (LMP_s - LC_s), \quad CC'_b = LMP_b - LC_b - EC'

    Shadow prices and LMPs stay as they are. Exact without losses; with them the loss component is
    kept. Islands for which the slack has no weight stay as they are.

    Parameters
    ----------
    prices
        interval_start, bus, lmp, mec, mcc, mlc.
    price_terms
        interval_start, bus, constraint, contingency, dfax, shadow_price.
    slack
        The wanted slack.
    island
        Island of each bus, by bus.

    Returns
    -------
    tuple
        Copies of ``prices`` (new mec, mcc) and ``price_terms`` (new dfax). Terms of buses that had
        no row appear where their factor is no longer zero.
    """
    lossless = prices["lmp"] - prices["mlc"]
    place = prices.assign(island=prices["bus"].map(island), value=lossless)
    energy = _weighted(place, slack, ["interval_start", "island"], "value")
    merged = place.merge(energy, on=["interval_start", "island"], how="left", sort=False)
    mec = merged["weighted"].fillna(merged["mec"]).to_numpy(dtype=float)
    new_prices = prices.assign(mec=mec, mcc=lossless.to_numpy(dtype=float) - mec)

    keys = ["interval_start", "constraint", "contingency"]
    terms = _complete(price_terms, island)
    shift = _weighted(terms.rename(columns={"dfax": "value"}), slack, [*keys, "island"], "value")
    terms = terms.merge(shift, on=[*keys, "island"], how="left", sort=False)
    terms["dfax"] = terms["dfax"] - terms["weighted"].fillna(0.0)
    return new_prices, terms.drop(columns=["weighted", "island"])


def _weighted(
    frame: pd.DataFrame, slack: SlackWeights, keys: list[str], value: str
) -> pd.DataFrame:
    on = [name for name in ("interval_start", "island", "bus") if name in slack.weights.columns]
    joined = frame.merge(slack.weights, on=on, how="inner", sort=False)
    joined["weighted"] = joined[value] * joined["weight"]
    return sum_by(joined, keys, ["weighted"])


def _complete(price_terms: pd.DataFrame, island: pd.Series) -> pd.DataFrame:
    """One row per bus of the islands that a constraint lies in, zero where there was none."""
    keys = ["interval_start", "constraint", "contingency"]
    terms = price_terms.assign(island=price_terms["bus"].map(island))
    touched = terms.loc[terms["dfax"] != 0, [*keys, "island", "shadow_price"]].drop_duplicates(
        [*keys, "island"]
    )
    buses = pd.DataFrame({"bus": island.index, "island": island.to_numpy()})
    full = touched.merge(buses, on="island", sort=False)
    known = terms[[*keys, "bus", "dfax"]]
    full = full.merge(known, on=[*keys, "bus"], how="left", sort=False)
    full["dfax"] = full["dfax"].fillna(0.0)
    completed: pd.DataFrame = full[[*price_terms.columns, "island"]]
    return completed


def load_weights(loads: pd.DataFrame, island: pd.Series) -> pd.DataFrame:
    """Slack weights by the MW taken at each bus: interval_start, island, bus, weight.

    ``loads`` has interval_start, bus, mw >= 0 (``cases.place_prices.taken``). Islands or intervals
    without load have no rows.
    """
    taken = sum_by(loads, ["interval_start", "bus"], ["mw"])
    taken["island"] = taken["bus"].map(island)
    total = group_total(taken, ["interval_start", "island"], "mw")
    weighted = taken.assign(weight=taken["mw"] / total)[total > 0]
    return weighted[["interval_start", "island", "bus", "weight"]]


def bus_weights(bus: str, island: pd.Series) -> pd.DataFrame:
    """All weight on one bus of its island: island, bus, weight."""
    return pd.DataFrame({"island": [island.loc[bus]], "bus": [bus], "weight": [1.0]})


def negative_relief(
    marginal: pd.DataFrame, price_terms: pd.DataFrame, units: pd.DataFrame
) -> pd.DataFrame:
    """Marginal units that make a binding constraint worse when they produce more.

    Under such a slack the supply of relief leaves out a unit that sets the price, and the test
    speaks about other units than those that count. ``marginal`` has interval_start, unit;
    ``units`` has unit, bus. Returns interval_start, constraint, contingency, unit, dfax.
    """
    placed = marginal.merge(units[["unit", "bus"]], on="unit", sort=False)
    joined = placed.merge(price_terms, on=["interval_start", "bus"], sort=False)
    wrong = (joined["dfax"] < -1e-9) & (joined["shadow_price"] > 0)
    columns = ["interval_start", "constraint", "contingency", "unit", "dfax"]
    return joined.loc[np.asarray(wrong), columns].reset_index(drop=True)
