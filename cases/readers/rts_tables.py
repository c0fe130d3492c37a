"""Reading the CSV files of an RTS-GMLC folder, with every failure by file, row and column."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.files.text import decoded, regular_bytes

__all__ = ["Folder"]

Floats = NDArray[np.float64]


@dataclass
class Folder:
    """An RTS-GMLC folder (`SourceData`, `timeseries_data_files`) and the failures found in it."""

    path: Path
    failures: list[Failure] = field(default_factory=list)

    def fail(self, file: str, row: int | None, column: str | None, rule: str, text: str) -> None:
        """Note a failure."""
        self.failures.append(Failure(file, row, column, rule, text))

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.failures:
            raise InputError(self.failures)

    def locate(self, relative: str) -> Path | None:
        """Find a file below the folder, upper and lower case taken as the same."""
        place = self.path
        for part in relative.replace("\\", "/").split("/"):
            if part in ("", ".", ".."):
                continue
            names = {p.name.lower(): p for p in place.iterdir()} if place.is_dir() else {}
            if part.lower() not in names:
                return None
            place = names[part.lower()]
        return place

    def table(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        """Read `SourceData/NAME` as text; empty after noting why where it cannot be read."""
        file = f"SourceData/{name}"
        empty = pd.DataFrame(columns=list(columns), dtype="str")
        frame = self.csv(file, text=True)
        if frame is None:
            return empty
        missing = [column for column in columns if column not in frame]
        for column in missing:
            self.fail(file, 1, column, "missing_column", "the column is missing")
        return empty if missing else frame

    def csv(
        self, file: str, *, text: bool = False, skip: int = 0, rows: int | None = None
    ) -> pd.DataFrame | None:
        """Read a CSV file below the folder, or note why not."""
        path = self.locate(file)
        if path is None or not path.is_file():
            self.fail(file, None, None, "missing_file", "the file is missing")
            return None
        try:
            return pd.read_csv(
                io.StringIO(decoded(regular_bytes(path))),
                dtype="str" if text else None,
                keep_default_na=not text,
                na_filter=not text,
                skiprows=range(1, skip + 1),
                nrows=rows,
                low_memory=False,
            )
        except (ValueError, OSError, pd.errors.ParserError) as error:
            reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
            self.fail(file, None, None, "unreadable", f"cannot be read: {reason}")
            return None

    def numbers(
        self, name: str, frame: pd.DataFrame, column: str, *, blank: float = np.nan
    ) -> Floats:
        """Return a column of a `SourceData` table as numbers; blank and NA give `blank`."""
        cells = frame[column].str.strip()
        void = cells.isin(["", "NA", "NaN"]).to_numpy(dtype=bool)
        values = np.array(pd.to_numeric(cells.where(~void, "0"), errors="coerce"), dtype=float)
        for position in np.nonzero(~np.isfinite(values))[0].tolist():
            message = f"must be a number, not {cells.iloc[position]!r}"
            self.fail(f"SourceData/{name}", position + 2, column, "number", message)
        return np.where(void, blank, values)

    def ids(self, name: str, frame: pd.DataFrame, column: str) -> list[str]:
        """Return a key column as text, after noting blanks and repeats."""
        ids = frame[column].str.strip()
        for position in np.nonzero((ids == "").to_numpy())[0].tolist():
            self.fail(f"SourceData/{name}", position + 2, column, "blank", "must not be blank")
        for position in np.nonzero((ids.duplicated() & (ids != "")).to_numpy())[0].tolist():
            message = f"{ids.iloc[position]} is there twice"
            self.fail(f"SourceData/{name}", position + 2, column, "duplicate", message)
        return [str(i) for i in ids]

    def series(self, file: str, start: date, days: int, periods: int) -> pd.DataFrame | None:
        """Read the rows of some days of a time series: days * periods rows, its own columns.

        Files come in two shapes: one row per period (Year, Month, Day, Period, one column per
        object) or one row per day (Year, Month, Day, one column per period). The second shape
        returns one column named `value`.
        """
        head = self.csv(file, rows=1)
        if head is None:
            return None
        keys = [c for c in ("Year", "Month", "Day", "Period") if c in head]
        if keys[:3] != ["Year", "Month", "Day"]:
            self.fail(file, 1, "Year", "missing_column", "Year, Month, Day are missing")
            return None
        by_row = "Period" in keys
        count = days * periods if by_row else days
        frame = self._window(file, start, days, count, keys)
        if frame is None:
            return None
        expected = periods if by_row else 1
        per_day = frame.groupby(["Year", "Month", "Day"]).size()
        if len(frame) != count or len(per_day) != days or (per_day != expected).any():
            last = start + timedelta(days=days - 1)
            message = f"needs {count} rows for {start} to {last}, has {len(frame)}"
            self.fail(file, None, None, "missing_rows", message)
            return None
        frame = frame.sort_values(keys)
        if (
            by_row
            and not (frame["Period"].to_numpy() == np.tile(np.arange(periods), days) + 1).all()
        ):
            self.fail(file, None, "Period", "missing_rows", f"periods must be 1 to {periods}")
            return None
        values = frame.drop(columns=keys)
        if not by_row:
            if values.shape[1] != periods:
                message = f"needs {periods} columns of a day, has {values.shape[1]}"
                self.fail(file, 1, None, "missing_column", message)
                return None
            values = pd.DataFrame({"value": values.to_numpy().reshape(-1)})
        return values.reset_index(drop=True)

    def _window(
        self, file: str, start: date, days: int, count: int, keys: list[str]
    ) -> pd.DataFrame | None:
        """Read just the rows of these days where the file is a whole year, else search it."""
        offset = (start - date(start.year, 1, 1)).days * (count // days)
        stamps = [(start + timedelta(days=d)).timetuple()[:3] for d in range(days)]
        for skip, rows in ((offset, count), (0, None)):
            frame = self.csv(file, skip=skip, rows=rows)
            if frame is None:
                return None
            for key in keys:
                frame[key] = pd.to_numeric(frame[key], errors="coerce")
            found = pd.MultiIndex.from_frame(frame[["Year", "Month", "Day"]]).isin(stamps)
            if found.sum() == count or rows is None:
                return frame[found]
        return None

    def series_numbers(self, file: str, frame: pd.DataFrame, column: str) -> Floats:
        """Return a column of a time series as numbers of 0 or more."""
        if column not in frame:
            self.fail(file, 1, column, "missing_column", "the column is missing")
            return np.zeros(len(frame))
        values = np.array(pd.to_numeric(frame[column], errors="coerce"), dtype=float)
        for position in np.nonzero(~(values >= 0) | np.isinf(values))[0].tolist():
            message = (
                f"interval {position + 1}: must be a number of 0 or more, "
                f"not {frame[column].iloc[position]}"
            )
            self.fail(file, None, column, "number", message)
        return values
