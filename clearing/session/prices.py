"""From duals to prices: LMP, split into energy, congestion and losses, with terms by constraint.

With the reference weights w of an island (summing to 1) and, for each limit k that binds, its
shadow price mu_k >= 0 and DFAX_kb = -(sensitivity in the binding direction):

    lmp_b = energy + sum over k of mu_k * DFAX_kb                                  (price split)
    energy = sum over b of w_b * lmp_b,   DFAX measured so that sum over b of w_b * DFAX_kb = 0

LMPs do not depend on w; the split does (Litvinov, Zheng, Rosenwald and Shamsollahi, "Marginal loss
modeling in LMP calculation", IEEE Trans. Power Systems 19(2), 2004).

With losses (`clearing.losses`) the LMP is ``lambda v_b - sum over k of mu_k d_k s_kb``: lambda is
the dual of the balance, v the delivery factors, s_k the sensitivities with losses and d_k the
binding direction. DFAX stay those of the lossless flows, and the loss component is the rest:

    lmp_b = energy + sum over k of mu_k * DFAX_kb + loss_b
    loss_b = -sum over l of PTDF_lb * rho_l * (lmp_from(l) + lmp_to(l)),   sum over b w_b loss_b = 0

with rho_l = r_l F_l / base: what one MW more at b loses on every branch, 2 rho_l per MW of flow,
paid at the mean price of its ends. Where nothing binds and the reference is one bus, it is
``-(loss factor) * energy``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cases.points import Points
from clearing.day.day import Day
from clearing.limits.network import NetworkLimits
from clearing.program.live import LpSolution
from clearing.program.rows import Kind, RowSet
from clearing.session.custom_prices import CustomTerms
from network.arrays import Flags, Floats, Positions

__all__ = ["Prices", "price"]

_ZERO = 1e-7


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices per MWh of a cleared day."""

    lmp: Floats
    """(T, B); NaN where an island has neither demand nor anyone who could trade."""
    energy: Floats
    """(T, B): the energy component, one value per island."""
    congestion: Floats
    """(T, B)."""
    loss: Floats
    """(T, B); 0 without losses."""
    rows: RowSet
    """Network rows with a shadow price, (K,)."""
    shadow: Floats
    """Their shadow prices, money per MWh, (K,)."""
    relief: Floats
    """Distinct relief factors against the island's reference bus, (D, B); see `dfax`."""
    which: Positions
    """Row of `relief` of each constraint, (K,)."""
    reference: Floats
    """Reference weights, (T, B)."""
    islands: Positions
    custom: CustomTerms
    """Terms of the user's own constraints."""
    unique: Flags | None = None
    """Where no other price goes with the schedule, (T, B); None where that was not tested."""

    def dfax(self, k: int) -> Floats:
        """DFAX of constraint k at every bus, (B,), against the reference; 0 in other islands."""
        direction, interval = self.rows.direction[k], self.rows.interval[k]
        return self._against_reference(-direction * self.relief[self.which[k]], interval)

    def custom_dfax(self, k: int) -> Floats:
        """DFAX of term k of the user's own constraints, (B,)."""
        factor = -self.custom.direction[k] * self.custom.sensitivity[k]
        return self._against_reference(factor, self.custom.interval[k])

    def _against_reference(self, factor: Floats, interval: int) -> Floats:
        at_reference = np.bincount(
            self.islands,
            weights=self.reference[interval] * factor,
            minlength=self.islands.max() + 1,
        )
        return np.asarray(factor - at_reference[self.islands])


def price(
    day: Day,
    network: NetworkLimits,
    solution: LpSolution,
    soft: RowSet,
    balance_rows: Positions,
    worth: Floats | None = None,
    custom: CustomTerms | None = None,
    whole: Floats | None = None,
) -> Prices:
    """Compute prices from the duals of energy balance and network rows.

    Parameters
    ----------
    balance_rows
        Rows of the energy balance in the compiled market, by interval and island, (T * I,).
    worth
        With losses, what the balance is worth at each bus (T, B), money per MWh.
    custom
        Terms of the user's own constraints.
    whole
        Where every bus has a balance of its own, what it is worth there (T, B), money per MWh: the
        price, of which losses are what is neither energy nor congestion.
    """
    islands = day.grid.islands
    if whole is not None:
        lmp = whole.copy()
    elif worth is None:
        dual = solution.row_dual[balance_rows].reshape(day.intervals, day.islands) / day.hours
        lmp = dual[:, islands]
    else:
        lmp = worth.copy()
    shadow = solution.soft_dual / day.hours
    binds = (soft.kind != Kind.RAMP) & (shadow > _ZERO)
    rows, shadow = soft[binds], shadow[binds]
    order = np.lexsort((rows.direction, rows.contingency, rows.element, rows.kind, rows.interval))
    rows, shadow = rows[order], shadow[order]
    sensitivity, which = network.sensitivities(rows)
    custom = CustomTerms.none(lmp.shape[1]) if custom is None else custom
    if whole is None:
        for t in np.unique(rows.interval).tolist():
            here = np.flatnonzero(rows.interval == t)
            lmp[t] -= (shadow[here] * rows.direction[here]) @ sensitivity[which[here]]
        lmp += custom.on_lmp(lmp.shape)
    lmp[:, _without_market(day)] = np.nan
    reference = day.reference_shares
    energy = np.zeros((day.intervals, day.islands))
    np.add.at(energy.T, islands, (reference * lmp).T)
    lossless = lmp - energy[:, islands]
    none = np.where(np.isnan(lmp), np.nan, 0.0)
    found = Prices(
        lmp,
        energy[:, islands],
        lossless,
        none,
        rows,
        shadow,
        sensitivity,
        which,
        reference,
        islands,
        custom,
    )
    return found if worth is None and whole is None else _with_losses(found, network)


def _with_losses(prices: Prices, network: NetworkLimits) -> Prices:
    """Split what is not energy into lossless congestion and losses."""
    relief, which = network.lossless(prices.rows)
    lossless = replace(prices, relief=relief, which=which)
    congestion = np.where(np.isnan(prices.lmp), np.nan, 0.0)
    for k in range(len(prices.rows)):
        congestion[prices.rows.interval[k]] += prices.shadow[k] * lossless.dfax(k)
    for k in range(len(prices.custom)):
        congestion[prices.custom.interval[k]] += prices.custom.shadow[k] * lossless.custom_dfax(k)
    loss = prices.congestion - congestion
    return replace(lossless, congestion=congestion, loss=loss)


def _without_market(day: Day) -> Flags:
    """Which buses lie in islands where nobody trades, (B,).

    That is: without demand, bids, units, links, storage and virtuals.
    """
    alive = np.zeros(day.islands, dtype=bool)
    islands = day.grid.islands
    alive[islands[day.unit_bus]] = True
    taking = (day.demand != 0.0).any(axis=0)
    taking[day.bids.of] = True
    alive[islands[day.load_bus[taking]]] = True
    links, storage = day.case.tables["links"], day.case.tables["storage"]
    for end in ("from_bus", "to_bus"):
        alive[islands[day.grid.bus_positions(links[end])]] = True
    alive[islands[day.grid.bus_positions(storage["bus"])]] = True
    virtuals, points = day.case.tables["virtuals"], Points(day.case)
    for name in {*virtuals["bus"], *virtuals["sink_bus"]} - {""}:
        alive[islands[points[name].buses]] = True
    return ~alive[islands]
