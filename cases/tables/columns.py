"""How a table is declared: its columns, their types, units, defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DECIMALS", "LARGEST", "Column", "Dtype", "Table"]

Dtype = Literal["str", "float", "int", "bool", "timestamp", "date", "decimal"]
Value = str | float | int | bool | None

DECIMALS = {"MW": 6, "MWh": 6, "money/MWh": 7, "money/MW/h": 7, "money": 6, "h": 6}
"""Decimals to which numbers of a unit are kept in the tables of a run; 9 for any other unit.

Coarse enough that the last bits of arithmetic, which depend on the machine, do not reach them
(1e-10 at most was seen, 1e-13 in the middle); fine enough that every identity of a run holds
within the tolerances of the validator.
"""
_OTHER_DECIMALS = 9

LARGEST = {
    "": 1e9,
    "MW": 1e9,
    "MW/h": 1e9,
    "MWh": 1e10,
    "money/MWh": 1e8,
    "money/MW/h": 1e8,
    "money/MW": 1e10,
    "money": 1e13,
    "p.u.": 1e6,
    "h": 1e6,
    "min": 1e6,
    "degree": 3600.0,
    "kV": 1e5,
    "lots": 1e7,
}
"""The largest number of each unit, either way, that a user's table may hold; 1e12 for any other.

A system of 10 TW, a price of 100 million per MWh in the smallest currency: what lies beyond is no
datum but a slip or a stand-in for "no limit", which is a blank, and breaks arithmetic later.
"""
_LARGEST_OTHER = 1e12


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    A `required` column must be there and must not be blank; one that must only be `present` may
    be blank, so that leaving it out by mistake is not taken for a choice. Any other column may
    be left out, and a blank cell or an absent column takes `default`; where `default` is None a
    blank number is NaN, a blank timestamp or date is NaT and a blank text is "". A yes/no
    without a default is one of three: true, false, or blank where it is not known. `unit` is ""
    for text, counts and yes/no; "money" stands for the currency of the case. In the tables of a
    run a "float" is kept to `decimals`, by default those of its unit, unless it is `exact`: a
    copy of what the case says. An `own_id` column holds the id of the run that it is in, so
    that this id cannot depend on it. `unchecked` says, of a column of a run,
    why no check of its tables can notice a change of it; blank = one does (`clearing.validate`).
    """

    name: str
    dtype: Dtype
    unit: str
    description: str
    required: bool = False
    default: Value = None
    key: bool = False
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    isin: tuple[str, ...] | None = None
    decimals: int | None = None
    exact: bool = False
    own_id: bool = False
    unchecked: str = ""
    present: bool = False

    @property
    def kept_decimals(self) -> int | None:
        """Decimals that a run keeps of this column; None where it is exact."""
        if self.dtype != "float" or self.exact:
            return None
        return DECIMALS.get(self.unit, _OTHER_DECIMALS) if self.decimals is None else self.decimals

    @property
    def largest(self) -> float | None:
        """Largest number, either way, that a user's table may hold; None where it holds none."""
        if self.dtype not in ("float", "int"):
            return None
        return LARGEST.get(self.unit, _LARGEST_OTHER)

    @property
    def open(self) -> bool:
        """Whether it is a yes/no that may be blank: not known."""
        return self.dtype == "bool" and self.default is None and not self.required


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order and the columns that together identify a row.

    `wide` tables hold `interval_start` and one column per id of the named kind ("unit", "load");
    `value` then declares what these columns hold. A `required` table must be given. `on_grid`
    tables carry interval starts of the case's own horizon, others may reach outside it. `sums`
    are columns that are the sum of others, and stay so when all of them are rounded. `unchecked`
    is as in a column, for all of them but keys and words.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    wide: str | None = None
    value: Column | None = None
    required: bool = False
    on_grid: bool = True
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unchecked: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The declaration of one column; in a wide table any id gives `value`."""
        for column in self.columns:
            if column.name == name:
                return column
        if self.value is not None:
            return self.value
        raise KeyError(f"{self.name} has no column {name}")
