"""What a page is made of: panels that hold cards, tables, figures, grids, sentences, a map.

Blocks are data. A template writes their frame, a script fills it; neither computes anything.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from counterflow.pages.text import Text

__all__ = [
    "Block",
    "Card",
    "Cards",
    "Chain",
    "Chart",
    "Column",
    "Facts",
    "Grid",
    "Map",
    "Note",
    "Panel",
    "Sheet",
    "WhatIf",
    "packed",
    "packed_numbers",
]

Kind = Literal[
    "text", "state", "mw", "price", "money", "number", "count", "percent", "time", "factor"
]


@dataclass(frozen=True)
class Column:
    """A column of a sheet: where its cells come from and how they are written.

    ``label`` is a key of the dictionary; ``unit`` stands in the header. ``dim`` says which global
    filter holds for it: t, owner, unit, bus, zone or constraint.
    """

    name: str
    label: str
    kind: Kind = "text"
    unit: str = ""
    dim: str = ""
    hidden: bool = False

    def plain(self) -> dict[str, Any]:
        """Data for a script."""
        out = {"name": self.name, "label": self.label, "kind": self.kind}
        extra = {"unit": self.unit, "dim": self.dim, "hidden": self.hidden}
        return out | {name: value for name, value in extra.items() if value}


@dataclass(frozen=True)
class Note:
    """A sentence; ``tone`` is plain, missing (a state of the data) or good."""

    text: Text
    tone: Literal["plain", "missing", "good"] = "plain"
    kind: str = "note"


@dataclass(frozen=True)
class Card:
    """One number: before and after where it changed; ``filter`` narrows the decisions."""

    label: str
    value: Text
    detail: Text | None = None
    filter: str = ""


@dataclass(frozen=True)
class Cards:
    """Numbers side by side."""

    cards: tuple[Card, ...]
    kind: str = "cards"


@dataclass(frozen=True)
class Sheet:
    """A table that a reader sorts, filters, groups and copies.

    ``fold`` names columns that long runs of equal rows share; ``worst`` the column whose largest
    cell stands for them. ``detail`` says what a row opens to.
    """

    id: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    caption: Text | None = None
    sort: str = ""
    group: tuple[str, ...] = ()
    fold: tuple[str, ...] = ()
    worst: str = ""
    detail: str = ""
    views: tuple[str, ...] = ()
    kind: str = "sheet"

    def plain(self, starts: pd.DatetimeIndex) -> dict[str, Any]:
        """Data for a script; times become positions of intervals."""
        out: dict[str, Any] = {
            "columns": [column.plain() for column in self.columns],
            "rows": len(self.frame),
            "data": {
                column.name: packed(self.frame[column.name], starts) for column in self.columns
            },
        }
        for name in ("sort", "group", "fold", "worst", "detail", "views"):
            if value := getattr(self, name):
                out[name] = value
        return out


@dataclass(frozen=True)
class Chart:
    """A plotly figure; ``labels`` are the dictionary's words for its titles and traces."""

    id: str
    figure: go.Figure
    title: Text
    labels: dict[str, str] = field(default_factory=dict)
    height: int = 340
    kind: str = "chart"


@dataclass(frozen=True)
class Grid:
    """Cells by name and interval: a heat map that is a table.

    ``cells`` (names, intervals) holds numbers, NaN where nothing is said; ``marks`` the sign that
    a cell carries beside its colour, "" for none; ``scale`` is risk, state or
    count. ``heads`` stand over the columns in place of the intervals.
    """

    id: str
    names: tuple[str, ...]
    cells: NDArray[Any]
    marks: tuple[str, ...]
    mark: NDArray[Any]
    label: str
    scale: Literal["risk", "state", "count"]
    value: str
    dim: str = ""
    target: str = ""
    legend: tuple[tuple[str, str], ...] = ()
    heads: tuple[str, ...] = ()
    kind: str = "grid"


@dataclass(frozen=True)
class Chain:
    """An argument in numbered sentences, in the languages that it exists in."""

    id: str
    title: Text
    sentences: tuple[str, ...]
    unit: str = ""
    start: str = ""
    kind: str = "chain"


@dataclass(frozen=True)
class Facts:
    """Names and values, a line each; a value is a text as it is or of the dictionary."""

    rows: tuple[tuple[str, str | Text], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Map:
    """The grid on a plane; its numbers are in the page's data under ``map``."""

    data: dict[str, Any]
    kind: str = "map"


@dataclass(frozen=True)
class WhatIf:
    """Sliders over thresholds, and the counts that follow from recorded numbers."""

    data: dict[str, Any]
    kind: str = "whatif"


Block = Note | Cards | Sheet | Chart | Grid | Chain | Facts | Map | WhatIf


@dataclass(frozen=True)
class Panel:
    """A part of a page: a title that says what was found, and what shows it."""

    id: str
    name: str
    title: Text
    blocks: tuple[Block, ...]
    lead: Text | None = None

    @property
    def empty(self) -> bool:
        """Whether it holds nothing but a sentence that says so."""
        return all(isinstance(block, Note) and block.tone == "missing" for block in self.blocks)


def packed(cells: pd.Series[Any], starts: pd.DatetimeIndex) -> dict[str, Any]:
    """Pack a column: texts by dictionary, times by interval, numbers as they are.

    Returns
    -------
    dict
        ``{"c": value}`` of a constant column; ``{"d": texts, "i": positions}``; ``{"t":
        positions}``, -1 for a blank; ``{"v": numbers}``, null for NaN, "inf" and "-inf".
    """
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        index = starts.get_indexer(pd.DatetimeIndex(cells.dt.tz_convert(starts.tz)))
        return {"t": index.tolist()}
    if pd.api.types.is_bool_dtype(cells.dtype):
        return {"v": [int(value) for value in cells]}
    if pd.api.types.is_numeric_dtype(cells.dtype):
        values = [_number(value) for value in cells.to_numpy(dtype=float).tolist()]
        if len(values) > 1 and all(value == values[0] for value in values):
            return {"c": values[0]}
        return {"v": values}
    codes, names = pd.factorize(cells.fillna("").astype(str))
    return {"d": [str(name) for name in names], "i": codes.tolist()}


def _number(value: float) -> float | int | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def packed_numbers(values: Sequence[float] | NDArray[Any]) -> str:
    """Numbers as little-endian 32-bit floats in base64: 5.4 characters each."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode("ascii")
