"""Published files made by hand: a row is a dict, columns that it leaves out are blank."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Points = Sequence[tuple[float, float]]


def numbered(*forms: str, count: int) -> list[str]:
    return [form.format(k=k) for k in range(1, count + 1) for form in forms]


PJM = [
    *("bid_datetime_beginning_utc", "bid_datetime_beginning_ept", "unit_code", "bid_slope_flag"),
    *numbered("mw{k}", count=20), *numbered("bid{k}", count=20),
    *("no_load_cost", "cold_start_cost", "inter_start_cost", "hot_start_cost"),
    *("max_daily_starts", "min_runtime", "max_ecomax", "min_ecomax", "avg_ecomax"),
    *("max_ecomin", "min_ecomin", "avg_ecomin"),
]  # fmt: skip
PJM_LMP = [
    *("datetime_beginning_utc", "datetime_beginning_ept", "pnode_id", "pnode_name", "voltage"),
    *("equipment", "type", "zone", "system_energy_price_da", "total_lmp_da"),
    *("congestion_price_da", "marginal_loss_price_da", "row_is_current", "version_nbr"),
]
PJM_LOAD = ["datetime_beginning_utc", "datetime_beginning_ept", "nerc_region", "mkt_region",
            "zone", "load_area", "mw", "is_verified"]  # fmt: skip
ISONE = [
    *("Day", "Trading Interval", "Masked Lead Participant ID", "Masked Asset ID"),
    *("Must Take Energy", "Maximum Daily Energy Available", "Economic Maximum", "Economic Minimum"),
    *("Cold Startup Price", "Intermediate Startup Price", "Hot Startup Price", "No Load Price"),
    *numbered("Segment {k} Price", "Segment {k} MW", count=10),
    *("Claim 10", "Claim 30", "Unit Status"),
]
ISONE_LMP = [
    *("Date", "Hour Ending", "Location ID", "Location Name", "Location Type"),
    *("Locational Marginal Price", "Energy Component", "Congestion Component"),
    "Marginal Loss Component",
]
NYISO = [
    *("Masked Gen ID", "Date Time", "Duration", "Market", "Expiration", "Upper Oper Limit"),
    *("Emer Oper Limit", "Zero Start-Up Cost", "On Dispatch", "Bid SCHD Type Id"),
    *("Fixed Min Gen MW", "Fixed Min Gen Cost", "Bid Curve Format"),
    *numbered("Dispatch MW{k}", count=12), *numbered("Dispatch $/MW{k}", count=12),
    *numbered("Self Commit Timestamp{k}", count=4), *numbered("Self Commit MW{k}", count=4),
    "Masked Bidder ID",
]  # fmt: skip
NYISO_LMP = [
    *("Time Stamp", "Name", "PTID", "LBMP ($/MWHr)", "Marginal Cost Losses ($/MWHr)"),
    "Marginal Cost Congestion ($/MWHr)",
]
MISO = [
    *("Region", "Owner Code", "Unit Code", "Unit Type", "Date/Time Beginning (EST)"),
    *("Date/Time End (EST)", "Economic Max", "Economic Min", "Emergency Max", "Emergency Min"),
    *("Economic Flag", "Emergency Flag", "Must Run Flag", "Unit Available Flag"),
    *("Self Scheduled MW", "Target MW Reduction", "MW", "LMP", "Curtailment Offer Price"),
    *numbered("Price{k}", "MW{k}", count=10),
    "Slope",
]
ERCOT = [
    *("Delivery Date", "Hour Ending", "QSE", "DME", "Resource Name", "Resource Type"),
    *numbered("QSE submitted Curve-MW{k}", "QSE submitted Curve-Price{k}", count=10),
    *("Start Up Hot", "Start Up Inter", "Start Up Cold", "Min Gen Cost", "HSL", "LSL"),
    *("Resource Status", "Awarded Quantity", "Settlement Point Name"),
    "Energy Settlement Point Price",
]
ERCOT_ESR = [name for name in ERCOT if not name.startswith(("Start Up", "Min Gen"))]
ERCOT_AS = [
    *("Delivery Date", "Hour Ending", "QSE", "DME", "Resource Name", "Multi-Hour Block Flag"),
    *numbered(
        "BLOCK INDICATOR{k}", "PRICE{k} RRSPFR", "PRICE{k} ECRS", "PRICE{k} ONLINE NONSPIN",
        "PRICE{k} REGUP", "PRICE{k} REGDOWN", "QUANTITY MW{k}", count=5,
    ),
]  # fmt: skip
ERCOT_SPP = ["DeliveryDate", "HourEnding", "SettlementPoint", "SettlementPointPrice", "DSTFlag"]
CAISO = [
    *("STARTDATE", "MARKET_RUN_ID", "RESOURCE_TYPE", "SCHEDULINGCOORDINATOR_SEQ"),
    *("RESOURCEBID_SEQ", "TIMEINTERVALSTART_GMT", "MARKETPRODUCTTYPE", "SELFSCHEDMW"),
    *("SCH_BID_TIMEINTERVALSTART_GMT", "SCH_BID_XAXISDATA", "SCH_BID_Y1AXISDATA"),
    "SCH_BID_CURVETYPE",
]
CAISO_LMP = ["INTERVALSTARTTIME_GMT", "INTERVALENDTIME_GMT", "NODE", "MARKET_RUN_ID", "LMP_TYPE",
             "MW"]  # fmt: skip


def text(header: Sequence[str], rows: Sequence[Row]) -> str:
    for row in rows:
        assert set(row) <= set(header), set(row) - set(header)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(header), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def tagged(header: Sequence[str], rows: Sequence[Row]) -> str:
    """In lines of C, H, D and T, with a second H line of types, as ISO New England writes them."""
    first, *data = text(header, rows).splitlines()
    lines = ['"C","made by hand"', f"H,{first}", "H," + ",".join("String" for _ in header)]
    lines += [f"D,{line}" for line in data]
    return "\n".join([*lines, f'"T","{len(data)} lines"']) + "\n"


def curve(mw: str, price: str, points: Points) -> Row:
    made: Row = {}
    for k, (at, level) in enumerate(points, start=1):
        made[mw.format(k=k)], made[price.format(k=k)] = at, level
    return made


def pjm(stamp: str, unit: str, points: Points, *, slope: bool = False, **more: Any) -> Row:
    top = points[-1][0] if points else 0
    return {
        "bid_datetime_beginning_utc": stamp, "unit_code": unit, "bid_slope_flag": str(slope),
        "avg_ecomin": 0, "avg_ecomax": top, **curve("mw{k}", "bid{k}", points), **more,
    }  # fmt: skip


def pjm_price(stamp: str, node: str, energy: float, congestion: float = 0.0) -> Row:
    return {
        "datetime_beginning_utc": stamp, "pnode_name": node, "system_energy_price_da": energy,
        "total_lmp_da": energy + congestion, "congestion_price_da": congestion,
        "marginal_loss_price_da": 0, "row_is_current": "True",
    }  # fmt: skip


def isone(day: str, hour: str, unit: str, blocks: Points, **more: Any) -> Row:
    form = curve("Segment {k} MW", "Segment {k} Price", blocks)
    return {
        "Day": day, "Trading Interval": hour, "Masked Asset ID": unit,
        "Masked Lead Participant ID": f"L{unit[0]}", "Must Take Energy": 0,
        "Economic Minimum": 0, "Unit Status": "ECONOMIC", **form, **more,
    }  # fmt: skip


def nyiso(stamp: str, unit: str, points: Points, **more: Any) -> Row:
    form = curve("Dispatch MW{k}", "Dispatch $/MW{k}", points)
    return {
        "Masked Gen ID": unit, "Date Time": stamp, "Duration": 1, "Market": "DAM",
        "Upper Oper Limit": points[-1][0] if points else 0, "Masked Bidder ID": f"B{unit[0]}",
        "Fixed Min Gen MW": 0, **form, **more,
    }  # fmt: skip


def miso(stamp: str, unit: str, points: Points, cleared: float, lmp: float, **more: Any) -> Row:
    return {
        "Region": "North", "Owner Code": f"O{unit[0]}", "Unit Code": unit, "Unit Type": 31,
        "Date/Time Beginning (EST)": stamp, "Economic Max": points[-1][0] if points else 60,
        "Economic Min": 0, "Economic Flag": 1, "Emergency Flag": 0, "Must Run Flag": 0,
        "Unit Available Flag": 1, "Self Scheduled MW": 0, "MW": cleared, "LMP": lmp, "Slope": 0,
        **curve("MW{k}", "Price{k}", points), **more,
    }  # fmt: skip


def ercot(day: str, hour: int, unit: str, points: Points, lmp: float, **more: Any) -> Row:
    form = curve("QSE submitted Curve-MW{k}", "QSE submitted Curve-Price{k}", points)
    return {
        "Delivery Date": day, "Hour Ending": hour, "QSE": "Q1", "DME": f"D{unit[0]}",
        "Resource Name": unit, "Resource Type": "CCGT90", "HSL": points[-1][0] if points else 0,
        "LSL": 0, "Resource Status": "ON", "Awarded Quantity": 0,
        "Settlement Point Name": f"{unit}_RN", "Energy Settlement Point Price": lmp, **form, **more,
    }  # fmt: skip


def caiso(stamp: str, unit: str, **more: Any) -> Row:
    return {
        "STARTDATE": stamp[:10], "MARKET_RUN_ID": "DAM", "RESOURCE_TYPE": "GENERATOR",
        "SCHEDULINGCOORDINATOR_SEQ": f"S{unit[0]}", "RESOURCEBID_SEQ": unit,
        "TIMEINTERVALSTART_GMT": stamp, "MARKETPRODUCTTYPE": "EN", **more,
    }  # fmt: skip


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path
