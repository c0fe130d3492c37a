"""Figures of a run: each function takes a run and returns a plotly figure.

``plots.write(run, folder)`` writes them all as pages that need no network.
"""

from counterflow.plots.conduct import conduct_scatter
from counterflow.plots.daily import daily_counts, daily_prices
from counterflow.plots.duration import price_duration
from counterflow.plots.heat_map import lmp_heat_map
from counterflow.plots.lines import (
    before_after_duration,
    reserve_price_lines,
    zone_price_lines,
)
from counterflow.plots.lmp_map import lmp_map
from counterflow.plots.merit_order import merit_order
from counterflow.plots.page import write
from counterflow.plots.rent import constraint_rent
from counterflow.plots.stack import generation_stack
from counterflow.plots.structure import pivotal_heat_map, relief_supply_curve, structure_duration
from counterflow.plots.waterfall import settlement_waterfall

__all__ = [
    "before_after_duration",
    "conduct_scatter",
    "constraint_rent",
    "daily_counts",
    "daily_prices",
    "generation_stack",
    "lmp_heat_map",
    "lmp_map",
    "merit_order",
    "pivotal_heat_map",
    "price_duration",
    "relief_supply_curve",
    "reserve_price_lines",
    "settlement_waterfall",
    "structure_duration",
    "write",
    "zone_price_lines",
]
