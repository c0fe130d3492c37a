"""The operator's own prices of a New Zealand case."""

from __future__ import annotations

import pandas as pd

from cases.readers.new_zealand_files import CaseFiles, stamp_of
from cases.readers.new_zealand_grid import NewZealandGrid
from cases.readers.new_zealand_offers import PRODUCTS

__all__ = ["published"]

_PRICES = ("RESERVEPRICESIXSEC", "RESERVEPRICESIXTYSEC")


def published(
    files: CaseFiles, grid: NewZealandGrid, intervals: list[str]
) -> dict[str, pd.DataFrame]:
    """Prices of live nodes and of reserves, where the zip has the solution; none otherwise."""
    energy, reserve = [], []
    for interval in intervals:
        end = files.solved(interval)
        if end is None:
            continue
        start = stamp_of(interval)
        rows = files.table(end, "PNODE")
        frame = rows.need("PNODENAME", "DISCONNECTED", "DEAD").assign(price=rows.number("PRICE"))
        live = (frame["DISCONNECTED"] != "1") & (frame["DEAD"] != "1")
        frame = frame[live & frame["PNODENAME"].isin(list(grid.nodes))]
        energy += [
            (start, node, price)
            for node, price in zip(frame["PNODENAME"], frame["price"], strict=True)
        ]
        islands = files.table(end, "ISLAND")
        names = islands.need("ISLANDNAME")["ISLANDNAME"]
        for product, column in zip(PRODUCTS, _PRICES, strict=True):
            for zone, price in zip(names, islands.number(column), strict=True):
                reserve.append((start, product, zone, price))
    return {
        "published_prices": pd.DataFrame(energy, columns=["interval_start", "node", "price"]),
        "published_reserve_prices": pd.DataFrame(
            reserve, columns=["interval_start", "product", "zone", "price"]
        ),
    }
