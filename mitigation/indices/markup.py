"""Lerner index, markups of units, and what markups add to prices."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from network.arrays import Floats

#: Prices up to this are zero to the tolerance of a solver, money per MWh.
ZERO_PRICE: Final = 1e-6


def lerner(price: Floats, cost: Floats) -> Floats:
    """(price - cost) / price; NaN where the price is not above zero: the ratio means nothing."""
    price, cost = np.asarray(price, dtype=float), np.asarray(cost, dtype=float)
    return _ratio(price - cost, price)


def markup_index(offer: Floats, cost: Floats, *, cost_adder: float = 0.0) -> Floats:
    """(offer - cost) / offer where the offer is at or above cost, else (offer - cost) / cost.

    Lies between -1 and 1; NaN where the denominator is not above zero. ``cost_adder`` is the
    fraction by which ``cost`` exceeds true cost; the adjusted markup takes it out.

    Source: PJM market monitor, state of the market report, markup index.
    """
    offer = np.asarray(offer, dtype=float)
    cost = np.asarray(cost, dtype=float) / (1 + cost_adder)
    return _ratio(offer - cost, np.where(offer >= cost, offer, cost))


def _ratio(over: Floats, under: Floats) -> Floats:
    positive = under > ZERO_PRICE
    return np.where(positive, over / np.where(positive, under, 1.0), np.nan)


def participation_factors(
    marginal: pd.DataFrame, factors: pd.DataFrame, places: pd.DataFrame
) -> pd.DataFrame:
    r"""Derive unit participation factors of one interval, d LMP_b / d offer_m.

    The marginal units' offers determine energy price and shadow prices,
    :math:`offer_m = EC + \sum_k \mu_k DFAX_{k,b(m)}`, so with :math:`M` the matrix of these
    equations the prices at all places are :math:`[1, DFAX_b] M^{-1} offer`. The factors of a place
    sum to 1. Where more units are marginal than there are prices to set (ties), the factors are
    those of least norm, equal for units that tie at one bus.

    Parameters
    ----------
    marginal
        unit, bus.
    factors
        bus by constraint: relief factors of the constraints whose price offers set; a constraint
        that is exceeded at its penalty has none.
    places
        bus by constraint, rows of the buses wanted, same columns as ``factors``.

    Returns
    -------
    DataFrame
        places by unit; no rows where the marginal units do not determine the prices (something
        else, such as a ramp, a reserve or storage, sets them).

    Source: PJM market monitor, unit participation factors.
    """
    matrix = _with_energy(factors.loc[marginal["bus"]])
    if not len(marginal) or np.linalg.matrix_rank(matrix, tol=1e-9) < matrix.shape[1]:
        return pd.DataFrame(columns=marginal["unit"])
    values = _with_energy(places) @ np.linalg.pinv(matrix)
    return pd.DataFrame(values, index=places.index, columns=marginal["unit"])


def _with_energy(factors: pd.DataFrame) -> Floats:
    return np.column_stack([np.ones(len(factors)), factors.to_numpy(dtype=float)])


def markup_component(participation: pd.DataFrame, markup: pd.Series) -> pd.Series:
    r"""Markup in the LMP of each place, :math:`\sum_m UPF_{m,b} (offer_m - cost_m)`, money per MWh.

    ``participation`` as of :func:`participation_factors`; ``markup`` is offer less cost by unit.
    """
    return participation @ markup.reindex(participation.columns)


def benchmark_markup(as_bid: pd.DataFrame, all_reference: pd.DataFrame) -> pd.DataFrame:
    """LMP of the run as bid over that of a run with every offer at its reference, less 1.

    Both have interval_start, bus, lmp. Returns these with lmp_reference and markup (NaN where the
    reference price is not above zero: a ratio to it has no meaning).
    """
    both = as_bid[["interval_start", "bus", "lmp"]].merge(
        all_reference[["interval_start", "bus", "lmp"]],
        on=["interval_start", "bus"],
        suffixes=("", "_reference"),
        validate="one_to_one",
    )
    base = both["lmp_reference"]
    return both.assign(markup=both["lmp"] / base.where(base > 0) - 1)
