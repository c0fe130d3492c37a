"""Hashes of content: the same tables give the same hash, whatever file format they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases.tables.columns import Table

__all__ = ["content_hash", "file_hash", "table_hash", "value_hash"]


def table_hash(table: Table, frame: pd.DataFrame) -> str:
    """Give the SHA-256 of a typed table: names, types and cells, in order."""
    digest = hashlib.sha256(f"{table.name}:{len(frame)}".encode())
    wide = list(frame.columns[1:]) if table.value is not None else []
    for name in frame.columns[: len(frame.columns) - len(wide)]:
        column = table.column(name)
        digest.update(f"|{name}:{column.dtype}|".encode())
        digest.update(_bytes(column.dtype, frame[name]))
    if wide:
        digest.update("\x00".join(wide).encode())
        digest.update(_floats(frame[wide].to_numpy(dtype=np.float64)))
    return digest.hexdigest()


def _bytes(dtype: str, cells: pd.Series) -> bytes:
    if dtype in ("str", "decimal"):
        place, distinct = pd.factorize(cells, use_na_sentinel=False)
        parts = [str(cell).encode() for cell in distinct.tolist()]
        lengths = np.array([len(part) for part in parts], dtype="<i8")
        return lengths.tobytes() + b"".join(parts) + place.astype("<i8").tobytes()
    if dtype == "float":
        return _floats(cells.to_numpy(dtype=np.float64))
    if dtype == "bool":
        return cells.astype("boolean").to_numpy(dtype=np.uint8, na_value=2).tobytes()
    if dtype == "int":
        return cells.to_numpy(dtype="<i8").tobytes()
    plain = cells.dt.tz_convert("UTC").dt.tz_localize(None) if dtype == "timestamp" else cells
    stamps = plain.to_numpy().astype("datetime64[us]").astype("<i8")
    return stamps.tobytes()


def _floats(values: Any) -> bytes:
    """Bytes of the numbers; every NaN is the same."""
    return np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes()


def value_hash(values: Mapping[str, Any]) -> str:
    """Give the SHA-256 of plain nested values, whatever the order of their keys."""
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(
    header: Mapping[str, Any], schema: Mapping[str, Table], tables: Mapping[str, pd.DataFrame]
) -> str:
    """Give the SHA-256 of a header and of all its tables that have rows."""
    hashes = {name: table_hash(schema[name], t) for name, t in tables.items() if len(t)}
    return value_hash({"header": header, "tables": hashes})


def file_hash(path: Path) -> str:
    """Give the SHA-256 of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
