"""Generators of a MATPOWER case: units with offers, and price-sensitive demand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure
from cases.readers.costs import Chords, Cost, CostError, parse_cost
from cases.readers.matpower_network import Findings, Withdrawals, known_ends, some, text_ids
from cases.readers.matrix import Matrix
from cases.readers.mfile import MFile
from cases.readers.segments import BLOCK_LIMIT, plan_blocks

__all__ = ["Fleet", "read_units"]

Floats = NDArray[np.float64]

WIDEST_MW = 1e6
"""Width of the last block of a unit without limit: more than any grid takes."""


@dataclass
class Fleet:
    """Rows of the tables that generators become, and how exact their blocks are.

    `error` is the most the blocks can overstate the cost of the whole, money/h; `cost` the cost
    of meeting the case's load without network, against which that is judged.
    """

    units: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    offers: list[tuple[str, int, float, float]] = field(default_factory=list)
    bids: list[tuple[str, int, float, float]] = field(default_factory=list)
    commitment: list[tuple[str, str, float]] = field(default_factory=list)
    curved: int = 0
    error: float = 0.0
    cost: float = 0.0

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the rows as frames. What `gencost` says is both what is offered and the cost."""
        blocks = ["segment", "mw", "price"]
        offers = pd.DataFrame(self.offers, columns=["unit", *blocks])
        commitment = pd.DataFrame(self.commitment, columns=["unit", "component", "price"])
        return {
            "units": pd.DataFrame(self.units),
            "offers": offers,
            "bids": pd.DataFrame(self.bids, columns=["load", *blocks]),
            "commitment_offers": commitment,
            "costs": offers.rename(columns={"price": "vom"}),
            "commitment_costs": commitment.rename(columns={"price": "other"}),
        }


def read_units(m: MFile, loads: Withdrawals, segments: int | None, found: Findings) -> Fleet:
    """Read the generators in service as units, offers and bids.

    Output above zero is offered; output below zero (a dispatchable load, a pump) is bid for by a
    load `<unit>-load`, at the price at which its cost falls. A curved cost becomes chords; its
    constant part is the unit's no-load cost.
    """
    gen = m.matrices["gen"]
    count = len(gen.values)
    found.finite("gen", gen, "GEN_STATUS")
    found.finite("gen", gen, "PMAX", "PMIN", infinite=True)
    there = known_ends(m, "gen", gen, ("GEN_BUS",), found)
    names = unit_names(m, count, found)
    costs = _costs(m, gen, found)
    on = there & (gen["GEN_STATUS"] > 0)
    off = there & ~on
    if off.any():
        found.notes.append(f"generators out of service dropped: {some(pd.Index(names)[off])}")
    low, high, endless = _limits(gen, on, names, costs, loads, found)
    crossed = on & (low > high)
    found.each("gen", gen, crossed, "p_min_above_p_max", "PMIN must not exceed PMAX")
    texts = {name: _labels(m, name, count, found) for name in ("genfuel", "gentype")}
    fleet = Fleet()
    if found.failures:
        return fleet
    rows = np.nonzero(on)[0]
    picked = [costs[k] for k in rows]
    plan = plan_blocks(picked, low[rows], high[rows], float(sum(loads.mw)), segments)
    fleet.cost = plan.cost
    dents: dict[str, float] = {}
    bus, ramp = text_ids(gen["GEN_BUS"]).tolist(), _ramps(gen)
    left_out = 0.0
    for k, cost, blocks, through in zip(rows, picked, plan.blocks, plan.through, strict=True):
        unit, least, most = names[k], float(low[k]), float(high[k])
        share = int(blocks) if segments is not None else None
        try:
            if most > 0 or least >= 0:
                bottom = max(least, 0.0)
                part = share or _part(blocks, most - bottom, most - least)
                chords = _sell(fleet, unit, cost, bottom, most, part, through)
                if endless[k]:
                    _widen(fleet, unit, cost, most)
                _start_costs(fleet, unit, m.matrices["gencost"].values[k])
                fleet.units.append(
                    {
                        "unit": unit,
                        "bus": bus[k],
                        "technology": texts["gentype"][k],
                        "fuel": texts["genfuel"][k],
                        "p_min": bottom,
                        "p_max": np.nan if endless[k] else most,
                        "ramp_up": ramp[k],
                        "ramp_down": ramp[k],
                    }
                )
                fleet.lines.append(int(gen.lines[k]))
                _account(fleet, dents, unit, cost, chords)
            if least < 0:
                top = min(most, 0.0)
                part = share or _part(blocks, top - least, most - least)
                chords = _buy(fleet, unit, cost, least, top, part, through)
                loads.add(f"{unit}-load", bus[k], -top)
                left_out += cost.value(top) if most <= 0 else 0.0
                _account(fleet, dents, unit, cost, chords)
        except CostError as error:
            found.fail(m.matrices["gencost"].lines[k], "gencost", "cost", f"{unit}: {error}")
    if dents:
        worst = max(dents, key=lambda unit: dents[unit])
        found.notes.append(
            f"costs made convex by their lower hull: {some(list(dents))} (at most "
            f"{dents[worst]:.3g} money/h, {worst})"
        )
    sinks = [names[k] for k in rows if low[k] < 0]
    if sinks:
        found.notes.append(
            f"generators that can take power (PMIN < 0), bid for by loads UNIT-load: {some(sinks)}"
        )
    if left_out:
        found.notes.append(
            f"the cost of dispatchable loads at their least demand, {left_out:g} money/h, is not "
            "carried over"
        )
    return fleet


