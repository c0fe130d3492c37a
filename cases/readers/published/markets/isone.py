"""ISO New England: reports of C, H, D and T lines, hours named by their end, 02X for the second."""

from cases.readers.published.layout import Clock, Curve, Layout

ZONE = "America/New_York"


def _clock(day: str, hour: str) -> Clock:
    return Clock(ZONE, day, "%m/%d/%Y", hour, ending=True, repeat="suffix")


LAYOUTS = (
    Layout(
        market="ISO-NE",
        report="hbdayaheadenergyoffer / hbrealtimeenergyoffer",
        kind="offers",
        clock=_clock("Day", "Trading Interval"),
        columns={
            "unit": "Masked Asset ID",
            "owner": "Masked Lead Participant ID",
            "must_take_mw": "Must Take Energy",
            "p_max": "Economic Maximum",
            "p_min": "Economic Minimum",
            "startup_cold": "Cold Startup Price",
            "startup_inter": "Intermediate Startup Price",
            "startup_hot": "Hot Startup Price",
            "no_load": "No Load Price",
            "status": "Unit Status",
        },
        curve=Curve("Segment {k} MW", "Segment {k} Price", 10, cumulative=False, from_minimum=True),
        states={
            "ECONOMIC": "economic",
            "MUST_RUN": "must_run",
            "UNAVAILABLE": "unavailable",
        },
        floor=-150.0,
    ),
    Layout(
        market="ISO-NE",
        report="WW_DALMP_ISO / rt_hourlylmp",
        kind="prices",
        clock=_clock("Date", "Hour Ending"),
        columns={
            "node": "Location Name",
            "lmp": "Locational Marginal Price",
            "mec": "Energy Component",
            "mcc": "Congestion Component",
            "mlc": "Marginal Loss Component",
        },
    ),
    Layout(
        market="ISO-NE",
        report="hourly system demand",
        kind="loads",
        clock=_clock("Date", "Hour Ending"),
        columns={"load_mw": "System Load"},
    ),
)
