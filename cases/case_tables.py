"""The tables of a market day, declared once (checks, Parquet metadata and docs read this)."""

from __future__ import annotations

from cases.columns import Column, Dtype, Table

__all__ = ["CASE_TABLES"]


def _key(name: str, description: str, dtype: Dtype = "str") -> Column:
    return Column(name, dtype, "", description, required=True, key=True)


def _text(name: str, description: str, *isin: str, default: str = "") -> Column:
    return Column(name, "str", "", description, default=default, isin=isin or None)


def _ref(name: str, description: str) -> Column:
    return Column(name, "str", "", description, required=True)


def _stamp(description: str = "start of the interval; blank = every interval") -> Column:
    return Column("interval_start", "timestamp", "", description, key=True)


def _date(name: str, description: str, *, key: bool = False, required: bool = False) -> Column:
    return Column(name, "date", "", description, key=key, required=required)


def _flag(name: str, description: str, default: bool = False) -> Column:
    return Column(name, "bool", "", description, default=default)


def _segment(description: str = "number of the block, counted from 1") -> Column:
    return Column("segment", "int", "", description, required=True, key=True, ge=1)


def _mw(
    name: str,
    description: str,
    default: float | None = None,
    *,
    required: bool = False,
    signed: bool = False,
    unit: str = "MW",
) -> Column:
    ge = None if signed else 0.0
    return Column(name, "float", unit, description, required, default, ge=ge)


def _price(description: str, name: str = "price", unit: str = "money/MWh") -> Column:
    return Column(name, "float", unit, description, required=True)