def unit_names(m: MFile, count: int, found: Findings) -> list[str]:
    """Return `mpc.gen_name` if it names each generator differently, else G1, G2, ... by row."""
    names = _labels(m, "gen_name", count, found)
    if all(names) and len(set(names)) == len(names):
        return names
    return [f"G{k + 1}" for k in range(count)]


def _labels(m: MFile, name: str, count: int, found: Findings) -> list[str]:
    """Read the texts of a cell array, one per generator; blank if the file has none."""
    texts = m.cells.get(name, [])
    if texts and len(texts) != count:
        message = f"has {len(texts)} entries for {count} generators"
        found.failures.append(Failure(found.file, None, f"mpc.{name}", "names", message))
    return texts if len(texts) == count else [""] * count


def _costs(m: MFile, gen: Matrix, found: Findings) -> list[Cost]:
    """Read the active-power costs; rows of a second half are reactive power."""
    rows = m.matrices.get("gencost")
    count = len(gen.values)
    if rows is None or len(rows.values) not in (count, 2 * count):
        has = "no mpc.gencost" if rows is None else f"{len(rows.values)} rows in mpc.gencost"
        message = f"{has} for {count} generators: without costs nothing can be offered"
        found.failures.append(Failure(found.file, None, "mpc.gencost", "no_costs", message))
        return []
    costs = []
    for k in range(count):
        try:
            width = int(rows.widths[k])
            if width < 5:
                raise CostError("a cost row needs five numbers or more")
            costs.append(parse_cost(rows.values[k], width))
        except CostError as error:
            found.fail(rows.lines[k], "gencost", "cost", str(error))
    return costs


