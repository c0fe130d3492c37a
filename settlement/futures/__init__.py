"""Standardised base, mid and peak futures."""

from settlement.futures.cover import Cover, cover_load
from settlement.futures.delivery import cash_settlement
from settlement.futures.hedge_report import CONVENTIONS, hedge_report
from settlement.futures.mark_to_market import mark_to_market
from settlement.futures.product import Futures, lot_hours
from settlement.futures.product_files import read_products
from settlement.futures.trading import (
    check_trades,
    initial_margin,
    last_trading_day,
    price_band,
    trading_days,
)

__all__ = [
    "CONVENTIONS",
    "Cover",
    "Futures",
    "cash_settlement",
    "check_trades",
    "cover_load",
    "hedge_report",
    "initial_margin",
    "last_trading_day",
    "lot_hours",
    "mark_to_market",
    "price_band",
    "read_products",
    "trading_days",
]
