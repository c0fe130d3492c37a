"""One table in one file: CSV and Parquet, in and out.

Writing is exact: numbers are written with the fewest digits that give the same number back.
Reading never raises anything but adds to a list of failures.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cases.errors import Failure
from cases.files.convert import Source
from cases.files.dialect import decimal_points, separator
from cases.files.text import NotText, decoded, regular_bytes
from cases.tables.columns import Column, Table
from cases.tables.schema import arrow_field

__all__ = ["read_csv", "read_parquet", "read_parquet_table", "write_csv", "write_parquet"]

_SPECIAL = re.compile(r"""[,"\r\n]""")


def write_csv(table: Table, frame: pd.DataFrame, path: Path) -> None:
    """Write a typed table as CSV: UTF-8, a header line, line feeds."""
    columns = [_texts(table.column(name), frame[name]) for name in frame.columns]
    rows = [",".join(_quoted(name) for name in frame.columns)]
    rows += [",".join(row) for row in zip(*columns, strict=True)]
    path.write_bytes(("\n".join(rows) + "\n").encode())


def _texts(column: Column, cells: pd.Series) -> list[str]:
    if column.dtype == "str":
        return [_quoted(cell) for cell in cells.tolist()]
    if column.dtype == "float":
        return [_number(value) for value in cells.tolist()]
    if column.dtype == "int":
        return [str(value) for value in cells.tolist()]
    if column.dtype == "bool":
        words = {True: "true", False: "false"}
        return ["" if pd.isna(value) else words[bool(value)] for value in cells.tolist()]
    if column.dtype == "timestamp":
        codes, stamps = pd.factorize(cells)
        texts = [*(stamp.isoformat() for stamp in stamps), ""]
        return [texts[code] for code in codes]
    if column.dtype == "date":
        return ["" if pd.isna(day) else f"{day:%Y-%m-%d}" for day in cells]
    return ["" if value is None else str(value) for value in cells.tolist()]


def _quoted(text: str) -> str:
    """Quote a field that needs it; csv.writer leaves a lone carriage return bare."""
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def _number(value: float) -> str:
    """The shortest text that reads back as the same number; blank for NaN."""
    return "" if value != value else repr(value).removesuffix(".0")


def write_parquet(
    table: Table, frame: pd.DataFrame, target: Path | io.BytesIO, timezone: str
) -> None:
    """Write a typed table as Parquet; the same table always gives the same bytes.

    Units and descriptions of the columns are in the metadata of the Parquet fields.
    """
    fields = [arrow_field(table.column(name), timezone, name) for name in frame.columns]
    metadata = {"table": table.name, "description": table.description}
    schema = pa.schema(fields, metadata=metadata)
    arrays = [_array(frame[name], field.type) for name, field in zip(frame, fields, strict=True)]
    data = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(
        data,
        target,
        version="2.6",
        compression="zstd" if table.wide is None else "none",
        use_dictionary=[c.name for c in table.columns if c.dtype in ("str", "timestamp")],
        write_statistics=table.wide is None,
        row_group_size=1 << 20,
    )