def _limits(
    gen: Matrix,
    on: NDArray[np.bool_],
    names: list[str],
    costs: list[Cost],
    loads: Withdrawals,
    found: Findings,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Give PMIN and PMAX up to which costs are read, and which PMAX is no limit at all (Inf).

    Costs of those are read up to twice the demand of the file, or the last point of a drawn cost; a
    PMIN of -Inf is that demand.
    """
    low, high = gen["PMIN"].copy(), gen["PMAX"].copy()
    wrong = on & (np.isposinf(low) | np.isneginf(high))
    found.each("gen", gen, wrong, "number", "PMIN must not be Inf, nor PMAX -Inf")
    endless = on & np.isposinf(high) & ~wrong
    bottomless = on & np.isneginf(low) & ~wrong
    if (endless | bottomless).any():
        cap = float(np.ceil(sum(mw for mw in loads.mw if mw > 0)))
        drawn = np.array([cost.x[-1] if len(cost.x) else 0.0 for cost in costs])
        top = np.maximum(np.maximum(2.0 * cap, drawn), low)
        low, high = np.where(bottomless, -cap, low), np.where(endless, top, high)
    if endless.any():
        found.notes.append(
            f"generators without limit (PMAX Inf) have no p_max; their last block is {WIDEST_MW:g} "
            f"MW wide: {some(pd.Index(names)[endless])}"
        )
    if bottomless.any():
        found.notes.append(
            f"generators that can take power without limit (PMIN -Inf) capped at the demand of the "
            f"case, {cap:g} MW: {some(pd.Index(names)[bottomless])}"
        )
    return low, high, endless


def _ramps(gen: Matrix) -> Floats:
    """Take MW per hour from the first of RAMP_30 (x 2), RAMP_10 (x 6), RAMP_AGC (x 60) set."""
    ramp = np.full(len(gen.values), np.nan)
    for column, factor in (("RAMP_AGC", 60), ("RAMP_10", 6), ("RAMP_30", 2)):
        given = gen[column]
        ramp = np.where((given > 0) & np.isfinite(given), given * factor, ramp)
    return ramp


def _part(blocks: int, width: float, whole: float) -> int:
    return max(1, int(np.ceil(blocks * width / whole))) if whole > 0 else 1


def _account(
    fleet: Fleet, dents: dict[str, float], unit: str, cost: Cost, chords: Chords | None
) -> None:
    if chords is None:
        return
    fleet.error += chords.error
    fleet.curved += len(chords.x) - 1 if cost.curved else 0
    if chords.dent > 1e-9:
        dents[unit] = max(chords.dent, dents.get(unit, 0.0))


def _sell(
    fleet: Fleet, unit: str, cost: Cost, low: float, high: float, blocks: int, through: float
) -> Chords | None:
    """Offer blocks from 0 to `high`, and a no-load cost that makes the cost at `low` exact.

    The block below `low` carries the average cost there above the no-load cost; where that would
    exceed the price of the next block, it takes that price and the rest goes to no-load.
    """
    chords = cost.chords(low, high, blocks, through) if high > low else None
    widths = [] if chords is None else list(np.diff(chords.x))
    prices = [] if chords is None else list(chords.slopes)
    idle = cost.value(0.0)
    if low > 0:
        first = (cost.value(low) - idle) / low
        if prices and first > prices[0]:
            idle += (first - prices[0]) * low if not math.isclose(first, prices[0]) else 0.0
            first = prices[0]
        widths.insert(0, low)
        prices.insert(0, first)
    for segment, (mw, price) in enumerate(zip(widths, prices, strict=True), start=1):
        fleet.offers.append((unit, segment, mw, price))
    if idle:
        fleet.commitment.append((unit, "no_load", idle))
    return chords


def _widen(fleet: Fleet, unit: str, cost: Cost, high: float) -> None:
    """Let the offer of a unit without limit go on beyond `high`, at its marginal cost there."""
    own = [k for k, offer in enumerate(fleet.offers) if offer[0] == unit]
    if own and not cost.curved:
        name, segment, mw, price = fleet.offers[own[-1]]
        fleet.offers[own[-1]] = (name, segment, mw + WIDEST_MW, price)
        return
    step = 1e-6 * max(1.0, high)
    price = (cost.value(high + step) - cost.value(high)) / step
    price = max([price, *(fleet.offers[k][3] for k in own)])
    fleet.offers.append((unit, len(own) + 1, WIDEST_MW, price))


def _buy(
    fleet: Fleet, unit: str, cost: Cost, low: float, high: float, blocks: int, through: float
) -> Chords | None:
    """Bid for consumption from -high to -low, dearest block first."""
    if high <= low:
        return None
    chords = cost.chords(low, high, blocks, through)
    widths, prices = np.diff(chords.x)[::-1], chords.slopes[::-1]
    for segment, (mw, price) in enumerate(zip(widths, prices, strict=True), start=1):
        fleet.bids.append((f"{unit}-load", segment, float(mw), float(price)))
    return chords


def _start_costs(fleet: Fleet, unit: str, row: Sequence[float]) -> None:
    for component, price in (("startup", row[1]), ("shutdown", row[2])):
        if price:
            fleet.commitment.append((unit, component, float(price)))


def accuracy_note(fleet: Fleet, segments: int | None) -> str:
    """Say what the blocks of curved costs are and how exact."""
    share = fleet.error / abs(fleet.cost) if fleet.cost else 0.0
    how = f"{segments} blocks each" if segments is not None else f"at most {BLOCK_LIMIT} blocks"
    return (
        f"curved costs are chords ({how}, {fleet.curved} in all): they overstate the cost of the "
        f"whole by at most {fleet.error:.3g} money/h, {share:.2g} of the cost at the case's load"
    )
