"""Quantities that must fit together within a row or between a series and its unit."""

from __future__ import annotations

import numpy as np

from cases.checks.context import Context, positions

__all__ = ["check_quantities"]

TOLERANCE_MW = 1e-6

# (table, the column that must not exceed, the other column, unit)
_ORDERED: tuple[tuple[str, str, str, str], ...] = (
    ("units", "p_min", "p_max", "MW"),
    ("units", "initial_mw", "p_max", "MW"),
    ("links", "min_mw", "max_mw", "MW"),
    ("interface_limits", "min_mw", "max_mw", "MW"),
    ("branches", "angle_min_deg", "angle_max_deg", "degrees"),
    ("storage", "energy_min", "energy_max", "MWh"),
    ("storage", "initial_mwh", "energy_max", "MWh"),
    ("storage", "energy_min", "initial_mwh", "MWh"),
    ("storage", "final_mwh", "energy_max", "MWh"),
)
_DATED: tuple[tuple[str, str, str], ...] = (
    ("contract_curves", "start", "end"),
    ("rights", "start", "end"),
    ("negotiated_references", "valid_from", "valid_to"),
)


def check_quantities(context: Context) -> None:
    """Check limits against each other, series against their units, and rows of two shapes."""
    for name, low, high, unit in _ORDERED:
        frame = context.tables[name]
        if not len(frame):
            continue
        for position in positions(frame[low] > frame[high]):
            numbers = f"({frame[low].iat[position]:g} > {frame[high].iat[position]:g} {unit})"
            message = f"{low} must not exceed {high} {numbers}"
            context.fail(name, position, low, f"{low}_above_{high}", message)
    for name, first, last in _DATED:
        frame = context.tables[name]
        if not len(frame):
            continue
        for position in positions(frame[first] > frame[last]):
            message = f"{first} must not be after {last}"
            context.fail(name, position, first, "dates", message)
    _warn_of_no_limit(context)
    _check_initial_state(context)
    _check_storage_end(context)
    _check_hubs(context)
    _warn_of_interfaces_without_limits(context)
    _check_shapes(context)
    _check_must_run(context)
    if context.usable("units"):
        _check_series(context)


def _warn_of_no_limit(context: Context) -> None:
    """Name the units without a limit: their capacity is not known, so no share counts it."""
    units = context.tables["units"]
    missing = units["p_max"].isna().to_numpy() & ~context.reported("units", "p_max")
    for position in positions(missing):
        message = (
            f"{units['unit'].iat[position]} has no p_max: nothing but its offer limits it, and no "
            "share of capacity counts it"
        )
        context.warn("units", position, "p_max", "no_limit", message)


def _check_initial_state(context: Context) -> None:
    units = context.tables["units"]
    for position in positions(units["initial_hours"] == 0):
        message = "must be the hours on (+) or off (-) before the case, not 0"
        context.fail("units", position, "initial_hours", "initial_state", message)
    for position in positions((units["initial_hours"] < 0) & (units["initial_mw"] > 0)):
        message = "a unit that is off before the case must have initial_mw 0 or blank"
        context.fail("units", position, "initial_mw", "initial_state", message)


def _check_storage_end(context: Context) -> None:
    """A storage must be able to store by the end what is asked of it."""
    storage, meta = context.tables["storage"], context.meta
    for position in positions(storage["cyclic"] & storage["final_mwh"].notna()):
        message = "a cyclic storage ends where it began; leave final_mwh blank"
        context.fail("storage", position, "final_mwh", "cyclic", message)
    if meta is None:
        return
    hours = meta.intervals * meta.interval_minutes / 60
    start = storage["initial_mwh"].fillna(storage["energy_min"])
    reach = start + hours * storage["charge_mw"] * storage["efficiency_in"]
    for position in positions(storage["final_mwh"] > reach + TOLERANCE_MW):
        name, final = storage["storage"].iat[position], storage["final_mwh"].iat[position]
        message = (
            f"{name} cannot store {final:g} MWh by the end: it can reach "
            f"{reach.iat[position]:g} MWh"
        )
        context.fail("storage", position, "final_mwh", "unreachable", message)


def _check_hubs(context: Context) -> None:
    """A hub whose weights are all zero has no price."""
    hubs = context.tables["hubs"]
    total = hubs["weight"].groupby(hubs["hub"], sort=False).transform("sum")
    for position in positions((total == 0) & ~hubs["hub"].duplicated()):
        message = f"the weights of hub {hubs['hub'].iat[position]} sum to 0; it has no price"
        context.fail("hubs", position, "weight", "hub_weights", message)


