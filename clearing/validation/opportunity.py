"""Opportunity cost: no unit would rather trade a MW of energy for a MW of reserve."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.validation.custom_facts import worth_of
from clearing.validation.facts import Facts
from clearing.validation.prices import at_the_margin, price_of_units
from clearing.validation.report import above, below
from clearing.validation.reserve_facts import reserve_facts
from clearing.validation.reserves import held_by_reserves, offer_room, reserve_price_of_units
from clearing.validation.units import limits

__all__ = ["swaps"]


def swaps(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that at its prices a unit would not move its output and an award together.

    With g = reserve price - offer of a product, c the offer of the last or the next MW:

        one MW less output for one more upward award:      LMP - c_last >= g
        one MW more output for one less upward award:      LMP - c_next <= g
        one MW more output and one more downward award:    LMP - c_next <= -g
        one MW less output and one less downward award:    LMP - c_last >= -g

    each where output, offers and response ramps leave room for it.
    """
    if facts.priced_otherwise or facts.table("reserve_prices").empty:
        return
    real, names = facts.once(reserve_facts), facts.names("units")
    gain = reserve_price_of_units(facts, real) - real.price + worth_of(facts, "reserve")
    more = offer_room(facts, real) > facts.tolerance
    less = real.award > facts.tolerance
    lower, upper = limits(facts)
    held_low, held_high, tied = held_by_reserves(facts, lower, upper)
    free = np.isnan(facts.self_scheduled) & facts.on & ~tied
    price = price_of_units(facts)
    offers, mw = facts.offers_used, facts.dispatch
    for up, low, high, sign, last_when, next_when in (
        (True, held_low, upper, 1.0, more, less),
        (False, lower, held_high, -1.0, less, more),
    ):
        last, following = at_the_margin(facts, offers, mw, free, low, high)
        own = real.up == up
        worth = sign * gain[:, :, own]
        least = np.where(last_when[:, :, own], worth, -np.inf).max(axis=2, initial=-np.inf)
        most = np.where(next_when[:, :, own], worth, np.inf).min(axis=2, initial=np.inf)
        earned = np.where(np.isfinite(last), price - last, np.inf)
        missed = np.where(np.isfinite(following), price - following, -np.inf)
        yield below("prices.opportunity", names, facts.starts, earned, least, facts.price_tolerance)
        yield above("prices.opportunity", names, facts.starts, missed, most, facts.price_tolerance)
