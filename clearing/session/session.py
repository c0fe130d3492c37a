"""A clearing session: a market in the live solver, solved once and again with other offers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from cases.warned import Warned
from clearing.day.day import Blocks, Day
from clearing.formulation import build_dispatch
from clearing.limits.loss_rows import LossRows
from clearing.limits.losses import Losses
from clearing.limits.network import NetworkLimits
from clearing.limits.ramps import RampLimits
from clearing.program.compiled import Compiled, compile_market
from clearing.program.directions import Directions
from clearing.program.live import LiveProgram
from clearing.program.program import Tangents
from clearing.program.rows import Kind, RowSet
from clearing.session.cleared import Cleared
from clearing.session.custom_prices import custom_terms
from clearing.session.loop import Loop, Progress, Secured
from clearing.session.nodal_prices import nodal_prices
from clearing.session.physical import PhysicalLosses
from clearing.session.prices import price
from clearing.session.shared import SharedFlow
from clearing.session.uniqueness import one_sided, unique_prices
from network import Contingency, contingencies
from network.arrays import Floats, Positions
from network.lost import lost_with

__all__ = ["Security", "Session", "secure_contingencies"]

Security = Literal["none", "n-1"]
_NAMED = 10
_OTHERS = ("storage", "storage_offers", "virtuals", "bids", "links")
"""Tables of others than units whose prices are in the program."""


@dataclass(eq=False)
class Session:
    """A day with every unit on, its live model and all rows that were found so far."""

    day: Day
    compiled: Compiled
    live: LiveProgram
    network: NetworkLimits
    ramps: RampLimits
    loop: Loop
    islanding: list[str]
    """Warnings about contingencies that cannot be secured."""
    times: dict[str, float]
    passes: int = 0
    warnings: list[str] = field(default_factory=list)
    """What the last solve has to say."""
    directions: Directions = field(init=False)
    """Links and storage, which go one way at a time."""
    physical: PhysicalLosses = field(init=False)
    """Losses by chords, which are those of the flows."""
    shared: SharedFlow | None = field(init=False)
    """The flow that shared reserve starts from; None where none is shared."""
    losses: LossRows | None = field(init=False)
    """Losses; None where there are none."""

    def __post_init__(self) -> None:
        """Find the devices of two directions and the losses."""
        self.directions = Directions(self.live)
        self.physical = PhysicalLosses(self.live)
        sharing = self.compiled.market.sharing
        self.shared = None if sharing is None else SharedFlow(self.live, sharing)
        losses = Losses.of(self.day)
        self.losses = (
            None if losses is None else LossRows(losses, self.live, self.network, self.balance)
        )

    @property
    def balance(self) -> Positions:
        """Rows of the energy balance by interval and island, (T * I,)."""
        return self.compiled.rows(self.compiled.market.model.energy_balance)

    @classmethod
    def open(cls, day: Day, security: Security, progress: Progress | None = None) -> Session:
        """Build and load the market of a day."""
        outages, islanding = secure_contingencies(day, security)
        start = time.perf_counter()
        market = build_dispatch(day)
        built = time.perf_counter()
        compiled = compile_market(market)
        times = {"build": built - start, "compile": time.perf_counter() - built}
        live = LiveProgram(compiled, day.rulebook)
        live.deadline = start + day.rulebook.solver.time_limit
        network, ramps = NetworkLimits(compiled, outages), RampLimits(compiled)
        rules = day.rulebook.security
        loop = Loop(live, network, ramps, rules.tolerance_mw, rules.rows_per_pass, progress)
        return cls(day, compiled, live, network, ramps, loop, islanding, times)

    def again(self, cleared: Cleared) -> Session:
        """Open a session of its own for what this one has cleared and then left behind.

        It is solved, with all rows of `cleared`; nothing is built or compiled again.
        """
        program, day = cleared.program, cleared.day
        # What is held to one direction and where losses are linearized is found again.
        released = replace(
            program,
            low=program.compiled.low,
            high=program.compiled.high,
            tangents=Tangents.none(len(program.cost)),
        )
        live = LiveProgram.holding(released, day.rulebook)
        network = NetworkLimits(program.compiled, self.network.contingencies)
        network.take_over(self.network)
        ramps, rules = RampLimits(program.compiled), day.rulebook.security
        loop = Loop(live, network, ramps, rules.tolerance_mw, rules.rows_per_pass)
        own = Session(day, program.compiled, live, network, ramps, loop, self.islanding, {})
        if own.losses is not None and self.losses is not None:
            own.losses.start_at(self.losses.home)
        own.solve()
        return own

    def know(self, rows: RowSet) -> None:
        """Start from rows that another session of the same grid and intervals has found."""
        ramp = rows.kind == Kind.RAMP
        network = rows[~ramp]
        network = network[self.network.apply(network)]
        if len(network):
            self.live.add(self.network.soft_rows(network))
        if ramp.any():
            self.live.add(self.ramps.soft_rows(rows[ramp]))

    def solve(self) -> Cleared:
        """Solve until every limit is kept or paid for, and price the result."""
        live, day, loop = self.live, self.day, self.loop
        before = live.seconds, loop.screening_seconds, loop.row_seconds
        held: set[tuple[str, str]] = set()
        self.directions.release()
        self.physical.release()
        if self.shared is not None:
            self.shared.begin()
        secured = self._secured(held) if self.losses is None else self._with_losses(held)
        flows = secured.flows if self.losses is None else self.losses.flows
        secured, flows = self._settled(secured, flows, held)
        self.times["highs"] = live.seconds - before[0]
        self.times["screen"] = loop.screening_seconds - before[1]
        self.times["rows"] = loop.row_seconds - before[2]
        balance = self.balance
        begin = time.perf_counter()
        unique = unique_prices(live, self.network, balance, self.losses)
        self.times["unique"] = time.perf_counter() - begin
        tie_break = day.rulebook.pricing.tie_break
        priced_by = secured.solution
        if tie_break != "solver" and (unique is None or not unique.all()):
            priced_by = one_sided(live, tie_break)
        worth = None if self.losses is None else self.losses.energy(priced_by)
        whole = nodal_prices(self.compiled, priced_by.row_dual, balance)
        custom = custom_terms(self.compiled, priced_by.row_dual)
        prices = price(day, self.network, priced_by, live.soft, balance, worth, custom, whole)
        prices = replace(prices, unique=unique)
        self.warnings = [
            *self.islanding,
            *self._unscreened(),
            *(
                Warned(
                    f"{kind} {name} is held to one direction where going both ways at once would "
                    "pay",
                    "one_direction",
                )
                for kind, name in sorted(held)
            ),
            *(
                f"the losses of {name} are held to those of its flow where energy is worth nothing"
                for name in self.physical.held
            ),
        ]
        return Cleared(
            day,
            live.program(solution=secured.solution),
            self.network,
            self.ramps,
            secured.solution,
            live.soft,
            flows,
            prices,
            priced_by.soft_dual / day.hours,
            priced_by.row_dual,
        )

    def _settled(
        self, secured: Secured, flows: Floats, held: set[tuple[str, str]]
    ) -> tuple[Secured, Floats]:
        """Solve until the segments of shared flows and of losses by chords are those of flows."""
        rounds = 0
        while not (
            (self.shared is None or self.shared.settled(secured.solution))
            and self.physical.settled(secured.solution, rounds)
        ):
            rounds += 1
            secured = self._secured(held)
            flows = secured.flows
        return secured, flows

    def _with_losses(self, held: set[tuple[str, str]]) -> Secured:
        """Solve until the losses are settled, note what is held to one way, and ask that again."""
        assert self.losses is not None
        self.losses.begin()
        secured, settled = self._secured(held), False
        while not settled:
            while self.losses.advance(secured.solution, secured.flows):
                secured = self._secured(held)
            settled = not held
            if held:
                held.clear()
                self.directions.release()
                secured = self._secured(held)
                settled = not self.losses.advance(secured.solution, secured.flows)
                secured = secured if settled else self._secured(held)
        return secured

    def _secured(self, held: set[tuple[str, str]]) -> Secured:
        """Solve with the losses as they are linearized, and note what is held to one way."""
        secured = self.loop.run()
        self.passes += secured.passes
        while two_way := self.directions.hold(secured.solution):
            held.update(two_way)
            secured = self.loop.run()
            self.passes += secured.passes
        return secured

    def _unscreened(self) -> list[str]:
        """Name contingencies without flows afterwards, and those that shed load."""
        return [
            *(
                Warned(
                    f"contingency {name} leaves susceptances that cancel and is not secured",
                    "not_secured",
                )
                for name in self.network.unscreened
            ),
            *(
                Warned(
                    f"contingency {name} leaves no unit that could pick up in some interval: what "
                    "it produced is taken off the loads of its island",
                    "outage_sheds_load",
                )
                for name in self.network.outages.shed
            ),
        ]

    def reprice(self, day: Day) -> bool:
        """Take over the offer prices of another day in place; False where more differs."""
        old, new = self.day.offers, day.offers
        if not _same_blocks(old, new) or not np.array_equal(self.day.on, day.on):
            return False
        if not self.day.reserves.alike(day.reserves) or not self.day.limited_alike(day):
            return False
        if any(not self.day.case.tables[n].equals(day.case.tables[n]) for n in _OTHERS):
            return False
        self._reprice_reserves(day)
        market = self.compiled.market
        moved = np.flatnonzero((old.price != new.price) & (market.offer_variable >= 0))
        variable = market.offer_variable[moved]
        columns = self.compiled.column_of(variable)
        cost = self.live.cost[columns]
        change = (new.price - old.price)[moved] * day.hours
        fixed = float(((new.price - old.price) * market.offer_fixed_mw).sum()) * day.hours
        fixed += day.commitment_cost - self.day.commitment_cost
        self.live.set_costs(columns, cost + change, self.live.constant + fixed)
        self.day = day
        return True

    def _reprice_reserves(self, day: Day) -> None:
        """Take over the reserve offer prices of another day."""
        market, old, new = self.compiled.market, self.day.reserves, day.reserves
        if market.reserves is None:
            return
        moved = [
            ("reserve", (new.offers.price - old.offers.price)[market.reserves.offer]),
            ("load_reserve", new.load_blocks.price - old.load_blocks.price),
            (
                "reserve_block",
                (new.unit_blocks.price - old.unit_blocks.price)[market.reserve_blocks],
            ),
        ]
        for name, change in moved:
            if len(change) and change.any():
                columns = self.compiled.columns(name)
                cost = self.live.cost[columns] + change * day.hours
                self.live.set_costs(columns, cost, self.live.constant)


def _same_blocks(old: Blocks, new: Blocks) -> bool:
    return len(old) == len(new) and all(
        np.array_equal(getattr(old, name), getattr(new, name))
        for name in ("interval", "of", "segment", "mw")
    )


def secure_contingencies(day: Day, security: Security) -> tuple[tuple[Contingency, ...], list[str]]:
    """Contingencies to secure against, and what was left out of them."""
    if security == "none":
        return (), []
    listed = contingencies(day.case, day.grid)
    split = listed.islanding
    if len(split) > _NAMED:
        names = ", ".join(entry.contingency.name for entry in split[:_NAMED])
        text = f"{len(split)} contingencies split the grid and are not secured: {names}, ..."
        return listed.secure, [Warned(text, "not_secured")]
    return listed.secure, [
        Warned(
            f"contingency {entry.contingency.name} splits the grid (cuts off "
            f"{lost_with(day.case, entry.cut_off)}) and is not secured",
            "not_secured",
        )
        for entry in split
    ]
