"""The case tables of national markets: price nodes, risks, shared reserves, published prices."""

from __future__ import annotations

from cases.tables.column_kinds import flag, key, mw, number, price, stamp, text
from cases.tables.columns import Column, Table

__all__ = ["NATIONAL", "PUBLISHED", "RISK_KINDS"]

RISK_KINDS = ("unit", "load", "reserve", "branch", "link", "storage")
"""What a term of a risk may speak of."""

_ZONE = Column("zone", "str", "", "zone of the buses; blank = whole case", default="", key=True)
_WHEN = Column("interval_start", "timestamp", "", "start of the interval", required=True, key=True)

NATIONAL = (
    Table(
        "price_nodes",
        "places that are priced beside buses: weighted means of bus prices",
        (
            key("node", "name of the price node"),
            key("bus", "bus that counts"),
            number("weight", "", "weight of the bus; scaled to sum 1 per node", 1.0, ge=0.0),
        ),
        key=("node", "bus"),
    ),
    Table(
        "branch_ratings",
        "ratings and service of one interval in place of those in branches (sequential clearing)",
        (
            _WHEN,
            key("branch", "branch"),
            mw("rating_mw", "limit in normal operation; blank = no limit"),
            mw("rating_reverse_mw", "limit of flow to -> from; blank = rating_mw"),
            flag("in_service", "takes part in the grid in the interval", True),
        ),
        key=("interval_start", "branch"),
    ),
    Table(
        "risks",
        "what the reserves of a product in a zone must cover, whichever is largest: factor * (sum "
        "of the risk's terms + offset_mw)",
        (
            key("risk", "name of the risk"),
            key("product", "upward product that covers it"),
            _ZONE,
            stamp(),
            number("factor", "", "factor on the risk", 1.0, ge=0.0),
            mw("offset_mw", "added to the terms before the factor", 0.0, signed=True),
            flag("shared", "reserve that is received over a link counts", True),
            number(
                "penalty",
                "money/MW/h",
                "price of what is not covered; blank = the demand curve of product and zone",
                ge=0.0,
            ),
            text("setter", "unit, group, link, manual or any other word for what it is"),
        ),
        key=("risk", "product", "zone", "interval_start"),
    ),
    Table(
        "risk_terms",
        "the terms of risks: coefficient * MW of an element in the same interval",
        (
            key("risk", "risk that the term belongs to"),
            Column(
                "kind",
                "str",
                "",
                "unit (output), load (demand and accepted bids), reserve (awards of a unit or load "
                "in the risk's own product), branch (flow, from -> to), link (MW received at "
                "to_bus less MW received at from_bus) or storage (discharge less charge)",
                required=True,
                key=True,
                isin=RISK_KINDS,
            ),
            key("element", "name of the unit, load, branch, link or storage"),
            number("coefficient", "", "factor of the MW; negative is allowed", 1.0),
        ),
        key=("risk", "kind", "element"),
    ),
    Table(
        "reserve_sharing",
        "reserve that one zone may give to another over the links between them",
        (
            key("product", "upward product that is shared"),
            key("from_zone", "zone that gives"),
            key("to_zone", "zone that receives"),
            stamp(),
            mw("max_mw", "most that is sent; blank = no limit"),
            mw("capacity_mw", "most of flow and reserve sent together; blank = the links' own"),
            mw("keep_mw", "flow that reserve against the flow must leave", 0.0),
            mw("extra_mw", "sent beside awards, at no offer (frequency keeping)", 0.0),
            number("effectiveness", "", "share of what arrives that counts", 1.0, ge=0.0, le=1.0),
        ),
        key=("product", "from_zone", "to_zone", "interval_start"),
    ),
)

PUBLISHED = (
    Table(
        "published_reserve_prices",
        "reserve prices that the market's operator published, to compare with",
        (
            _WHEN,
            key("product", "product"),
            _ZONE,
            price("price", unit="money/MW/h"),
        ),
        key=("interval_start", "product", "zone"),
        on_grid=False,
    ),
)
