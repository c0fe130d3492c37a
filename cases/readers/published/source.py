"""Published files as raw tables: CSV, CSV in zip, frames; each row knows its line in its file."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.files.text import regular_bytes
from cases.readers.published.layout import Layout

__all__ = ["Given", "Header", "Raw", "Text", "header_of", "opened", "parsed", "plain"]

Given = str | Path | pd.DataFrame
_ENDS = (".csv", ".zip", ".csv.gz", ".parquet")
_BLANK = ["", " ", "  ", "NULL", "null", "N/A", "NaN", "nan"]


@dataclass(frozen=True)
class Text:
    """One file, or one member of a zip: its bytes, or a frame given as it is."""

    name: str
    data: bytes = b""
    frame: pd.DataFrame | None = None


@dataclass(frozen=True)
class Raw:
    """Cells of a file by column, as its layout types them.

    `lines` are the lines of the file that the rows are on, `preamble` what stood before the header.
    """

    name: str
    frame: pd.DataFrame
    lines: NDArray[np.int64]
    preamble: tuple[str, ...] = ()

    def failure(self, row: int, column: str | None, rule: str, message: str) -> Failure:
        """A failure at a row of the table."""
        return Failure(self.name, int(self.lines[row]), column, rule, message)


def opened(given: Iterable[Given]) -> Iterator[Text]:
    """Open files, the members of zips, all files of folders, and frames, one after the other.

    Raises InputError where there is no such file, or it cannot be read.
    """
    for number, item in enumerate(given, start=1):
        if isinstance(item, pd.DataFrame):
            yield Text(f"frame {number}", frame=item)
            continue
        path = Path(item)
        paths = sorted(p for p in path.iterdir() if p.name.endswith(_ENDS)) if path.is_dir() else [
            path
        ]  # fmt: skip
        for file in paths:
            yield from _file(file)


def _file(path: Path) -> Iterator[Text]:
    if not path.is_file():
        raise InputError.one(str(path), None, None, "file", "there is no such file")
    if path.suffix == ".parquet":
        yield Text(path.name, frame=pd.read_parquet(path))
        return
    data = regular_bytes(path)
    if path.name.endswith(".gz"):
        import gzip

        data = gzip.decompress(data)
    if not data.startswith(b"PK\x03\x04"):
        yield Text(path.name, data)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in sorted(archive.namelist()):
                if member.lower().endswith(".csv"):
                    yield Text(f"{path.name}/{member}", archive.read(member))
    except zipfile.BadZipFile as error:
        raise InputError.one(path.name, None, None, "zip", f"cannot be read: {error}") from None


@dataclass(frozen=True)
class Header:
    """Where the header of a file is, and its columns."""

    columns: tuple[str, ...]
    line: int
    preamble: tuple[str, ...]
    tagged: bool


def header_of(text: Text, known: Iterable[Layout]) -> Header:
    """Find the line of the header: the one of the first with most columns of some layout.

    Files of ISO New England say which line it is: it is the first that begins with H.
    """
    if text.frame is not None:
        return Header(tuple(str(c) for c in text.frame.columns), 1, (), False)
    head = text.data[:65536].decode("utf-8-sig", errors="replace").splitlines()[:40]
    rows = [next(csv.reader([line]), []) for line in head]
    for k, row in enumerate(rows):
        if row[:1] == ["H"] and any(other[:1] in (["C"], ["D"], ["T"]) for other in rows):
            columns = tuple(cell.strip() for cell in row[1:])
            return Header(columns, k + 1, tuple(head[:k]), True)
    wanted = [{plain(c) for c in layout.required} for layout in known]
    scores = [
        max((len({plain(c) for c in row} & need) for need in wanted), default=0) for row in rows
    ]
    best = int(np.argmax(scores)) if scores else 0
    columns = tuple(cell.strip() for cell in rows[best]) if rows else ()
    return Header(columns, best + 1, tuple(head[:best]), False)


def plain(name: str) -> str:
    """A column name without what differs between copies of a file: case and double spaces."""
    return " ".join(name.split()).casefold()


def parsed(text: Text, header: Header, layout: Layout, wanted: Iterable[str]) -> Raw:
    """Read the columns that a layout wants, numbers as numbers, all else as text.

    Raises InputError where a cell that must be a number is none, or the file is cut short.
    """
    place = {plain(column): k for k, column in enumerate(header.columns)}
    names = [name for name in dict.fromkeys(wanted) if plain(name) in place]
    numbers = {plain(name) for name in layout.numbers}
    if text.frame is not None:
        return _of_frame(text, header, names, numbers, place)
    data, lines = text.data, None
    if header.tagged:
        data, lines = _data_lines(text, header)
    as_read = [f"c{k}" for k in range(len(header.columns))]
    kept = [as_read[place[plain(name)]] for name in names]
    types = {
        column: pa.float64() if plain(name) in numbers else pa.string()
        for name, column in zip(names, kept, strict=True)
    }
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(
                column_names=as_read,
                skip_rows=0 if header.tagged else header.line,
                block_size=1 << 24,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=kept,
                null_values=_BLANK,
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            table = pa.table({c: pa.array([], type=types[c]) for c in kept})
        else:
            raise _unreadable(text, header, data, lines, names, kept, numbers, error) from None
    frame = table.rename_columns(names).to_pandas(strings_to_categorical=True)
    first = header.line + 1
    at = np.arange(first, first + len(frame)) if lines is None else lines
    return Raw(text.name, frame, at.astype(np.int64), header.preamble)


def _of_frame(
    text: Text, header: Header, names: list[str], numbers: set[str], place: dict[str, int]
) -> Raw:
    assert text.frame is not None
    columns = {}
    for name in names:
        cells = text.frame.iloc[:, place[plain(name)]].reset_index(drop=True)
        if plain(name) in numbers:
            columns[name] = pd.to_numeric(cells, errors="coerce").astype("float64")
            lost = columns[name].isna() & cells.notna()
            if lost.any():
                row = int(np.argmax(lost.to_numpy()))
                message = f"must be a number, not {cells.iloc[row]!r}"
                raise InputError.one(text.name, row + 2, name, "number", message)
        else:
            columns[name] = cells
    frame = pd.DataFrame(columns)
    return Raw(text.name, frame, np.arange(2, 2 + len(frame), dtype=np.int64))


def _data_lines(text: Text, header: Header) -> tuple[bytes, NDArray[np.int64]]:
    """Give the D lines of a tagged file, without their tag, and the line that each is on."""
    kept: list[bytes] = []
    lines: list[int] = []
    told: int | None = None
    for number, line in enumerate(text.data.splitlines(), start=1):
        tag, _, rest = line.partition(b",")
        tag = tag.strip(b'" \xef\xbb\xbf')
        if tag == b"D":
            kept.append(rest)
            lines.append(number)
        elif tag == b"T":
            words = rest.strip(b'" ').split()
            told = int(words[0]) if words and words[0].isdigit() else None
    if told is not None and told != len(kept):
        message = f"the file says that it has {told} lines, and has {len(kept)}: it was cut or put"
        message += " together from several"
        raise InputError.one(text.name, None, None, "cut", message)
    return b"\n".join(kept) + b"\n" * bool(kept), np.array(lines, dtype=np.int64)


def _unreadable(
    text: Text,
    header: Header,
    data: bytes,
    lines: NDArray[np.int64] | None,
    names: list[str],
    kept: list[str],
    numbers: set[str],
    error: Exception,
) -> InputError:
    """Say where a file cannot be read: rows of another length, cells that are no number."""
    failures: list[Failure] = []
    body = data.decode("utf-8-sig", errors="replace").splitlines()
    start = 0 if header.tagged else header.line
    place = {name: int(column[1:]) for name, column in zip(names, kept, strict=True)}
    for k, row in enumerate(csv.reader(body[start:])):
        line = header.line + 1 + k if lines is None else int(lines[k])
        if not row:
            continue
        if len(row) != len(header.columns):
            message = f"has {len(row)} cells, the header {len(header.columns)}"
            failures.append(Failure(text.name, line, None, "cells", message))
        else:
            for name in names:
                cell = row[place[name]].strip()
                if plain(name) in numbers and cell not in _BLANK and not _number(cell):
                    message = f"must be a number, not {cell!r}"
                    failures.append(Failure(text.name, line, name, "number", message))
        if len(failures) >= 20:
            break
    return InputError(failures or [Failure(text.name, None, None, "csv", str(error))])


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
