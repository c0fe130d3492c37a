"""Settlement: contracts and curves, two settlements, uplift, rights, futures and credit."""

from settlement.contracts.contracts import settle_contract
from settlement.futures import lot_hours
from settlement.given import curve_maker
from settlement.incentive import net_positions
from settlement.ledger.statement import Statement
from settlement.market.make_whole import make_whole
from settlement.resettle import resettle
from settlement.settle import settle
from settlement.time.time_value import monthly_rate, time_value

__all__ = [
    "Statement",
    "curve_maker",
    "lot_hours",
    "make_whole",
    "monthly_rate",
    "net_positions",
    "resettle",
    "settle",
    "settle_contract",
    "time_value",
]
