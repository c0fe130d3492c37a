r"""Merit order against the published price, hour by hour, and how far off it is.

The price of the merit order is that of the block in which demand lies; congestion and losses stay
what the market published: :math:`\hat p_t = m(D_t) + mcc_t + mlc_t`. What the merit order leaves
out (starts, ramps, reserves, imports) is the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from cases.run import Run
from mitigation.published.stack import Stack, demand_of, price_of_hub, stack_of
from network.arrays import Floats

__all__ = ["Backcast", "backcast"]


@dataclass(frozen=True, eq=False)
class Backcast:
    """A backcast and its error.

    Attributes
    ----------
    hours
        interval_start, demand_mw, merit_price, marginal_unit, congestion, loss, backcast_price,
        published_price, error (backcast less published), short_mw (demand above all supply; there
        is no merit price then), load_level.
    errors
        load_level (all, and each level), hours, least_mw, largest_mw, bias (mean error),
        mean_absolute, root_mean_square, published_price (mean).
    """

    hours: pd.DataFrame
    errors: pd.DataFrame


def backcast(market: Case | Run, *, levels: int = 4) -> Backcast:
    """Backcast the price of a market without a grid at its hub.

    Parameters
    ----------
    market
        A case of published offers with loads or cleared MW, or its run.
    levels
        Number of load levels of equal numbers of hours, from 1, the lowest.

    Raises
    ------
    InputError
        No published offers; a demand that was made from the price itself, which would always fit.
    """
    case = market.case if isinstance(market, Run) else market
    if levels < 1:
        raise InputError.one(
            "", None, "levels", "levels", f"levels must be 1 or more, not {levels}"
        )
    stack = stack_of(case)
    if case.meta.imported.get("demand") == "price":
        message = (
            "demand was made from the published price, which a backcast would only give back: "
            "import with --loads, or from a market that publishes cleared MW"
        )
        raise InputError.one("demand", None, None, "circular", message)
    demand = demand_of(case)
    price, unit, short = merit_order(stack, demand)
    hub = price_of_hub(case)
    congestion, loss = hub["mcc"].fillna(0.0).to_numpy(), hub["mlc"].fillna(0.0).to_numpy()
    made, published = price + congestion + loss, hub["lmp"].to_numpy()
    rank = pd.Series(demand).rank(method="first").to_numpy() - 1
    level = np.floor(rank * levels / max(1, len(demand))).astype(int) + 1
    hours = pd.DataFrame(
        {
            "interval_start": case.interval_starts,
            "demand_mw": demand,
            "merit_price": price,
            "marginal_unit": unit,
            "congestion": congestion,
            "loss": loss,
            "backcast_price": made,
            "published_price": published,
            "error": made - published,
            "short_mw": short,
            "load_level": level,
        }
    )
    return Backcast(hours, _errors(hours))


def merit_order(stack: Stack, demand: Floats) -> tuple[Floats, list[str], Floats]:
    """Price and unit of the block in which the demand of each hour lies, and MW that are missing.

    At the very end of a block its price holds. Demand within what is sold at any price takes the
    cheapest priced block. Where demand is above all supply the price is NaN.
    """
    count = len(demand)
    price, short = np.full(count, np.nan), np.zeros(count)
    unit = [""] * count
    begin = np.searchsorted(stack.hour, np.arange(count), side="left")
    end = np.searchsorted(stack.hour, np.arange(count), side="right")
    total = np.cumsum(stack.mw)
    for k in range(count):
        first, last = int(begin[k]), int(end[k])
        if first == last:
            short[k] = demand[k]
            continue
        before = total[first] - stack.mw[first]
        at = first + int(np.searchsorted(total[first:last], before + demand[k] - 1e-6))
        if at >= last:
            short[k] = before + demand[k] - total[last - 1]
            continue
        if np.isneginf(stack.price[at]):
            priced = first + int(np.searchsorted(stack.price[first:last], -np.inf, side="right"))
            at = min(priced, last - 1)
        if np.isfinite(stack.price[at]):
            price[k], unit[k] = stack.price[at], str(stack.unit.iloc[at])
    return price, unit, short


def _errors(hours: pd.DataFrame) -> pd.DataFrame:
    known = hours[hours["error"].notna()]
    rows = [_error("all", known)]
    rows += [_error(str(level), group) for level, group in known.groupby("load_level")]
    return pd.DataFrame(rows)


def _error(level: str, rows: pd.DataFrame) -> dict[str, object]:
    error = rows["error"].to_numpy(dtype=np.float64)
    some = len(error) > 0
    return {
        "load_level": level,
        "hours": len(error),
        "least_mw": rows["demand_mw"].min(),
        "largest_mw": rows["demand_mw"].max(),
        "bias": error.mean() if some else np.nan,
        "mean_absolute": np.abs(error).mean() if some else np.nan,
        "root_mean_square": np.sqrt((error**2).mean()) if some else np.nan,
        "published_price": rows["published_price"].mean(),
    }
