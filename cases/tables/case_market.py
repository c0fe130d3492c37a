"""The case tables of reserves, reference levels and contracts."""

from __future__ import annotations

from cases.tables.column_kinds import date, flag, key, mw, number, price, ref, segment, stamp, text
from cases.tables.columns import Column, Table

__all__ = ["CONTRACTS", "REFERENCE", "RESERVES"]

RESERVES = (
    Table(
        "reserve_products",
        "reserve products",
        (
            key("product", "name of the product"),
            text("direction", "up or down", "up", "down", default="up"),
            number("minutes", "min", "response time", 10.0, gt=0.0),
            text("substitutes_for", "lower product that this one also serves; blank = none"),
            flag("offline", "quick-start units that are off can give it (upward products)"),
        ),
        key=("product",),
    ),
    Table(
        "reserve_requirements",
        "reserve requirements: MW, or a rule",
        (
            key("product", "product required"),
            Column(
                "zone", "str", "", "zone of the buses; blank = whole case", default="", key=True
            ),
            stamp(),
            mw("mw", "MW required; blank where a rule is given"),
            text(
                "rule",
                "rule that gives the MW, blank where mw is given: load_share:0.03 (of the demand "
                "in the zone), largest_unit (largest output of a unit there; largest_unit:0.5 for "
                "half of it), MW, or several joined by +",
            ),
        ),
        key=("product", "zone", "interval_start"),
    ),
    Table(
        "reserve_demand",
        "demand curves for reserves: what blocks of MW short cost, the cheapest first; the dearest "
        "has no end; without a requirement, the MW of the curve are required",
        (
            key("product", "product required"),
            Column(
                "zone", "str", "", "zone of the buses; blank = whole case", default="", key=True
            ),
            segment(),
            mw("mw", "width of the block", required=True),
            price("price of the block", unit="money/MW/h"),
        ),
        key=("product", "zone", "segment"),
    ),
    Table(
        "reserve_offers",
        "reserve offers of units and loads, in blocks",
        (
            Column("unit", "str", "", "unit that offers; blank = a load", default="", key=True),
            key("product", "product offered"),
            stamp(),
            mw("mw", "MW offered: width of the block", required=True),
            price("price", unit="money/MW/h"),
            Column("load", "str", "", "load that offers; blank = a unit", default="", key=True),
            Column("segment", "int", "", "number of the block", default=1, key=True, ge=1),
            number(
                "share_of_output",
                "",
                "most of the block per MW of output, of a load per MW of accepted bids; blank = no "
                "tie",
                ge=0.0,
            ),
        ),
        key=("unit", "load", "product", "interval_start", "segment"),
    ),
)

REFERENCE = (
    Table(
        "costs",
        "cost curves in blocks, for cost-based reference levels",
        (
            key("unit", "unit"),
            segment(),
            mw("mw", "width of the block", required=True),
            number(
                "heat_rate",
                "fuel/MWh",
                "incremental fuel per MWh, in the units of fuel_prices",
                0.0,
                ge=0.0,
            ),
            text("fuel", "fuel burnt; blank = the unit's fuel"),
            number("emission_rate", "t/MWh", "emission per MWh", 0.0, ge=0.0),
            number("vom", "money/MWh", "variable operation and maintenance", 0.0),
        ),
        key=("unit", "segment"),
    ),
    Table(
        "fuel_prices",
        "fuel prices by day",
        (
            key("fuel", "fuel"),
            date("date", "first day of the price; blank = always", key=True),
            price("price", unit="money/fuel"),
        ),
        key=("fuel", "date"),
        on_grid=False,
    ),
    Table(
        "allowance_prices",
        "emission allowance prices by day",
        (
            date("date", "first day of the price; blank = always", key=True),
            price("price", unit="money/t"),
        ),
        key=("date",),
        on_grid=False,
    ),
    Table(
        "offer_history",
        "accepted offers of the look-back, for reference levels",
        (
            key("unit", "unit that offered"),
            key("interval_start", "start of the interval", "timestamp"),
            segment(),
            mw("mw", "width of the block", required=True),
            price("price of the block"),
            mw("accepted_mw", "MW of the block that were accepted; blank = all"),
            flag("mitigated", "the price had been replaced by a reference level"),
        ),
        key=("unit", "interval_start", "segment"),
        on_grid=False,
    ),
    Table(
        "price_history",
        "bus prices of the look-back, for reference levels",
        (
            key("bus", "bus"),
            key("interval_start", "start of the interval", "timestamp"),
            price("LMP"),
        ),
        key=("bus", "interval_start"),
        on_grid=False,
    ),
)

