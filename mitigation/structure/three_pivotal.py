"""The three-pivotal-supplier test of relief for one constraint, or of thousands at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from mitigation.structure.pivotal import ROUNDING, above, by_owner, residual_supply
from network.arrays import Booleans, Floats, Integers

NegativePrice = Literal["absolute", "clearing", "literal"]

SEGMENT_COLUMNS = ("unit", "owner", "price", "mw", "dfax")
OWNER_COLUMNS = ("owner", "supply_mw", "rsi1", "rsi2", "rsi3", "passed")


@dataclass(frozen=True, slots=True)
class ThreePivotalSupplier:
    """Result of one three-pivotal-supplier test.

    Attributes
    ----------
    price
        Clearing price of relief, money per MWh of flow on the constraint; infinite where the
        supply is short of the relief.
    screen_price
        Highest effective price of relevant supply.
    relief_mw, supply_mw
        Demand for relief and total relevant supply, effective MW.
    owners
        owner, supply_mw (relevant effective MW), rsi1, rsi2, rsi3, passed; the largest supplier
        first. Owners without relevant supply have no row.
    segments
        The given rows with ``effective_mw`` (mw times dfax), ``effective_price`` (NaN where the
        distribution factor is below the cut-off) and ``relevant``.
    """

    price: float
    screen_price: float
    relief_mw: float
    supply_mw: float
    owners: pd.DataFrame
    segments: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether there is relevant supply and every owner of it passed."""
        return bool(len(self.owners) and self.owners["passed"].all())


def three_pivotal_supplier(
    segments: pd.DataFrame,
    *,
    energy_price: float,
    relief_mw: float,
    screen: float = 1.5,
    dfax_min: float = 0.03,
    negative_price: NegativePrice = "absolute",
    covered_mw: Mapping[str, float] | None = None,
) -> ThreePivotalSupplier:
    """Test whether three owners together are pivotal for the relief of one constraint.

    Segments with a distribution factor of at least ``dfax_min`` supply ``mw * dfax`` effective MW
    at the effective price ``(price - energy_price) / dfax``. Sorted by it, the segment at which
    the supply reaches ``relief_mw`` sets the clearing price of relief; what costs at most
    ``screen`` times as much is relevant supply. An owner passes where, without it and the two
    largest other owners, more than ``relief_mw`` is left: ``rsi3 > 1``.

    Parameters
    ----------
    segments
        Offers measured from the same base dispatch as ``relief_mw``: unit, owner (affiliates
        merged), price (money per MWh), mw (increment above the base), dfax (positive relieves the
        constraint).
    energy_price
        Energy component of the prices under the slack for which ``dfax`` holds, money per MWh.
    relief_mw
        Effective MW needed to bring the flow to its limit, above zero.
    screen
        Multiple of the clearing price up to which supply is relevant, at least 1.
    dfax_min
        Smallest distribution factor that counts, above zero.
    negative_price
        What the screen means where relief clears below zero: ``absolute`` widens by ``screen - 1``
        of the price's absolute value, ``clearing`` keeps only what clears, ``literal`` multiplies
        all the same (and so leaves out the marginal segment itself).
    covered_mw
        Effective MW by owner that a contract obliges it to deliver: it stays in the supply and
        cannot be withheld.

    Raises
    ------
    InputError
        Missing columns, blank owners, numbers that are missing or out of range; all of them at
        once.

    Source: PJM market monitor, three pivotal supplier test; the article, equations (5) to (10).
    """
    check_parameters(relief_mw, energy_price, screen, dfax_min)
    check_segments(segments)
    dfax = segments["dfax"].to_numpy(dtype=float)
    mw = segments["mw"].to_numpy(dtype=float)
    counts = (dfax >= dfax_min) & (mw > 0)
    frame = segments.assign(
        effective_mw=np.where(dfax >= dfax_min, mw * dfax, 0.0),
        effective_price=effective_price(segments, energy_price, dfax_min),
    )
    supply = frame[counts].assign(test=0)
    outcome = clear_relief(
        supply, np.array([float(relief_mw)]), screen=screen, negative_price=negative_price
    )
    covered = None
    if covered_mw is not None:
        named = dict(covered_mw)
        covered = np.array([named.get(name, 0.0) for name in outcome.owners["owner"]], float)
    owners = judge_owners(outcome, covered_mw=covered)
    frame["relevant"] = False
    frame.loc[counts, "relevant"] = outcome.relevant
    owners = owners.sort_values(["supply_mw", "owner"], ascending=[False, True])
    return ThreePivotalSupplier(
        price=float(outcome.price[0]),
        screen_price=float(outcome.screen_price[0]),
        relief_mw=float(relief_mw),
        supply_mw=float(outcome.supply_mw[0]),
        owners=owners[list(OWNER_COLUMNS)].reset_index(drop=True),
        segments=frame,
    )


@dataclass(frozen=True, slots=True)
class ClearedRelief:
    """Relief markets of G tests cleared at once.

    ``price``, ``screen_price``, ``supply_mw`` and ``demand`` are (G,); ``relevant`` is one flag per
    given segment; ``owners`` has test, owner, supply_mw.
    """

    price: Floats
    screen_price: Floats
    supply_mw: Floats
    demand: Floats
    relevant: Booleans
    owners: pd.DataFrame


