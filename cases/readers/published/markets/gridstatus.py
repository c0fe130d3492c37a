"""Frames and CSV files of the gridstatus library, whichever market they are of."""

from cases.readers.published.layout import Clock, Layout

_CLOCK = Clock("UTC", "Interval Start")

LAYOUTS = (
    Layout(
        market="gridstatus",
        report="LMP frame",
        kind="prices",
        clock=_CLOCK,
        columns={
            "node": "Location",
            "lmp": "LMP",
            "mec": "Energy",
            "mcc": "Congestion",
            "mlc": "Loss",
        },
        optional=frozenset({"mec", "mcc", "mlc"}),
    ),
    Layout(
        market="gridstatus",
        report="SPP frame",
        kind="prices",
        clock=_CLOCK,
        columns={"node": "Location", "lmp": "SPP"},
    ),
    Layout(
        market="gridstatus",
        report="load frame",
        kind="loads",
        clock=_CLOCK,
        columns={"load_mw": "Load"},
    ),
)
