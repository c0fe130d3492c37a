"""Ramps of units whose state is decided."""

from __future__ import annotations

import numpy as np

from clearing.formulation.commitment import States
from clearing.formulation.committed_output import Above
from clearing.formulation.market import Market
from clearing.formulation.order import family
from clearing.formulation.terms import Terms
from network.arrays import Floats, Positions

__all__ = ["define_ramps"]


@family(needs=("states", "committed_output", "reserves"))
def define_ramps(
    market: Market, states: States, above: Above, sustained: Terms, soft: bool
) -> None:
    """Limit changes of output between intervals, tightened by the events around them.

        above[g,t] + r[g,t] - above[g,t-1] <= RU * on[g,t] - (p_min + RU - SU) * start[g,t]
            - (p_min + RU - SD)+ * stop[g,t+1]                                           (ramp up)
        above[g,t-1] - above[g,t] <= RD * on[g,t-1] - (p_min + RD - SD) * stop[g,t]
            - (p_min + RD - SU)+ * start[g,t-1]                                        (ramp down)

    The last term of each only where a unit must run for two intervals (Damci-Kurt, Kucukyavuz,
    Rajan and Atamturk, "A polyhedral study of production ramping", Mathematical Programming 158,
    2016; Pan and Guan 2016). Clusters of several units have no ramp that binds while they are on.
    `soft` lets them be exceeded at the ramp penalty, where no schedule keeps them.
    """
    fleet, first, day = states.fleet, states.fleet.first, states.fleet.day
    shape = states.on.shape
    p_min = day.unit_column("p_min")[first]
    start_mw, stop_mw = fleet.startup_mw[first], fleet.shutdown_mw[first]
    rise, fall = fleet.ramp_up[first], fleet.ramp_down[first]
    long = (fleet.up[first] > 1) & (not soft)
    was_on = np.nan_to_num(fleet.initial) > 0.0
    initial = np.where(was_on, day.initial_output[first] - p_min, 0.0)
    given = was_on & ~np.isnan(initial)
    initial = np.maximum(np.nan_to_num(initial), 0.0)
    width = above.room.max(axis=0, initial=0.0)
    most = np.maximum(width, initial)
    up, down = np.minimum(rise, most), np.minimum(fall, most)
    at_start = np.where(np.isfinite(start_mw), start_mw, p_min + most)
    at_stop = np.where(np.isfinite(stop_mw), stop_mw, p_min + most)

    def tiled(values: Floats) -> Floats:
        return np.tile(values, shape[0])

    def before(at: Positions, constant: Floats) -> Terms:
        earlier = np.vstack([np.full((1, shape[1]), -1), at[:-1]])
        values = np.zeros(shape)
        values[0] = constant
        return Terms.of(earlier.ravel()) + Terms.constants(values)

    now, last = above.terms, before(above.at, initial)
    on, on_before = Terms.of(states.on.ravel()), before(states.on, was_on.astype(float))
    start, stop = Terms.of(states.start.ravel()), Terms.of(states.stop.ravel())
    started = before(states.start, np.zeros(shape[1]))
    following = np.vstack([states.stop[1:], np.full((1, shape[1]), -1)])
    stopping = Terms.of(following.ravel())
    before_stop = tiled(np.where(long, np.maximum(p_min + up - at_stop, 0.0), 0.0))
    after_start = tiled(np.where(long, np.maximum(p_min + down - at_start, 0.0), 0.0))
    rows_up = now + sustained - last - on * tiled(up) + start * tiled(p_min + up - at_start)
    rows_up = rows_up + stopping * before_stop
    rows_down = last - now - on_before * tiled(down) + stop * tiled(p_min + down - at_stop)
    rows_down = rows_down + started * after_start
    keys = states.keys()
    # Units with a schedule of their own have their rows in `define_given_ramps`.
    own = ~np.isnan(day.self_scheduled[:, first]).all(axis=0)
    alone = (fleet.count == 1) & ~own
    for name, rows, limit in (("ramp_up", rows_up, rise), ("ramp_down", rows_down, fall)):
        binds = np.tile(alone & (limit < width - 1e-9), (shape[0], 1))
        binds[0] = alone & given & (limit < most - 1e-9)
        if soft:
            binds |= alone & (np.minimum(start_mw, stop_mw) < p_min + most)
            binds[0] &= given
        kept = np.flatnonzero(binds.ravel())
        inside = [keys[k] for k in kept.tolist()]
        row = rows[kept]
        if soft:
            excess = market.define_slack(f"{name}_excess", inside, "ramp", of_unit=True)
            row = row - Terms.of(excess.at)
        market.constrain(name, inside, row, -np.inf, 0.0, coupled=True)
