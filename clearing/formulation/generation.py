"""Units: their output and the blocks of their offers."""

from __future__ import annotations

import numpy as np

from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms

__all__ = ["define_dispatch"]

_NARROW_MW = 1e-9


@family(makes=("output",))
def define_dispatch(market: Market) -> None:
    """Define output ``p`` and, where an offer has several blocks in reach, its ``block`` parts.

    For unit u in interval t, with the units that are on given:

        low[t,u] <= p[u,t] <= high[t,u], implied where there are blocks        (dispatch limits)
        p[u,t] = low[t,u] + sum over s of block[u,t,s],
        0 <= block[u,t,s] <= MW of block s between low and high                (offer blocks)

    `low` is p_min or the self-schedule, `high` is p_max, the availability or the self-schedule;
    both are 0 where a unit is off.
    Prices rise from block to block (a check of the case), so blocks fill in order and the
    piecewise-linear cost needs no binary (e.g. Knueven, Ostrowski and Watson, "On mixed-integer
    programming formulations for the unit commitment problem", INFORMS J. Computing 32(4), 2020,
    section 3.4). Outputs that cannot move are constants and have no variable.
    """
    day = market.day
    low, high = day.low, np.maximum(day.low, day.high)
    free = high - low > _NARROW_MW
    places = day.unit_places
    np.add.at(market.fixed_injection.T, places[1], (low[:, places[0]] * places[2]).T)
    interval, unit = np.nonzero(free)
    place = np.full(low.shape, -1, dtype=np.intp)
    place[free] = np.arange(len(unit))
    blocks = day.offers
    reach = (blocks.interval, blocks.of)
    least = np.maximum(blocks.start, low[reach])
    most = np.minimum(blocks.start + blocks.mw, high[reach])
    used = np.flatnonzero((most - least > _NARROW_MW) & free[reach])
    of = place[reach][used]
    count = np.bincount(of, minlength=len(unit))

    names = day.units.to_numpy(dtype=object)
    keys = list(zip(names[unit].tolist(), interval.tolist(), strict=True))
    # Blocks bound an output that they make up; bounds of its own would only make duals ambiguous.
    made_up = count > 1
    p = market.define(
        "p",
        keys,
        np.where(made_up, -np.inf, low[free]),
        np.where(made_up, np.inf, high[free]),
        of_unit=True,
    )
    variables = np.where(place >= 0, p.at[place] if len(p) else place, -1).ravel()
    market.output = Terms.of(variables) + Terms.constants(np.where(free, 0.0, low))
    market.on = Terms.constants(day.on.astype(float))
    market.start = Terms.constants(day.start.astype(float))
    market.stop = Terms.constants(day.stop.astype(float))
    when = np.repeat(np.arange(day.intervals), len(places[0]))
    own, at = (np.tile(values, day.intervals) for values in places[:2])
    part = np.tile(places[2], day.intervals)
    moves = np.flatnonzero(free[when, own])
    when, own, at, part = when[moves], own[moves], at[moves], part[moves]
    market.inject(p.at[place[when, own]], when, at, part)
    # The constant part `low` is an injection already: take it out of the variable's own.
    np.add.at(market.fixed_injection, (when, at), -low[when, own] * part)

    # What the offers cost: MW of each block that its variable stands for, and MW that is fixed.
    base = low[free]
    variable, fixed = np.full(len(blocks), -1, dtype=np.intp), blocks.filled(low)
    single = count[of] == 1
    variable[used[single]] = p.at[of[single]]
    fixed[used[single]] -= base[of[single]]

    of, parts = of[~single], used[~single]
    which = zip(of.tolist(), blocks.segment[parts].tolist(), strict=True)
    block = market.define(
        "block",
        [(*keys[k], s) for k, s in which],
        np.zeros(len(parts)),
        (most - least)[parts],
        of_unit=True,
    )
    variable[parts] = block.at
    market.offer_variable, market.offer_fixed_mw = variable, fixed
    market.pay(variable[used], blocks.price[used])
    market.constant_cost += float((blocks.price * fixed).sum()) + day.commitment_cost / day.hours
    made = Terms.build(len(p), of, block.at, 1.0) - Terms.of(p.at) + Terms.constants(base)
    several = np.flatnonzero(made_up)
    inside = [keys[k] for k in several.tolist()]
    market.constrain("offer_blocks", inside, made[several], 0.0, 0.0, definition=True)
