"""A monthly auction of price differences from a folder of four tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cases import InputError, RuleBook
from cases.errors import Failure
from cases.files.convert import Source, convert
from cases.files.tables import read_csv
from cases.tables.column_kinds import key, mw, number, price, text
from cases.tables.columns import Column, Table
from mitigation.guangdong import MonthlyAuction, clear_month, hours_caps

__all__ = ["auction"]

_SEGMENT = Column("segment", "int", "", "segment of the declaration", required=True, key=True)
_DECLARED = (
    _SEGMENT,
    mw("mwh", "energy of the segment", required=True, unit="MWh"),
    price("price against the base tariff", "spread"),
)
TABLES: Final = (
    Table(
        "auction_sellers",
        "who sells",
        (
            key("seller", "seller"),
            text("group", "generation group; blank = stands alone"),
            mw("capacity_mw", "capacity", required=True),
            number("coal_rate", "g/kWh", "coal rate; blank = burns no coal", None),
        ),
        key=("seller",),
    ),
    Table(
        "auction_offers",
        "what sellers declare",
        (key("seller", "seller"), *_DECLARED),
        key=("seller", "segment"),
    ),
    Table(
        "auction_buyers",
        "who buys",
        (
            key("buyer", "buyer"),
            text("kind", "user or sales_company"),
            text("investor", "who controls it; blank = stands alone"),
        ),
        key=("buyer",),
    ),
    Table(
        "auction_bids",
        "what buyers declare",
        (key("buyer", "buyer"), *_DECLARED),
        key=("buyer", "segment"),
    ),
)


def auction(
    folder: str | Path,
    *,
    rulebook: str | Path | RuleBook = "guangdong",
    as_of: dt.date | str | None = None,
    settings: Mapping[str, Any] | None = None,
    volume_mwh: float | None = None,
    average_hours: float | None = None,
) -> MonthlyAuction:
    """Clear a monthly auction of price differences: one spread for all.

    Parameters
    ----------
    folder
        With ``auction_sellers.csv`` (seller, group, capacity_mw, coal_rate), ``auction_offers.csv``
        (seller, segment, mwh, spread), ``auction_buyers.csv`` (buyer, kind, investor) and
        ``auction_bids.csv`` (buyer, segment, mwh, spread).
    rulebook, as_of, settings
        Whose ``mitigation.monthly_auction`` counts.
    volume_mwh
        The announced volume; default: what buyers declare.
    average_hours
        Average hours of use of the period: what each seller may sell is capped by its coal rate.
        Left out, no seller's energy is capped.

    Raises
    ------
    InputError
        A table that is missing; everything that is wrong in them, with file, row and column.
    """
    book = RuleBook.load(rulebook, as_of=as_of).with_settings(settings or {})
    rules = book.mitigation.monthly_auction
    frames = _read(Path(folder))
    caps = None
    if average_hours is not None:
        caps = hours_caps(frames["auction_sellers"], average_hours, rules.hours_cap)
    return clear_month(
        frames["auction_sellers"],
        frames["auction_offers"],
        frames["auction_buyers"],
        frames["auction_bids"],
        rules,
        volume_mwh=volume_mwh,
        energy_caps=caps,
    )


def _read(folder: Path) -> dict[str, pd.DataFrame]:
    failures: list[Failure] = []
    frames = {}
    for table in TABLES:
        path = folder / f"{table.name}.csv"
        source = Source(str(path))
        if not path.is_file():
            message = f"there is no {path.name} in {folder}"
            failures.append(Failure(str(path), None, None, "missing_table", message))
            continue
        read = read_csv(table, path, source, failures)
        if read is not None:
            frames[table.name] = convert(table, read, source, "UTC", failures)
    if failures:
        raise InputError(failures)
    return frames
