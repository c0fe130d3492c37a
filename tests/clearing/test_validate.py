"""The validator accepts right runs and finds every number that was changed.

The runs come from the bus-angle oracle, not from the engine.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.run import Run
from clearing.validation.validate import validate
from tests.fresh import FIXED
from tests.oracles.tables import run_of
from tests.strategies import FULL, Shape, random_case, shapes

Change = Callable[[pd.DataFrame], pd.DataFrame]


@cache
def whole_run() -> Run:
    """A run that has a row in every table: congestion before and after outages, ramps, slacks."""
    run = run_of(random_case(replace(FULL, tight=True), 7), security="n-1")
    assert validate(run).empty
    return run


def changed(table: str, change: Change) -> Run:
    run = copy.copy(whole_run())
    run.tables = {**run.tables, table: change(run.tables[table].copy())}
    return run


def add(column: str, amount: float, query: str = "") -> Change:
    """Add to one number: the first row that the query finds."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rows = frame.query(query) if query else frame
        assert len(rows), f"the run has no row with {query}"
        frame.loc[rows.index[0], column] += amount
        return frame

    return change


def put(column: str, value: object, query: str = "") -> Change:
    """Write another value into the last row that the query finds."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rows = frame.query(query) if query else frame
        assert len(rows), f"the run has no row with {query}"
        frame.loc[rows.index[-1], column] = value
        return frame

    return change


FREE = "mw > 1 and mw < available_mw - 1"
BRANCH = "contingency == '' and shadow_price > 0 and constraint.str.startswith('L')"
AFTER = "contingency != '' and shadow_price > 0"


@pytest.mark.parametrize(
    ("table", "change", "check"),
    [
        ("dispatch", add("mw", 0.5, FREE), "balance.energy"),
        ("dispatch", add("mw", 0.5, FREE), "network.flow"),
        ("dispatch", add("mw", 0.5, FREE), "money.cost"),
        ("dispatch", add("mw", 1000.0), "units.upper"),
        ("dispatch", add("mw", -1000.0), "units.lower"),
        ("dispatch", put("mw", 1.0), "units.self_schedule"),
        ("dispatch", add("mw", 1000.0, "unit == 'G2'"), "ramps.limit"),
        ("dispatch", add("available_mw", 1.0), "units.available"),
        ("dispatch", add("cost", 0.01), "money.cost"),
        ("dispatch", add("cost", 1.0), "money.objective"),
        ("dispatch", put("on", False), "units.on"),
        ("dispatch", put("bus", "B0"), "dispatch.identity"),
        ("dispatch", put("mw", np.nan), "dispatch.mw"),
        ("dispatch", lambda frame: frame.iloc[1:], "dispatch.rows"),
        ("dispatch", lambda frame: frame.iloc[[0, *range(len(frame))]], "dispatch.rows"),
        ("dispatch", put("unit", "nobody"), "dispatch.unknown"),
        ("load_awards", add("mw", 0.1), "balance.load"),
        ("load_awards", add("bid_mw", 0.1), "balance.energy"),
        ("load_awards", add("bid_mw", 500.0), "balance.bid"),
        ("load_awards", put("owner", "nobody"), "load_awards.identity"),
        ("link_flows", add("mw", 0.1), "balance.energy"),
        ("link_flows", add("mw", 500.0), "links.limit"),
        ("link_flows", add("loss_mw", 0.1), "links.loss"),
        ("flows", add("flow_mw", 0.1), "network.flow"),
        ("flows", add("rating_mw", 0.1, "rating_mw > 0"), "network.rating"),
        ("slacks", add("mw", 1.0, "kind == 'balance'"), "balance.energy"),
        ("slacks", add("mw", -0.1, "kind == 'branch'"), "network.branch"),
        ("slacks", add("mw", 0.1, "kind == 'branch'"), "network.branch_slack"),
        ("slacks", add("mw", -0.1, "kind == 'contingency'"), "security.limit"),
        ("slacks", add("mw", 0.1, "kind == 'contingency'"), "security.slack"),
        ("slacks", add("mw", -0.1, "kind == 'ramp'"), "ramps.limit"),
        ("slacks", add("mw", 0.1, "kind == 'ramp'"), "ramps.slack"),
        ("slacks", add("penalty", 1.0), "money.penalty_price"),
        ("slacks", add("cost", 0.1), "money.penalty"),
        ("constraints", put("kind", "wire"), "constraints.kind"),
        ("constraints", put("kind", "interface", BRANCH), "constraints.kind"),
        ("constraints", put("kind", "branch", AFTER), "constraints.kind"),
        ("constraints", put("kind", "ramp_down", "kind == 'ramp_up'"), "constraints.kind"),
        ("constraints", put("element", "L9", BRANCH), "constraints.kind"),
        ("constraints", put("element", "nobody", "kind == 'ramp_up'"), "constraints.kind"),
        ("slacks", put("kind", "", "kind == 'balance'"), "slacks.kind"),
        ("slacks", put("element", "7", "kind == 'balance'"), "balance.energy"),
        ("slacks", put("element", "nobody", "kind == 'ramp'"), "slacks.kind"),
        ("constraints", add("flow_mw", 0.1, BRANCH), "constraints.flow"),
        ("constraints", add("limit_mw", 0.1, BRANCH), "constraints.limit"),
        ("constraints", add("penalty_mw", 0.1, BRANCH), "constraints.penalty_mw"),
        ("constraints", add("shadow_price", 0.01, BRANCH), "prices.shadow_price"),
        ("constraints", add("shadow_price", 0.01, AFTER), "prices.shadow_price"),
        ("constraints", add("shadow_price", 5000.0, AFTER), "constraints.shadow_price"),
        ("constraints", add("shadow_price", 1.0, BRANCH), "rent.identity"),
        ("constraints", add("flow_mw", 0.1, AFTER), "constraints.flow"),
        ("constraints", add("limit_mw", 0.1, AFTER), "constraints.limit"),
        ("constraints", lambda frame: frame[frame["contingency"] == ""], "prices.shadow_price"),
        ("price_terms", add("shadow_price", 0.01, "abs(dfax) > 0.1"), "prices.terms"),
        ("price_terms", add("dfax", 0.01, "shadow_price > 1"), "prices.terms"),
        ("price_terms", add("dfax", 0.01, "shadow_price > 1"), "prices.dfax"),
        ("prices", add("lmp", 0.01), "prices.split"),
        ("prices", add("mec", 0.01), "prices.mec"),
        ("prices", add("mcc", 0.01), "prices.terms"),
        ("prices", add("mlc", 0.01), "prices.mlc"),
        ("prices", put("zone", "elsewhere"), "prices.identity"),
        ("prices", lambda frame: frame.assign(lmp=np.nan, unique=True), "prices.unique"),
        ("zone_prices", add("lmp", 0.01), "prices.zone"),
        ("prices", lambda frame: frame.iloc[:-1], "prices.rows"),
        ("offers_used", add("price", 0.01), "money.offers"),
        ("offers_used", add("mw", 0.01), "money.offers"),
        ("offers_used", lambda frame: frame.iloc[1:], "money.offers"),
    ],
)
def test_one_changed_number_is_found(table: str, change: Change, check: str) -> None:
    assert check in set(validate(changed(table, change))["check"])


def test_an_interface_beyond_its_limit_is_found() -> None:
    run = whole_run()
    limits = run.case.interface_limits.assign(min_mw=-0.01, max_mw=0.01)
    narrower = copy.copy(run)
    narrower.case = run.case.replace(interface_limits=limits)
    assert "network.interface" in set(validate(narrower)["check"])


def test_an_objective_that_is_not_the_sum_of_the_money_is_found() -> None:
    run = whole_run()
    manifest = {**run.manifest, "objective": run.objective + 1.0}
    other = Run(manifest, run.tables, run.case, run.rulebook)
    found = validate(other)
    assert found["check"].to_list() == ["money.objective"]
    assert found["excess"].to_list() == pytest.approx([1.0], abs=1e-5)
    assert found["interval_start"].isna().all()


@pytest.mark.parametrize("by", [0.01, -0.01])
def test_every_price_that_is_off_by_a_cent_is_found(by: float) -> None:
    """A unit inside a block pins its bus: lift all prices and somebody would rather move."""
    run = whole_run()
    prices = run.tables["prices"].assign(
        lmp=lambda frame: frame["lmp"] + by, mec=lambda frame: frame["mec"] + by
    )
    found = validate(changed("prices", lambda _: prices))
    assert {"prices.unit"} <= set(found["check"])
    assert set(found["interval_start"]) == set(run.case.interval_starts)


def test_a_bid_and_a_link_say_what_their_prices_are() -> None:
    """Without units at the margin, what binds prices are the bid and the link.

    Bus A has a free unit at 10 behind a link of 50 MW that loses 10 %, bus B a bid of 100 MW at
    40: the link is full, the bid is served with 45 MW and makes B's price 40.
    """
    run = bid_and_link_run()
    assert validate(run).empty
    price = run.prices.set_index("bus")["lmp"]
    assert (price["A"], price["B"]) == pytest.approx((10, 40))
    for bus, amount, check in (("B", 0.5, "prices.bid"), ("B", -31.0, "prices.link")):
        prices = run.tables["prices"].copy()
        prices.loc[prices["bus"] == bus, ["lmp", "mec"]] += amount
        other = copy.copy(run)
        other.tables = {**run.tables, "prices": prices}
        assert check in set(validate(other)["check"])


def bid_and_link_run() -> Run:
    from cases.case import Case

    start = pd.Timestamp("2030-01-01T00:00Z")
    tables = {
        "buses": pd.DataFrame({"bus": ["A", "B"]}),
        "links": pd.DataFrame(
            {
                "link": ["DC"],
                "from_bus": ["A"],
                "to_bus": ["B"],
                "max_mw": [50.0],
                "loss_fraction": [0.1],
            }
        ),
        "units": pd.DataFrame({"unit": ["G", "H"], "bus": ["A", "B"], "p_max": [500.0, 5.0]}),
        "offers": pd.DataFrame(
            {"unit": ["G", "H"], "segment": [1, 1], "mw": [500.0, 5.0], "price": [10.0, 90.0]}
        ),
        "loads": pd.DataFrame({"load": ["D"], "bus": ["B"]}),
        "demand": pd.DataFrame({"interval_start": [start], "D": [0.0]}),
        "bids": pd.DataFrame({"load": ["D"], "segment": [1], "mw": [100.0], "price": [40.0]}),
    }
    return run_of(Case.build({"name": "bid", "start": start.isoformat()}, tables))


@settings(max_examples=15, deadline=None, derandomize=FIXED)
@given(
    shapes(most_buses=9, most_intervals=3),
    st.integers(0, 10_000),
    st.sampled_from(["none", "n-1"]),
    st.sampled_from(["matpower", "series"]),
)
def test_right_runs_pass(shape: Shape, seed: int, security: str, convention: str) -> None:
    run = run_of(random_case(shape, seed), security=security, convention=convention)
    found = validate(run)
    assert found.empty, found.to_string()


def test_the_report_has_its_columns_when_all_is_well() -> None:
    report = validate(whole_run())
    expected = ["check", "subject", "interval_start", "value", "limit", "excess"]
    assert report.columns.to_list() == expected
    assert report.empty