def clear_relief(
    supply: pd.DataFrame,
    demand: Floats,
    *,
    screen: float,
    negative_price: NegativePrice = "absolute",
) -> ClearedRelief:
    """Clear the relief supply curves of many tests and keep the supply within the screen.

    Parameters
    ----------
    supply
        Segments that count: test (0 to G - 1), owner, effective_mw, effective_price.
    demand
        (G,) relief needed, effective MW.
    """
    test = supply["test"].to_numpy(dtype=np.int64)
    price = supply["effective_price"].to_numpy(dtype=float)
    mw = supply["effective_mw"].to_numpy(dtype=float)
    clearing = _clearing_price(test, price, mw, demand)
    with np.errstate(invalid="ignore"):
        limit = _screen_price(clearing, screen, negative_price)
    bound = limit[test]
    slack = ROUNDING * np.maximum(1.0, np.where(np.isfinite(bound), np.abs(bound), 1.0))
    relevant = price <= bound + slack
    owners = by_owner(test[relevant], supply["owner"][relevant], mw[relevant])
    total = np.bincount(owners["test"], weights=owners["supply_mw"], minlength=len(demand)).astype(
        float
    )
    return ClearedRelief(clearing, limit, total, demand, np.asarray(relevant, bool), owners)


def judge_owners(outcome: ClearedRelief, *, covered_mw: Floats | None = None) -> pd.DataFrame:
    """Residual supply indices and verdict of every owner with relevant supply.

    ``covered_mw`` is what each row of ``outcome.owners`` cannot withhold. Returns test, owner,
    supply_mw, rsi1, rsi2, rsi3, passed; where the supply is short of the relief nobody passes.
    """
    owners = outcome.owners
    test = owners["test"].to_numpy(dtype=np.int64)
    withheld = owners["supply_mw"].to_numpy(dtype=float)
    if covered_mw is not None:
        withheld = np.maximum(0.0, withheld - covered_mw)
    index = residual_supply(test, withheld, outcome.supply_mw, outcome.demand)
    passed = index.exceeds(1.0) & np.isfinite(outcome.price)[test]
    return owners.assign(rsi1=index.rsi1, rsi2=index.rsi2, rsi3=index.rsi3, passed=passed)


def effective_price(
    segments: pd.DataFrame, energy_price: float | Floats, dfax_min: float
) -> Floats:
    """(price - energy price) / dfax in money per MWh of relief; NaN below the cut-off."""
    dfax = segments["dfax"].to_numpy(dtype=float)
    price = segments["price"].to_numpy(dtype=float)
    counts = dfax >= dfax_min
    return np.where(counts, (price - energy_price) / np.where(counts, dfax, 1.0), np.nan)


def _clearing_price(test: Integers, price: Floats, mw: Floats, demand: Floats) -> Floats:
    order = np.lexsort((price, test))
    cumulative = pd.Series(mw[order]).groupby(test[order]).cumsum().to_numpy()
    reached = np.flatnonzero(cumulative >= demand[test[order]] * (1 - ROUNDING))
    first_of, first = np.unique(test[order][reached], return_index=True)
    clearing = np.full(len(demand), np.inf)
    clearing[first_of] = price[order][reached[first]]
    return clearing


def _screen_price(clearing: Floats, screen: float, negative_price: NegativePrice) -> Floats:
    if negative_price == "literal":
        return screen * clearing
    widened = clearing + (screen - 1.0) * np.abs(clearing)
    if negative_price == "clearing":
        widened = np.where(clearing < 0, clearing, widened)
    return np.where(np.isinf(clearing), np.inf, widened)


def check_parameters(relief_mw: float, energy_price: float, screen: float, dfax_min: float) -> None:
    """Refuse numbers for which the test has no meaning."""
    failures = [
        Failure("", None, name, name, f"{name} must be {expected}, got {value}")
        for name, value, fine, expected in (
            (
                "relief_mw",
                relief_mw,
                np.isfinite(relief_mw) and relief_mw > 0,
                "a number above 0 MW (without need of relief there is nothing to test)",
            ),
            ("energy_price", energy_price, np.isfinite(energy_price), "a finite number"),
            ("screen", screen, np.isfinite(screen) and screen >= 1, "a finite number from 1 up"),
            ("dfax_min", dfax_min, np.isfinite(dfax_min) and dfax_min > 0, "a number above 0"),
        )
        if not fine
    ]
    if failures:
        raise InputError(tuple(failures))


def check_segments(segments: pd.DataFrame) -> None:
    """Refuse relief segments that lack columns, owners or numbers; every failure at once."""
    missing = [name for name in SEGMENT_COLUMNS if name not in segments.columns]
    if missing:
        raise InputError(
            tuple(
                Failure("segments", None, name, name, f"segments need the column {name}")
                for name in missing
            )
        )
    failures: list[Failure] = []

    def refuse(wrong: pd.Series, column: str, message: str) -> None:
        for row in np.flatnonzero(wrong.to_numpy(dtype=bool)):
            unit = segments["unit"].iloc[row]
            failures.append(
                Failure("segments", int(row) + 1, column, column, f"unit {unit}: {message}")
            )

    owner = segments["owner"]
    refuse(owner.isna() | (owner.astype(str).str.strip() == ""), "owner", "has no owner")
    for column in ("price", "mw", "dfax"):
        number = pd.to_numeric(segments[column], errors="coerce")
        refuse(~np.isfinite(number), column, f"{column} must be a finite number")
    refuse(pd.to_numeric(segments["mw"], errors="coerce") < 0, "mw", "mw must not be negative")
    if failures:
        raise InputError(tuple(failures))


__all__ = [
    "ClearedRelief",
    "NegativePrice",
    "ThreePivotalSupplier",
    "above",
    "check_segments",
    "clear_relief",
    "effective_price",
    "judge_owners",
    "three_pivotal_supplier",
]
