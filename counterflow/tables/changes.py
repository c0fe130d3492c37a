"""What changed between two runs, ranked: inputs, commitment, what binds, prices, money."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cases import Case, Proof, Run
from cases.tables.schema import CASE_TABLES
from counterflow.tables.money import owner_money, run_money

__all__ = ["CHANGE_COLUMNS", "noise_of", "ranked_changes"]

CHANGE_COLUMNS = ("kind", "table", "subject", "interval_start", "column", "a", "b", "size", "noise")
KINDS = ("input", "rule", "commitment", "binding", "price", "money")
"""Kinds of changes in the order in which one leads to another."""
_MOST = 50
"""Rows of one kind that are kept."""


def noise_of(a: Run, b: Run) -> float:
    """Money by which the objectives of two runs may differ without meaning anything.

    The sum of what their proofs leave open: the gap of each commitment times its objective, or the
    accuracy of a linear program.
    """
    return sum(
        max(abs(Proof.of(run.stated).gap or 0.0), 1e-9) * max(1.0, abs(run.objective))
        for run in (a, b)
        if run.objective == run.objective
    )


def ranked_changes(a: Run, b: Run, tolerance: float) -> pd.DataFrame:
    """Rank what differs between two runs, causes before effects, the largest of each first.

    Parameters
    ----------
    a, b
        Runs; changes are b less a.
    tolerance
        As in `compare`.

    Returns
    -------
    DataFrame
        `CHANGE_COLUMNS`: kind (input, rule, commitment, binding, price, money), the table, row and
        column that changed, the cells as text, and `size`: the share by which an input changed,
        MW of a unit that turns on or off, money per MWh, or money. `noise` marks what lies inside
        what the solver leaves open: money below `noise_of`, and what a commitment that is not
        proven to be another one decided where no input differs.
    """
    rows: list[dict[str, object]] = []
    rows += _ranked(_inputs(a.case, b.case))
    rows += _ranked(_rules(a, b))
    same_inputs = not rows
    open_gap = noise_of(a, b)
    close = abs(a.objective - b.objective) <= open_gap
    alike = same_inputs and close and _decided(a) and _decided(b)
    for kind in (_commitment(a, b), _binding(a, b, tolerance), _prices(a, b, tolerance)):
        rows += [{**row, "noise": alike} for row in _ranked(kind)]
    rows += [
        {**row, "noise": abs(float(str(row["size"]))) <= open_gap or alike}
        for row in _ranked(_money(a, b, tolerance))
    ]
    return pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))


def _decided(run: Run) -> bool:
    gap = Proof.of(run.stated).gap
    return gap is not None and gap > 0.0


def _ranked(rows: Iterator[dict[str, object]]) -> list[dict[str, object]]:
    found = sorted(rows, key=lambda row: -abs(float(str(row["size"]))))
    return found[:_MOST]


def _row(
    kind: str,
    table: str,
    subject: str,
    column: str,
    cells: tuple[object, object],
    size: float,
    start: object = pd.NaT,
) -> dict[str, object]:
    first, second = (_text(cell) for cell in cells)
    return {
        "kind": kind,
        "table": table,
        "subject": subject,
        "interval_start": start,
        "column": column,
        "a": first,
        "b": second,
        "size": size,
        "noise": False,
    }


def _inputs(a: Case, b: Case) -> Iterator[dict[str, object]]:
    """Rows and cells of the case tables that differ; size = relative change, 1 for a whole row."""
    for name, table in CASE_TABLES.items():
        left, right = a.tables[name], b.tables[name]
        if left.equals(right):
            continue
        key = [column for column in (table.key or ()) if column in left and column in right]
        if not key or left.duplicated(key).any() or right.duplicated(key).any():
            key = [
                column for column in left.columns if column in right and not _number(left[column])
            ]
            if not key or left.duplicated(key).any() or right.duplicated(key).any():
                cells = (f"{len(left)} rows", f"{len(right)} rows")
                yield _row("input", name, "", "", cells, 1.0)
                continue
        yield from _cells(name, left, right, key)


def _cells(
    name: str, left: pd.DataFrame, right: pd.DataFrame, key: list[str]
) -> Iterator[dict[str, object]]:
    """Cells of two tables that differ, row by row on a key."""
    columns = [c for c in left.columns if c in right.columns and c not in key]
    for gone in [c for c in left.columns if c not in right.columns]:
        yield _row("input", name, gone, gone, ("there", ""), 1.0)
    for new in [c for c in right.columns if c not in left.columns]:
        yield _row("input", name, new, new, ("", "there"), 1.0)
    both = left.merge(right, on=key, how="outer", suffixes=("_a", "_b"), indicator="_side")
    subject = [k for k in key if k != "interval_start"]
    names = (
        both[subject].astype(str).agg(" ".join, axis=1) if subject else pd.Series("", both.index)
    )
    starts = both["interval_start"] if "interval_start" in key else pd.Series(pd.NaT, both.index)
    lone = both["_side"] != "both"
    for at in np.flatnonzero(lone).tolist():
        cells = ("row", "") if both["_side"].iloc[at] == "left_only" else ("", "row")
        yield _row("input", name, str(names.iloc[at]), "", cells, 1.0, starts.iloc[at])
    for column in columns:
        x, y = both[f"{column}_a"], both[f"{column}_b"]
        differs = ~((x == y) | (x.isna() & y.isna())).fillna(False).astype(bool) & ~lone
        for at in np.flatnonzero(differs).tolist():
            cells = (x.iloc[at], y.iloc[at])
            wide = str(names.iloc[at]) or column
            yield _row("input", name, wide, column, cells, _share(*cells), starts.iloc[at])


def _share(a: object, b: object) -> float:
    """Relative change of two numbers, 1 for what is none."""
    try:
        x, y = float(str(a)), float(str(b))
    except ValueError:
        return 1.0
    if x != x or y != y:
        return 1.0
    return abs(y - x) / max(abs(x), abs(y), 1e-12)


def _rules(a: Run, b: Run) -> Iterator[dict[str, object]]:
    """Keys of the rulebooks and settings of the clearing that differ."""
    left, right = (_flat(run.rulebook.model_dump()) for run in (a, b))
    for key in sorted(left.keys() | right.keys()):
        if key not in ("name",) and left.get(key) != right.get(key):
            yield _row("rule", "rulebook", key, key, (left.get(key), right.get(key)), 1.0)
    told = (a.settings, b.settings)
    for key in sorted(told[0].keys() | told[1].keys()):
        if key not in ("set", "extend") and told[0].get(key) != told[1].get(key):
            yield _row("rule", "settings", key, key, (told[0].get(key), told[1].get(key)), 1.0)


def _flat(values: dict[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = str(value)
    return found


def _paired(a: pd.DataFrame, b: pd.DataFrame, key: list[str], columns: list[str]) -> pd.DataFrame:
    return a[[*key, *columns]].merge(
        b[[*key, *columns]], on=key, how="outer", suffixes=("_a", "_b")
    )


def _commitment(a: Run, b: Run) -> Iterator[dict[str, object]]:
    """Units that are on in one run and not in the other, by interval; size = MW."""
    both = _paired(a.dispatch, b.dispatch, ["interval_start", "unit"], ["on", "mw"])
    both = both[both["on_a"].notna() & both["on_b"].notna()]
    for row in both[both["on_a"] != both["on_b"]].to_dict("records"):
        size = max(abs(row["mw_a"]), abs(row["mw_b"]))
        cells = tuple("on" if row[side] else "off" for side in ("on_a", "on_b"))
        unit, start = str(row["unit"]), row["interval_start"]
        yield _row("commitment", "dispatch", unit, "on", (cells[0], cells[1]), size, start)


def _binding(a: Run, b: Run, tolerance: float) -> Iterator[dict[str, object]]:
    """Limits that bind in one run and not in the other; size = shadow price, money per MWh."""
    key = ["interval_start", "constraint", "contingency", "direction"]
    both = _paired(a.constraints, b.constraints, key, ["shadow_price"]).fillna(
        {"shadow_price_a": 0.0, "shadow_price_b": 0.0}
    )
    held = [both[f"shadow_price_{side}"] > tolerance for side in ("a", "b")]
    for row in both[held[0] != held[1]].to_dict("records"):
        after = f" after {row['contingency']}" if row["contingency"] else ""
        cells = (row["shadow_price_a"], row["shadow_price_b"])
        name, start = f"{row['constraint']}{after}", row["interval_start"]
        yield _row("binding", "constraints", name, "shadow_price", cells, max(cells), start)


def _prices(a: Run, b: Run, tolerance: float) -> Iterator[dict[str, object]]:
    """Prices further apart than the tolerance, the furthest bus of each interval."""
    both = _paired(a.prices, b.prices, ["interval_start", "bus"], ["lmp"]).dropna()
    both["size"] = (both["lmp_b"] - both["lmp_a"]).abs()
    scale = np.maximum(1.0, both[["lmp_a", "lmp_b"]].abs().max(axis=1))
    both = both[both["size"] > tolerance * scale]
    both = both.sort_values("size", ascending=False, kind="stable")
    for row in both.drop_duplicates("interval_start").to_dict("records"):
        cells = (row["lmp_a"], row["lmp_b"])
        bus, start = str(row["bus"]), row["interval_start"]
        yield _row("price", "prices", bus, "lmp", cells, row["size"], start)


def _money(a: Run, b: Run, tolerance: float) -> Iterator[dict[str, object]]:
    """Totals and owners whose money changes."""
    left, right = run_money(a), run_money(b)
    for item, x in left.items():
        y = right[item]
        if abs(y - x) > tolerance * max(1.0, abs(x), abs(y)):
            yield _row("money", "money", "", item, (x, y), y - x)
    owners = [owner_money(run).set_index("owner") for run in (a, b)]
    for owner in owners[0].index.union(owners[1].index):
        for item in ("revenue", "uplift"):
            x, y = (float(o[item].get(owner, 0.0)) for o in owners)
            if abs(y - x) > tolerance * max(1.0, abs(x), abs(y)):
                yield _row("money", "owners", str(owner), item, (x, y), y - x)


def _number(cells: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(cells.dtype)


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return "" if cell != cell else f"{cell:.6g}"
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return ""
    return cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell)
