"""Lines of all contracts of a run at once, in columns: contracts by intervals, in whole units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import InputError
from settlement.contracts.curve import Curve, nanoseconds, units_of_all
from settlement.contracts.words import difference, place_words
from settlement.ledger.block import PRICE, Block, Names, Places
from settlement.ledger.frames import Row, records
from settlement.ledger.ledger import Ledger
from settlement.ledger.units import Whole, decimal, rounded_products, whole_units
from settlement.points import Prices

__all__ = ["contract_block"]

_ITEMS = ("contract_premium", "contract", "contract_delivery", "contract_deviation")
_PREMIUM, _FIRST, _SECOND = range(3)
"""Pairs of lines that a contract may have in an interval, in their order."""


@dataclass(frozen=True, eq=False)
class _Terms:
    """What is the same in every interval, (C,): strikes and premiums in price units, masks."""

    strike: Whole
    premium: Whole
    cap: NDArray[np.bool_]
    floor: NDArray[np.bool_]
    physical: NDArray[np.bool_]
    two_lines: NDArray[np.bool_]

    @property
    def one_way(self) -> NDArray[np.bool_]:
        """Caps and floors, which have no line where they pay nothing."""
        return self.cap | self.floor


def contract_block(
    ledger: Ledger,
    contracts: pd.DataFrame,
    curves: Mapping[str, Curve],
    prices: Prices,
    interval_hours: float,
    overrides: Mapping[str, str] | None,
) -> Block | None:
    """The lines that `settle_contracts` describes, in its order; None where units do not fit.

    Raises
    ------
    InputError
        Where a contract has energy in an interval whose price is not known.
    """
    places = ledger.places
    if places is None or contracts.empty:
        return None
    rows = records(contracts)
    own = [curves[row["curve"]] for row in rows]
    mwh = units_of_all(own, nanoseconds(prices.starts), interval_hours, places.quantity)
    terms = _terms(ledger, contracts, places)
    spot = _spots(contracts, prices, places)
    if mwh is None or terms is None or spot is None:
        return None
    at_price, known = spot
    _check_prices(rows, mwh, known, prices)
    price, used = _prices_of_pairs(terms, mwh, at_price)
    contract, interval, pair = np.nonzero(used)
    quantity = mwh[contract, interval]
    price = price[used]
    dropped = places.quantity + places.price - places.money
    amount = rounded_products(quantity, price, dropped)
    if amount is None:
        return None
    owner = _parties(contracts, terms, contract, pair)
    item = np.where(pair == _SECOND, np.where(terms.physical[contract], 2, 3), pair)
    rules = _rules(rows, own, terms, prices, places, overrides)
    return Block(
        owner,
        Names([row["contract"] for row in rows], _twice(contract)),
        Names(list(prices.starts), _twice(interval)),
        Names(_ITEMS, _twice(item)),
        _both_sides(quantity),
        np.repeat(price, 2),
        _both_sides(amount),
        Names(rules, _twice(3 * contract + pair)),
        np.repeat(at_price[contract, interval], 2),
        places,
    )


def _terms(ledger: Ledger, contracts: pd.DataFrame, places: Places) -> _Terms | None:
    strike = whole_units(contracts["strike"].to_numpy(dtype=float), places.price)
    blank = pd.Series(0.0, index=contracts.index)
    premiums = np.asarray(contracts.get("premium", blank), dtype=np.float64)
    premium = whole_units(np.nan_to_num(premiums, nan=0.0), places.price)
    if strike is None or premium is None:
        return None
    cap, floor, physical = (
        (contracts["kind"] == kind).to_numpy(dtype=bool) for kind in ("cap", "floor", "physical")
    )
    two = physical.copy()
    if ledger.rules.contracts.lines == "contract_plus_deviation":
        two |= (contracts["kind"] == "cfd").to_numpy(dtype=bool)
    return _Terms(strike, premium, cap, floor, physical, two)


def _spots(
    contracts: pd.DataFrame, prices: Prices, places: Places
) -> tuple[Whole, NDArray[np.bool_]] | None:
    """Price of every contract's point (or between its points), (C, T), and where it is known."""
    ends = contracts["point_to"] if "point_to" in contracts else pd.Series("", contracts.index)
    pairs = list(zip(contracts["point"], ends, strict=True))
    code = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    values = np.empty((len(code), len(prices.starts)))
    for (point, end), number in code.items():
        price = prices.of(point)
        values[number] = (prices.of(end) - price if end else price).to_numpy(dtype=float)
    units = whole_units(np.nan_to_num(values, nan=0.0), places.price)
    if units is None:
        return None
    of_contract = np.array([code[pair] for pair in pairs])
    return units[of_contract], ~np.isnan(values)[of_contract]


