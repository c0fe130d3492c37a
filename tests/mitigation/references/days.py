"""One-bus days with a look-back, small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cases import Case
from cases.rulebook.book import RuleBook
from cases.rulebook.references import ReferenceRules

MONDAY = pd.Timestamp("2030-06-03T00:00Z")
"""The market day; the hours before it that count are those of the Friday before, and so on."""


def rules(**changes: Any) -> ReferenceRules:
    """Rules of the default rulebook with other values, keys like offer__min_samples."""
    settings = {
        f"mitigation.reference.{key.replace('__', '.')}": value for key, value in changes.items()
    }
    return RuleBook.load().with_settings(settings).mitigation.reference


def noons(count: int) -> list[pd.Timestamp]:
    """Noon of the last working days before the market day, the latest first."""
    days = pd.bdate_range(end=MONDAY - pd.Timedelta(days=1), periods=count, tz="UTC")
    return [day + pd.Timedelta(hours=12) for day in reversed(days)]


def accepted(prices: Sequence[float], unit: str = "G", mw: float = 100.0) -> pd.DataFrame:
    """One accepted block per working day before the market day, at noon."""
    return pd.DataFrame(
        {
            "unit": unit,
            "interval_start": noons(len(prices)),
            "segment": 1,
            "mw": mw,
            "price": [float(price) for price in prices],
        }
    )


def day(
    *,
    units: Sequence[Mapping[str, Any]] = ({"unit": "G"},),
    load: float = 50.0,
    intervals: int = 1,
    offers: pd.DataFrame | None = None,
    start: pd.Timestamp = MONDAY,
    **tables: pd.DataFrame,
) -> Case:
    """A day of units at bus A, 100 MW each at 50 money/MWh unless said."""
    table = pd.DataFrame([{"bus": "A", "p_max": 100.0, "fuel": "gas", **unit} for unit in units])
    if offers is None:
        offers = pd.DataFrame(
            {"unit": table["unit"], "segment": 1, "mw": table["p_max"], "price": 50.0}
        )
    meta = {"name": "day", "start": start.to_pydatetime(), "intervals": intervals}
    starts = pd.date_range(start, periods=intervals, freq="h")
    return Case.build(
        meta,
        {
            "buses": pd.DataFrame({"bus": ["A"]}),
            "units": table,
            "offers": offers,
            "loads": pd.DataFrame({"load": ["L"], "bus": ["A"]}),
            "demand": pd.DataFrame({"interval_start": starts, "L": load}),
            **tables,
        },
    )


def fuel(*rows: tuple[str | None, float], name: str = "gas") -> pd.DataFrame:
    """Prices of a fuel: (first day or None, price)."""
    return pd.DataFrame(
        {
            "fuel": name,
            "date": pd.to_datetime([when for when, _ in rows]),
            "price": [price for _, price in rows],
        }
    )


def bus_prices(prices: Sequence[float], stamps: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Prices of bus A."""
    return pd.DataFrame({"bus": "A", "interval_start": list(stamps), "price": list(prices)})
