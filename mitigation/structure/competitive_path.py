"""Dynamic competitive path assessment: a constraint without its three largest portfolios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from mitigation.structure.pivotal import ROUNDING
from network.arrays import Floats, Integers

PORTFOLIO_COLUMNS = ("portfolio", "dispatched_mw", "max_mw", "min_mw")


@dataclass(frozen=True, slots=True)
class CompetitivePath:
    """Result of one dynamic competitive path assessment.

    Attributes
    ----------
    rsi
        Residual supply index of the constraint: supply of counterflow over demand for it; infinite
        where no counterflow is dispatched.
    competitive
        Whether ``rsi`` reaches the least index.
    demand_mw, supply_mw
        Demand for and supply of counterflow, MW of flow on the constraint.
    portfolios
        The given rows with ``withheld_mw``, ``pivotal`` (potentially pivotal) and ``supply_mw``.
    """

    rsi: float
    competitive: bool
    demand_mw: float
    supply_mw: float
    portfolios: pd.DataFrame


def dynamic_competitive_path(
    portfolios: pd.DataFrame,
    *,
    day_ahead: bool = False,
    suppliers: int = 3,
    rsi_min: float = 1.0,
) -> CompetitivePath:
    r"""Test one binding constraint with CAISO's dynamic competitive path assessment.

    The potentially pivotal suppliers are the ``suppliers`` net sellers who can withhold most
    counterflow, ``max_mw - min_mw``. They are counted with what they cannot withhold, everybody
    else with all they have:

    .. math:: RSI = (\sum_{fringe} max + \sum_{pivotal} min) / \sum dispatched

    Parameters
    ----------
    portfolios
        One row per portfolio, in MW of counterflow on the constraint (-shift factor times MW):
        portfolio, dispatched_mw, max_mw (within the ramp), min_mw (likewise, or self-scheduled),
        and, where known, net_seller (default true: a net buyer is never potentially pivotal).
    day_ahead
        Nothing is committed yet, so the whole supply can be withheld: ``min_mw`` counts as zero.
    suppliers
        How many portfolios are taken away together.
    rsi_min
        Least index at which the constraint is competitive.

    Raises
    ------
    InputError
        Missing columns, repeated portfolios, numbers that are missing, negative, or max below min.

    Source: CAISO tariff section 39.7; MSC, "Three pivotal supplier test", 2013.
    """
    _check(portfolios)
    test = np.zeros(len(portfolios), dtype=np.int64)
    assessed, demand, supply = assess_paths(
        portfolios, test, 1, day_ahead=day_ahead, suppliers=suppliers
    )
    rsi = path_index(supply, demand)
    return CompetitivePath(
        rsi=float(rsi[0]),
        competitive=bool(is_competitive(rsi, rsi_min)[0]),
        demand_mw=float(demand[0]),
        supply_mw=float(supply[0]),
        portfolios=assessed,
    )


def assess_paths(
    portfolios: pd.DataFrame, test: Integers, tests: int, *, day_ahead: bool, suppliers: int
) -> tuple[pd.DataFrame, Floats, Floats]:
    """Potentially pivotal portfolios, demand and supply of counterflow for many constraints.

    ``portfolios`` as in :func:`dynamic_competitive_path`; ``test`` is the constraint of each row, 0
    to ``tests - 1``. Returns the rows with withheld_mw, pivotal and supply_mw, and demand and
    supply, each (tests,) MW.
    """
    largest = portfolios["max_mw"].to_numpy(dtype=float)
    least = np.zeros_like(largest) if day_ahead else portfolios["min_mw"].to_numpy(dtype=float)
    withheld = largest - least
    seller = np.ones(len(portfolios), dtype=bool)
    if "net_seller" in portfolios.columns:
        seller = portfolios["net_seller"].to_numpy(dtype=bool)
    names = portfolios["portfolio"].astype("str").to_numpy()
    order = np.lexsort((names, -np.where(seller, withheld, -np.inf), test))
    counts = np.bincount(test, minlength=tests)
    rank = np.empty(len(test), dtype=np.int64)
    rank[order] = np.arange(len(test)) - (np.cumsum(counts) - counts)[test[order]]
    pivotal = (rank < suppliers) & seller
    supplied = np.where(pivotal, least, largest)
    demand = np.bincount(
        test, weights=portfolios["dispatched_mw"].to_numpy(dtype=float), minlength=tests
    )
    supply = np.bincount(test, weights=supplied, minlength=tests)
    assessed = portfolios.assign(withheld_mw=withheld, pivotal=pivotal, supply_mw=supplied)
    return assessed, demand.astype(float), supply.astype(float)


def path_index(supply: Floats, demand: Floats) -> Floats:
    """Supply of counterflow over demand for it; infinite where there is no demand."""
    wanted = demand > 0
    return np.where(wanted, supply / np.where(wanted, demand, 1.0), np.inf)


def is_competitive(rsi: Floats, rsi_min: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether an index reaches the least one, rounding apart."""
    return np.asarray(rsi >= rsi_min * (1 - ROUNDING), dtype=np.bool_)


def _check(portfolios: pd.DataFrame) -> None:
    missing = [name for name in PORTFOLIO_COLUMNS if name not in portfolios.columns]
    if missing:
        raise InputError(
            Failure("portfolios", None, name, name, f"portfolios need the column {name}")
            for name in missing
        )
    failures: list[Failure] = []

    def refuse(wrong: pd.Series, column: str, message: str) -> None:
        for row in np.flatnonzero(wrong.to_numpy(dtype=bool)):
            name = portfolios["portfolio"].iloc[row]
            failures.append(
                Failure("portfolios", int(row) + 1, column, column, f"portfolio {name}: {message}")
            )

    refuse(portfolios["portfolio"].duplicated(), "portfolio", "stands twice")
    for column in PORTFOLIO_COLUMNS[1:]:
        number = pd.to_numeric(portfolios[column], errors="coerce")
        refuse(~np.isfinite(number) | (number < 0), column, f"{column} must be a number from 0 up")
    refuse(portfolios["max_mw"] < portfolios["min_mw"], "max_mw", "max_mw must not be below min_mw")
    if failures:
        raise InputError(failures)