def _check_prices(rows: list[Row], mwh: Whole, known: NDArray[np.bool_], prices: Prices) -> None:
    missing = np.argwhere((mwh != 0) & ~known)
    if len(missing):
        contract, interval = missing[0].tolist()
        row, at = rows[contract], prices.starts[interval]
        message = f"contract {row['contract']}: there is no price at {row['point']} from "
        raise InputError.one("contracts", None, "point", "price", message + at.isoformat())


def _prices_of_pairs(terms: _Terms, mwh: Whole, spot: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    """Price of each pair of lines, (C, T, 3), and which of them there are."""
    strike = terms.strike[:, None]
    gain = strike - spot
    gain = np.where(terms.cap[:, None], np.minimum(gain, 0), gain)
    gain = np.where(terms.floor[:, None], np.maximum(gain, 0), gain)
    two = terms.two_lines[:, None]
    price = np.empty((*mwh.shape, 3), dtype=np.int64)
    price[..., _PREMIUM] = terms.premium[:, None]
    price[..., _FIRST] = np.where(two, strike, gain)
    price[..., _SECOND] = -spot
    used = np.empty(price.shape, dtype=bool)
    used[..., _PREMIUM] = terms.premium[:, None] != 0
    used[..., _FIRST] = (gain != 0) | ~terms.one_way[:, None]
    used[..., _SECOND] = two
    return price, used & (mwh != 0)[..., None]


def _parties(
    contracts: pd.DataFrame, terms: _Terms, contract: NDArray[Any], pair: NDArray[Any]
) -> Names:
    """Receiver and payer of every pair: seller and buyer, of a premium who grants and holds."""
    codes, known = pd.factorize(np.concatenate([contracts["seller"], contracts["buyer"]]))
    seller, buyer = codes[: len(contracts)][contract], codes[len(contracts) :][contract]
    turned = (pair == _PREMIUM) & terms.floor[contract]
    sides = [np.where(turned, buyer, seller), np.where(turned, seller, buyer)]
    return Names(list(known), np.column_stack(sides).ravel().astype(np.int32))


def _rules(
    rows: list[Row],
    curves: list[Curve],
    terms: _Terms,
    prices: Prices,
    places: Places,
    overrides: Mapping[str, str] | None,
) -> list[str]:
    """Rule of each pair of every contract, three each; the spot price stands for itself."""
    rules: list[str] = []
    for number, (row, curve) in enumerate(zip(rows, curves, strict=True)):
        strike = decimal(int(terms.strike[number]), places.price)
        premium = decimal(int(terms.premium[number]), places.price)
        kind, place = row["kind"], place_words(row, curve, prices, overrides)
        rules.append(f"premium of {premium} on q, {place}")
        if terms.two_lines[number]:
            rules.append(f"{kind}: K q, K = {strike} at {place}")
        else:
            words = difference(kind, strike, strike)[1]
            rules.append(f"{words}, K = {strike}, P = {PRICE} at {place}")
        rules.append(f"{kind}: -P q, P = {PRICE} at {place}")
    return rules


def _twice(codes: NDArray[Any]) -> NDArray[np.int32]:
    return np.repeat(codes.astype(np.int32), 2)


def _both_sides(units: Whole) -> Whole:
    return np.column_stack([units, -units]).ravel()
