"""Controllable DC lines between two buses."""

from __future__ import annotations

import numpy as np

from cases import InputError
from clearing.day.chords import Chords
from clearing.day.day import Day
from clearing.formulation.market import Family, Market
from clearing.formulation.opposed import define_opposed
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Floats, Positions

__all__ = ["define_links", "fixed_link_loss", "link_chords"]


@family()
def define_links(market: Market) -> None:
    """Define what each link sends, ``link[k,t]`` forward and ``link_back[k,t]`` the other way.

        max(0, min_mw) <= link[k,t] <= max_mw
        max(0, -max_mw) <= link_back[k,t] <= -min_mw                              (link limits)

    What is sent leaves the sending bus; (1 - loss_fraction) of it arrives. A link without losses
    is one variable between min_mw and max_mw; one with losses never sends both ways at once.
    With `losses.method = chords` a link with loss_segments is cut into them by direction:

        link[k,t] = sum over j of link_segment[k,t,j]                             (link segments)

    with slope_j * link_segment[k,t,j] lost at the receiving bus, and half its fixed loss at each
    end whatever flows.
    """
    day, links = market.day, market.day.case.tables["links"]
    grid, periods = day.grid, np.arange(day.intervals)
    start, end = grid.bus_positions(links["from_bus"]), grid.bus_positions(links["to_bus"])
    loss = links["loss_fraction"].to_numpy(dtype=float)
    least, most = (links[name].to_numpy(dtype=float) for name in ("min_mw", "max_mw"))
    chords = link_chords(day)
    cut = np.concatenate([chords[0].of, chords[1].of])
    lossy = (loss > 0.0) | (np.bincount(cut, minlength=len(links)) > 0)
    forward = ~lossy | (most > 0.0)
    back = lossy & (least < 0.0)
    families = (
        ("link", forward, np.where(lossy, np.maximum(least, 0.0), least), most, start, end),
        ("link_back", back, np.maximum(-most, 0.0), -least, end, start),
    )
    names = links["link"].tolist()
    both = np.tile(forward & back, day.intervals)
    ways: list[Family] = []
    for name, there, low, high, source, sink in families:
        chosen = np.flatnonzero(there)
        keys = [(names[k], t) for t in periods.tolist() for k in chosen.tolist()]
        each = np.tile(chosen, day.intervals)
        sent = market.define(name, keys, low[each], high[each])
        when = np.repeat(periods, len(chosen))
        market.inject(sent.at, when, source[each], -np.ones(len(each)))
        market.inject(sent.at, when, sink[each], 1.0 - loss[each])
        ways.append(sent.among(both[np.tile(there, day.intervals)]))
        _define_segments(market, name, chords[name == "link_back"], chosen, sent, sink)
    fixed = 0.5 * fixed_link_loss(day)
    for bus in (start, end):
        np.add.at(market.fixed_injection.T, bus, -fixed[:, None])
    define_opposed(market, "link", *ways)


def _define_segments(
    market: Market, way: str, chords: Chords, chosen: Positions, sent: Family, sink: Positions
) -> None:
    """Cut what links send one way into segments, whose losses leave the receiving bus."""
    day = market.day
    inside = np.flatnonzero(np.isin(chords.of, chosen))
    if not len(inside):
        return
    place = np.full(len(sink), -1, dtype=np.intp)
    place[chosen] = np.arange(len(chosen))
    of, count = chords.of[inside], day.intervals * len(inside)
    link, when = np.tile(of, day.intervals), np.repeat(np.arange(day.intervals), len(inside))
    total = sent.at.reshape(day.intervals, -1)[when, place[link]]
    names = day.case.tables["links"]["link"].to_numpy(dtype=object)[link].tolist()
    number = np.tile(chords.number[inside], day.intervals).tolist()
    keys = list(zip(names, when.tolist(), number, strict=True))
    width = np.tile(chords.width[inside], day.intervals)
    part = market.define(f"{way}_segment", keys, np.zeros(count), width)
    market.inject(part.at, when, sink[link], -np.tile(chords.slope[inside], day.intervals))
    lines, row = np.unique(total, return_inverse=True)
    body = Terms.build(len(lines), row.reshape(-1), part.at, 1.0) - Terms.of(lines)
    owners = [market.variables[k].index() for k in lines.tolist()]
    market.constrain(f"{way}_segments", owners, body, 0.0, 0.0, definition=True)


def link_chords(day: Day) -> tuple[Chords, Chords]:
    """Segments of the links, forward and back; none unless `losses.method = chords`.

    InputError for a link that has segments and a loss_fraction, or other losses in the rulebook.
    """
    links, rules = day.case.tables["links"], day.rulebook.losses
    count = links["loss_segments"].to_numpy(dtype=np.intp)
    for rows, column, message in (
        (
            (count > 0) & (links["loss_fraction"].to_numpy(dtype=float) > 0.0),
            "loss_fraction",
            "a link loses by loss_segments or by loss_fraction, not by both",
        ),
        (
            (count > 0) & (rules.method == "marginal"),
            "loss_segments",
            "losses of links by segments need losses.method = chords (or none)",
        ),
    ):
        if rows.any():
            at = int(np.flatnonzero(rows)[0])
            raise InputError.one("links", at + 2, column, "link_losses", message)
    if rules.method != "chords":
        count = np.zeros_like(count)
    r = links["r"].to_numpy(dtype=float)
    most, least = (links[name].to_numpy(dtype=float) for name in ("max_mw", "min_mw"))
    base = day.grid.base_mva
    return (
        Chords.of_lines(rules, np.where(most > 0.0, count, 0), r, np.maximum(most, 0.0), base),
        Chords.of_lines(rules, np.where(least < 0.0, count, 0), r, np.maximum(-least, 0.0), base),
    )


def fixed_link_loss(day: Day) -> Floats:
    """MW lost on each link at any flow, (K,); none unless `losses.method = chords`."""
    links = day.case.tables["links"]
    counted = (links["loss_segments"] > 0) & (day.rulebook.losses.method == "chords")
    fixed = links["fixed_loss_mw"].to_numpy(dtype=float)
    return np.where(counted.to_numpy(dtype=bool), fixed, 0.0)
