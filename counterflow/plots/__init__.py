"""Figures of a run: each function takes a run and returns a plotly figure.

``plots.write(run, folder)`` writes them all as pages that need no network.
"""

from counterflow.plots.duration import price_duration
from counterflow.plots.heat_map import lmp_heat_map
from counterflow.plots.lmp_map import lmp_map
from counterflow.plots.merit_order import merit_order
from counterflow.plots.page import write
from counterflow.plots.rent import constraint_rent
from counterflow.plots.waterfall import settlement_waterfall

__all__ = [
    "constraint_rent",
    "lmp_heat_map",
    "lmp_map",
    "merit_order",
    "price_duration",
    "settlement_waterfall",
    "write",
]
