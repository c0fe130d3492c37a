"""The formulation in Pyomo: one function per family of variables or constraints."""

from clearing.formulation.balance import define_energy_balance, define_shortage
from clearing.formulation.build import build_dispatch
from clearing.formulation.demand import define_bids
from clearing.formulation.generation import define_dispatch
from clearing.formulation.links import define_links
from clearing.formulation.market import Market
from clearing.formulation.objective import define_objective

__all__ = [
    "Market",
    "build_dispatch",
    "define_bids",
    "define_dispatch",
    "define_energy_balance",
    "define_links",
    "define_objective",
    "define_shortage",
]
