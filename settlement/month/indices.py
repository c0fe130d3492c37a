"""Price indices that belong to a month's statement: the market and its zones, by day and month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from cases.run import Run
from settlement.index import IndexDefinition, price_index

__all__ = ["month_indices"]


_PERIODS: tuple[Literal["day", "month"], ...] = ("day", "month")


def month_indices(runs: Sequence[Run], month: str) -> pd.DataFrame:
    """Load-weighted day-ahead prices: index, place, period, price, mwh.

    Parameters
    ----------
    runs
        The day-ahead runs that count, each interval once.
    month
        Written like 2016-10; periods outside it are left out.
    """
    zones = sorted({str(zone) for run in runs for zone in run.case.buses["zone"] if zone})
    frames = []
    for place in ("", *(f"zone:{zone}" for zone in zones)):
        name = place.removeprefix("zone:") or "market"
        for period in _PERIODS:
            definition = IndexDefinition(name, place, period=period)
            values = price_index(runs, definition).values
            own = values[values["period"].str.startswith(month)] if len(values) else values
            frames.append(
                pd.DataFrame(
                    {
                        "index": f"{name} {period}",
                        "place": place,
                        "period": own["period"],
                        "price": own["value"],
                        "mwh": own["weight"],
                    }
                )
            )
    table = pd.concat(frames, ignore_index=True)
    return table.astype({"price": object, "mwh": float})
