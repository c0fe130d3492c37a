"""The families that make up the dispatch of a day."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from clearing.day.day import Day
from clearing.formulation.balance import define_energy_balance, define_shortage
from clearing.formulation.custom import define_custom
from clearing.formulation.demand import define_bids
from clearing.formulation.energy_limits import define_energy_limits
from clearing.formulation.generation import define_dispatch
from clearing.formulation.links import define_links
from clearing.formulation.market import Market
from clearing.formulation.nodal import define_nodal_flows
from clearing.formulation.objective import define_objective
from clearing.formulation.reserves import define_reserves
from clearing.formulation.risks import define_risks
from clearing.formulation.sharing import define_sharing
from clearing.formulation.storage import define_storage
from clearing.formulation.virtuals import define_virtuals

__all__ = ["build_dispatch", "define_traded", "without_collector"]


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold Python's cycle collector, which would walk the growing model again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def define_traded(market: Market) -> None:
    """Define what is traded beside output: bids, links, storage, virtuals, budgets, reserves."""
    define_bids(market)
    define_links(market)
    define_storage(market)
    define_virtuals(market)
    define_energy_limits(market)
    define_reserves(market)


def build_dispatch(day: Day) -> Market:
    """Build the dispatch of a day; rows of the network and of ramps come when violated."""
    with without_collector():
        market = Market(day)
        define_dispatch(market)
        define_traded(market)
        define_shortage(market)
        define_nodal_flows(market)
        define_sharing(market)
        define_risks(market)
        define_custom(market)
        define_energy_balance(market)
        define_objective(market)
    return market