def _check_shapes(context: Context) -> None:
    """Rows that must hold one thing or another."""
    tables = context.tables
    if len(virtuals := tables["virtuals"]):
        for position in positions((virtuals["kind"] == "utc") & (virtuals["sink_bus"] == "")):
            context.fail("virtuals", position, "sink_bus", "blank", "a utc needs a sink bus")
    if len(rules := tables["reserve_requirements"]):
        for position in positions(rules["mw"].notna() == (rules["rule"] != "")):
            message = "give either mw or a rule"
            context.fail("reserve_requirements", position, "mw", "either_or", message)
    if len(curves := tables["contract_curves"]):
        dated, kind = curves["interval_start"].notna(), curves["kind"] != ""
        fits = (dated & curves["mw"].notna() & ~kind) | (~dated & curves["mwh"].notna() & kind)
        bad = context.reported("contract_curves", "interval_start", "mw", "kind", "mwh")
        for position in positions(~fits & ~bad):
            message = "give either interval_start and mw, or kind and mwh"
            context.fail("contract_curves", position, None, "either_or", message)
    if len(futures := tables["futures"]):
        months = futures["month"]
        fits = months.str.fullmatch(r"\d{4}-(0[1-9]|1[0-2])").astype(bool) | (months == "")
        for position in positions(~fits):
            message = f"must be a month like 2016-10, not {months.iat[position]!r}"
            context.fail("futures", position, "month", "month", message)


def _check_series(context: Context) -> None:
    """Availability and self-schedules against p_min and p_max.

    Availability below p_min means that the unit is out; it is warned of where it is above 0.
    """
    units = context.tables["units"].drop_duplicates("unit").set_index("unit")
    reach = context.tables["availability"]
    if len(reach):
        ids = reach.columns[1:][reach.columns[1:].isin(units.index)]
        block = reach[ids].to_numpy(dtype=np.float64)
        least = units["p_min"].reindex(ids).to_numpy(dtype=np.float64)
        short = (block < least - TOLERANCE_MW) & (block > 0)
        for k in np.flatnonzero(short.any(axis=0)).tolist():
            rows = np.flatnonzero(short[:, k])
            message = (
                f"{block[rows[0], k]:g} MW is below p_min of {least[k]:g} MW: the unit is out"
                + _times(len(rows))
            )
            context.warn(
                "availability", int(rows[0]), str(ids[k]), "availability_below_p_min", message
            )
    fixed = context.tables["self_schedules"]
    if len(fixed):
        ids = fixed.columns[1:][fixed.columns[1:].isin(units.index)]
        block = fixed[ids].to_numpy(dtype=np.float64)
        most = units["p_max"].reindex(ids).to_numpy(dtype=np.float64)
        least = units["p_min"].reindex(ids).to_numpy(dtype=np.float64)
        for row, k in np.argwhere(block > most + TOLERANCE_MW).tolist():
            message = (
                f"the self-schedule must not exceed p_max ({block[row, k]:g} > {most[k]:g} MW)"
            )
            context.fail("self_schedules", row, str(ids[k]), "self_schedule_above_p_max", message)
        for row, k in np.argwhere((block > 0) & (block < least - TOLERANCE_MW)).tolist():
            message = f"the self-schedule is below p_min ({block[row, k]:g} < {least[k]:g} MW)"
            context.fail("self_schedules", row, str(ids[k]), "self_schedule_below_p_min", message)


def _warn_of_interfaces_without_limits(context: Context) -> None:
    """Warn of interfaces that limit nothing, because they have no row of limits."""
    interfaces = context.tables["interfaces"]
    limited = set(context.tables["interface_limits"]["interface"])
    first = ~interfaces["interface"].duplicated() & ~interfaces["interface"].isin(limited)
    for position in positions(first):
        message = f"{interfaces['interface'].iat[position]} has no limits in interface_limits"
        context.warn("interfaces", position, "interface", "no_limits", message)


def _check_must_run(context: Context) -> None:
    """A series of must-run holds 0 and 1."""
    table = context.tables["must_run"]
    block = table.iloc[:, 1:].to_numpy(dtype=np.float64)
    for row, k in np.argwhere((block > 0) & (block < 1)).tolist():
        message = f"must be 1 (the unit must be on) or 0, not {block[row, k]:g}"
        context.fail("must_run", row, str(table.columns[k + 1]), "choice", message)


def _times(count: int) -> str:
    return "" if count == 1 else f", here and in {count - 1} more intervals"
