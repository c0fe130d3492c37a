"""ERCOT, 60-day DAM disclosure: generation, storage, AS offers; Central prevailing time.

Until 2025-12-04 storage is in the generation file with type PWRSTR; since RTC+B, 2025-12-05, it
has a file and curves of its own from charging (below 0 MW) to discharging. The columns of AS offers
were renamed then: the words of a price are known in both orders.
"""

from datetime import date

from cases.readers.published.layout import Clock, Curve, Layout

ZONE = "America/Chicago"
RTC = date(2025, 12, 5)

_CLOCK = Clock(ZONE, "Delivery Date", "%m/%d/%Y", "Hour Ending", ending=True, repeat="order")
_COLUMNS = {
    "unit": "Resource Name",
    "owner": "DME",
    "qse": "QSE",
    "node": "Settlement Point Name",
    "technology": "Resource Type",
    "p_max": "HSL",
    "p_min": "LSL",
    "status": "Resource Status",
    "cleared_mw": "Awarded Quantity",
    "lmp": "Energy Settlement Point Price",
}
_STATES = {
    "OUT": "unavailable",
    "EMR": "unavailable",
    "OFF": "economic",
    "OFFNS": "economic",
    "OFFQS": "economic",
    "ON": "economic",
    "ONREG": "economic",
    "ONOS": "must_run",
    "ONRUC": "must_run",
    "ONTEST": "must_run",
    "ONEMR": "economic",
    "ONRR": "economic",
    "ONECRS": "economic",
    "ONDSR": "must_run",
    "ONOPTOUT": "must_run",
    "ONDSRREG": "must_run",
    "ONOSREG": "must_run",
    "FRRSUP": "economic",
    "STARTUP": "economic",
    "SHUTDOWN": "economic",
    "NA": "economic",
    "ONHOLD": "unavailable",
    "ONSC": "unavailable",
}
_CURVE = Curve("QSE submitted Curve-MW{k}", "QSE submitted Curve-Price{k}", 10, sloped="always")
_PRODUCTS = {
    "REGUP": "regulation_up",
    "REGDOWN": "regulation_down",
    "RRSPFR": "responsive_pfr",
    "RRSFFR": "responsive_ffr",
    "RRSUFR": "responsive_ufr",
    "ECRS": "contingency_reserve",
    "ONLINE NONSPIN": "non_spin_online",
    "OFFLINE NONSPIN": "non_spin_offline",
    "NONSPIN": "non_spin",
    "OFFEC": "contingency_reserve_offline",
}
_MINUTES = {
    "regulation_up": 5.0,
    "regulation_down": 5.0,
    "responsive_pfr": 10.0,
    "responsive_ffr": 10.0,
    "responsive_ufr": 10.0,
    "contingency_reserve": 10.0,
    "contingency_reserve_offline": 10.0,
    "non_spin": 30.0,
    "non_spin_online": 30.0,
    "non_spin_offline": 30.0,
}
"""Well established, not read in a rule text here (certainty M); frequency response is faster."""


def _generation(report: str, since: date | None, until: date | None, extra: bool) -> Layout:
    starts = {
        "startup_hot": "Start Up Hot",
        "startup_inter": "Start Up Inter",
        "startup_cold": "Start Up Cold",
        "minimum_price": "Min Gen Cost",
    }
    return Layout(
        market="ERCOT",
        report=report,
        kind="offers",
        clock=_CLOCK,
        columns=_COLUMNS | (starts if extra else {}),
        optional=frozenset({"qse", "status"}),
        curve=_CURVE,
        since=since,
        until=until,
        states=_STATES,
        floor=-250.0,
        marks=("ESR",) if not extra else ("Gen_Resource",),
    )


LAYOUTS = (
    _generation("60d_DAM_Gen_Resource_Data", None, None, extra=True),
    _generation("60d_DAM_ESR_Data", RTC, None, extra=False),
    Layout(
        market="ERCOT",
        report="60d_DAM_Generation_Resource_ASOffers / 60d_DAM_ESR_ASOffers",
        kind="reserves",
        clock=_CLOCK,
        columns={"unit": "Resource Name", "owner": "DME"},
        curve=Curve("QUANTITY MW{k}", "PRICE{k} {product}", 5),
        products=_PRODUCTS,
        minutes=_MINUTES,
    ),
    Layout(
        market="ERCOT",
        report="DAM settlement point prices",
        kind="prices",
        clock=Clock(ZONE, "DeliveryDate", "%m/%d/%Y", "HourEnding", ending=True, repeat="DSTFlag"),
        columns={"node": "SettlementPoint", "lmp": "SettlementPointPrice", "repeated": "DSTFlag"},
    ),
    Layout(
        market="ERCOT",
        report="native load",
        kind="loads",
        clock=Clock(ZONE, "OperDay", "%m/%d/%Y", "HourEnding", ending=True, repeat="DSTFlag"),
        columns={"load_mw": "TOTAL", "repeated": "DSTFlag"},
    ),
)
