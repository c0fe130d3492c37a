"""What every section of a UnitCommitment.jl instance needs: time steps, buses, remarks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.readers.json_file import REQUIRED, Document, Node

__all__ = ["Frame"]

Floats = NDArray[np.float64]


@dataclass
class Frame:
    """The time steps and buses of an instance, and what its reader has to remark.

    `starts` are all steps of the file, of which the first `kept` become the case; `step` is the
    length of one in hours. `notes` are recorded with the case, `warnings` are also issued: what
    the data says and a case cannot.
    """

    document: Document
    version: tuple[int, ...]
    starts: pd.DatetimeIndex
    kept: int
    step: float
    buses: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of time steps in the file."""
        return len(self.starts)

    def bus(self, node: Node, key: str = "Bus") -> str:
        """Return the name of a bus, which must be known."""
        name = node.text(key)
        if name and name not in self.buses:
            node.fail(key, "unknown_bus", f"bus {name} is not in Buses")
        return name

    def steady(
        self, node: Node, key: str, default: float = REQUIRED, *, ge: float | None = None
    ) -> float:
        """Return a number that the format lets change over time and a case does not."""
        series = node.series(key, self.count, default, ge=ge)[: self.kept]
        if (series != series[0]).any() and not np.isnan(series).any():
            text = "changes over time, which a case cannot say for this quantity"
            node.fail(key, "time_series", text)
        return float(series[0])
