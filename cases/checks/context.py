"""What every check gets: the tables, where they came from, and the list to report to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure
from cases.files.convert import Source, nearest
from cases.meta import CaseMeta

__all__ = ["Context", "member", "positions"]

Mask = NDArray[np.bool_]
_HINTS = 5
_NAMES = 5000


def positions(mask: Mask | pd.Series) -> list[int]:
    """Give the positions at which a mask is true."""
    where: list[int] = np.flatnonzero(np.asarray(mask, dtype=bool)).tolist()
    return where


def member(cells: Iterable[str], names: Iterable[str]) -> Mask:
    """Tell which cells are among names (several times faster than isin for Arrow text)."""
    pool = set(names)
    return np.array([cell in pool for cell in cells], dtype=bool)


@dataclass
class Context:
    """Tables under check. `unusable` tables are missing or unreadable: nothing refers to them."""

    meta: CaseMeta | None
    tables: dict[str, pd.DataFrame]
    sources: Mapping[str, Source]
    unusable: set[str]
    failures: list[Failure]
    warnings: list[Failure] = field(default_factory=list)

    def usable(self, *names: str) -> bool:
        """Tell whether all these tables could be read."""
        return not self.unusable.intersection(names)

    def reported(self, table: str, *columns: str) -> Mask:
        """Give the rows in which a cell of one of these columns was reported as unreadable."""
        mask = np.zeros(len(self.tables[table]), dtype=bool)
        for column in columns:
            bad = self.sources[table].reported.get(column)
            if bad is not None and len(bad) == len(mask):
                mask |= bad
        return mask

    def fail(self, table: str, position: int, column: str | None, rule: str, message: str) -> None:
        """Report one row of a table."""
        self.failures.append(self.sources[table].failure(position, column, rule, message))

    def warn(self, table: str, position: int, column: str | None, rule: str, message: str) -> None:
        """Warn of one row of a table."""
        self.warnings.append(self.sources[table].failure(position, column, rule, message))

    def fail_header(self, table: str, column: str, rule: str, message: str) -> None:
        """Report a column of a table as a whole."""
        self.failures.append(self.sources[table].header(column, rule, message))

    def fail_file(self, table: str, column: str | None, rule: str, message: str) -> None:
        """Report a table as a whole."""
        self.failures.append(Failure(self.sources[table].file, None, column, rule, message))

    def known(
        self, table: str, column: str, names: list[str], rule: str, what: str, rows: Mask
    ) -> None:
        """Report the cells among `rows` that are not one of `names`, with the nearest names."""
        cells = self.tables[table][column].tolist()
        unknown = rows & ~member(cells, ["", *names])
        hints: dict[str, str] = {}
        for position in positions(unknown):
            name = cells[position]
            if name not in hints:
                search = len(hints) < _HINTS and len(names) <= _NAMES
                hints[name] = nearest(name, names) if search else ""
            self.fail(table, position, column, rule, f"{what} {name} is not known{hints[name]}")
