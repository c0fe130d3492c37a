"""Guangdong's monthly auction (2016 to 2018) and what held market power down in it."""

from mitigation.guangdong.auction import MonthlyAuction, clear_month, supply_demand_ratio
from mitigation.guangdong.declarations import check_declarations
from mitigation.guangdong.hours import hours_caps, hours_factor
from mitigation.guangdong.shares import price_setters

__all__ = [
    "MonthlyAuction",
    "check_declarations",
    "clear_month",
    "hours_caps",
    "hours_factor",
    "price_setters",
    "supply_demand_ratio",
]
