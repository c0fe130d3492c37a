"""What goes into the networkx graph of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from network.grid import Grid

__all__ = ["bus_attributes", "edges"]


def bus_attributes(buses: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each bus with every other column of the table as an attribute."""
    columns = [str(column) for column in buses.columns if column != "bus"]
    values = [buses[column].tolist() for column in columns]
    for bus, *row in zip(buses["bus"].tolist(), *values, strict=True):
        yield bus, dict(zip(columns, row, strict=True))


def edges(grid: Grid) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Each branch in service between its buses, keyed by its name.

    Attributes: ``position`` in the table, ``susceptance`` per unit, ``rating`` in MW (inf = none),
    and ``reactance``, the size of 1 / susceptance, as the length of a path.
    """
    live = np.flatnonzero(grid.in_service)
    names = grid.buses.tolist()
    branch = grid.branches[live].tolist()
    columns = (
        live.tolist(),
        grid.from_bus[live].tolist(),
        grid.to_bus[live].tolist(),
        grid.susceptance[live].tolist(),
        grid.rating[live].tolist(),
    )
    for key, (position, start, end, susceptance, rating) in zip(
        branch, zip(*columns, strict=True), strict=True
    ):
        yield (
            names[start],
            names[end],
            key,
            {
                "position": position,
                "susceptance": susceptance,
                "reactance": abs(1.0 / susceptance),
                "rating": rating,
            },
        )
