"""Settlement: contracts and curves, two settlements, uplift, rights, futures and credit."""

from settlement.contracts import settle_contract
from settlement.futures import lot_hours
from settlement.make_whole import make_whole
from settlement.settle import settle
from settlement.statement import Statement
from settlement.time_value import monthly_rate, time_value

__all__ = [
    "Statement",
    "lot_hours",
    "make_whole",
    "monthly_rate",
    "settle",
    "settle_contract",
    "time_value",
]
