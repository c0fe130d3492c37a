"""The way from a source to a sink: why their prices differ, and over which branches MW would go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cases import InputError, Run
from counterflow.explain.limits import active, network_limits
from counterflow.explain.lookup import resolve_interval, resolve_name
from network import Grid, Slack, shortest_path

__all__ = ["PathExplanation", "explain_path"]


@dataclass(frozen=True)
class PathExplanation:
    """Two buses in one interval.

    `terms`: constraint, contingency, dfax (sink less source), shadow_price, amount: what each
    binding limit adds to the spread; energy differs only between islands. `path`: branch,
    from_bus, to_bus, flow_mw and share in the direction of the path, rating_mw, binding: the way
    of least reactance, `share` being the part of 1 MW sent from source to sink that takes this
    branch (the rest goes other ways).
    """

    run: str
    case: str
    currency: str
    source: str
    sink: str
    interval_start: pd.Timestamp
    interval_end: pd.Timestamp
    lmp_source: float
    lmp_sink: float
    spread: float
    loss: float
    terms: pd.DataFrame
    path: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return out | {name: out[name].to_dict("records") for name in ("terms", "path")}


def explain_path(run: Run, *, source: str, sink: str, at: str | pd.Timestamp) -> PathExplanation:
    """Explain the difference of two prices in the interval that holds `at`.

    Raises
    ------
    InputError
        Unknown bus or time (with the nearest), one bus twice, or buses of different islands.
    """
    prices = run.prices
    source, sink = (resolve_name(bus, prices["bus"], "bus") for bus in (source, sink))
    if source == sink:
        raise InputError.one("", None, None, "usage", f"source and sink are both {source}")
    times = prices[["interval_start", "interval_end"]].drop_duplicates("interval_start")
    times = times.sort_values("interval_start", ignore_index=True)
    starts, ends = (pd.DatetimeIndex(times[name]) for name in times.columns)
    written = at.isoformat() if isinstance(at, pd.Timestamp) else at
    position = resolve_interval(written, starts, ends, run.case.meta.timezone)
    start = starts[position]
    grid = Grid.from_case(run.case, run.rulebook.network.convention)
    now = prices[prices["interval_start"] == start].set_index("bus")
    lmp = now["lmp"].loc[[source, sink]].to_numpy(dtype=float)
    losses = now["mlc"].loc[[source, sink]].to_numpy(dtype=float)
    return PathExplanation(
        run=run.id,
        case=run.case.meta.name,
        currency=run.case.meta.currency,
        source=source,
        sink=sink,
        interval_start=start,
        interval_end=ends[position],
        lmp_source=float(lmp[0]),
        lmp_sink=float(lmp[1]),
        spread=float(lmp[1] - lmp[0]),
        loss=float(losses[1] - losses[0]),
        terms=_terms(run, start, source, sink),
        path=_path(run, grid, start, source, sink),
    )


def _terms(run: Run, start: pd.Timestamp, source: str, sink: str) -> pd.DataFrame:
    """What each binding limit adds to the spread, the largest first."""
    terms = run.price_terms[run.price_terms["interval_start"] == start]
    key = ["constraint", "contingency", "shadow_price"]
    ends = [terms[terms["bus"] == bus].set_index(key)["dfax"] for bus in (sink, source)]
    dfax = ends[0].sub(ends[1], fill_value=0.0).rename("dfax").reset_index()
    dfax = dfax.assign(amount=dfax["dfax"] * dfax["shadow_price"])
    order = np.argsort(-dfax["amount"].abs().to_numpy(dtype=float), kind="stable")
    kept = dfax.iloc[order][["constraint", "contingency", "dfax", "shadow_price", "amount"]]
    return kept[kept["amount"] != 0.0].reset_index(drop=True)


def _path(run: Run, grid: Grid, start: pd.Timestamp, source: str, sink: str) -> pd.DataFrame:
    """Branches of the way of least reactance, in order."""
    way = shortest_path(grid, source, sink)
    at = grid.branch_positions(list(way.branches))
    steps = grid.bus_positions(way.buses)
    sign = np.where(grid.from_bus[at] == steps[:-1], 1.0, -1.0)
    factors = grid.ptdf(at, Slack.bus(grid, sink))[:, grid.bus_positions([source])[0]]
    flows = run.flows[run.flows["interval_start"] == start].set_index("branch")["flow_mw"]
    limits = active(network_limits(run.constraints[run.constraints["interval_start"] == start]))
    held = set(limits["constraint"])
    for name, interface in grid.interfaces.items():
        if name in held:
            held |= set(grid.branches[interface.branches])
    return pd.DataFrame(
        {
            "branch": list(way.branches),
            "from_bus": list(way.buses[:-1]),
            "to_bus": list(way.buses[1:]),
            "flow_mw": sign * flows.reindex(list(way.branches)).to_numpy(dtype=float),
            "rating_mw": grid.rating[at],
            "share": sign * factors,
            "binding": [branch in held for branch in way.branches],
        }
    )
