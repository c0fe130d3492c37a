"""The grid on a plane with its prices, flows, limits and pockets: numbers packed for a script."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases import Run
from cases.errors import CounterflowError
from counterflow.explain.explanation import explain_price
from counterflow.explain.limits import active, network_limits
from counterflow.explain.pockets import pockets_of
from counterflow.pages.blocks import packed_numbers
from counterflow.pages.day import Day
from counterflow.plots.layout import bus_positions
from counterflow.plots.style import price_range
from network import Grid

__all__ = ["LIMITS", "map_data"]

LIMITS: Final = 60
"""Binding limits whose DFAX a page carries: those of the largest rent."""
SET_BUSES: Final = 2_000
"""Above this many buses the offers that set the dearest price are not worked out."""
SET_HOURS: Final = 48


def map_data(day: Day) -> dict[str, Any]:
    """Numbers of the map.

    Returns
    -------
    dict
        buses (name, zone), xy and located (whether these are coordinates), branches (name, ends,
        rating), sides: by ``before`` and ``after`` lmp (T, B), mec, mlc, flow (T, L), binding;
        dfax by limit, pockets by limit, marginal offers by interval, setters of the dearest bus.
    """
    case = day.run.case
    xy, located = bus_positions(case.buses, case.branches)
    at = {str(bus): i for i, bus in enumerate(case.buses["bus"])}
    branches = _branches(day, at)
    sides = {"after": day.run}
    if day.parent is not None:
        sides["before"] = day.parent
    data: dict[str, Any] = {
        "buses": [str(bus) for bus in case.buses["bus"]],
        "zone": [str(zone) for zone in case.buses["zone"].fillna("")],
        "xy": packed_numbers(_unit_square(xy).ravel()),
        "located": located,
        **branches,
        "sides": {name: _side(day, run, at) for name, run in sides.items()},
    }
    data["scale"] = _scale(day, sides)
    data["dfax"] = _dfax(day, sides, at)
    data["pockets"] = _pockets(day, at)
    data["marginal"] = _marginal(day)
    data["setters"] = _setters(day)
    return data


def _unit_square(xy: NDArray[Any]) -> NDArray[Any]:
    """Move and scale positions so that the longer side is 1000."""
    low = xy.min(axis=0)
    size = max(float(np.ptp(xy, axis=0).max()), 1e-9)
    scaled: NDArray[Any] = (xy - low) / size * 1000.0
    return scaled


def _branches(day: Day, at: dict[str, int]) -> dict[str, Any]:
    case = day.run.case
    live = case.branches[case.branches["in_service"].astype(bool)]
    links = case.links
    ends = [
        (at[str(a)], at[str(b)])
        for table in (live, links)
        for a, b in zip(table["from_bus"], table["to_bus"], strict=True)
    ]
    return {
        "branches": [str(name) for name in (*live["branch"], *links["link"])],
        "ends": [end for pair in ends for end in pair],
        "links": len(links),
        "interfaces": {
            str(name): [str(branch) for branch in rows["branch"]]
            for name, rows in case.interfaces.groupby("interface", sort=False)
        },
    }


def _side(day: Day, run: Run, at: dict[str, int]) -> dict[str, Any]:
    wide = {
        name: run.prices.pivot(index="interval_start", columns="bus", values=name)
        .reindex(index=day.starts, columns=list(at))
        .to_numpy(dtype=float)
        for name in ("lmp", "mec", "mlc")
    }
    return {
        "lmp": packed_numbers(wide["lmp"].ravel()),
        "mec": _by_interval(wide["mec"]),
        "mlc": None
        if not np.nan_to_num(wide["mlc"]).any()
        else packed_numbers(wide["mlc"].ravel()),
        "flow": packed_numbers(_flows(day, run).ravel()),
        "binding": _binding(day, run),
    }


def _by_interval(values: NDArray[Any]) -> list[float] | str:
    """One number an interval where all buses have the same, else all of them packed."""
    first = values[:, :1]
    if np.array_equal(values, np.broadcast_to(first, values.shape), equal_nan=True):
        return [None if np.isnan(v) else float(v) for v in first[:, 0]]  # type: ignore[misc]
    return packed_numbers(values.ravel())


def _flows(day: Day, run: Run) -> NDArray[Any]:
    """MW over branches, then links, (T, L), positive from -> to."""
    case = run.case
    live = case.branches[case.branches["in_service"].astype(bool)]
    parts = [
        table.pivot(index="interval_start", columns=key, values=value)
        .reindex(index=day.starts, columns=names.astype(str).tolist())
        .to_numpy(dtype=float)
        for table, key, value, names in (
            (run.flows, "branch", "flow_mw", live["branch"]),
            (run.link_flows, "link", "mw", case.links["link"]),
        )
    ]
    return np.hstack(parts)


def _binding(day: Day, run: Run) -> list[dict[str, Any]]:
    rows = active(network_limits(run.constraints))
    rows = rows[rows["kind"] != "reserve"]
    index = day.starts.get_indexer(pd.DatetimeIndex(rows["interval_start"]))
    out = []
    for t, row in zip(index.tolist(), rows.to_dict("records"), strict=True):
        out.append(
            {
                "t": t,
                "constraint": str(row["constraint"]),
                "contingency": str(row["contingency"]),
                "direction": str(row["direction"]),
                "kind": str(row["kind"]),
                "element": str(row["element"]),
                "limit": _or_none(row["limit_mw"]),
                "flow": _or_none(row["flow_mw"]),
                "price": _or_none(row["shadow_price"]),
                "over": _or_none(row["penalty_mw"]),
            }
        )
    return out


def _or_none(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _scale(day: Day, sides: dict[str, Run]) -> dict[str, Any]:
    every = np.concatenate([run.prices["lmp"].to_numpy(dtype=float) for run in sides.values()])
    low, high, clipped = price_range(every)
    scale: dict[str, Any] = {"low": low, "high": high, "clipped": clipped}
    if "before" in sides:
        key = ["interval_start", "bus"]
        pair = [sides[name].prices.set_index(key)["lmp"] for name in ("after", "before")]
        change = (pair[0] - pair[1]).abs().max()
        scale["change"] = float(change) if np.isfinite(change) else 0.0
    return scale


def _dfax(day: Day, sides: dict[str, Run], at: dict[str, int]) -> dict[str, Any]:
    """DFAX by "constraint|contingency": one vector, or one per interval where it changes."""
    out: dict[str, Any] = {}
    for name, run in sides.items():
        terms = run.price_terms
        rent = terms.groupby(["constraint", "contingency"])["shadow_price"].max()
        rent = rent.sort_values(ascending=False, kind="stable")
        for limit in rent.index[:LIMITS]:
            rows = terms[(terms["constraint"] == limit[0]) & (terms["contingency"] == limit[1])]
            wide = rows.pivot(index="interval_start", columns="bus", values="dfax")
            values = wide.reindex(columns=list(at)).fillna(0.0).to_numpy(dtype=float)
            key = f"{limit[0]}|{limit[1]}"
            if np.allclose(values, values[0], atol=1e-9):
                out.setdefault(f"{name}|{key}", packed_numbers(values[0]))
            else:
                when = day.starts.get_indexer(pd.DatetimeIndex(wide.index)).tolist()
                out[f"{name}|{key}"] = {
                    str(t): packed_numbers(row) for t, row in zip(when, values, strict=True)
                }
    return out


def _pockets(day: Day, at: dict[str, int]) -> dict[str, Any]:
    """What lies behind each binding limit, in the interval in which it was worth most."""
    if day.audience.kind != "monitor":
        return {}
    rows = active(network_limits(day.run.constraints))
    rows = rows[~rows["kind"].isin(["reserve", "custom"])]
    rows = rows.sort_values("shadow_price", ascending=False, kind="stable")
    rows = rows.drop_duplicates(["constraint", "contingency"]).head(LIMITS)
    if rows.empty:
        return {}
    grid = Grid.from_case(day.run.case, day.run.rulebook.network.convention)
    out = {}
    for start, own in rows.groupby("interval_start"):
        for row in pockets_of(day.run, grid, pd.Timestamp(str(start)), own).to_dict("records"):
            out[f"{row['constraint']}|{row['contingency']}"] = {
                "buses": [at[str(bus)] for bus in row["buses"]],
                "imports": bool(row["imports"]),
                "load": float(row["load_mw"]),
                "output": float(row["output_mw"]),
                "units": [str(unit) for unit in row["units"]],
            }
    return out


def _marginal(day: Day) -> list[list[dict[str, Any]]]:
    """Offers that could move by 1 MW, by interval."""
    units = day.run.case.units.set_index("unit")
    out: list[list[dict[str, Any]]] = [[] for _ in day.starts]
    table = day.run.marginal_units
    index = day.starts.get_indexer(pd.DatetimeIndex(table["interval_start"]))
    for t, row in zip(index.tolist(), table.to_dict("records"), strict=True):
        name = str(row["unit"])
        known = name in units.index
        out[t].append(
            {
                "name": name,
                "kind": str(row["kind"]),
                "price": _or_none(row["price"]),
                "owner": str(units.at[name, "owner"]) if known else "",
                "bus": str(units.at[name, "bus"]) if known else "",
            }
        )
    return out


def _setters(day: Day) -> list[dict[str, Any]]:
    """What sets the dearest price of each interval: offers with their coefficients."""
    case = day.run.case
    if day.audience.kind != "monitor" or len(case.buses) > SET_BUSES:
        return []
    prices = day.run.prices.dropna(subset=["lmp"])
    if prices.empty:
        return []
    dearest = prices.loc[prices.groupby("interval_start")["lmp"].idxmax()]
    out = []
    for start, bus in zip(
        dearest["interval_start"].head(SET_HOURS), dearest["bus"].head(SET_HOURS), strict=True
    ):
        try:
            found = explain_price(day.run, bus=str(bus), at=start)
        except CounterflowError as error:
            offers, reason, sure = [], str(error).splitlines()[0], False
        else:
            rows = found.setters[["kind", "name", "owner", "bus", "mw", "price", "coefficient"]]
            offers = [
                {
                    key: _or_none(value) if key in _NUMBERS else str(value)
                    for key, value in row.items()
                }
                for row in rows.to_dict("records")
            ]
            reason, sure = found.reason, found.determined
        at = int(day.starts.get_indexer(pd.DatetimeIndex([start]))[0])
        out.append({"t": at, "bus": str(bus), "offers": offers, "sure": sure, "reason": reason})
    return out


_NUMBERS: Final = ("mw", "price", "coefficient")
