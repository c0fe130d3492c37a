"""A sweep: one case at every combination of some values, as one tidy frame."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cases import Case, InputError, read_case
from counterflow.studies.runner import study

__all__ = ["sweep"]


def sweep(
    case: Case | str | Path,
    grid: Mapping[str, Sequence[Any]],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    processes: bool = True,
    rulebook: str | None = None,
    many: bool = False,
    **clear: Any,
) -> pd.DataFrame:
    """Clear a case at every combination of values, and mitigate it where a rule is varied.

    Parameters
    ----------
    case
        The market day, or what `read_case` takes.
    grid
        Key to values: ``stress.load``, ``stress.rating``, ``days.owners``, ``clear.*`` (arguments
        of `cf.clear`) and keys of rulebooks. A ``mitigation.*`` key mitigates every run.
    workers, scheduler, processes, many
        As in `cf.study`.
    rulebook
        Rulebook of the clearing and of the mitigation, by name or file.
    clear
        The other arguments of `cf.clear`: ``commitment``, ``security``, ``gap``, ``time_limit``.

    Returns
    -------
    DataFrame
        One row per combination and step (clear, mitigate): the keys with their values, ``step``,
        ``rulebook``, ``error`` ("" where it was done) and the columns of table ``runs``: objective,
        price, load_payment, production_cost, uplift, units_mitigated and so on.

    Raises
    ------
    InputError
        An empty grid; keys and values as in `cf.study`.
    """
    if not grid:
        raise InputError.one(
            "", None, None, "sweep", "the grid has no key: there is nothing to vary"
        )
    found = case if isinstance(case, Case) else read_case(case)
    book = rulebook or "default"
    content: dict[str, Any] = {
        "name": "sweep",
        "clear": {**clear, "rulebook": book},
        "vary": {key: list(values) for key, values in grid.items()},
    }
    if any(key.startswith("mitigation.") for key in grid):
        content["mitigate"] = {"rulebooks": [book]}
    with tempfile.TemporaryDirectory(prefix="counterflow-sweep-") as folder:
        found.write(Path(folder) / "cases" / "case", format="parquet")
        day = found.meta.start.date()
        source = str(Path(folder) / "cases")
        content["days"] = {"source": source, "start": day, "end": day}
        made = study(
            content,
            output=Path(folder) / "study",
            workers=workers,
            scheduler=scheduler,
            processes=processes,
            many=many,
        )
        return _tidy(made.ledger, made.table("runs"), _values(made.folder), list(grid))


def _values(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    import json

    told: dict[str, Any] = json.loads((folder / "study.json").read_text("utf-8"))
    scenarios: dict[str, dict[str, Any]] = told["scenarios"]
    return scenarios


def _tidy(
    ledger: pd.DataFrame,
    runs: pd.DataFrame,
    values: Mapping[str, Mapping[str, Any]],
    keys: list[str],
) -> pd.DataFrame:
    own = ["scenario", "step", "rulebook"]
    steps = ledger[ledger["step"].isin(["clear", "mitigate"])]
    facts = runs.drop(columns="day") if len(runs) else pd.DataFrame(columns=own)
    table = steps[[*own, "error"]].merge(facts, how="left", on=own)
    grid = pd.DataFrame([{"scenario": name, **chosen} for name, chosen in values.items()])
    order = [*keys, "step", "rulebook", "error"]
    whole = grid.merge(table, how="left", on="scenario")
    rest = [name for name in whole if name not in (*order, "scenario")]
    return whole[[*order, *rest]]