def _number(
    name: str,
    unit: str,
    description: str,
    default: float | None = None,
    *,
    required: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Column:
    return Column(name, "float", unit, description, required, default, False, ge, gt, le, lt)


_WIDE_START = Column(
    "interval_start", "timestamp", "", "start of the interval", required=True, key=True
)

_GRID = (
    Table(
        "buses",
        "the nodes of the grid",
        (
            _key("bus", "name of the bus"),
            _text("zone", "zone the bus belongs to"),
            _text("area", "area the bus belongs to"),
            _number("kv", "kV", "nominal voltage; blank = not known", ge=0.0),
            _number("x", "", "coordinate for maps (longitude or easting); blank = not known"),
            _number("y", "", "coordinate for maps (latitude or northing); blank = not known"),
        ),
        key=("bus",),
        required=True,
    ),
    Table(
        "branches",
        "lines and transformers; parallel circuits are rows of their own",
        (
            _key("branch", "name of the branch"),
            _ref("from_bus", "bus at the sending end; flow is positive from here"),
            _ref("to_bus", "bus at the receiving end"),
            _text("kind", "line or transformer", "line", "transformer", default="line"),
            _number("r", "p.u.", "series resistance", 0.0),
            _number(
                "x", "p.u.", "series reactance; negative is allowed, zero is not", required=True
            ),
            _number("tap", "p.u.", "turns ratio at the from end; 0 and blank mean 1", 1.0, ge=0.0),
            _number("shift_deg", "degree", "phase shift", 0.0),
            _mw("rating_mw", "limit in normal operation; blank = no limit"),
            _mw("emergency_rating_mw", "limit after an outage; blank = rating_mw"),
            _number("angle_min_deg", "degree", "least angle difference from - to; blank = none"),
            _number("angle_max_deg", "degree", "largest angle difference from - to; blank = none"),
            _flag("in_service", "takes part in the grid", True),
        ),
        key=("branch",),
    ),
    Table(
        "links",
        "controllable DC lines",
        (
            _key("link", "name of the link"),
            _ref("from_bus", "bus at the sending end; flow is positive from here"),
            _ref("to_bus", "bus at the receiving end"),
            _mw("min_mw", "least flow; negative = the other way", 0.0, signed=True),
            _mw("max_mw", "largest flow", required=True, signed=True),
            _number("loss_fraction", "", "share of the sent MW that is lost", 0.0, ge=0.0, lt=1.0),
        ),
        key=("link",),
    ),
    Table(
        "interfaces",
        "weighted sums of branch flows",
        (
            _key("interface", "name of the interface"),
            _key("branch", "branch whose flow counts"),
            _number("weight", "", "factor on the branch flow; -1 = counted to -> from", 1.0),
        ),
        key=("interface", "branch"),
    ),
    Table(
        "interface_limits",
        "limits of the interfaces",
        (
            _key("interface", "name of the interface"),
            _mw("min_mw", "least flow; blank = no limit", signed=True),
            _mw("max_mw", "largest flow; blank = no limit", signed=True),
        ),
        key=("interface",),
    ),
    Table(
        "contingencies",
        "outages to be secured against; rows of one name go out together",
        (
            _key("contingency", "name of the contingency"),
            Column(
                "kind",
                "str",
                "",
                "what goes out",
                default="branch",
                key=True,
                isin=("branch", "unit"),
            ),
            _key("element", "the branch or unit that goes out"),
        ),
        key=("contingency", "kind", "element"),
    ),
    Table(
        "hubs",
        "weighted averages of bus prices",
        (
            _key("hub", "name of the hub"),
            _key("bus", "bus that counts"),
            _number("weight", "", "weight of the bus; scaled to sum 1 per hub", 1.0, ge=0.0),
        ),
        key=("hub", "bus"),
    ),
)

_SUPPLY = (
    Table(
        "owners",
        "who owns what; owners of one parent are affiliates and count as one",
        (
            _key("owner", "name of the owner"),
            _text("parent", "name of the parent; blank = stands alone"),
            _date("valid_from", "first day of validity; blank = always", key=True),
            _date("valid_to", "last day of validity; blank = open end"),
            _mw("net_contract_mw", "contract position sold less bought", 0.0, signed=True),
        ),
        key=("owner", "valid_from"),
    ),
    Table(
        "units",
        "generating units",
        (
            _key("unit", "name of the unit"),
            _text("owner", "owner of the unit; blank = not known"),
            _ref("bus", "bus where it injects"),
            _text("technology", "technology, free text"),
            _text("fuel", "fuel, free text"),
            _mw("p_min", "least output while on", 0.0),
            _mw("p_max", "largest output", required=True),
            _mw("ramp_up", "largest rise while on; blank = no limit", unit="MW/h"),
            _mw("ramp_down", "largest fall while on; blank = no limit", unit="MW/h"),
            _mw("startup_ramp", "largest output in the interval of a start; blank = no limit"),
            _mw("shutdown_ramp", "largest output before a stop; blank = no limit"),
            _number("min_up", "h", "least time on", 0.0, ge=0.0),
            _number("min_down", "h", "least time off", 0.0, ge=0.0),
            _number("initial_hours", "h", "hours on (+) or off (-) before the case; blank = free"),
            _mw("initial_mw", "output just before the case; blank = not given"),
            _flag("must_run", "must be on in every interval"),
            _flag("quick_start", "can start within the interval (eligible in extended pricing)"),
        ),
        key=("unit",),
        required=True,
    ),
    Table(
        "offers",
        "energy offers in blocks; the first block starts at 0 MW, also where p_min > 0",
        (
            _key("unit", "unit that offers"),
            _stamp(),
            _segment(),
            _mw("mw", "width of the block", required=True),
            _price("price of the block"),
        ),
        key=("unit", "interval_start", "segment"),
        required=True,
    ),
    Table(
        "commitment_offers",
        "no-load, start-up and shut-down offers",
        (
            _key("unit", "unit that offers"),
            Column(
                "component",
                "str",
                "",
                "no_load, startup or shutdown",
                required=True,
                key=True,
                isin=("no_load", "startup", "shutdown"),
            ),
            Column(
                "after_hours_off",
                "float",
                "h",
                "start-up tier: from this many hours off",
                default=0.0,
                key=True,
                ge=0.0,
            ),
            _price("money per hour on (no_load) or per event (startup, shutdown)", unit="money"),
        ),
        key=("unit", "component", "after_hours_off"),
    ),
    Table(
        "availability",
        "the MW that a unit can reach; units without a column reach p_max",
        (_WIDE_START,),
        key=("interval_start",),
        wide="unit",
        value=_mw("mw", "MW that the unit can reach", required=True),
    ),
    Table(
        "self_schedules",
        "MW that is taken at any price; the unit is fixed at it",
        (_WIDE_START,),
        key=("interval_start",),
        wide="unit",
        value=_mw("mw", "MW at which the unit is fixed", required=True),
    ),
    Table(
        "storage",
        "storage units",
        (
            _key("storage", "name of the storage unit"),
            _text("owner", "owner; blank = not known"),
            _ref("bus", "bus where it injects"),
            _mw("charge_mw", "largest charging power", required=True),
            _mw("discharge_mw", "largest discharging power", required=True),
            _mw("energy_min", "least stored energy", 0.0, unit="MWh"),
            _mw("energy_max", "largest stored energy", required=True, unit="MWh"),
            _number("efficiency_in", "", "stored MWh per MWh charged", 1.0, gt=0.0, le=1.0),
            _number("efficiency_out", "", "MWh delivered per stored MWh", 1.0, gt=0.0, le=1.0),
            _mw("initial_mwh", "stored energy at the start; blank = energy_min", unit="MWh"),
            _mw("final_mwh", "least stored energy at the end; blank = none", unit="MWh"),
            _number("charge_price", "money/MWh", "highest price paid for charging", 0.0),
            _number("discharge_price", "money/MWh", "lowest price taken for discharging", 0.0),
        ),
        key=("storage",),
    ),
    Table(
        "energy_limits",
        "energy a unit may produce in a day (hydro and fuel-limited units)",
        (
            _key("unit", "unit with the limit"),
            _key("day", "day of the limit, in the case's timezone", "date"),
            _mw("max_mwh", "largest energy", required=True, unit="MWh"),
        ),
        key=("unit", "day"),
    ),
)

_DEMAND = (
    Table(
        "loads",
        "loads",
        (
            _key("load", "name of the load"),
            _ref("bus", "bus where it withdraws"),
            _text("owner", "owner; blank = not known"),
        ),
        key=("load",),
        required=True,
    ),
    Table(
        "demand",
        "MW that each load takes at any price; negative = it injects",
        (_WIDE_START,),
        key=("interval_start",),
        wide="load",
        value=_mw("mw", "MW that the load takes", required=True, signed=True),
        required=True,
    ),
    Table(
        "bids",
        "price-sensitive demand, on top of demand",
        (
            _key("load", "load that bids"),
            _stamp(),
            _segment(),
            _mw("mw", "width of the block", required=True),
            _price("highest price paid for the block"),
        ),
        key=("load", "interval_start", "segment"),
    ),
    Table(
        "virtuals",
        "virtual offers and bids",
        (
            _key("virtual", "name of the virtual"),
            _text("owner", "owner; blank = not known"),
            Column(
                "kind",
                "str",
                "",
                "inc (supply), dec (demand) or utc (up to congestion)",
                required=True,
                isin=("inc", "dec", "utc"),
            ),
            _ref("bus", "bus; for utc the source"),
            _text("sink_bus", "sink of a utc; blank otherwise"),
            _stamp(),
            _mw("mw", "size", required=True),
            _price("offer or bid price; for utc the highest congestion paid"),
        ),
        key=("virtual", "interval_start"),
    ),
)

_RESERVES = (
    Table(
        "reserve_products",
        "reserve products",
        (
            _key("product", "name of the product"),
            _text("direction", "up or down", "up", "down", default="up"),
            _number("minutes", "min", "response time", 10.0, gt=0.0),
            _text("substitutes_for", "lower product that this one also serves; blank = none"),
        ),
        key=("product",),
    ),
    Table(
        "reserve_requirements",
        "reserve requirements: MW, or a rule",
        (
            _key("product", "product required"),
            Column(
                "zone", "str", "", "zone of the buses; blank = whole case", default="", key=True
            ),
            _stamp(),
            _mw("mw", "MW required; blank where a rule is given"),
            _text("rule", "rule that gives the MW; blank where mw is given"),
        ),
        key=("product", "zone", "interval_start"),
    ),
    Table(
        "reserve_demand",
        "demand curves for reserves: what the first, second, ... block short costs",
        (
            _key("product", "product required"),
            Column(
                "zone", "str", "", "zone of the buses; blank = whole case", default="", key=True
            ),
            _segment(),
            _mw("mw", "width of the block", required=True),
            _price("price of the block", unit="money/MW/h"),
        ),
        key=("product", "zone", "segment"),
    ),
    Table(
        "reserve_offers",
        "reserve offers",
        (
            _key("unit", "unit that offers"),
            _key("product", "product offered"),
            _stamp(),
            _mw("mw", "MW offered", required=True),
            _price("price", unit="money/MW/h"),
        ),
        key=("unit", "product", "interval_start"),
    ),
)

_REFERENCE = (
    Table(
        "costs",
        "cost curves in blocks, for cost-based reference levels",
        (
            _key("unit", "unit"),
            _segment(),
            _mw("mw", "width of the block", required=True),
            _number(
                "heat_rate",
                "fuel/MWh",
                "incremental fuel per MWh, in the units of fuel_prices",
                0.0,
                ge=0.0,
            ),
            _text("fuel", "fuel burnt; blank = the unit's fuel"),
            _number("emission_rate", "t/MWh", "emission per MWh", 0.0, ge=0.0),
            _number("vom", "money/MWh", "variable operation and maintenance", 0.0),
        ),
        key=("unit", "segment"),
    ),
    Table(
        "fuel_prices",
        "fuel prices by day",
        (
            _key("fuel", "fuel"),
            _date("date", "first day of the price; blank = always", key=True),
            _price("price", unit="money/fuel"),
        ),
        key=("fuel", "date"),
        on_grid=False,
    ),
    Table(
        "allowance_prices",
        "emission allowance prices by day",
        (
            _date("date", "first day of the price; blank = always", key=True),
            _price("price", unit="money/t"),
        ),
        key=("date",),
        on_grid=False,
    ),
    Table(
        "offer_history",
        "accepted offers of the look-back, for reference levels",
        (
            _key("unit", "unit that offered"),
            _key("interval_start", "start of the interval", "timestamp"),
            _segment(),
            _mw("mw", "width of the block", required=True),
            _price("price of the block"),
            _mw("accepted_mw", "MW of the block that were accepted; blank = all"),
            _flag("mitigated", "the price had been replaced by a reference level"),
        ),
        key=("unit", "interval_start", "segment"),
        on_grid=False,
    ),
    Table(
        "price_history",
        "bus prices of the look-back, for reference levels",
        (
            _key("bus", "bus"),
            _key("interval_start", "start of the interval", "timestamp"),
            _price("LMP"),
        ),
        key=("bus", "interval_start"),
        on_grid=False,
    ),
)

_CONTRACTS = (
    Table(
        "contracts",
        "bilateral contracts",
        (
            _key("contract", "name of the contract"),
            _ref("buyer", "owner that buys"),
            _ref("seller", "owner that sells"),
            _text(
                "kind",
                "cfd, cap, floor or physical",
                "cfd",
                "cap",
                "floor",
                "physical",
                default="cfd",
            ),
            _price("contract price", name="strike"),
            _ref("point", "bus, hub or zone of the settlement price"),
            _ref("curve", "curve of contract_curves; a contract without one cannot be settled"),
            _date("signed", "day of signing; blank = not known"),
            _date("curve_fixed", "day on which the curve was fixed; blank = not known"),
        ),
        key=("contract",),
    ),
    Table(
        "contract_curves",
        "contract curves: rows of interval_start and mw, or one rule row",
        (
            _key("curve", "name of the curve"),
            _stamp("start of the interval; blank in a rule row"),
            _mw("mw", "contract MW; blank in a rule row"),
            Column(
                "kind",
                "str",
                "",
                "rule: flat, block or typical_day; blank in rows by interval",
                default="",
                key=True,
                isin=("", "flat", "block", "typical_day"),
            ),
            _mw("mwh", "energy of a rule row", unit="MWh"),
            Column("start", "date", "", "first day of a rule row", key=True),
            _date("end", "last day of a rule row"),
            _text("shape", "hours of a block (08:00-11:00 18:00-21:00) or weights of a day"),
        ),
        key=("curve", "interval_start", "kind", "start"),
        on_grid=False,
    ),
    Table(
        "futures",
        "futures trades",
        (
            _key("trade", "name of the trade"),
            _ref("owner", "owner that traded"),
            Column("side", "str", "", "buy or sell", required=True, isin=("buy", "sell")),
            Column(
                "product",
                "str",
                "",
                "base, mid or peak",
                required=True,
                isin=("base", "mid", "peak"),
            ),
            _ref("month", "delivery month, YYYY-MM"),
            _number("lots", "", "number of lots", required=True, ge=0.0),
            _price("price"),
            Column("traded_at", "timestamp", "", "time of the trade; blank = not known"),
        ),
        key=("trade",),
        on_grid=False,
    ),
    Table(
        "rights",
        "financial transmission rights",
        (
            _key("right", "name of the right"),
            _ref("owner", "owner"),
            _text("kind", "obligation or option", "obligation", "option", default="obligation"),
            _ref("source", "bus, hub or zone where it starts"),
            _ref("sink", "bus, hub or zone where it ends"),
            _mw("mw", "size", required=True),
            Column("start", "timestamp", "", "first interval covered; blank = from the beginning"),
            Column("end", "timestamp", "", "first interval no longer covered; blank = to the end"),
            _number("price", "money/MW", "price paid for the right", 0.0),
        ),
        key=("right",),
        on_grid=False,
    ),
)

CASE_TABLES: dict[str, Table] = {
    table.name: table
    for table in (*_GRID, *_SUPPLY, *_DEMAND, *_RESERVES, *_REFERENCE, *_CONTRACTS)
}
