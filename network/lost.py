"""What an outage cuts off, in words: buses, their load and their units."""

from __future__ import annotations

from collections.abc import Sequence

from cases.case import Case

__all__ = ["listed", "lost_with"]

SHOWN = 3


def listed(names: Sequence[str], shown: int = SHOWN) -> str:
    """Write the first few names of a list, and how many more there are."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def lost_with(case: Case, buses: Sequence[str]) -> str:
    """Say what goes out with buses that are cut off: "bus X with up to 20 MW of load, unit G"."""
    inside = set(buses)
    loads = case.loads.loc[case.loads["bus"].isin(inside), "load"].tolist()
    units = case.units.loc[case.units["bus"].isin(inside), "unit"].tolist()
    peak = float(case.demand[loads].sum(axis=1).max()) if loads else 0.0
    text = f"{'bus' if len(buses) == 1 else 'buses'} {listed(buses)}"
    parts = [f"up to {peak:g} MW of load"] if peak > 0 else []
    if units:
        parts.append(f"{'unit' if len(units) == 1 else 'units'} {listed(units)}")
    return f"{text} with {' and '.join(parts)}" if parts else text
