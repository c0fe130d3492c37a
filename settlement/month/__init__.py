"""The money of a month: many runs, one ledger.

In: day-ahead and real-time runs of a month, contracts, rights, futures, meter readings. Out: one
statement whose lines name their day, version and run, and sum to zero; invoices and netting.
"""

from settlement.month.month import settle_month
from settlement.month.no_spot import EnergyMonth, settle_without_spot
from settlement.month.statement import MonthStatement

__all__ = ["EnergyMonth", "MonthStatement", "settle_month", "settle_without_spot"]
