"""An independent settlement in plain fractions, from result tables alone.

It shares no code with `settlement`: loops over rows, `Fraction` arithmetic, no rounding. Energy by
owner of the day ahead and of real time, contracts by their rule, and what the operator keeps. A
statement may differ from it by half a smallest unit per line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pandas as pd

from cases.run import Run

Money = dict[str, Fraction]


def fraction(value: float) -> Fraction:
    """The number that a float prints as, exactly."""
    return Fraction(repr(float(value)))


def injections(run: Run) -> dict[tuple[pd.Timestamp, str, str, str], Fraction]:
    """MW injected by interval, kind, owner and bus; links belong to the operator."""
    found: dict[tuple[pd.Timestamp, str, str, str], Fraction] = defaultdict(Fraction)

    def put(at: pd.Timestamp, kind: str, owner: str, bus: str, mw: Fraction) -> None:
        found[at, kind, owner or "unassigned", bus] += mw

    for row in run.dispatch.to_dict("records"):
        put(row["interval_start"], "generation", row["owner"], row["bus"], fraction(row["mw"]))
    for row in run.load_awards.to_dict("records"):
        put(row["interval_start"], "load", row["owner"], row["bus"], -fraction(row["mw"]))
    for row in run.storage_schedule.to_dict("records"):
        net = fraction(row["discharge_mw"]) - fraction(row["charge_mw"])
        put(row["interval_start"], "storage", row["owner"], row["bus"], net)
    for row in run.virtual_awards.to_dict("records"):
        sign = -1 if row["kind"] == "dec" else 1
        mw = sign * fraction(row["mw"])
        put(row["interval_start"], "virtual", row["owner"], row["bus"], mw)
    for row in run.link_flows.to_dict("records"):
        sent, lost = fraction(row["mw"]), fraction(row["loss_mw"])
        first, second = (-sent, sent - lost) if sent >= 0 else (-sent - lost, sent)
        put(row["interval_start"], "link", "operator", row["from_bus"], first)
        put(row["interval_start"], "link", "operator", row["to_bus"], second)
    return found


def energy(day_ahead: Run, real_time: Run | None = None) -> Money:
    """Energy money of every owner: day ahead, and deviations at real-time prices."""
    money: Money = defaultdict(Fraction)
    before = injections(day_ahead)
    prices, hours = _prices(day_ahead), _hours(day_ahead)
    for (at, _, owner, bus), mw in before.items():
        if mw:
            money[owner] += mw * hours[at] * prices[at, bus]
    if real_time is None:
        return money
    ends = _ends(day_ahead)
    prices, hours = _prices(real_time), _hours(real_time)
    after = injections(real_time)
    for at, length in hours.items():
        (outer,) = [start for start, end in ends.items() if start <= at < end]
        keys = {key[1:] for key in after if key[0] == at}
        keys |= {key[1:] for key in before if key[0] == outer}
        for kind, owner, bus in keys:
            now = Fraction(0) if kind == "virtual" else after.get((at, kind, owner, bus), 0)
            moved = now - before.get((outer, kind, owner, bus), 0)
            if moved:
                money[owner] += moved * length * prices[at, bus]
    return money


def contract(
    run: Run, bus: str, strike: Fraction, mwh: Callable[[pd.Timestamp], Fraction], kind: str
) -> Fraction:
    """What the seller of a contract receives from its buyer in a run, the curve given as MWh."""
    prices = _prices(run)
    total = Fraction(0)
    for at in _hours(run):
        price = prices[at, bus]
        each = {
            "cfd": strike - price,
            "physical": strike - price,
            "cap": -max(Fraction(0), price - strike),
            "floor": max(Fraction(0), strike - price),
        }[kind]
        total += each * mwh(at)
    return total


def rent(run: Run) -> Fraction:
    """Sum of shadow price x flow in the binding direction, over limits of the grid; no shifters."""
    hours = _hours(run)
    total = Fraction(0)
    for row in run.constraints.to_dict("records"):
        if row["constraint"].startswith("ramp") or not row["shadow_price"]:
            continue
        sign = 1 if row["direction"] == "upper" else -1
        flow = sign * fraction(row["flow_mw"])
        total += fraction(row["shadow_price"]) * flow * hours[row["interval_start"]]
    return total


def summed(parts: Iterable[Money]) -> Money:
    """Money of several days."""
    total: Money = defaultdict(Fraction)
    for part in parts:
        for owner, amount in part.items():
            total[owner] += amount
    return total


def _prices(run: Run) -> dict[tuple[pd.Timestamp, str], Fraction]:
    return {
        (row["interval_start"], row["bus"]): fraction(row["lmp"])
        for row in run.prices.to_dict("records")
        if row["lmp"] == row["lmp"]
    }


def _ends(run: Run) -> dict[pd.Timestamp, pd.Timestamp]:
    return dict(zip(run.prices["interval_start"], run.prices["interval_end"], strict=True))


def _hours(run: Run) -> dict[pd.Timestamp, Fraction]:
    seconds: dict[pd.Timestamp, Any] = {s: (e - s).total_seconds() for s, e in _ends(run).items()}
    return {start: Fraction(int(length), 3600) for start, length in seconds.items()}
