"""The statement of a month: lines by day and version, balances, invoices and netting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cases.errors import InputError
from cases.files.folders import new_folder
from cases.files.hashing import file_hash
from cases.files.tables import write_csv, write_parquet
from cases.tables.columns import Column, Table
from cases.tables.schema import STATEMENT_TABLES
from settlement.ledger.statement import BALANCE
from settlement.month.lines import MonthLedger, total

__all__ = ["INVOICES", "NETTING", "MonthStatement"]


def _text(name: str, description: str) -> Column:
    return Column(name, "str", "", description)


def _money(name: str, description: str) -> Column:
    return Column(name, "decimal", "money", description)


_DAY = (
    _text("day", "local day; a month's own lines have the month"),
    _text("version", "version of the day: initial, final, rerun"),
    _text("run", "id of the run that the line is from; blank for the month's own"),
)

LINES = Table(
    "statement",
    "lines of the month: the last version of every day, and what is monthly by rule",
    (STATEMENT_TABLES["statement"].columns[0], *_DAY, *STATEMENT_TABLES["statement"].columns[1:]),
    key=("line",),
)

DAYS = Table(
    "days",
    "the days of the month and the run that settles each; blank where it is missing",
    (*_DAY, _text("real_time", "id of the real-time run"), _text("rulebook", "rulebook")),
    key=("day",),
)

VERSIONS = Table(
    "versions",
    "what each owner receives in every version of a day, and the change from the one before",
    (
        *_DAY,
        _text("owner", "owner, or the operator"),
        _money("total", "received in this version"),
        _money("change", "difference from the version before; zero in the first"),
    ),
    key=("day", "version", "owner"),
)

INVOICES = Table(
    "invoices",
    "what every owner receives by item",
    (
        _text("owner", "owner, or the operator"),
        _text("item", "item of the statement"),
        Column("lines", "int", "", "number of lines"),
        Column("quantity", "decimal", "", "sum of quantities"),
        _money("amount", "money received; negative = paid"),
    ),
    key=("owner", "item"),
)

NETTING = Table(
    "netting",
    "one payment per participant",
    (
        _text("owner", "owner, or the operator"),
        _money("credits", "sum of what is received"),
        _money("charges", "sum of what is paid"),
        _money("net", "credits less charges: one payment, from the operator or to it"),
    ),
    key=("owner",),
)

INDICES = Table(
    "indices",
    "price indices of the day-ahead market",
    (
        _text("index", "name of the index"),
        _text("place", "bus, hub or zone; blank is the whole market"),
        _text("period", "day or month"),
        Column("price", "decimal", "money/MWh", "mean price"),
        Column("mwh", "float", "MWh", "energy that weighs it"),
    ),
    key=("index", "period"),
)

TABLES = {
    table.name: table for table in (LINES, DAYS, VERSIONS, INVOICES, NETTING, INDICES, BALANCE)
}


@dataclass(frozen=True, eq=False, repr=False)
class MonthStatement:
    """Money of a month.

    Attributes
    ----------
    ledger
        The lines as they are kept; `lines` is the table of them.
    balance
        One row per owner, as in `Statement`; totals sum to zero.
    days
        day, version, run, real_time, rulebook of every day of the month.
    versions
        Totals of every owner in every version of every day, with the change from version to
        version.
    invoices, netting
        By owner and item, and one net payment per owner.
    indices
        Day-ahead price indices of the market and its zones, by day and month.
    manifest
        month, currency, timezone, partial, missing (days), funding, curves, futures, ...
    """

    ledger: MonthLedger
    balance: pd.DataFrame
    days: pd.DataFrame
    versions: pd.DataFrame
    invoices: pd.DataFrame
    netting: pd.DataFrame
    indices: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        partial = ", partial" if self.manifest["partial"] else ""
        return (
            f"<MonthStatement of {self.manifest['month']}{partial}: {len(self.ledger)} lines, "
            f"{len(self.balance)} owners>"
        )

    @property
    def currency(self) -> str:
        """Currency of the runs."""
        return str(self.manifest["currency"])

    @property
    def lines(self) -> pd.DataFrame:
        """Statement lines with day, version and run, made when first asked for."""
        return self.ledger.frame

    @cached_property
    def _rows_of(self) -> dict[str, Any]:
        """Positions of the lines of every owner."""
        groups = self.lines.groupby("owner", sort=False).indices
        return {str(owner): rows for owner, rows in groups.items()}

    def of(self, owner: str) -> pd.DataFrame:
        """Lines of one owner.

        Raises
        ------
        InputError
            If the owner has no line.
        """
        if owner not in self._rows_of:
            known = ", ".join(self.balance["owner"])
            raise InputError.one("", None, None, "owner", f"no lines of {owner!r}; owners: {known}")
        rows: pd.DataFrame = self.lines.iloc[self._rows_of[owner]]
        return rows.reset_index(drop=True)

    def total(self, owner: str | None = None, item: str | None = None) -> Decimal:
        """Sum of the amounts of an owner, of an item, or of both; of everything it is zero."""
        return total(self.ledger.sums, owner, item)

    def write(self, folder: str | Path, *, pages: Mapping[str, str] | None = None) -> None:
        """Write the month as a new folder, whole or not at all.

        Parquet and CSV of every table, `invoices/NNN-OWNER.csv` with the lines of each owner, text
        files `pages` by name (their folders are made), and `month.json` with the hash of every
        file.
        """
        timezone = str(self.manifest["timezone"])
        with new_folder(folder) as part:
            for name, table in TABLES.items():
                frame = self.lines if name == "statement" else getattr(self, name)
                write_parquet(table, frame, part / f"{name}.parquet", timezone)
                write_csv(table, frame, part / f"{name}.csv")
            (part / "invoices").mkdir()
            for name, owner in self.invoice_names().items():
                rows = self.lines.iloc[self._rows_of.get(owner, [])]
                write_csv(LINES, rows, part / "invoices" / f"{name}.csv")
            for name, text in (pages or {}).items():
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                (part / name).write_text(text, encoding="utf-8")
            files = {
                path.relative_to(part).as_posix(): file_hash(path)
                for path in sorted(part.rglob("*"))
                if path.is_file()
            }
            text = json.dumps({**self.manifest, "files": files}, indent=2, ensure_ascii=False)
            (part / "month.json").write_text(text + "\n", encoding="utf-8")

    def invoice_names(self) -> dict[str, str]:
        """File name -> owner of every invoice."""
        return {
            f"{number:03d}-{''.join(c if c.isalnum() or c in '-_' else '_' for c in owner)}": owner
            for number, owner in enumerate(self.balance["owner"], start=1)
        }