CONTRACTS = (
    Table(
        "contracts",
        "bilateral contracts",
        (
            key("contract", "name of the contract"),
            ref("buyer", "owner that buys"),
            ref("seller", "owner that sells"),
            text(
                "kind",
                "cfd, cap, floor or physical",
                "cfd",
                "cap",
                "floor",
                "physical",
                default="cfd",
            ),
            price("contract price", name="strike"),
            ref("point", "bus, hub or zone of the settlement price"),
            text("point_to", "second point: the price is that at point_to less that at point"),
            number(
                "premium",
                "money/MWh",
                "paid by the buyer on the curve's energy; of a floor by the seller",
                0.0,
            ),
            ref(
                "curve",
                "its curve: contract_curves or frozen_curves; needed to settle it",
            ),
            text("currency", "of strike and premium; blank = that of the case"),
            number("rate", "", "declared: money of the case for one of the contract's", gt=0.0),
            date("signed", "day of signing; blank = not known"),
            date("curve_fixed", "day on which the curve was fixed; blank = not known"),
        ),
        key=("contract",),
    ),
    Table(
        "contract_curves",
        "contract curves: rows of interval_start and mw, or one rule row",
        (
            key("curve", "name of the curve"),
            stamp("start of the interval; blank in a rule row"),
            mw("mw", "contract MW; blank in a rule row"),
            Column(
                "kind",
                "str",
                "",
                "rule: flat, block or typical_day; blank in rows by interval",
                default="",
                key=True,
                isin=("", "flat", "block", "typical_day"),
            ),
            mw("mwh", "energy of a rule row", unit="MWh"),
            Column("start", "date", "", "first day of a rule row", key=True),
            date("end", "last day of a rule row"),
            text("shape", "hours of a block (08:00-11:00 18:00-21:00) or weights of a day"),
        ),
        key=("curve", "interval_start", "kind", "start"),
        on_grid=False,
    ),
    Table(
        "frozen_curves",
        "contract curves as they were frozen at signing, by `counterflow contracts freeze`",
        (
            key("curve", "name of the curve"),
            Column(
                "version",
                "int",
                "",
                "1, and one more for each amendment",
                required=True,
                key=True,
                ge=1,
            ),
            date("fixed_on", "day on which this version was fixed", required=True),
            Column(
                "interval_start",
                "timestamp",
                "",
                "start of the interval",
                required=True,
                key=True,
            ),
            number("hours", "h", "length of the interval", required=True, gt=0.0),
            mw("mwh", "contract energy of the interval", required=True, unit="MWh"),
            text("source", "rule that it was made by; in the first row of a version"),
            text("rules", "rules of then, as JSON; in the first row of a version"),
            text("hash", "SHA-256 of the version; in its first row"),
        ),
        key=("curve", "version", "interval_start"),
        on_grid=False,
    ),
    Table(
        "futures",
        "futures trades",
        (
            key("trade", "name of the trade"),
            ref("owner", "owner that traded"),
            Column("side", "str", "", "buy or sell", required=True, isin=("buy", "sell")),
            Column("product", "str", "", "base, mid, peak, or a product file's", required=True),
            ref("month", "delivery: day, month, quarter or year, as 2016-10-05, 2016-10, 2016-Q4"),
            number("lots", "", "number of lots", required=True, ge=0.0),
            price("price"),
            Column("traded_at", "timestamp", "", "time of the trade; blank = not known"),
            text("override", "who: why, where it was accepted against a rule of trading"),
        ),
        key=("trade",),
        on_grid=False,
    ),
    Table(
        "settlement_prices",
        "daily settlement prices of futures: marks, and what price limits count from",
        (
            date("date", "trading day", key=True, required=True),
            Column("product", "str", "", "as in futures", required=True, key=True),
            Column("month", "str", "", "delivery, as in futures", required=True, key=True),
            price("price in the rulebook's quote"),
        ),
        key=("date", "product", "month"),
        on_grid=False,
    ),
    Table(
        "meter_readings",
        "metered energy of units and loads; the highest version of an interval counts",
        (
            Column("unit", "str", "", "unit; blank for a load", default="", key=True),
            Column("load", "str", "", "load; blank for a unit", default="", key=True),
            Column(
                "interval_start",
                "timestamp",
                "",
                "start of the interval",
                required=True,
                key=True,
            ),
            mw(
                "mwh",
                "produced by the unit, taken by the load",
                required=True,
                signed=True,
                unit="MWh",
            ),
            Column("version", "int", "", "version of the reading", default=1, key=True, ge=1),
        ),
        key=("unit", "load", "interval_start", "version"),
        on_grid=False,
    ),
    Table(
        "forward_prices",
        "forward prices that open contracts are valued at",
        (
            key("point", "bus, hub or zone, as contracts write it"),
            price("forward price"),
        ),
        key=("point",),
        on_grid=False,
    ),
    Table(
        "collateral",
        "what owners have deposited",
        (
            key("owner", "owner"),
            mw("amount", "collateral", required=True, unit="money"),
        ),
        key=("owner",),
        on_grid=False,
    ),
    Table(
        "participants",
        "register of participants: who may offer, trade and be paid, and since when",
        (
            key("owner", "owner, as other tables name it"),
            text("name", "full name"),
            text("kind", "generator, retailer, user, trader, ..."),
            text(
                "status", "active, suspended, left", "active", "suspended", "left", default="active"
            ),
            date("since", "first day; blank = always"),
            date("until", "last day; blank = open"),
        ),
        key=("owner",),
        on_grid=False,
    ),
    Table(
        "rights",
        "financial transmission rights",
        (
            key("right", "name of the right"),
            ref("owner", "owner"),
            text("kind", "obligation or option", "obligation", "option", default="obligation"),
            ref("source", "bus, hub or zone where it starts"),
            ref("sink", "bus, hub or zone where it ends"),
            mw("mw", "size", required=True),
            Column("start", "timestamp", "", "first interval covered; blank = from the beginning"),
            Column("end", "timestamp", "", "first interval no longer covered; blank = to the end"),
            number("price", "money/MW", "price paid for the right", 0.0),
        ),
        key=("right",),
        on_grid=False,
    ),
)
