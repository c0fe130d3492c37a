"""CAISO, OASIS: public bids (a row for each point), LMP by component, load; stamps in UTC."""

from cases.readers.published.layout import Clock, Curve, Layout

_BIDS = {
    "unit": "RESOURCEBID_SEQ",
    "owner": "SCHEDULINGCOORDINATOR_SEQ",
    "must_take_mw": "SELFSCHEDMW",
    "resource": "RESOURCE_TYPE",
    "product": "MARKETPRODUCTTYPE",
    "run": "MARKET_RUN_ID",
    "point_start": "SCH_BID_TIMEINTERVALSTART_GMT",
}

LAYOUTS = (
    Layout(
        market="CAISO",
        report="PUB_BID_DAM",
        kind="offers",
        clock=Clock("UTC", "TIMEINTERVALSTART_GMT"),
        columns=_BIDS,
        optional=frozenset({"run"}),
        curve=Curve("SCH_BID_XAXISDATA", "SCH_BID_Y1AXISDATA", 0, onward=True),
        only={"RESOURCE_TYPE": ("GENERATOR",), "MARKETPRODUCTTYPE": ("EN",)},
        floor=-150.0,
    ),
    Layout(
        market="CAISO",
        report="PRC_LMP",
        kind="prices",
        clock=Clock("UTC", "INTERVALSTARTTIME_GMT"),
        columns={"node": "NODE", "component": "LMP_TYPE", "value": "MW"},
        components={"LMP": "lmp", "MCE": "mec", "MCC": "mcc", "MCL": "mlc"},
    ),
    Layout(
        market="CAISO",
        report="SLD_FCST",
        kind="loads",
        clock=Clock("UTC", "INTERVALSTARTTIME_GMT"),
        columns={"load": "TAC_AREA_NAME", "load_mw": "MW"},
        totals=("CA ISO-TAC",),
    ),
)
