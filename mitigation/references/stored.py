"""Reference levels of storage from a day in which everyone else offers at its reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cases.case import Case
from cases.files.hashing import value_hash
from cases.rulebook.references import ReferenceRules
from cases.run import Run
from mitigation.keys import KEY
from mitigation.references.substitution import COMMITMENT, substituted

__all__ = ["at_references", "with_storage_levels"]

_NOTHING = 1e-6
_METHOD = "opportunity"


def at_references(case: Case, levels: pd.DataFrame, *, wear: float = 0.0) -> Case:
    """The day with every unit at the lower of offer and reference, and storage at its wear.

    Storage then moves energy for what it is worth to the market, whatever it bids itself.
    """
    units = case.tables["units"]["unit"]
    known = levels[levels["price"].notna() & levels["unit"].isin(units)]
    energy = known.loc[known["component"] == "energy", ["unit"]].drop_duplicates()
    starts = pd.DataFrame({"interval_start": case.interval_starts})
    keys = [energy.merge(starts, how="cross").assign(component="energy")]
    costs = known.loc[known["component"].isin(COMMITMENT), ["unit", "component"]]
    blank = pd.DatetimeIndex([pd.NaT], dtype=case.interval_starts.dtype)
    if len(costs):
        costs = costs.drop_duplicates().merge(pd.DataFrame({"interval_start": blank}), how="cross")
        keys.append(costs)
    wanted = pd.concat([part[KEY] for part in keys if len(part)] or [keys[0][KEY]])
    made = substituted(case, known, wanted.reset_index(drop=True))
    storage = case.tables["storage"].assign(charge_price=0.0, discharge_price=wear)
    none = case.tables["storage_offers"].iloc[:0]
    return Case(made.meta, {**made.tables, "storage": storage, "storage_offers": none})


def with_storage_levels(
    levels: pd.DataFrame, run: Run, rules: ReferenceRules, clear: Callable[[Case], Run]
) -> pd.DataFrame:
    r"""Levels with those of storage by 12.2, in place of what its own bids made of the run.

    .. math::

        discharge = (1 + adder) \max(p_c / (\eta_{in} \eta_{out}) + wear, v / \eta_{out} + wear),
        \qquad charge = v \, \eta_{in}

    with :math:`v` what a stored MWh is worth in that interval (the shadow price of its state of
    charge) and :math:`p_c` the mean price that it pays for charging, both in the day of
    :func:`at_references`.

    Parameters
    ----------
    levels
        The run table ``reference_levels``.
    run
        The tested run.
    rules
        ``mitigation.reference``; ``opportunity.wear`` and ``.adder``.
    clear
        Clears the day with other offers.

    Source: CAISO, storage default energy bid; reference/mitigation.md 12.2.
    """
    table = run.case.tables["storage"]
    if not len(table) or rules.opportunity.source == "sorted_prices":
        return levels
    wear, adder = rules.opportunity.wear, rules.opportunity.adder
    made = clear(at_references(run.case, levels, wear=wear))
    lmp = made.prices.set_index(["interval_start", "bus"])["lmp"]
    frames = []
    for row in table.to_dict("records"):
        own = made.storage_schedule
        own = own[own["storage"] == row["storage"]].sort_values("interval_start")
        worth = own["energy_value"].to_numpy(dtype=float)
        if np.isnan(worth).any() or not len(own):
            continue
        at = pd.MultiIndex.from_arrays([own["interval_start"], own["bus"]])
        price = lmp.reindex(at).to_numpy(dtype=float)
        charged = own["charge_mw"].to_numpy(dtype=float)
        trip = row["efficiency_in"] * row["efficiency_out"]
        paid = -np.inf
        if charged.sum() > _NOTHING:
            paid = float((np.nan_to_num(price) * charged).sum() / charged.sum())
        opportunity = worth / row["efficiency_out"]
        discharge = (np.maximum(paid / trip, opportunity) + wear) * (1.0 + adder)
        said = "its energy is worth this where all others offer at their references"
        if np.isfinite(paid):
            said += f"; it pays {paid:.4g} for charging"
        digest = value_hash({"storage": row["storage"], "worth": worth.tolist(), "paid": str(paid)})
        for component, level, mw in (
            ("discharge", discharge, row["discharge_mw"]),
            ("charge", worth * row["efficiency_in"], row["charge_mw"]),
        ):
            frames.append(
                pd.DataFrame(
                    {
                        "unit": str(row["storage"]),
                        "kind": "storage",
                        "interval_start": own["interval_start"].reset_index(drop=True),
                        "component": component,
                        "segment": 1,
                        "mw": float(mw),
                        "after_hours_off": np.nan,
                        "price": level,
                        "method": _METHOD,
                        "sample": 0,
                        "inputs_hash": digest,
                        "note": said,
                    }
                )
            )
    replaced = levels["component"].isin(["charge", "discharge"]) & (levels["method"] == _METHOD)
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return levels
    named = set().union(*(set(frame["unit"]) for frame in frames))
    kept = levels[~(replaced & levels["unit"].isin(named))]
    stamp = {"interval_start": levels["interval_start"].dtype}
    fresh = pd.concat(frames, ignore_index=True).astype(stamp)
    there = pd.MultiIndex.from_frame(kept[["unit", "component"]])
    fresh = fresh[~pd.MultiIndex.from_frame(fresh[["unit", "component"]]).isin(there)]
    return pd.concat([kept, fresh[kept.columns]], ignore_index=True).astype(
        {name: dtype for name, dtype in levels.dtypes.items()}
    )
