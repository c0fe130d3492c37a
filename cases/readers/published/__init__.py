"""What markets publish: offers of units, prices, loads.

Files, zips, folders or frames come in, in any order and in any parts; a market without a grid goes
out as a checked case (`read_market`), or its tables (`read_offers`, `read_prices`, `read_loads`).
Layouts are data (`markets/`): one engine reads hours, clocks, curves and masks of all of them.
"""

from cases.readers.published.market import FORMATS, market_of, read_market
from cases.readers.published.read import Offers, read_loads, read_offers, read_prices

__all__ = [
    "FORMATS",
    "Offers",
    "market_of",
    "read_loads",
    "read_market",
    "read_offers",
    "read_prices",
]
