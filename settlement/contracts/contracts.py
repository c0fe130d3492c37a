"""Contracts between two owners: contracts for difference, caps, floors and physical contracts.

Per period, q is the contract curve (MWh), Q the cleared quantity, P the spot price at the
contract's point and K the strike. A contract for difference can be settled by two algorithms (Ding,
Chen, Ji and Jing, 2019):

- contract + deviation: R = K q + P (Q - q)
- all spot + difference: R = P Q + (K - P) q

which are the same money in every period.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.rulebook.settlement import ContractRules
from settlement.contracts.block import contract_block
from settlement.contracts.curve import Curve
from settlement.contracts.words import difference, fixed_late, place_words
from settlement.ledger.frames import Problems, records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.points import Prices

__all__ = ["Method", "Side", "check_contracts", "difference", "settle_contract", "settle_contracts"]

Method = Literal["contract_plus_deviation", "spot_plus_difference"]
Side = Literal["seller", "buyer"]

_FILE = "contracts"


def settle_contract(
    periods: pd.DataFrame,
    *,
    method: Method = "contract_plus_deviation",
    side: Side = "seller",
) -> pd.DataFrame:
    """A two-way contract for difference, period by period, with the spot money of the party.

    Parameters
    ----------
    periods
        One row per period: contract_mwh (q), cleared_mwh (Q), price (P) and strike (K) in money
        per MWh. Decimal or int give exact results; a float counts as the decimal it prints as.
    method
        `contract_plus_deviation` or `spot_plus_difference`: the same amounts by other terms.
    side
        `seller`, or `buyer`, whose amounts are the seller's with the sign turned.

    Returns
    -------
    The periods with the two terms of the method (`contract_money` and `deviation_money`, or
    `spot_money` and `difference_money`) and `amount`, the money received. Decimals, not rounded.

    Raises
    ------
    InputError
        If a column is missing, a number is not finite, or method or side are unknown.
    """
    _known("method", method, get_args(Method))
    _known("side", side, get_args(Side))
    wanted = ("contract_mwh", "cleared_mwh", "price", "strike")
    missing = [name for name in wanted if name not in periods.columns]
    if missing:
        raise InputError(
            Failure("periods", 1, name, "column", f"column {name} is missing") for name in missing
        )
    q, cleared, price, strike = (_decimals(periods, name) for name in wanted)
    sign = 1 if side == "seller" else -1
    if method == "contract_plus_deviation":
        names = ("contract_money", "deviation_money")
        first = [sign * k * c for k, c in zip(strike, q, strict=True)]
        second = [sign * p * (m - c) for p, m, c in zip(price, cleared, q, strict=True)]
    else:
        names = ("spot_money", "difference_money")
        first = [sign * p * m for p, m in zip(price, cleared, strict=True)]
        second = [sign * (k - p) * c for k, p, c in zip(strike, price, q, strict=True)]
    result = periods.copy()
    result[names[0]] = pd.Series(first, index=periods.index, dtype=object)
    result[names[1]] = pd.Series(second, index=periods.index, dtype=object)
    amounts = [a + b for a, b in zip(first, second, strict=True)]
    result["amount"] = pd.Series(amounts, index=periods.index, dtype=object)
    return result


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError.one(
            "", None, None, what, f"unknown {what} {value!r}: one of {', '.join(known)}"
        )


def _decimals(periods: pd.DataFrame, name: str) -> list[Decimal]:
    values: list[Decimal] = []
    found = Problems("periods")
    for position, value in enumerate(periods[name].tolist()):
        try:
            values.append(exact(value))
        except (TypeError, ValueError):
            message = f"{name} must be a finite number, got {value!r}"
            found.add(position, name, "number", message)
    if found.failures:
        raise InputError(found.failures)
    return values


def check_contracts(
    contracts: pd.DataFrame,
    curves: Collection[str],
    prices: Prices,
    rules: ContractRules,
    overrides: Mapping[str, str] | None = None,
    made: Mapping[str, Curve] | None = None,
) -> list[Failure]:
    """Everything that keeps contracts from being settled; an empty list means they can be.

    - a contract without a curve cannot be settled: there is no default curve;
    - a curve fixed after signing is refused, unless the rulebook records it or `overrides` gives
      the contract's reason ("who: why"), which is shown in its statement lines;
    - the point, and the second point of a contract between two, must be a bus, hub or zone of the
      run (or a reserve price);
    - buyer and seller must be two owners.
    """
    found = Problems(_FILE)
    overrides = overrides or {}
    suspects = _suspects(contracts, curves, prices, made or {})
    for position, row in zip(suspects, records(contracts.iloc[suspects]), strict=True):
        name, curve = row["contract"], row["curve"]
        if not curve or curve not in curves:
            why = f"its curve {curve} does not exist" if curve else "it has no curve"
            found.add(position, "curve", "curve", f"contract {name} cannot be settled: {why}")
        late = fixed_late(row, (made or {}).get(curve))
        if late and rules.curve_after_trade == "reject" and name not in overrides:
            found.add(position, "curve_fixed", "curve_fixed", f"contract {name}: {late}")
        problem = prices.problem(row["point"])
        if problem:
            found.add(position, "point", "point", f"contract {name}: {problem}")
        if row.get("point_to"):
            problem = prices.problem(row["point_to"])
            if not problem and row["kind"] == "physical":
                problem = "energy is handed over at one point: a physical contract has no point_to"
            if problem:
                found.add(position, "point_to", "point", f"contract {name}: {problem}")
        if row["buyer"] == row["seller"]:
            both = f"contract {name}: buyer and seller are both {row['buyer']}"
            found.add(position, "buyer", "parties", both)
        if not np.isfinite(row["strike"]):
            message = f"contract {name}: the strike must be a finite number"
            found.add(position, "strike", "number", message)
    return found.failures


def _suspects(
    contracts: pd.DataFrame, curves: Collection[str], prices: Prices, made: Mapping[str, Curve]
) -> list[int]:
    """Positions of contracts that may be wrong: few of many, so that only they are looked at."""
    if contracts.empty:
        return []
    known = set(curves)
    points = {p for p in contracts["point"].unique() if prices.problem(p)}
    fixed = contracts["curve_fixed"].to_numpy(copy=True)
    frozen = {name: curve.fixed_on for name, curve in made.items() if curve.fixed_on is not None}
    if frozen:
        own = contracts["curve"].map(frozen)
        fixed = np.where(own.notna(), own.to_numpy(), fixed)
    wrong = ~contracts["curve"].isin(known) | contracts["point"].isin(points)
    wrong |= contracts["buyer"] == contracts["seller"]
    wrong |= ~np.isfinite(contracts["strike"])
    wrong |= pd.Series(fixed > contracts["signed"].to_numpy(), index=contracts.index)
    if "point_to" in contracts:
        wrong |= contracts["point_to"] != ""
    return np.flatnonzero(wrong.to_numpy()).tolist()


def settle_contracts(
    ledger: Ledger,
    contracts: pd.DataFrame,
    curves: Mapping[str, Curve],
    prices: Prices,
    interval_hours: float,
    overrides: Mapping[str, str] | None = None,
) -> None:
    """Lines of every contract in the intervals of a run; each line of one party is the other's.

    The spot money of both parties is in their energy lines. A contract for difference adds
    (K - P) q, in one line, or in two (K q, and -P q for the energy that left the spot), as the
    rulebook's `settlement.contracts.lines` says. A physical contract pays K q for energy that is
    handed over at the point, so the spot money P q of that energy goes from seller to buyer.

    A contract with two points settles their difference, P(point_to) - P(point). A premium is paid
    for every MWh of the curve by the side that holds the right: the buyer, of a floor the seller.
    """
    block = contract_block(ledger, contracts, curves, prices, interval_hours, overrides)
    if block is not None:
        ledger.put_block(block)
        return
    spots: dict[tuple[str, str], list[tuple[pd.Timestamp, Decimal | None]]] = {}
    for row in records(contracts):
        name, kind, seller, buyer = row["contract"], row["kind"], row["seller"], row["buyer"]
        strike = ledger.price(row["strike"])
        curve = curves[row["curve"]]
        end = row.get("point_to") or ""
        place = place_words(row, curve, prices, overrides)
        premium = ledger.price(row.get("premium") or 0.0)
        energies = curve.on(prices.starts, interval_hours, ledger.quantity_unit)
        pair = (row["point"], end)
        if pair not in spots:
            spots[pair] = _spot(ledger, prices, *pair)
        for (at, price), mwh in zip(spots[pair], energies, strict=True):
            if mwh == 0:
                continue
            if premium:
                holder, other = (seller, buyer) if kind == "floor" else (buyer, seller)
                rule = f"premium of {premium} on q"
                ledger.transfer(
                    other, holder, name, at, "contract_premium", mwh, premium, f"{rule}, {place}"
                )
            if price is None:
                raise InputError.one(
                    _FILE,
                    None,
                    "point",
                    "price",
                    f"contract {name}: there is no price at {row['point']} from {at.isoformat()}",
                )
            if kind == "physical" or (
                kind == "cfd" and ledger.rules.contracts.lines == "contract_plus_deviation"
            ):
                item = "contract_delivery" if kind == "physical" else "contract_deviation"
                ledger.transfer(
                    seller,
                    buyer,
                    name,
                    at,
                    "contract",
                    mwh,
                    strike,
                    f"{kind}: K q, K = {strike} at {place}",
                )
                ledger.transfer(
                    seller,
                    buyer,
                    name,
                    at,
                    item,
                    mwh,
                    -price,
                    f"{kind}: -P q, P = {price} at {place}",
                )
                continue
            per_mwh, rule = difference(kind, strike, price)
            if per_mwh != 0 or kind == "cfd":
                ledger.transfer(
                    seller,
                    buyer,
                    name,
                    at,
                    "contract",
                    mwh,
                    per_mwh,
                    f"{rule}, K = {strike}, P = {price} at {place}",
                )


def _spot(
    ledger: Ledger, prices: Prices, point: str, end: str
) -> list[tuple[pd.Timestamp, Decimal | None]]:
    """Interval starts with the price at a point, or from it to `end`, as statements show it."""
    values = prices.of(point)
    if end:
        values = prices.of(end) - values
    return [
        (at, None if np.isnan(value) else ledger.price(value))
        for at, value in zip(prices.starts, values, strict=True)
    ]
