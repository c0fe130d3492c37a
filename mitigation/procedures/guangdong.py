"""Guangdong's rules are those of a monthly auction: a day cleared at bus prices has none of it."""

from __future__ import annotations

from cases.errors import InputError
from mitigation.slots import AssessedRun, Subjects

__all__ = ["monthly_auction"]


def monthly_auction(_assessed: AssessedRun) -> Subjects:
    """Say what is missing: declarations of a month instead of a day's offers.

    Raises
    ------
    InputError
        Always, with the tables that are needed and the function that takes them.
    """
    raise InputError.one(
        "",
        None,
        "mitigation.profile",
        "missing_data",
        "guangdong mitigates a monthly auction of price differences, which a run does not have: "
        "give sellers, offers, buyers and bids to mitigation.guangdong.clear_month "
        "(docs/guangdong.zh.md)",
    )
