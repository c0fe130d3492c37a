"""Both errors of a rulebook: offers replaced that moved nothing, and power that was left."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from cases import Run

__all__ = ["COLUMNS", "both_errors"]

COLUMNS: Final = [
    "type1_components",
    "type1_units",
    "type1_money",
    "type2_components",
    "type2_units",
    "type2_mwh",
    "type2_money",
    "type2_highest",
    "noise_price",
    "noise_money",
]
_CELL: Final = ["interval_start", "bus"]
_LEAST: Final = 0.01


def both_errors(submitted: Run, made: Run, benchmark: Run, noise: float = 0.0) -> dict[str, Any]:
    """Count both errors of one rulebook against the competitive rerun.

    Type 1: a component that was replaced though, at its unit's bus, no price of its interval lies
    higher with the offers as submitted than in the benchmark. Type 2: a place and interval whose
    price after mitigation still lies above the benchmark; its components are those offers above
    their reference that were kept by units that stand there and run.

    Parameters
    ----------
    submitted, made
        The day as it was bid, and after mitigation.
    benchmark
        The day with every offer at the lower of itself and its reference.
    noise
        Money per MWh by which a price moves without any replacement: smaller differences are no
        error of either kind.

    Returns
    -------
    dict
        :data:`COLUMNS`: counts of components and units; ``type1_money`` what load paid less than
        in the benchmark, ``type2_money`` what it paid more, ``type2_mwh`` the load that did,
        ``type2_highest`` the largest price above; ``noise_price`` and ``noise_money`` (over all
        load) say what neither can tell apart.
    """
    least = max(noise, _LEAST)
    fair = benchmark.prices.set_index(_CELL)["lmp"]
    rise = submitted.prices.set_index(_CELL)["lmp"] - fair
    left = made.prices.set_index(_CELL)["lmp"] - fair
    decisions = made.decisions
    bus = pd.concat(
        [
            made.case.units.set_index("unit")["bus"],
            made.case.storage.set_index("storage")["bus"],
        ]
    )
    rows = decisions.assign(bus=decisions["unit"].map(bus))
    done = rows[rows["action"] == "mitigated"]
    first = done[_at(done, rise) <= least]
    kept = rows[(rows["action"] == "kept") & (rows["conduct_result"] != "exempt")]
    kept = kept[(kept["component"] == "energy") & (kept["offered"] > kept["reference"])]
    second = kept[(_at(kept, left) > least) & (kept["offered"] > kept["reference"] + least)]
    load = made.load_awards
    places = pd.MultiIndex.from_frame(load[_CELL])
    hours = made.case.interval_hours
    moved = np.nan_to_num(left.reindex(places).to_numpy(dtype=float))
    energy = load["mw"].to_numpy(dtype=float) * hours
    above, below = moved > least, moved < -least
    return {
        "type1_components": len(first),
        "type1_units": int(first["unit"].nunique()),
        "type1_money": float((-moved * energy)[below].sum()),
        "type2_components": len(second),
        "type2_units": int(second["unit"].nunique()),
        "type2_mwh": float(energy[above].sum()),
        "type2_money": float((moved * energy)[above].sum()),
        "type2_highest": float(np.nanmax(left.to_numpy(dtype=float), initial=0.0)),
        "noise_price": float(noise),
        "noise_money": float(noise * energy.sum()),
    }


def _at(rows: pd.DataFrame, change: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Change at the bus and interval of rows; the largest of the day where they hold all day."""
    own = pd.MultiIndex.from_frame(rows[_CELL])
    found = change.reindex(own).to_numpy(dtype=float)
    by_bus = change.groupby("bus").max()
    whole = rows["bus"].map(by_bus).to_numpy(dtype=float)
    blank = rows["interval_start"].isna().to_numpy()
    return np.nan_to_num(np.where(blank, whole, found))
