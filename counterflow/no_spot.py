"""A month without a spot market from its tables: the auction cleared, then all trades settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from cases import InputError, RuleBook
from cases.errors import Failure
from mitigation.guangdong import MonthlyAuction, clear_month
from settlement.month import EnergyMonth, settle_without_spot

__all__ = ["auction_trades", "read_energy_tables", "settle_energy_month"]

_TEXT = {
    "energy_trades": ("trade", "kind", "seller", "buyer"),
    "metered": ("owner",),
    "must_run": ("owner",),
    "auction_sellers": ("seller", "group"),
    "auction_offers": ("seller",),
    "auction_buyers": ("buyer", "kind", "investor"),
    "auction_bids": ("buyer",),
}
"""Tables of a folder and their columns of text; the others are numbers."""
_AUCTION = ("auction_sellers", "auction_offers", "auction_buyers", "auction_bids")


def read_energy_tables(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Tables of a month without a spot market: CSV files of their names in a folder.

    Raises
    ------
    InputError
        No `metered`, neither trades nor an auction, half an auction, or cells that are no numbers.
    """
    path = Path(folder)
    tables: dict[str, pd.DataFrame] = {}
    failures: list[Failure] = []
    for name, text in _TEXT.items():
        file = path / f"{name}.csv"
        if file.is_file():
            table = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
            table.columns = table.columns.str.strip()
            tables[name] = _numbers(table, text, file.name, failures)
    own = [name for name in _AUCTION if name in tables]
    missing = [name for name in _AUCTION if name not in tables] if own else []
    if "metered" not in tables:
        missing.append("metered")
    if not own and "energy_trades" not in tables:
        missing.append("energy_trades")
    failures += [
        Failure(str(path), None, None, "missing", f"there is no {name}.csv") for name in missing
    ]
    if failures:
        raise InputError(failures)
    return tables


def auction_trades(auction: MonthlyAuction, base_price: float) -> pd.DataFrame:
    """The trades of an auction: sellers and buyers in order, all at the base price plus the spread.

    Raises
    ------
    InputError
        If energy was matched and no spread was found.
    """
    columns = ["trade", "kind", "seller", "buyer", "mwh", "price"]
    sold = auction.offers.groupby("seller", sort=True)["cleared_mwh"].sum()
    bought = auction.bids.groupby("buyer", sort=True)["cleared_mwh"].sum()
    if auction.matched_mwh <= 0:
        return pd.DataFrame(columns=columns)
    if auction.reason:
        raise InputError.one("auction_offers", None, "spread", "spread", auction.reason)
    price = round(base_price + auction.spread, 6)
    left = {name: round(float(mwh), 6) for name, mwh in bought.items()}
    rows: list[tuple[Any, ...]] = []
    for seller, mwh in sold.items():
        rest = round(float(mwh), 6)
        for buyer, open_mwh in left.items():
            part = min(rest, open_mwh)
            if part > 0:
                number = f"auction {len(rows) + 1}"
                rows.append((number, "auction", seller, buyer, round(part, 6), price))
                rest, left[buyer] = round(rest - part, 6), round(open_mwh - part, 6)
    return pd.DataFrame(rows, columns=columns)


def settle_energy_month(
    folder: str | Path,
    month: str,
    *,
    rulebook: RuleBook,
    timezone: str,
    currency: str = "",
    base_price: float | None = None,
) -> EnergyMonth:
    """Settle a month from the tables of a folder; its auction is cleared first.

    Parameters
    ----------
    folder
        energy_trades (listed and bilateral), metered, must_run, and the four tables of an auction.
    month, timezone, currency
        As in `settle_without_spot`.
    rulebook
        Its `mitigation.monthly_auction` clears, its `settlement` settles.
    base_price
        What the spread of the auction is added to, money per MWh.

    Raises
    ------
    InputError
        Everything that is wrong in the tables; an auction without a base price.
    """
    tables = read_energy_tables(folder)
    trades = [tables["energy_trades"]] if "energy_trades" in tables else []
    if "auction_bids" in tables:
        if base_price is None:
            message = "the spread of an auction needs a base price to be added to"
            raise InputError.one("", None, None, "base_price", message)
        auction = clear_month(
            *(tables[name] for name in _AUCTION), rulebook.mitigation.monthly_auction
        )
        trades.append(auction_trades(auction, base_price))
    return settle_without_spot(
        month,
        pd.concat([table for table in trades if len(table)] or trades[:1], ignore_index=True),
        tables["metered"],
        rulebook.settlement,
        timezone=timezone,
        currency=currency,
        must_run=tables.get("must_run"),
    )


def _numbers(
    table: pd.DataFrame, text: tuple[str, ...], file: str, failures: list[Failure]
) -> pd.DataFrame:
    for name in table.columns.difference(list(text)):
        values = pd.to_numeric(table[name], errors="coerce")
        for row in table.index[values.isna()].tolist():
            message = f"{name} must be a number, not {table[name][row]!r}"
            failures.append(Failure(file, row + 2, name, "number", message))
        table[name] = values
    return table
