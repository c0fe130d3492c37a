"""Credit: margins, bonds, exposure, the check before a trade, margin calls, default waterfall."""

from settlement.credit.day import credit_problems, day_credit
from settlement.credit.default import default_waterfall
from settlement.credit.exposure import exposures, open_contracts
from settlement.credit.margin import accept_trades, margin_calls, margin_problems

__all__ = [
    "accept_trades",
    "credit_problems",
    "day_credit",
    "default_waterfall",
    "exposures",
    "margin_calls",
    "margin_problems",
    "open_contracts",
]
