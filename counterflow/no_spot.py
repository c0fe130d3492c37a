"""A month without a spot market from its tables: the auction cleared, then all trades settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from cases import InputError, RuleBook
from cases.errors import Failure
from cases.files.convert import Source, convert
from cases.files.tables import read_csv
from cases.tables.column_kinds import key, mw, number, ref, text
from cases.tables.columns import Table
from counterflow.monthly_auction import TABLES as AUCTION_TABLES
from counterflow.monthly_auction import auction
from mitigation.guangdong import MonthlyAuction
from settlement.month import EnergyMonth, settle_without_spot
from settlement.month.no_spot import KINDS

__all__ = ["auction_trades", "read_energy_tables", "settle_energy_month"]

TABLES = (
    Table(
        "energy_trades",
        "trades of a month's energy",
        (
            key("trade", "name of the trade"),
            text("kind", "auction, listed or bilateral", *KINDS, default="bilateral"),
            ref("seller", "owner that sells"),
            ref("buyer", "owner that buys"),
            mw("mwh", "energy of the month", required=True, unit="MWh"),
            number("price", "money/MWh", "price of the trade", required=True),
        ),
        key=("trade",),
    ),
    Table(
        "metered",
        "what owners made and took in the month",
        (
            key("owner", "owner"),
            mw("made_mwh", "produced", 0.0, unit="MWh"),
            mw("taken_mwh", "consumed", 0.0, unit="MWh"),
        ),
        key=("owner",),
    ),
    Table(
        "must_run",
        "energy of must-run contracts",
        (
            key("owner", "owner of the units"),
            mw("mwh", "energy of the month", required=True, unit="MWh"),
            number("cost", "money/MWh", "its cost", required=True),
        ),
        key=("owner",),
    ),
)


def read_energy_tables(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Tables of a month without a spot market: CSV files of their names in a folder.

    Raises
    ------
    InputError
        No `metered`, neither trades nor an auction, or cells that cannot be read.
    """
    path = Path(folder)
    tables: dict[str, pd.DataFrame] = {}
    failures: list[Failure] = []
    for table in TABLES:
        file = path / f"{table.name}.csv"
        if not file.is_file():
            continue
        source = Source(file.name)
        read = read_csv(table, file, source, failures)
        if read is not None:
            tables[table.name] = convert(table, read, source, "UTC", failures)
    wanted = ["metered", *([] if _has_auction(path) else ["energy_trades"])]
    failures += [
        Failure(str(path), None, None, "missing_table", f"there is no {name}.csv in {path}")
        for name in wanted
        if not (path / f"{name}.csv").is_file()
    ]
    if failures:
        raise InputError(failures)
    return tables


def _has_auction(folder: Path) -> bool:
    return any((folder / f"{table.name}.csv").is_file() for table in AUCTION_TABLES)


def auction_trades(cleared: MonthlyAuction, base_price: float) -> pd.DataFrame:
    """The trades of an auction: sellers and buyers in order, all at the base price plus the spread.

    Raises
    ------
    InputError
        If energy was matched and no spread was found.
    """
    columns = ["trade", "kind", "seller", "buyer", "mwh", "price"]
    sold = cleared.offers.groupby("seller", sort=True)["cleared_mwh"].sum()
    bought = cleared.bids.groupby("buyer", sort=True)["cleared_mwh"].sum()
    if cleared.matched_mwh <= 0:
        return pd.DataFrame(columns=columns)
    if cleared.reason:
        raise InputError.one("auction_offers", None, "spread", "spread", cleared.reason)
    price = round(base_price + cleared.spread, 6)
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
    if _has_auction(Path(folder)):
        if base_price is None:
            message = "the spread of an auction needs a base price to be added to"
            raise InputError.one("", None, None, "base_price", message)
        trades.append(auction_trades(auction(folder, rulebook=rulebook), base_price))
    return settle_without_spot(
        month,
        pd.concat([table for table in trades if len(table)] or trades[:1], ignore_index=True),
        tables["metered"],
        rulebook.settlement,
        timezone=timezone,
        currency=currency,
        must_run=tables.get("must_run"),
    )
