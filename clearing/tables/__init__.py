"""Result tables of a cleared day, as the schema of runs names them."""

from __future__ import annotations

from functools import partial
from typing import Any

from clearing.session.cleared import Cleared
from clearing.tables.custom import custom_values
from clearing.tables.limits import constraints, flows, slacks
from clearing.tables.nodes import node_prices, published
from clearing.tables.prices import marginal_units, price_terms, prices, zone_prices
from clearing.tables.reserves import reserve_prices, reserves
from clearing.tables.risks import reserve_shared, risks_covered
from clearing.tables.schedule import dispatch, link_flows, load_awards, offers_used
from clearing.tables.storage import energy_budgets, storage_schedule
from clearing.tables.virtuals import virtual_awards

__all__ = ["result_tables"]


def result_tables(cleared: Cleared) -> dict[str, Any]:
    """Make every table of the run; the terms of prices, which can be many, when asked for."""
    return {
        "prices": prices(cleared),
        "zone_prices": zone_prices(cleared),
        "dispatch": dispatch(cleared),
        "constraints": constraints(cleared),
        "flows": flows(cleared),
        "link_flows": link_flows(cleared),
        "load_awards": load_awards(cleared),
        "price_terms": partial(price_terms, cleared),
        "marginal_units": marginal_units(cleared),
        "reserves": reserves(cleared),
        "reserve_prices": reserve_prices(cleared),
        "slacks": slacks(cleared),
        "virtual_awards": virtual_awards(cleared),
        "storage_schedule": storage_schedule(cleared),
        "energy_budgets": energy_budgets(cleared),
        "offers_used": offers_used(cleared),
        **_national(cleared),
        **({} if cleared.day.extension is None else {"future_values": custom_values(cleared)}),
    }


def _national(cleared: Cleared) -> dict[str, Any]:
    """Tables of price nodes, risks, shared reserve and published prices, where there are any."""
    made = {
        "node_prices": node_prices(cleared),
        "risks_covered": risks_covered(cleared),
        "reserve_shared": reserve_shared(cleared),
        **published(cleared),
    }
    return {name: frame for name, frame in made.items() if len(frame)}
