"""Reserves of RTS-GMLC: products, hourly requirements, and which units can carry them.

The table that says which categories are eligible and how fast a product must respond
(`reserves.csv` of the RTS-GMLC repository) is not in the packaged data; its figures are here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.readers.rts_fleet import Fleet

__all__ = ["reserve_tables"]

Floats = NDArray[np.float64]

PRODUCTS = {
    "Reg_Up": ("up", 5.0),
    "Reg_Down": ("down", 5.0),
    "Spin_Up": ("up", 10.0),
    "Flex_Up": ("up", 20.0),
    "Flex_Down": ("down", 20.0),
}
ELIGIBLE = frozenset(("Gas CT", "Gas CC", "Oil CT", "Oil ST", "Coal", "Solar PV", "Wind", "CSP"))


def product_and_zone(name: str) -> tuple[str, str]:
    """Split `Spin_Up_R1` into the product and its region; `Reg_Up` has none."""
    match = re.fullmatch(r"(.+)_R(\w+)", name)
    return (match[1], match[2]) if match is not None else (name, "")


def reserve_tables(
    requirements: Mapping[str, Floats],
    starts: pd.DatetimeIndex,
    fleet: Fleet,
    categories: Mapping[str, str],
) -> dict[str, pd.DataFrame]:
    """Write the reserve tables.

    A unit of an eligible category offers, at price 0, what it can ramp within the response time
    and no more than its capacity. Requirements are those of the series.
    """
    wanted = [(*product_and_zone(name), mw) for name, mw in requirements.items()]
    products = [p for p in PRODUCTS if any(p == product for product, _, _ in wanted)]
    offers = [
        (unit["unit"], product, min(unit["p_max"], ramp * PRODUCTS[product][1]), 0.0)
        for unit in fleet.units
        for ramp in (fleet.ramp_per_minute[unit["unit"]],)
        if categories[unit["unit"]] in ELIGIBLE and ramp > 0
        for product in products
    ]
    required = [
        pd.DataFrame({"product": product, "zone": zone, "interval_start": starts, "mw": mw})
        for product, zone, mw in wanted
    ]
    return {
        "reserve_products": pd.DataFrame(
            [(product, *PRODUCTS[product]) for product in products],
            columns=["product", "direction", "minutes"],
        ),
        "reserve_requirements": pd.concat(required, ignore_index=True)
        if required
        else pd.DataFrame(columns=["product", "zone", "interval_start", "mw"]),
        "reserve_offers": pd.DataFrame(offers, columns=["unit", "product", "mw", "price"]),
    }
