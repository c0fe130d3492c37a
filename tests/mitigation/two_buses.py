"""Two buses, W (cheap) and J (a pocket), one line W-J: the small markets of worked cases.

The line is rated 100 MW and the reference bus is W, unless a case says otherwise.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

import counterflow as cf
from cases import Case

START = pd.Timestamp("2030-06-03T00:00Z")

Unit = Mapping[str, Any]
"""unit, bus, mw (p_max), price (offer), reference (the offer where left out), and columns of the
tables ``units``, and startup and no_load (offer and reference alike)."""

#: Wes at W, four units of four owners at J; each at its reference.
FIVE_UNITS: tuple[Unit, ...] = (
    {"unit": "Wes", "bus": "W", "mw": 300.0, "price": 20.0},
    {"unit": "P1", "bus": "J", "mw": 60.0, "price": 30.0},
    {"unit": "P2", "bus": "J", "mw": 60.0, "price": 40.0},
    {"unit": "P3", "bus": "J", "mw": 40.0, "price": 50.0},
    {"unit": "P4", "bus": "J", "mw": 40.0, "price": 60.0},
)
_OWN = {"mw", "price", "reference", "startup", "no_load"}


def offering(units: Sequence[Unit], **prices: float) -> list[Unit]:
    """The units, some with another offer; their reference stays."""
    return [
        {**unit, "price": prices.get(unit["unit"], unit["price"]), "reference": _reference(unit)}
        for unit in units
    ]


def market(
    units: Sequence[Unit],
    *,
    load_w: Sequence[float],
    load_j: Sequence[float],
    start: pd.Timestamp = START,
    name: str = "two buses",
    **tables: pd.DataFrame,
) -> Case:
    """A day of hours with these units and loads."""
    starts = pd.date_range(start, periods=len(load_j), freq="h")
    table = pd.DataFrame(
        [
            {
                "owner": f"{unit['unit']} Co",
                "p_max": unit["mw"],
                **{key: value for key, value in unit.items() if key not in _OWN},
            }
            for unit in units
        ]
    )
    given = {
        "buses": pd.DataFrame({"bus": ["W", "J"]}),
        "branches": pd.DataFrame(
            {"branch": ["W-J"], "from_bus": ["W"], "to_bus": ["J"], "x": [0.1], "rating_mw": 100.0}
        ),
        "units": table,
        "offers": pd.DataFrame(
            {
                "unit": table["unit"],
                "segment": 1,
                "mw": [float(unit["mw"]) for unit in units],
                "price": [float(unit["price"]) for unit in units],
            }
        ),
        "loads": pd.DataFrame({"load": ["LW", "LJ"], "bus": ["W", "J"]}),
        "demand": pd.DataFrame({"interval_start": starts, "LW": load_w, "LJ": load_j}),
    }
    costs = [
        {"unit": unit["unit"], "component": component, "price": float(unit[component])}
        for unit in units
        for component in ("startup", "no_load")
        if component in unit
    ]
    if costs:
        given["commitment_offers"] = pd.DataFrame(costs)
    meta = {
        "name": name,
        "start": start.to_pydatetime(),
        "intervals": len(load_j),
        "reference": "W",
    }
    return Case.build(meta, {**given, **tables})


def references(units: Sequence[Unit]) -> pd.DataFrame:
    """Reference levels: energy of every unit, and its commitment costs as offered."""
    rows = [
        {"component": "energy", "segment": 1, "mw": float(unit["mw"]), "price": _reference(unit)}
        | {"unit": unit["unit"]}
        for unit in units
    ]
    rows += [
        {"unit": unit["unit"], "component": component, "segment": 0, "mw": np.nan}
        | {"price": float(unit[component])}
        for unit in units
        for component in ("startup", "no_load")
        if component in unit
    ]
    return pd.DataFrame(rows)


def cleared(case: Case, *, commitment: bool = False, **more: Any) -> cf.Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.clear(case, commitment=commitment, **more)


def mitigated(
    run: cf.Run,
    units: Sequence[Unit],
    rulebook: str,
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> cf.MitigatedRun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        made = cf.mitigate(
            run, rulebook=rulebook, settings=settings, references=references(units), **more
        )
    assert isinstance(made, cf.MitigatedRun)
    return made


def prices(run: cf.Run, bus: str) -> list[float]:
    rows = run.prices[run.prices["bus"] == bus].sort_values("interval_start")
    return [round(float(price), 6) for price in rows["lmp"]]


def replaced(run: cf.Run) -> set[str]:
    rows = run.decisions
    return set(rows.loc[rows["action"] == "mitigated", "unit"])


def _reference(unit: Unit) -> float:
    return float(unit.get("reference", unit["price"]))
