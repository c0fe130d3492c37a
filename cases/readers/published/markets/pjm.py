"""PJM, Data Miner 2: offers, day-ahead and real-time LMP, metered load; stamps in UTC."""

from cases.readers.published.layout import Clock, Curve, Layout


def _clock(column: str) -> Clock:
    return Clock("UTC", column)


def _lmp(kind: str, report: str) -> Layout:
    return Layout(
        market="PJM",
        report=report,
        kind="prices",
        clock=_clock("datetime_beginning_utc"),
        columns={
            "node": "pnode_name",
            "node_id": "pnode_id",
            "zone": "zone",
            "current": "row_is_current",
            "lmp": f"total_lmp_{kind}",
            "mec": f"system_energy_price_{kind}",
            "mcc": f"congestion_price_{kind}",
            "mlc": f"marginal_loss_price_{kind}",
        },
        optional=frozenset({"zone", "mec", "current", "node_id"}),
    )


LAYOUTS = (
    Layout(
        market="PJM",
        report="energy_market_offers",
        kind="offers",
        clock=_clock("bid_datetime_beginning_utc"),
        columns={
            "unit": "unit_code",
            "p_min": "avg_ecomin",
            "p_max": "avg_ecomax",
            "no_load": "no_load_cost",
            "startup_cold": "cold_start_cost",
            "startup_inter": "inter_start_cost",
            "startup_hot": "hot_start_cost",
            "min_up": "min_runtime",
        },
        optional=frozenset({"min_up"}),
        curve=Curve("mw{k}", "bid{k}", 20, sloped="bid_slope_flag"),
        masked_by_year=True,
    ),
    _lmp("da", "da_hrl_lmps"),
    _lmp("rt", "rt_hrl_lmps"),
    Layout(
        market="PJM",
        report="hrl_load_metered",
        kind="loads",
        clock=_clock("datetime_beginning_utc"),
        columns={"load": "load_area", "zone": "zone", "load_mw": "mw"},
        optional=frozenset({"zone"}),
        totals=("RTO",),
    ),
)
