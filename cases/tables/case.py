"""The tables of a market day, declared once (checks, Parquet metadata and docs read this)."""

from __future__ import annotations

from cases.tables.case_custom import CUSTOM
from cases.tables.case_market import CONTRACTS, REFERENCE, RESERVES
from cases.tables.case_national import NATIONAL
from cases.tables.case_national import PUBLISHED as PUBLISHED_RESERVES
from cases.tables.case_published import PUBLISHED
from cases.tables.case_references import REFERENCE_DATA
from cases.tables.column_kinds import (
    WIDE_START,
    date,
    fixed_loss,
    flag,
    key,
    loss_segments,
    mw,
    number,
    price,
    ref,
    segment,
    stamp,
    text,
)
from cases.tables.columns import Column, Table

__all__ = ["CASE_TABLES"]

_GRID = (
    Table(
        "buses",
        "the nodes of the grid",
        (
            key("bus", "name of the bus"),
            text("zone", "zone the bus belongs to"),
            text("area", "area the bus belongs to"),
            number("kv", "kV", "nominal voltage; blank = not known", ge=0.0),
            number("x", "", "coordinate for maps (longitude or easting); blank = not known"),
            number("y", "", "coordinate for maps (latitude or northing); blank = not known"),
        ),
        key=("bus",),
        required=True,
    ),
    Table(
        "branches",
        "lines and transformers; parallel circuits are rows of their own",
        (
            key("branch", "name of the branch"),
            ref("from_bus", "bus at the sending end; flow is positive from here"),
            ref("to_bus", "bus at the receiving end"),
            text("kind", "line or transformer", "line", "transformer", default="line"),
            number("r", "p.u.", "series resistance", 0.0),
            number(
                "x", "p.u.", "series reactance; negative is allowed, zero is not", required=True
            ),
            number("tap", "p.u.", "turns ratio at the from end; 0 and blank mean 1", 1.0, ge=0.0),
            number("shift_deg", "degree", "phase shift", 0.0),
            mw("rating_mw", "limit in normal operation; blank = no limit"),
            mw("rating_reverse_mw", "limit of flow to -> from; blank = rating_mw"),
            mw("emergency_rating_mw", "limit after an outage; blank = rating_mw"),
            number("angle_min_deg", "degree", "least angle difference from - to; blank = none"),
            number("angle_max_deg", "degree", "largest angle difference from - to; blank = none"),
            flag("in_service", "takes part in the grid", True),
            loss_segments(),
            fixed_loss(),
        ),
        key=("branch",),
    ),
    Table(
        "links",
        "controllable DC lines",
        (
            key("link", "name of the link"),
            ref("from_bus", "bus at the sending end; flow is positive from here"),
            ref("to_bus", "bus at the receiving end"),
            mw("min_mw", "least flow; negative = the other way", 0.0, signed=True),
            mw("max_mw", "largest flow", required=True, signed=True),
            number("loss_fraction", "", "share of the sent MW that is lost", 0.0, ge=0.0, lt=1.0),
            number("r", "p.u.", "series resistance, for losses by chords", 0.0, ge=0.0),
            loss_segments(),
            fixed_loss(),
        ),
        key=("link",),
    ),
    Table(
        "interfaces",
        "weighted sums of branch flows",
        (
            key("interface", "name of the interface"),
            key("branch", "branch whose flow counts"),
            number("weight", "", "factor on the branch flow; -1 = counted to -> from", 1.0),
        ),
        key=("interface", "branch"),
    ),
    Table(
        "interface_limits",
        "limits of the interfaces",
        (
            key("interface", "name of the interface"),
            mw("min_mw", "least flow; blank = no limit", signed=True),
            mw("max_mw", "largest flow; blank = no limit", signed=True),
        ),
        key=("interface",),
    ),
    Table(
        "contingencies",
        "outages to be secured against; rows of one name go out together",
        (
            key("contingency", "name of the contingency"),
            Column(
                "kind",
                "str",
                "",
                "what goes out",
                default="branch",
                key=True,
                isin=("branch", "unit"),
            ),
            key("element", "the branch or unit that goes out"),
        ),
        key=("contingency", "kind", "element"),
    ),
    Table(
        "hubs",
        "weighted averages of bus prices",
        (
            key("hub", "name of the hub"),
            key("bus", "bus that counts"),
            number("weight", "", "weight of the bus; scaled to sum 1 per hub", 1.0, ge=0.0),
        ),
        key=("hub", "bus"),
    ),
)

