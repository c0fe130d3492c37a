"""The statement: lines, guarantee payments, balances, and what they were reconciled with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from cases.errors import InputError
from cases.files.folders import new_folder
from cases.files.hashing import file_hash
from cases.files.sheets import write_sheet
from cases.files.tables import read_parquet_table, write_parquet
from cases.tables.columns import Column, Table
from cases.tables.schema import STATEMENT_TABLES

__all__ = ["BALANCE_COLUMNS", "COLUMN_OF_ITEM", "Statement"]

BALANCE_COLUMNS = (
    "energy",
    "congestion",
    "losses",
    "reserves",
    "uplift",
    "contracts",
    "futures",
    "rights",
    "rounding",
)

COLUMN_OF_ITEM = {
    "unserved_energy": "energy",
    "congestion_rent": "congestion",
    "loss_surplus": "losses",
    "reserve": "reserves",
    "reserve_charge": "reserves",
    "uplift": "uplift",
    "uplift_charge": "uplift",
    "contract": "contracts",
    "contract_deviation": "contracts",
    "contract_delivery": "contracts",
    "contract_premium": "contracts",
    "futures": "futures",
    "time_value": "futures",
    "right": "rights",
    "right_shortfall": "rights",
    "rent_credit": "congestion",
    "surplus_credit": "losses",
    "metered_energy": "energy",
    "unaccounted_energy": "energy",
    "metered_charge": "energy",
    "metered_credit": "energy",
    "variation": "futures",
    "futures_fee": "futures",
    "rounding": "rounding",
}
"""Balance column of each item; energy and link lines are split by the components of the price."""
COLUMN_OF_ITEM = {
    f"{item}_deviation": name for item, name in COLUMN_OF_ITEM.items()
} | COLUMN_OF_ITEM
"""The same with the items of deviations from the day ahead, in the column of what deviates."""


def _money(name: str, description: str) -> Column:
    return Column(name, "decimal", "money", description)


def _text(name: str, description: str) -> Column:
    return Column(name, "str", "", description)


BALANCE = Table(
    "balance",
    "what each owner receives, by kind; the totals sum to zero",
    (
        _text("owner", "owner, or the operator"),
        _money("energy", "energy component of energy, link and deviation lines"),
        _money("congestion", "congestion component, and the operator's congestion rent"),
        _money("losses", "loss component, and the operator's loss surplus"),
        _money("reserves", "reserve payments and charges"),
        _money("uplift", "guarantee payments and charges"),
        _money("contracts", "contracts"),
        _money("futures", "futures and their time value"),
        _money("rights", "transmission rights"),
        _money("rounding", "what rounding each line leaves"),
        _money("total", "sum of the row"),
    ),
    key=("owner",),
)

RECONCILIATION = Table(
    "reconciliation",
    "day-ahead energy money by interval: loads = generation + rent + surplus",
    (
        Column("interval_start", "timestamp", "", "start of the interval"),
        _money("load_payment", "paid by loads and other withdrawals"),
        _money("generation_revenue", "received by generation and other injections"),
        _money("congestion_rent", "sum of shadow price x flow caused by injections"),
        _money("link_rent", "price difference over controllable links"),
        _money("loss_surplus", "loss charges less the energy lost"),
        _money("unserved_energy", "charged to loads but not supplied"),
        _money("rounding", "what rounding each line leaves"),
    ),
    key=("interval_start",),
)

TABLES = {**STATEMENT_TABLES, "balance": BALANCE, "reconciliation": RECONCILIATION}


@dataclass(frozen=True, eq=False, repr=False)
class Statement:
    """Money of a run: who receives what from whom, and by which rule.

    Attributes
    ----------
    lines
        Table `statement`; amounts are exact Decimals and sum to zero.
    uplift
        Guarantee payments by unit and commitment block, with their reason.
    balance
        One row per owner: energy, congestion, losses, reserves, uplift, contracts, futures, rights,
        rounding and total. Totals sum to zero.
    reconciliation
        Day-ahead energy money by interval.
    manifest
        The runs, the rulebook, the version, the funding of rights, warnings.
    """

    lines: pd.DataFrame
    uplift: pd.DataFrame
    balance: pd.DataFrame
    reconciliation: pd.DataFrame
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        return (
            f"<Statement of {self.manifest.get('name', '')}: {len(self.lines)} lines, "
            f"{len(self.balance)} owners>"
        )

    @property
    def currency(self) -> str:
        """Currency of the case."""
        return str(self.manifest.get("currency", ""))

    def of(self, owner: str) -> pd.DataFrame:
        """Lines of one owner.

        Raises
        ------
        InputError
            If the owner has no line.
        """
        rows = self.lines[self.lines["owner"] == owner]
        if rows.empty:
            known = ", ".join(self.balance["owner"])
            raise InputError.one("", None, None, "owner", f"no lines of {owner!r}; owners: {known}")
        return rows.reset_index(drop=True)

    def total(self, owner: str | None = None, item: str | None = None) -> Decimal:
        """Sum of the amounts of an owner, of an item, or of both; of everything it is zero."""
        rows = self.lines
        if owner is not None:
            rows = rows[rows["owner"] == owner]
        if item is not None:
            rows = rows[rows["item"] == item]
        return sum(rows["amount"], Decimal(0))

    def write(self, folder: str | Path, *, pages: Mapping[str, str] | None = None) -> None:
        """Write the statement as a new folder, whole or not at all.

        Parquet and CSV of every table, one CSV per owner under `owners/`, text files `pages` (such
        as a figure) by name, and `statement.json` with the hash of every file.
        """
        timezone = str(self.manifest["timezone"])
        with new_folder(folder) as part:
            for name, frame in self._tables().items():
                write_parquet(TABLES[name], frame, part / f"{name}.parquet", timezone)
                write_sheet(frame, part / f"{name}.csv", TABLES[name])
            for name, text in (pages or {}).items():
                (part / name).write_text(text, encoding="utf-8")
            (part / "owners").mkdir()
            for number, owner in enumerate(self.balance["owner"], start=1):
                rows = self.lines[self.lines["owner"] == owner]
                path = part / "owners" / f"{number:03d}-{_file_name(owner)}.csv"
                write_sheet(rows, path, TABLES["statement"])
            files = {
                path.relative_to(part).as_posix(): file_hash(path)
                for path in sorted(part.rglob("*"))
                if path.is_file()
            }
            text = json.dumps({**self.manifest, "files": files}, indent=2, ensure_ascii=False)
            (part / "statement.json").write_text(text + "\n", encoding="utf-8")

    def _tables(self) -> dict[str, pd.DataFrame]:
        return {
            "statement": self.lines,
            "uplift": self.uplift,
            "balance": self.balance,
            "reconciliation": self.reconciliation,
        }

    @classmethod
    def read(cls, folder: str | Path) -> Statement:
        """Read a statement folder and verify that none of its files has changed.

        Raises
        ------
        InputError
            If it is no statement folder, or files are missing or changed.
        """
        path = Path(folder)
        try:
            manifest = json.loads((path / "statement.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise InputError.one(
                "", None, None, "no_statement", f"{folder} is not the folder of a statement"
            ) from None
        for name, sha256 in manifest.pop("files").items():
            if not (path / name).is_file() or file_hash(path / name) != sha256:
                raise InputError.one(
                    str(path / name),
                    None,
                    None,
                    "changed",
                    "the file is missing or has changed since it was written",
                )
        tables = {
            name: read_parquet_table(TABLES[name], path / f"{name}.parquet") for name in TABLES
        }
        return cls(
            tables["statement"],
            tables["uplift"],
            tables["balance"],
            tables["reconciliation"],
            manifest,
        )


def _file_name(owner: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in owner)
