"""The tables of a run and of a settlement, declared once."""

from __future__ import annotations

from cases.columns import Column, Dtype, Table

__all__ = ["RUN_TABLES", "STATEMENT_TABLES"]


def _num(name: str, unit: str, description: str) -> Column:
    return Column(name, "float", unit, description)


def _str(name: str, description: str) -> Column:
    return Column(name, "str", "", description)


def _flag(name: str, description: str) -> Column:
    return Column(name, "bool", "", description, default=False)


def _int(name: str, description: str) -> Column:
    return Column(name, "int", "", description, default=0)


_PRICE = "money/MWh"
_START = Column("interval_start", "timestamp", "", "start of the interval")
_END = Column("interval_end", "timestamp", "", "end of the interval")
_CONSTRAINT = _str("constraint", "branch, interface or other limit, by its bare name")
_CONTINGENCY = _str("contingency", "contingency under which it holds; blank = base case")
_DIRECTION = _str("direction", "upper or lower: which limit is meant")
_SHADOW = _num("shadow_price", "money/MWh", "worth of one more MW of limit for an hour, >= 0")


def _table(name: str, description: str, key: tuple[str, ...], *columns: Column) -> Table:
    return Table(name, description, columns, key=key)


_MARKET = (
    _table(
        "prices",
        "locational marginal prices; lmp = mec + mcc + mlc",
        ("interval_start", "bus"),
        _START,
        _END,
        _str("bus", "bus"),
        _str("zone", "zone of the bus"),
        _num("lmp", _PRICE, "locational marginal price; NaN where it does not exist"),
        _num("mec", _PRICE, "energy component"),
        _num("mcc", _PRICE, "congestion component"),
        _num("mlc", _PRICE, "loss component"),
    ),
    _table(
        "zone_prices",
        "prices of zones (load-weighted) and hubs",
        ("interval_start", "kind", "point"),
        _START,
        _END,
        _str("point", "name of the zone or hub"),
        _str("kind", "zone or hub"),
        _num("lmp", _PRICE, "price"),
        _num("mec", _PRICE, "energy component"),
        _num("mcc", _PRICE, "congestion component"),
        _num("mlc", _PRICE, "loss component"),
    ),
    _table(
        "dispatch",
        "what each unit produces",
        ("interval_start", "unit"),
        _START,
        _END,
        _str("unit", "unit"),
        _str("owner", "owner of the unit"),
        _str("bus", "bus of the unit"),
        _num("mw", "MW", "output"),
        _num("available_mw", "MW", "output that it could reach"),
        _flag("on", "is on"),
        _flag("start", "starts"),
        _flag("stop", "stops"),
        _num("cost", "money", "offered energy, no-load, start-up and shut-down cost"),
    ),
    _table(
        "constraints",
        "limits that bind or are exceeded",
        ("interval_start", "constraint", "contingency", "direction"),
        _START,
        _END,
        _CONSTRAINT,
        _CONTINGENCY,
        _DIRECTION,
        _num("limit_mw", "MW", "limit"),
        _num("flow_mw", "MW", "flow"),
        _SHADOW,
        _num("penalty_mw", "MW", "MW by which the limit is exceeded at a penalty"),
    ),
    _table(
        "flows",
        "branch flows of the base case",
        ("interval_start", "branch"),
        _START,
        _str("branch", "branch"),
        _num("flow_mw", "MW", "flow, positive from -> to"),
        _num("rating_mw", "MW", "limit; NaN = none"),
    ),
    _table(
        "link_flows",
        "flows on controllable DC lines",
        ("interval_start", "link"),
        _START,
        _END,
        _str("link", "link"),
        _str("from_bus", "sending bus"),
        _str("to_bus", "receiving bus"),
        _num("mw", "MW", "flow sent, positive from -> to"),
        _num("loss_mw", "MW", "part that is lost on the way"),
    ),
    _table(
        "load_awards",
        "what each load takes",
        ("interval_start", "load"),
        _START,
        _END,
        _str("load", "load"),
        _str("owner", "owner of the load"),
        _str("bus", "bus of the load"),
        _num("mw", "MW", "withdrawal, bids included"),
        _num("bid_mw", "MW", "part that was bid for and accepted"),
    ),
    _table(
        "price_terms",
        "terms of mcc: mcc of a bus = sum of dfax * shadow_price",
        ("interval_start", "bus", "constraint", "contingency"),
        _START,
        _str("bus", "bus"),
        _CONSTRAINT,
        _CONTINGENCY,
        _num("dfax", "", "MW of relief per MW injected; positive relieves"),
        _SHADOW,
    ),
    _table(
        "marginal_units",
        "units, bids and others that could move by one MW: they set prices",
        ("interval_start", "unit"),
        _START,
        _str("unit", "name of the unit, load, link, virtual or slack"),
        _num("price", _PRICE, "its offer or bid price at the margin"),
        _str("kind", "unit, bid, link, virtual, storage or slack"),
    ),
    _table(
        "reserves",
        "reserve awards",
        ("interval_start", "unit", "product"),
        _START,
        _END,
        _str("unit", "unit"),
        _str("product", "product"),
        _num("mw", "MW", "award"),
    ),
    _table(
        "reserve_prices",
        "reserve prices",
        ("interval_start", "product", "zone"),
        _START,
        _END,
        _str("product", "product"),
        _str("zone", "zone; blank = whole case"),
        _num("price", "money/MW/h", "price"),
        _num("requirement_mw", "MW", "requirement"),
        _num("shortage_mw", "MW", "part that is short"),
    ),
    _table(
        "slacks",
        "limits that were exceeded at a penalty",
        ("interval_start", "kind", "constraint", "contingency", "direction"),
        _START,
        _END,
        _CONSTRAINT,
        _CONTINGENCY,
        _str("kind", "balance, branch, interface, contingency, ramp or reserve"),
        _DIRECTION,
        _num("mw", "MW", "MW short or over"),
        _num("penalty", _PRICE, "penalty price"),
        _num("cost", "money", "penalty paid in the objective"),
    ),
    _table(
        "virtual_awards",
        "accepted virtual offers and bids",
        ("interval_start", "virtual"),
        _START,
        _END,
        _str("virtual", "virtual"),
        _str("owner", "owner"),
        _str("kind", "inc, dec or utc"),
        _str("bus", "bus; for utc the source"),
        _str("sink_bus", "sink of a utc"),
        _num("mw", "MW", "accepted"),
        _num("price", _PRICE, "offer or bid price"),
    ),
    _table(
        "storage_schedule",
        "what each storage unit does",
        ("interval_start", "storage"),
        _START,
        _END,
        _str("storage", "storage unit"),
        _str("owner", "owner"),
        _str("bus", "bus"),
        _num("charge_mw", "MW", "charging"),
        _num("discharge_mw", "MW", "discharging"),
        _num("energy_mwh", "MWh", "stored at the end of the interval"),
    ),
    _table(
        "offers_used",
        "the offers that were cleared, in full",
        ("unit", "interval_start", "segment"),
        _str("unit", "unit"),
        _START,
        _int("segment", "block"),
        _num("mw", "MW", "width"),
        _num("price", _PRICE, "price"),
        _str("source", "submitted or reference"),
    ),
)


