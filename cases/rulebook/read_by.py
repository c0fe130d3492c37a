"""What reads each key of a rulebook: commands, and Python functions where there is no command.

Keys of `mitigation` that a procedure reads are not here: which profile reads them is said where
procedures are registered. A key of another section may be given to every command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["READ_BY", "read_by", "readers_of"]

CLEAR: Final = "counterflow clear"
SETTLE: Final = "counterflow settle"
SCREENS: Final = "counterflow screens"
RECOVER: Final = "counterflow recover"
AUCTION: Final = "counterflow auction"
TESTS: Final = "counterflow mitigate --tests-only"

READ_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "penalties": (CLEAR,),
    "network": (CLEAR,),
    "security": (CLEAR,),
    "pricing": (CLEAR,),
    "solver": (CLEAR,),
    "losses": (CLEAR,),
    "clearing": (CLEAR,),
    "reserves": (CLEAR,),
    "realtime": ("counterflow clear --commitment-from",),
    "offers": (CLEAR,),
    "offers.soft_cap": (CLEAR, "mitigation.conduct.verified_offers"),
    "uplift": (SETTLE,),
    "settlement": (SETTLE,),
    "settlement.futures": (SETTLE, "settlement.futures.Futures"),
    "settlement.rights.shortfall": (SETTLE,),
    "settlement.rights.tolerance_mw": (
        "settlement.rights.simultaneous_feasibility",
        "settlement.rights.auction_rights",
    ),
    "settlement.credit": ("settlement.credit.exposures", "settlement.credit.margin_calls"),
    "settlement.no_spot": ("settlement.month.settle_without_spot",),
    "settlement.disclosure": ("settlement.disclosure.disclosed", SETTLE),
    "settlement.disclosure.statistics_days": ("counterflow.market_statistics",),
    "settlement.credit.day_price": ("settlement.credit.day_credit",),
    "mitigation.structure": (TESTS,),
    "mitigation.structure.concentration": (TESTS, "counterflow tables"),
    "mitigation.structure.measures": (TESTS,),
    "mitigation.structure.peak": (TESTS, "counterflow tables"),
    "mitigation.structure.ferc": (
        SCREENS,
        "mitigation.market_share_screen",
        "mitigation.delivered_price_test",
    ),
    "mitigation.monthly_auction": (
        AUCTION,
        "mitigation.guangdong.clear_month",
    ),
    "mitigation.monthly_auction.hours_cap": (
        AUCTION,
        "mitigation.guangdong.hours_caps",
    ),
    "mitigation.similarity": (SCREENS, "mitigation.indices.similarity.offer_similarity"),
    "mitigation.withholding": (
        SCREENS,
        "mitigation.withholding.screen_withholding",
        "mitigation.withholding.withholding_rates",
    ),
    "mitigation.withholding.penalty": (
        RECOVER,
        "mitigation.withholding.withholding_penalties",
    ),
    "mitigation.after_the_fact.claw_back": (
        RECOVER,
        "mitigation.after_the_fact.claw_back_screens",
    ),
    "mitigation.after_the_fact.second_level_limit": (
        RECOVER,
        "mitigation.after_the_fact.scaled_to_limit",
    ),
    "mitigation.after_the_fact.forfeit": (
        RECOVER,
        "mitigation.after_the_fact.profit_forfeit",
    ),
}
"""Section or key -> commands (with a blank in the name) and functions that read it."""


def readers_of(key: str) -> tuple[str, ...]:
    """Give what reads a key: that of the key itself, or of the closest section around it."""
    while key and key not in READ_BY:
        key = key.rpartition(".")[0]
    return READ_BY.get(key, ())


def read_by(key: str) -> str:
    """Say what reads a key, in one line; "" where that is for a procedure to say."""
    return ", ".join(f"`{name}`" for name in readers_of(key))
