"""Two runs side by side: prices, dispatch, constraints, money, row by row on their keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cases import Proof, Run
from cases.errors import InputError
from cases.tables.schema import RUN_TABLES
from counterflow.tables.changes import noise_of, ranked_changes
from counterflow.tables.money import owner_money, run_money, uplift_total

COMPARED = (
    "prices",
    "zone_prices",
    "dispatch",
    "constraints",
    "flows",
    "load_awards",
    "slacks",
    "link_flows",
    "virtual_awards",
    "storage_schedule",
    "reserves",
    "reserve_prices",
    "offers_used",
)
"""Tables that are compared, in the order of a report. `price_terms` follows from them."""

IGNORED = ("interval_end",)


@dataclass(frozen=True)
class TableDifference:
    """How one table differs between two runs.

    `columns` has a row per compared column: column, max_abs, mean_abs, rows_beyond (further apart
    than the tolerance, or a number on one side only), and the key, a and b of the largest
    difference. `only_a` and `only_b` count rows without a partner; `idle_only` counts those of
    them that mean nothing (a constraint row that one run's solver held and that was worth 0).
    """

    table: str
    key: tuple[str, ...]
    rows_a: int
    rows_b: int
    shared: int
    only_a: int
    only_b: int
    idle_only: int
    columns: pd.DataFrame
    differences: pd.DataFrame

    @property
    def within(self) -> bool:
        """No column beyond the tolerance and no row without a partner."""
        return self.only_a == 0 and self.only_b == 0 and not self.columns["rows_beyond"].any()


@dataclass(frozen=True)
class Comparison:
    """Two runs compared; `within` says whether every table and total is inside the tolerance."""

    a: str
    b: str
    tolerance: float
    tables: tuple[TableDifference, ...]
    money: pd.DataFrame
    notes: tuple[str, ...]
    owners: pd.DataFrame
    """Owner: MWh, revenue, uplift and cost in both runs (``_a``, ``_b``) and their change."""
    changes: pd.DataFrame
    """What changed, ranked: inputs, rules, commitment, what binds, prices, money
    (`counterflow.tables.changes`)."""
    noise: float
    """Money by which the objectives may differ without meaning anything."""
    related: str
    """How the runs are related: parent (a is b's), child, siblings, same or blank."""
    failing: tuple[str, ...]
    """Tables, and money, that differ beyond the tolerance and count."""

    @property
    def within(self) -> bool:
        """Every table and total of money that counts within the tolerance."""
        return not self.failing

    def _repr_html_(self) -> str:
        from counterflow.html import block, html_table, paragraph

        headings = {"kind": "kind", "table": "table", "subject": "what", "column": "column"}
        headings |= {"interval_start": "interval", "a": "A", "b": "B", "noise": "noise"}
        parts = [paragraph(note) for note in self.notes]
        parts.append(html_table(self.changes.head(40), headings))
        verdict = "within" if self.within else f"beyond in {', '.join(self.failing)}"
        return block(f"A {self.a[:12]}, B {self.b[:12]}: {verdict}", parts)

    def table(self, name: str) -> TableDifference:
        """Return the comparison of one table, by its name."""
        for table in self.tables:
            if table.table == name:
                return table
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON: notes, money and per-table summaries."""
        return {
            "a": self.a,
            "b": self.b,
            "tolerance": self.tolerance,
            "within": self.within,
            "failing": list(self.failing),
            "related": self.related,
            "noise": self.noise,
            "changes": self.changes.to_dict("records"),
            "notes": list(self.notes),
            "money": self.money.to_dict("records"),
            "owners": self.owners.to_dict("records"),
            "tables": [
                {
                    "table": t.table,
                    "key": list(t.key),
                    "rows_a": t.rows_a,
                    "rows_b": t.rows_b,
                    "shared": t.shared,
                    "only_a": t.only_a,
                    "only_b": t.only_b,
                    "idle_only": t.idle_only,
                    "within": t.within,
                    "columns": t.columns.to_dict("records"),
                }
                for t in self.tables
            ],
        }


def compare(a: Run, b: Run, *, tolerance: float = 1e-6, fail_on: Sequence[str] = ()) -> Comparison:
    """Compare two runs, table by table on their key columns, and their money.

    Two numbers agree when ``|a - b| <= tolerance * max(1, |a|, |b|)``: absolute below one,
    relative above. Two missing numbers (NaN) agree; a number and a missing one do not. Runs of
    different cases are compared on the keys that both have, which `notes` says.

    Parameters
    ----------
    a, b
        Runs; `b` is the later one: differences are b minus a.
    tolerance
        Not negative.
    fail_on
        Tables, and ``money``, whose differences count for `within`; by default all.

    Raises
    ------
    InputError
        The tolerance is negative or not a number; a name in `fail_on` that is not compared.
    """
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise InputError.one(
            file="",
            row=None,
            column=None,
            rule="bad tolerance",
            message=f"tolerance must be a number that is zero or more, not {tolerance}",
        )
    tables = []
    for name in COMPARED:
        left, right = getattr(a, name), getattr(b, name)
        if len(left) or len(right):
            tables.append(compare_tables(name, left, right, tolerance=tolerance))
    money = _compare_money(a, b, tolerance)
    beyond = [table.table for table in tables if not table.within]
    beyond += ["money"] if money["beyond"].any() else []
    for name in fail_on:
        if name not in (*COMPARED, "money"):
            known = ", ".join((*COMPARED, "money"))
            message = f"nothing that is compared is called {name}: {known}"
            raise InputError.one("", None, "fail_on", "usage", message)
    failing = tuple(name for name in beyond if not fail_on or name in fail_on)
    return Comparison(
        a.id,
        b.id,
        tolerance,
        tuple(tables),
        money,
        _notes(a, b),
        _owners(a, b),
        ranked_changes(a, b, tolerance),
        noise_of(a, b),
        _related(a, b),
        failing,
    )


def _related(a: Run, b: Run) -> str:
    """How two runs are related, by the parents that they name."""
    parents = (a.stated.get("parent"), b.stated.get("parent"))
    if a.id == b.id:
        return "same"
    if parents[1] == a.id:
        return "parent"
    if parents[0] == b.id:
        return "child"
    return "siblings" if parents[0] is not None and parents[0] == parents[1] else ""


def compare_tables(
    name: str, a: pd.DataFrame, b: pd.DataFrame, *, tolerance: float
) -> TableDifference:
    """Compare two tables of one kind on the key of `cases.schema.RUN_TABLES`.

    Raises
    ------
    InputError
        A key occurs twice in one of the tables.
    """
    key = RUN_TABLES[name].key
    rows_a, rows_b = len(a), len(b)
    left, right, only_a, only_b = _align(name, a, b, key)
    idle = 0
    if name == "constraints":
        idle_a, idle_b = _idle(only_a), _idle(only_b)
        idle = int(idle_a.sum() + idle_b.sum())
        only_a, only_b = only_a[~idle_a], only_b[~idle_b]
    compared = [c for c in a.columns if c in b.columns and c not in key and c not in IGNORED]
    beyond_any = np.zeros(len(left), dtype=bool)
    rows = []
    for column in compared:
        row, beyond = _compare_column(column, left, right, key, tolerance)
        rows.append(row)
        beyond_any |= beyond
    columns = pd.DataFrame(
        rows, columns=["column", "max_abs", "mean_abs", "rows_beyond", "where", "a", "b"]
    )
    differences = _side_by_side(left[beyond_any], right[beyond_any], key, compared)
    return TableDifference(
        table=name,
        key=key,
        rows_a=rows_a,
        rows_b=rows_b,
        shared=len(left),
        only_a=len(only_a),
        only_b=len(only_b),
        idle_only=idle,
        columns=columns,
        differences=differences,
    )


def _align(
    name: str, a: pd.DataFrame, b: pd.DataFrame, key: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of `a` and `b` in the same order of keys, and the rows that have no partner."""
    columns = list(key)
    if len(a) == len(b) and all(_same(a[c], b[c]) for c in columns):
        return a, b, a.iloc[:0], b.iloc[:0]
    # One integer per distinct value of a key column, then one integer per key.
    codes = np.zeros(len(a) + len(b), dtype=np.int64)
    for column in columns:
        both = pd.concat([a[column], b[column]], ignore_index=True)
        if pd.api.types.is_datetime64_any_dtype(both.dtype):
            both = pd.Series(pd.DatetimeIndex(both).asi8)
        code, values = pd.factorize(both, use_na_sentinel=False)
        codes = pd.factorize(codes * (len(values) + 1) + code)[0].astype(np.int64)
    code_a, code_b = codes[: len(a)], codes[len(a) :]
    for side, code in (("first", code_a), ("second", code_b)):
        if not pd.Index(code).is_unique:
            raise InputError.one(
                file=f"{name}.parquet",
                row=None,
                column=", ".join(columns),
                rule="duplicate key",
                message=f"the {side} run holds a key twice, so its rows cannot be matched",
            )
    _, at_a, at_b = np.intersect1d(code_a, code_b, assume_unique=True, return_indices=True)
    order = np.argsort(at_a, kind="stable")
    at_a, at_b = at_a[order], at_b[order]
    lone_a = np.setdiff1d(np.arange(len(a)), at_a, assume_unique=True)
    lone_b = np.setdiff1d(np.arange(len(b)), at_b, assume_unique=True)
    return (
        a.iloc[at_a].reset_index(drop=True),
        b.iloc[at_b].reset_index(drop=True),
        a.iloc[lone_a],
        b.iloc[lone_b],
    )


def _same(a: pd.Series[Any], b: pd.Series[Any]) -> bool:
    if pd.api.types.is_datetime64_any_dtype(a.dtype):
        if not pd.api.types.is_datetime64_any_dtype(b.dtype):
            return False
        return bool((pd.DatetimeIndex(a).asi8 == pd.DatetimeIndex(b).asi8).all())
    return bool((a.array == b.array).all())


def _idle(rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Constraint rows worth nothing: the solver held them, and they neither bound nor broke."""
    worth = rows["shadow_price"].fillna(0).abs() + rows["penalty_mw"].fillna(0).abs()
    return (worth == 0).to_numpy()


def _compare_column(
    column: str, a: pd.DataFrame, b: pd.DataFrame, key: tuple[str, ...], tolerance: float
) -> tuple[dict[str, Any], np.ndarray[Any, np.dtype[np.bool_]]]:
    left, right = a[column], b[column]
    row: dict[str, Any] = {"column": column, "max_abs": 0.0, "mean_abs": 0.0}
    if pd.api.types.is_float_dtype(left.dtype) or (
        pd.api.types.is_integer_dtype(left.dtype) and left.dtype == right.dtype
    ):
        x, y = left.to_numpy(dtype=float), right.to_numpy(dtype=float)
        one_missing = np.isnan(x) != np.isnan(y)
        gap = np.abs(np.where(x == y, 0.0, x - y))
        scale = np.maximum(1.0, np.maximum(np.abs(x), np.abs(y)))
        beyond = one_missing | (gap > tolerance * np.where(np.isfinite(scale), scale, 1.0))
        gap = np.where(one_missing, np.inf, np.nan_to_num(gap, nan=0.0, posinf=np.inf))
        if len(gap):
            row["max_abs"], row["mean_abs"] = float(gap.max()), float(gap.mean())
    else:
        beyond = _words(left) != _words(right)
        gap = beyond.astype(float)
        row["max_abs"] = row["mean_abs"] = math.nan
    row["rows_beyond"] = int(beyond.sum())
    row |= {"where": "", "a": None, "b": None}
    if len(gap) and gap.max() > 0:
        worst = int(gap.argmax())
        row["where"] = ", ".join(_text(a[c].iloc[worst]) for c in key if _text(a[c].iloc[worst]))
        row["a"], row["b"] = left.iloc[worst], right.iloc[worst]
    return row, beyond


def _words(cells: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Cells as text, "" where there is none."""
    return cells.astype(object).where(cells.notna(), "").astype(str).to_numpy(dtype=object)


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _side_by_side(
    a: pd.DataFrame, b: pd.DataFrame, key: tuple[str, ...], columns: list[str]
) -> pd.DataFrame:
    out = a[list(key)].reset_index(drop=True).copy()
    for column in columns:
        out[f"{column}_a"] = a[column].to_numpy()
        out[f"{column}_b"] = b[column].to_numpy()
    return out


def _compare_money(a: Run, b: Run, tolerance: float) -> pd.DataFrame:
    left, right = (run_money(run) | {"uplift": uplift_total(run)} for run in (a, b))
    rows = []
    for item in left:
        x, y = left[item], right[item]
        missing = math.isnan(x) != math.isnan(y)
        beyond = missing or abs(x - y) > tolerance * max(1.0, abs(x), abs(y))
        rows.append({"item": item, "a": x, "b": y, "difference": y - x, "beyond": beyond})
    return pd.DataFrame(rows)


def _owners(a: Run, b: Run) -> pd.DataFrame:
    """Money of owners side by side, an owner that one run lacks at zero there."""
    both = owner_money(a).merge(owner_money(b), on="owner", how="outer", suffixes=("_a", "_b"))
    both = both.fillna(dict.fromkeys(both.columns.drop("owner"), 0.0))
    for item in ("mwh", "revenue", "uplift", "cost"):
        both[f"{item}_change"] = both[f"{item}_b"] - both[f"{item}_a"]
    order = ["owner"]
    for item in ("mwh", "revenue", "uplift", "cost"):
        order += [f"{item}_a", f"{item}_b", f"{item}_change"]
    return both[order]


def _notes(a: Run, b: Run) -> tuple[str, ...]:
    notes = []
    told = {
        "parent": "the second run is a child of the first",
        "child": "the first run is a child of the second",
        "siblings": "both runs are children of the same run",
        "same": "one run, twice",
    }
    if (related := _related(a, b)) in told and a is not b:
        notes.append(told[related])
    if a.case.hash != b.case.hash:
        notes.append(
            f"different cases ({a.case.meta.name} and {b.case.meta.name}, or one of them changed): "
            "rows are compared on the keys that both have"
        )
    if a.case.meta.currency != b.case.meta.currency:
        notes.append(
            f"different currencies ({a.case.meta.currency} and {b.case.meta.currency}): "
            "money is compared number by number"
        )
    if a.rulebook.hash != b.rulebook.hash:
        notes.append(f"different rulebooks: {a.rulebook.name} and {b.rulebook.name}")
    proofs = [Proof.of(run.stated) for run in (a, b)]
    if any(proof.gap != 0.0 for proof in proofs):
        first, second = (
            proof.text(run.case.meta.currency) for proof, run in zip(proofs, (a, b), strict=True)
        )
        notes.append(f"A: {first}; B: {second}; differences below the gaps say nothing")
    return tuple(notes)
