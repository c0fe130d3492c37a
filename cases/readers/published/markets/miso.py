"""MISO: cleared offers with MW and LMP in the row, LMP with hours as columns; EST all year."""

from cases.readers.published.layout import Clock, Curve, Layout, Wide

ZONE = "Etc/GMT+5"

LAYOUTS = (
    Layout(
        market="MISO",
        report="da_co",
        kind="offers",
        clock=Clock(ZONE, "Date/Time Beginning (EST)", "%m/%d/%Y %H:%M:%S"),
        columns={
            "unit": "Unit Code",
            "owner": "Owner Code",
            "zone": "Region",
            "technology": "Unit Type",
            "p_max": "Economic Max",
            "p_min": "Economic Min",
            "must_run": "Must Run Flag",
            "available": "Unit Available Flag",
            "must_take_mw": "Self Scheduled MW",
            "cleared_mw": "MW",
            "lmp": "LMP",
        },
        optional=frozenset({"technology"}),
        curve=Curve("MW{k}", "Price{k}", 10, sloped="Slope"),
        floor=-500.0,
    ),
    Layout(
        market="MISO",
        report="da_expost_lmp",
        kind="prices",
        clock=Clock(ZONE, "", "%m/%d/%Y", ending=True),
        columns={"node": "Node", "component": "Value"},
        components={"LMP": "lmp", "MCC": "mcc", "MLC": "mlc"},
        wide=Wide("HE {k}", "Value", {"LMP": "lmp", "MCC": "mcc", "MLC": "mlc"}),
    ),
    Layout(
        market="MISO",
        report="rf_al (actual load)",
        kind="loads",
        clock=Clock(ZONE, "Market Day", "%m/%d/%Y", "HourEnding", ending=True),
        columns={"load_mw": "MISO ActualLoad (MWh)"},
    ),
)
