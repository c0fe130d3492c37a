"""How a table is declared: its columns, their types, units, defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Column", "Dtype", "Table"]

Dtype = Literal["str", "float", "int", "bool", "timestamp", "date", "decimal"]
Value = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    A `required` column must be there and must not be blank. Any other column may be left out, and
    a blank cell or an absent column takes `default`; where `default` is None a blank number is
    NaN, a blank timestamp or date is NaT and a blank text is "". A yes/no without a default is
    one of three: true, false, or blank where it is not known. `unit` is "" for text, counts and
    yes/no; "money" stands for the currency of the case.
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

    @property
    def open(self) -> bool:
        """Whether it is a yes/no that may be blank: not known."""
        return self.dtype == "bool" and self.default is None and not self.required


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order and the columns that together identify a row.

    `wide` tables hold `interval_start` and one column per id of the named kind ("unit", "load");
    `value` then declares what these columns hold. A `required` table must be given. `on_grid`
    tables carry interval starts of the case's own horizon, others may reach outside it.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    wide: str | None = None
    value: Column | None = None
    required: bool = False
    on_grid: bool = True

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
