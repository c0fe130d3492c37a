"""Five-bus days of case A1 for the procedures of single markets, with their own references."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

import counterflow as cf
from cases.case import Case
from tests.mitigation.markets import PRICES, UNITS, five_bus

AT_E = {"mitigation.structure.slack": "bus", "mitigation.structure.slack_bus": "E"}
REFERENCES = dict(zip(UNITS, PRICES, strict=True)) | {"Solitude": 33.0}


def cleared(case: Case | None = None, *, commitment: bool = False, **offers: float) -> cf.Run:
    """A1 with other offers, or a case, cleared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.clear(case or five_bus("A1", offers=offers), commitment=commitment)


def references(run: cf.Run, prices: Mapping[str, float] = REFERENCES) -> pd.DataFrame:
    """One block per unit: energy at its price."""
    units = run.case.tables["units"]
    return pd.DataFrame(
        {
            "unit": units["unit"],
            "component": "energy",
            "segment": 1,
            "mw": units["p_max"],
            "price": [prices[unit] for unit in units["unit"]],
        }
    )


def mitigated(
    run: cf.Run,
    rulebook: str,
    settings: Mapping[str, Any] | None = None,
    levels: pd.DataFrame | None = None,
) -> cf.MitigatedRun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        made = cf.mitigate(
            run,
            rulebook=rulebook,
            settings=settings,
            references=references(run) if levels is None else levels,
        )
    assert isinstance(made, cf.MitigatedRun)
    return made


def lmp(run: cf.Run) -> dict[str, float]:
    prices: dict[str, float] = run.prices.set_index("bus")["lmp"].to_dict()
    return prices


def energy(run: cf.Run, unit: str = "Solitude") -> Any:
    """The first decision on a unit's energy offer."""
    rows = run.decisions
    rows = rows[(rows["component"] == "energy") & (rows["unit"] == unit)]
    return rows.iloc[0]


def replaced(run: cf.Run) -> set[str]:
    rows = run.decisions
    return set(rows.loc[rows["action"] == "mitigated", "unit"])


def blocks(case: Case, unit: str, *pairs: tuple[float, float]) -> Case:
    """The case with a unit's energy offer in blocks of (MW, price)."""
    offers = case.offers[case.offers["unit"] != unit]
    made = pd.DataFrame(
        {
            "unit": unit,
            "segment": range(1, len(pairs) + 1),
            "mw": [mw for mw, _ in pairs],
            "price": [price for _, price in pairs],
        }
    )
    return case.replace(offers=pd.concat([offers, made], ignore_index=True))


def level(unit: str, component: str, price: float, **more: float) -> dict[str, Any]:
    """A row of given reference levels."""
    row: dict[str, Any] = {"unit": unit, "component": component, "price": price}
    return {**row, "segment": 0, "mw": np.nan, **more}