def _array(cells: pd.Series, kind: pa.DataType) -> pa.Array:
    array = pa.Array.from_pandas(cells, type=kind)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def read_csv(
    table: Table, path: Path, source: Source, failures: list[Failure]
) -> pd.DataFrame | None:
    """Read a CSV file as text; None where nothing can be read.

    Failures: not UTF-8, binary content, no header, broken quotes, rows with too few or too many
    fields, each with its line. Blank lines and rows of blank fields are skipped. A file separated
    by semicolons is read too, with decimal commas or points. `source.lines` gets the line of each
    row.
    """
    data = _bytes(path, source, failures)
    if data is None:
        return None
    text = _decoded(data, source, failures)
    if text is None:
        return None
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    mark, skipped = separator(text)
    stream = io.StringIO(text, newline="")
    for _ in range(skipped):
        stream.readline()
    reader = csv.reader(stream, strict=True, delimiter=mark)
    last = 0
    try:
        for fields in reader:
            first, last = last + 1, reader.line_num
            if not any(field.strip() for field in fields):
                continue
            if header is None:
                header = fields
            elif len(fields) == len(header):
                rows.append(fields)
                lines.append(first + skipped)
            else:
                source.partial = True
                failures.append(
                    Failure(
                        source.file,
                        first + skipped,
                        None,
                        "ragged",
                        f"the row has {len(fields)} fields, the header {len(header)}",
                    )
                )
    except csv.Error as error:
        source.partial = True
        failures.append(
            Failure(source.file, last + 1 + skipped, None, "csv", f"cannot be read as CSV: {error}")
        )
    if header is None:
        if not failures or failures[-1].file != source.file:
            failures.append(source.file_failure("empty", "the file is empty; expected a header"))
        return None
    source.lines = np.array(lines, dtype=np.int64)
    if mark != ",":
        wrong = decimal_points(rows, _numeric(table, header))
        if wrong is not None:
            failures.append(source.file_failure("decimal", wrong))
            return None
    cells = np.empty((len(rows), len(header)), dtype=object)
    if rows:
        cells[:] = rows
    names = [name.strip() if name.strip() in table.names else name for name in header]
    return pd.DataFrame(cells, columns=names, dtype=object)


def _numeric(table: Table, header: list[str]) -> list[int]:
    """Positions of the columns of numbers."""
    text = {c.name for c in table.columns if c.dtype not in ("float", "int", "decimal")}
    return [k for k, name in enumerate(header) if name.strip() not in text]


def _decoded(data: bytes, source: Source, failures: list[Failure]) -> str | None:
    try:
        return decoded(data)
    except NotText as error:
        failures.append(Failure(source.file, error.line, None, error.rule, str(error)))
        return None


def _bytes(path: Path, source: Source, failures: list[Failure]) -> bytes | None:
    try:
        return regular_bytes(path)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        failures.append(source.file_failure("unreadable", message))
        return None


def read_parquet(
    table: Table, path: Path, source: Source, failures: list[Failure], money: Iterable[str] = ()
) -> pd.DataFrame | None:
    """Read a Parquet file; None where nothing can be read.

    Failures: not a readable Parquet file, nested columns, and columns whose `unit` metadata is
    not the unit of the schema (`money` gives the names under which money passes).
    """
    data = _bytes(path, source, failures)
    if data is None:
        return None
    try:
        arrow = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        for field in arrow.schema:
            _check_unit(table, field, source, failures, tuple(money))
        nested = [f.name for f in arrow.schema if pa.types.is_nested(f.type)]
        for name in nested:
            failures.append(source.header(name, "parquet", "must be a plain column, not nested"))
        arrow = arrow.drop_columns(nested).replace_schema_metadata(None)
        frame: pd.DataFrame = arrow.to_pandas(types_mapper=_TYPES.get, date_as_object=True)
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "broken content"
        failures.append(
            source.file_failure("parquet", f"cannot be read as Parquet: {reason.rstrip('.')}")
        )
        return None
    return frame


_TYPES: dict[pa.DataType, Any] = {
    pa.string(): pd.StringDtype("pyarrow", na_value=np.nan),
    pa.large_string(): pd.StringDtype("pyarrow", na_value=np.nan),
}


def _check_unit(
    table: Table, field: pa.Field, source: Source, failures: list[Failure], money: tuple[str, ...]
) -> None:
    said = (field.metadata or {}).get(b"unit")
    if said is None or (field.name not in table.names and table.wide is None):
        return
    unit = table.column(field.name).unit
    if said.decode(errors="replace") not in (unit, *(unit.replace("money", m) for m in money)):
        message = f"the unit must be {unit or 'none'}, not {said.decode(errors='replace')}"
        failures.append(source.header(field.name, "unit", message))


def read_parquet_table(table: Table, path: Path) -> pd.DataFrame:
    """Read a Parquet file that `write_parquet` wrote; its content has been verified before."""
    arrow = pq.ParquetFile(path).read(use_threads=False).replace_schema_metadata(None)
    frame: pd.DataFrame = arrow.to_pandas(types_mapper=_TYPES.get)
    return frame