def _results(dtype: Dtype, **columns: str) -> tuple[Column, ...]:
    return tuple(Column(name, dtype, "", text) for name, text in columns.items())


_MITIGATION = (
    _table(
        "indices",
        "market-power indices",
        (),
        _START,
        _END,
        _str("index", "name of the index, such as hhi or rsi1"),
        _str("scope", "kind of subject: market, zone, owner, zone_owner, unit, constraint"),
        _str("subject", "who or what it is about"),
        _str("zone", "zone in which it is measured; blank = the whole market"),
        _CONSTRAINT,
        _CONTINGENCY,
        _num("value", "", "value; NaN where it does not exist"),
        _str("reason", "why there is no value"),
    ),
    _table(
        "tests_structure",
        "who was pivotal, by constraint and interval",
        (),
        _START,
        _END,
        _CONSTRAINT,
        _CONTINGENCY,
        _DIRECTION,
        _str("owner", "owner or parent"),
        _num("supply_mw", "MW", "its relevant supply of relief"),
        _num("total_supply_mw", "MW", "relevant supply of all"),
        _num("need_mw", "MW", "relief that is needed"),
        _num("relevant_price", _PRICE, "clearing price of relief; infinite where supply is short"),
        _num("shadow_price", "money/MWh", "shadow price of the constraint; NaN for a whole market"),
        *(_num(f"rsi{n}", "", f"residual supply index of {n} suppliers") for n in (1, 2, 3)),
        _flag("passed", "passed the test"),
        _str("rule_id", "test that was made: three_pivotal, competitive_path, system, ..."),
        _str("slack", "slack from which distribution factors are measured"),
        _str("base", "dispatch from which need and supply are measured"),
        _str("note", "what a reader must know about this row"),
    ),
    _table(
        "relief",
        "supply of relief that was tested, block by block",
        (),
        _START,
        _CONSTRAINT,
        _CONTINGENCY,
        _DIRECTION,
        _str("unit", "unit"),
        _str("owner", "owner or parent"),
        _int("segment", "block of the offer"),
        _num("price", _PRICE, "offer"),
        _num("mw", "MW", "MW that the block can add to the base"),
        _num("dfax", "", "MW of relief per MW injected"),
        _num("effective_mw", "MW", "relief: mw * dfax"),
        _num("effective_price", _PRICE, "price of relief: (price - energy price) / dfax"),
        _flag("relevant", "cheap enough for the screen"),
    ),
    _table(
        "tests_conduct",
        "offer against reference, by component and block",
        (),
        _START,
        _END,
        _str("unit", "unit"),
        _str("owner", "owner"),
        _str("component", "energy, no_load, startup, ..."),
        _int("segment", "block; 0 where there is none"),
        _num("mw", "MW", "MW of the comparison"),
        _num("offered", _PRICE, "offer"),
        _num("reference", _PRICE, "reference level"),
        _str("reference_method", "how the reference was made"),
        _num("limit", _PRICE, "highest offer that passes"),
        _str("result", "pass, fail or exempt"),
        _str("rule_id", "rule that was applied"),
    ),
    _table(
        "tests_impact",
        "effect on a price or a guarantee payment",
        (),
        _START,
        _END,
        _str("scope", "bus, zone, unit"),
        _str("subject", "which one"),
        _str("counterfactual", "which offers were replaced: joint, an owner, a unit"),
        _num("with_offer", _PRICE, "price or payment with the offers as submitted"),
        _num("with_reference", _PRICE, "price or payment with references"),
        _num("limit", _PRICE, "largest difference that passes"),
        _str("result", "pass or fail"),
        _str("rule_id", "rule that was applied"),
    ),
    _table(
        "decisions",
        "what was done with each component of each offer",
        ("decision_id",),
        *_results("str", decision_id="hash of the decision", run_id="run", parent_run="parent"),
        _str("unit", "unit"),
        _str("owner", "owner"),
        _START,
        _END,
        _str("component", "energy, no_load, startup, ..."),
        _str("action", "mitigated, kept or exempt"),
        _CONSTRAINT,
        _CONTINGENCY,
        _DIRECTION,
        _num("offered", _PRICE, "offer"),
        _num("reference", _PRICE, "reference level"),
        *_results(
            "str",
            reference_method="how the reference was made",
            reference_inputs_hash="hash of what went into the reference",
        ),
        _num("conduct_limit", _PRICE, "highest offer that passes"),
        _str("conduct_result", "pass, fail or exempt"),
        _num("need_mw", "MW", "relief that is needed"),
        _num("effective_supply_mw", "MW", "relevant supply of relief"),
        _num("relevant_price", _PRICE, "clearing price of relief"),
        _str("pivotal_group", "owners tested together"),
        *(_num(f"rsi{n}", "", f"residual supply index of {n} suppliers") for n in (1, 2, 3)),
        _str("tps_result", "pass or fail of the three-supplier test"),
        _num("lmp_with_offer", _PRICE, "price with the offer as submitted"),
        _num("lmp_with_reference", _PRICE, "price with the reference"),
        _num("impact_limit", _PRICE, "largest difference that passes"),
        _str("impact_result", "pass or fail"),
        _str("impact_scope", "counterfactual: unit alone, owner, or all failing together"),
        _num("offer_used", _PRICE, "offer after the decision"),
        _num("money_effect", "money", "change of what the unit is paid"),
        *_results(
            "str",
            rule_id="rule that decided",
            rulebook_hash="rulebook",
            override_by="who overrode it",
            override_reason="why",
        ),
    ),
)

RUN_TABLES: dict[str, Table] = {table.name: table for table in (*_MARKET, *_MITIGATION)}


def _money(name: str, unit: str, description: str) -> Column:
    return Column(name, "decimal", unit, description)


STATEMENT_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "statement",
            "statement lines; the amounts of a run sum to zero",
            ("line",),
            _str("line", "name of the line"),
            _str("owner", "owner, or the operator"),
            _str("subject", "unit, load, contract, right, ... that it is about"),
            _START,
            _str("item", "energy, congestion, losses, uplift, contract, ..."),
            _money("quantity", "", "quantity"),
            _money("price", "", "price"),
            _money("amount", "money", "money received; negative = paid"),
            _str("rule", "rule that gives the amount"),
        ),
        _table(
            "uplift",
            "guarantee payments by unit and commitment block",
            ("unit", "interval_start", "reason"),
            _str("unit", "unit"),
            _str("owner", "owner"),
            _START,
            _END,
            _money("cost", "money", "offered start-up, no-load and energy cost"),
            _money("revenue", "money", "energy and reserve revenue"),
            _money("amount", "money", "uplift, >= 0"),
            _str("reason", "economic, security or reserve"),
        ),
    )
}
