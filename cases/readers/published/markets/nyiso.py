"""NYISO: monthly bids (P-27), zonal and nodal LBMP, integrated load; Eastern prevailing time.

A congestion component of NYISO is subtracted: LBMP = energy + losses - congestion.
"""

from cases.readers.published.layout import Clock, Curve, Layout

ZONE = "America/New_York"

LAYOUTS = (
    Layout(
        market="NYISO",
        report="biddata_genbids",
        kind="offers",
        clock=Clock(ZONE, "Date Time", "%d%b%Y:%H:%M:%S"),
        columns={
            "unit": "Masked Gen ID",
            "owner": "Masked Bidder ID",
            "market": "Market",
            "duration": "Duration",
            "p_max": "Upper Oper Limit",
            "startup_hot": "Zero Start-Up Cost",
            "p_min": "Fixed Min Gen MW",
            "minimum_cost": "Fixed Min Gen Cost",
            "self_mw1": "Self Commit MW1",
            "self_mw2": "Self Commit MW2",
            "self_mw3": "Self Commit MW3",
            "self_mw4": "Self Commit MW4",
        },
        optional=frozenset({"duration", "self_mw1", "self_mw2", "self_mw3", "self_mw4"}),
        curve=Curve("Dispatch MW{k}", "Dispatch $/MW{k}", 12),
        floor=-1000.0,
    ),
    Layout(
        market="NYISO",
        report="damlbmp",
        kind="prices",
        clock=Clock(ZONE, "Time Stamp", "%m/%d/%Y %H:%M"),
        columns={
            "node": "Name",
            "lmp": "LBMP ($/MWHr)",
            "mlc": "Marginal Cost Losses ($/MWHr)",
            "mcc": "Marginal Cost Congestion ($/MWHr)",
        },
        signs={"mcc": -1.0},
    ),
    Layout(
        market="NYISO",
        report="palIntegrated",
        kind="loads",
        clock=Clock(ZONE, "Time Stamp", "%m/%d/%Y %H:%M:%S"),
        columns={"load": "Name", "load_mw": "Integrated Load"},
    ),
)