_SUPPLY = (
    Table(
        "owners",
        "who owns what; owners of one parent are affiliates and count as one",
        (
            key("owner", "name of the owner"),
            text("parent", "name of the parent; blank = stands alone"),
            date("valid_from", "first day of validity; blank = always", key=True),
            date("valid_to", "last day of validity; blank = open end"),
            mw("net_contract_mw", "contract position sold less bought", 0.0, signed=True),
        ),
        key=("owner", "valid_from"),
    ),
    Table(
        "units",
        "generating units",
        (
            key("unit", "name of the unit"),
            text("owner", "owner of the unit; blank = not known"),
            ref("bus", "bus where it injects"),
            text("technology", "technology, free text"),
            text("fuel", "fuel, free text"),
            mw("p_min", "least output while on", 0.0),
            mw("p_max", "largest output; blank = no limit but its offer", present=True),
            mw("ramp_up", "largest rise while on; blank = no limit", unit="MW/h"),
            mw("ramp_down", "largest fall while on; blank = no limit", unit="MW/h"),
            mw("startup_ramp", "largest output in the interval of a start; blank = no limit"),
            mw("shutdown_ramp", "largest output before a stop; blank = no limit"),
            number("min_up", "h", "least time on", 0.0, ge=0.0),
            number("min_down", "h", "least time off", 0.0, ge=0.0),
            number("initial_hours", "h", "hours on (+) or off (-) before the case; blank = free"),
            mw("initial_mw", "output just before the case; blank = not given"),
            flag("must_run", "must be on in every interval"),
            flag("quick_start", "can start within the interval (eligible in extended pricing)"),
            text("node", "price node at whose buses it injects, by weight; blank = its bus"),
        ),
        key=("unit",),
        required=True,
    ),
    Table(
        "offers",
        "energy offers in blocks; the first block starts at 0 MW, also where p_min > 0",
        (
            key("unit", "unit that offers"),
            stamp(),
            segment(),
            mw("mw", "width of the block", required=True),
            price("price of the block"),
        ),
        key=("unit", "interval_start", "segment"),
        required=True,
    ),
    Table(
        "commitment_offers",
        "no-load, start-up and shut-down offers",
        (
            key("unit", "unit that offers"),
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
            price("money per hour on (no_load) or per event (startup, shutdown)", unit="money"),
        ),
        key=("unit", "component", "after_hours_off"),
    ),
    Table(
        "availability",
        "the MW that a unit can reach; units without a column reach p_max",
        (WIDE_START,),
        key=("interval_start",),
        wide="unit",
        value=mw("mw", "MW that the unit can reach", required=True),
    ),
    Table(
        "must_run",
        "intervals in which a unit must be on; units without a column, and 0, leave it to `units`",
        (WIDE_START,),
        key=("interval_start",),
        wide="unit",
        value=number(
            "must_run",
            "",
            "1 = must be on, 0 = as `units` says",
            required=True,
            ge=0,
            le=1,
        ),
    ),
    Table(
        "self_schedules",
        "MW taken at any price; the unit is fixed at it, and on where it is above 0; at 0 MW it "
        "is off where p_min > 0, else off or on, as is cheaper",
        (WIDE_START,),
        key=("interval_start",),
        wide="unit",
        value=mw("mw", "MW at which the unit is fixed", required=True),
    ),
    Table(
        "storage",
        "storage units",
        (
            key("storage", "name of the storage unit"),
            text("owner", "owner; blank = not known"),
            ref("bus", "bus where it injects"),
            mw("charge_mw", "largest charging power", required=True),
            mw("discharge_mw", "largest discharging power", required=True),
            mw("energy_min", "least stored energy", 0.0, unit="MWh"),
            mw("energy_max", "largest stored energy", required=True, unit="MWh"),
            number("efficiency_in", "", "stored MWh per MWh charged", 1.0, gt=0.0, le=1.0),
            number("efficiency_out", "", "MWh delivered per stored MWh", 1.0, gt=0.0, le=1.0),
            mw("initial_mwh", "stored energy at the start; blank = energy_min", unit="MWh"),
            mw("final_mwh", "least stored energy at the end; blank = none", unit="MWh"),
            flag("cyclic", "ends as it began; where initial_mwh is blank, the level is decided"),
            number(
                "charge_price",
                "money/MWh",
                "bid for charging, beside what the stored energy earns later",
                0.0,
            ),
            number(
                "discharge_price",
                "money/MWh",
                "offer for discharging, beside what the stored energy is worth",
                0.0,
            ),
        ),
        key=("storage",),
    ),
    Table(
        "storage_offers",
        "prices of storage by interval, in place of those of `storage`",
        (
            key("storage", "storage unit"),
            stamp(),
            number("charge_price", "money/MWh", "bid for charging; blank = that of `storage`"),
            number(
                "discharge_price", "money/MWh", "offer for discharging; blank = that of `storage`"
            ),
        ),
        key=("storage", "interval_start"),
    ),
    Table(
        "energy_limits",
        "energy a unit may produce in a day (hydro and fuel-limited units)",
        (
            key("unit", "unit with the limit"),
            key("day", "day of the limit, in the case's timezone", "date"),
            mw("max_mwh", "largest energy", required=True, unit="MWh"),
        ),
        key=("unit", "day"),
    ),
)

_DEMAND = (
    Table(
        "loads",
        "loads",
        (
            key("load", "name of the load"),
            ref("bus", "bus where it withdraws"),
            text("owner", "owner; blank = not known"),
        ),
        key=("load",),
        required=True,
    ),
    Table(
        "demand",
        "MW that each load takes at any price; negative = it injects",
        (WIDE_START,),
        key=("interval_start",),
        wide="load",
        value=mw("mw", "MW that the load takes", required=True, signed=True),
        required=True,
    ),
    Table(
        "bids",
        "price-sensitive demand, on top of demand",
        (
            key("load", "load that bids"),
            stamp(),
            segment(),
            mw("mw", "width of the block", required=True),
            price("highest price paid for the block"),
        ),
        key=("load", "interval_start", "segment"),
    ),
    Table(
        "virtuals",
        "virtual offers and bids",
        (
            key("virtual", "name of the virtual"),
            text("owner", "owner; blank = not known"),
            Column(
                "kind",
                "str",
                "",
                "inc (supply), dec (demand) or utc (up to congestion)",
                required=True,
                isin=("inc", "dec", "utc"),
            ),
            ref("bus", "bus, hub or zone; for utc the source"),
            text("sink_bus", "sink of a utc: bus, hub or zone; blank otherwise"),
            stamp(),
            mw("mw", "size", required=True),
            price("offer or bid price; for utc the most paid for lmp(sink) - lmp(source)"),
        ),
        key=("virtual", "interval_start"),
    ),
)

CASE_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *(*_GRID, *_SUPPLY, *_DEMAND, *RESERVES, *CUSTOM, *NATIONAL),
        *(*REFERENCE, *REFERENCE_DATA, *CONTRACTS, *PUBLISHED, *PUBLISHED_RESERVES),
    )
}
