"""Columns of published reports, all of them and in their order."""

from __future__ import annotations

from typing import Final

__all__ = ["HEADERS"]


def _each(form: str, count: int) -> list[str]:
    return [form.format(k=k) for k in range(1, count + 1)]


def _pairs(first: str, second: str, count: int) -> list[str]:
    numbers = range(1, count + 1)
    return [name for k in numbers for name in (first.format(k=k), second.format(k=k))]


_PJM: Final = [
    *("bid_datetime_beginning_utc", "bid_datetime_beginning_ept", "unit_code", "bid_slope_flag"),
    *(*_each("mw{k}", 20), *_each("bid{k}", 20)),
    *("no_load_cost", "cold_start_cost", "inter_start_cost", "hot_start_cost"),
    *("max_daily_starts", "min_runtime", "max_ecomax", "min_ecomax", "avg_ecomax"),
    *("max_ecomin", "min_ecomin", "avg_ecomin"),
]
_ISONE: Final = [
    *("Day", "Trading Interval", "Masked Lead Participant ID", "Masked Asset ID"),
    *("Must Take Energy", "Maximum Daily Energy Available", "Economic Maximum", "Economic Minimum"),
    *("Cold Startup Price", "Intermediate Startup Price", "Hot Startup Price", "No Load Price"),
    *_pairs("Segment {k} Price", "Segment {k} MW", 10),
    *("Claim 10", "Claim 30", "Unit Status"),
]
_NYISO: Final = [
    *("Masked Gen ID", "Date Time", "Duration", "Market", "Expiration", "Upper Oper Limit"),
    *("Emer Oper Limit", "Zero Start-Up Cost", "On Dispatch", "Bid SCHD Type Id"),
    *("Fixed Min Gen MW", "Fixed Min Gen Cost", "Bid Curve Format"),
    *(*_each("Dispatch MW{k}", 12), *_each("Dispatch $/MW{k}", 12)),
    *(*_each("Self Commit Timestamp{k}", 4), *_each("Self Commit MW{k}", 4)),
    *("10 Min Non-Synch MW", "10 Min Non-Synch Cost", "10 Min Spin MW", "10 Min Spin Cost"),
    *("30 Min Non-Synch MW", "30 Min Non-Synch Cost", "30 Min Spin MW", "30 Min Spin Cost"),
    *("Regulation MW", "Regulation Cost", "Masked Bidder ID", "Regulation Movement Cost"),
]
_MISO: Final = [
    *("Region", "Owner Code", "Unit Code", "Unit Type", "Date/Time Beginning (EST)"),
    *("Date/Time End (EST)", "Economic Max", "Economic Min", "Emergency Max", "Emergency Min"),
    *("Economic Flag", "Emergency Flag", "Must Run Flag", "Unit Available Flag"),
    *("Self Scheduled MW", "Target MW Reduction", "MW", "LMP", "Curtailment Offer Price"),
    *(*_pairs("Price{k}", "MW{k}", 10), "Slope"),
]
_ERCOT: Final = [
    *("Delivery Date", "Hour Ending", "QSE", "DME", "Resource Name", "Resource Type"),
    *_pairs("QSE submitted Curve-MW{k}", "QSE submitted Curve-Price{k}", 10),
    *("Start Up Hot", "Start Up Inter", "Start Up Cold", "Min Gen Cost", "HSL", "LSL"),
    *("Resource Status", "Awarded Quantity", "Settlement Point Name"),
    *("Energy Settlement Point Price", "RegUp Awarded", "RegUp MCPC", "RegDown Awarded"),
    *("RegDown MCPC", "RRSPFR Awarded", "RRSFFR Awarded", "RRSUFR Awarded", "RRS MCPC"),
    *("ECRSSD Awarded", "ECRS MCPC", "NonSpin Awarded", "NonSpin MCPC"),
]
_CAISO: Final = [
    *("STARTDATE", "MARKET_RUN_ID", "RESOURCE_TYPE", "SCHEDULINGCOORDINATOR_SEQ"),
    *("RESOURCEBID_SEQ", "TIMEINTERVALSTART_GMT", "MARKETPRODUCTTYPE", "SELFSCHEDMW"),
    *("SCH_BID_TIMEINTERVALSTART_GMT", "SCH_BID_XAXISDATA", "SCH_BID_Y1AXISDATA"),
    "SCH_BID_CURVETYPE",
]

HEADERS: Final[dict[str, list[str]]] = {
    "pjm-offers": _PJM,
    "isone-offers": _ISONE,
    "nyiso-offers": _NYISO,
    "miso-offers": _MISO,
    "ercot-offers": _ERCOT,
    "caiso-offers": _CAISO,
}
"""Format -> columns of its report of offers."""
