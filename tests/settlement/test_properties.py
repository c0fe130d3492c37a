"""Statements of random grids and days, cleared by the independent oracle."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from cases import Case, NoClearing
from cases.run import Run
from clearing import clear
from network import Grid
from settlement import settle
from settlement.market.positions import positions
from settlement.market.rent import congestion_rent
from settlement.rights import auction_rights, simultaneous_feasibility
from settlement.rights.funding import right_targets
from settlement.rights.limits import Security
from tests.oracles.tables import run_of
from tests.strategies import FULL, market_days, random_case

SMALL = {"buses": 5, "intervals": 1}
# Shrinking would clear hundreds of markets; a failing example is small already.
SLOW = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")


@SLOW
@given(market_days())
def test_statement_and_surplus_sum_to_zero(case: Case) -> None:
    run = run_of(case)
    statement = settle(run)
    assert sum(statement.lines["amount"]) == 0
    assert sum(statement.balance["total"]) == 0
    assert (statement.balance.drop(columns=["owner", "total"]).sum(axis=1)
            == statement.balance["total"]).all()  # fmt: skip
    money = statement.reconciliation
    left = money["load_payment"] - money["generation_revenue"] - money["congestion_rent"]
    left -= money["link_rent"] + money["loss_surplus"] + money["unserved_energy"]
    assert (left == money["rounding"]).all()


@SLOW
@given(market_days(**SMALL, shifters=True, tight=True, interface=True))
def test_rent_is_shadow_price_times_limit_less_shift_flow(case: Case) -> None:
    # DESIGN section 11: sum of shadow price x (limit - flow that the shifts cause at zero
    # injection); where slack was used, the flow instead of the limit.
    run = run_of(case)
    check_rent_identity(run, lambda grid, name, contingency: shift_flow(grid, name))


def shift_flow(grid: Grid, name: str) -> float:
    if name in grid.interfaces:
        return float(grid.interfaces[name].flow(grid.shift_flow))
    return float(grid.shift_flow[grid.branch_positions([name])[0]])


def check_rent_identity(run: Run, shift: object) -> None:
    grid = Grid.from_case(run.case)
    rent = congestion_rent(positions(run, "operator"), run)
    rows = run.constraints
    rows = rows[(rows["shadow_price"] > 0) & ~rows["constraint"].str.startswith("ramp")]
    hours = run.case.interval_hours
    expected: dict[object, float] = {}
    for row in rows.to_dict("records"):
        sign = 1.0 if row["flow_mw"] >= row["limit_mw"] - 1e-6 and row["direction"] in (
            "up", "upper") else -1.0  # fmt: skip
        used = row["flow_mw"] - shift(grid, row["constraint"], row["contingency"])  # type: ignore[operator]
        key = (row["interval_start"], row["constraint"], row["contingency"])
        expected[key] = expected.get(key, 0.0) + sign * row["shadow_price"] * used * hours
    found = {
        (r["interval_start"], r["constraint"], r["contingency"]): r["rent"]
        for r in rent.to_dict("records")
    }
    for key in expected.keys() | found.keys():
        assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=0.005, rel=1e-6)


@pytest.mark.parametrize("scarce", [False, True])
def test_runs_of_the_engine_close_too(scarce: bool) -> None:
    run = clear(random_case(replace(FULL, scarce=scarce), 1), commitment=False)
    statement = settle(run)
    assert statement.total() == 0
    assert max(abs(statement.reconciliation["rounding"])) < Decimal("0.10")


def auction_of(bids: pd.DataFrame, case: Case, security: Security) -> pd.DataFrame:
    """Rights that a random grid can carry; none where its phase shifters alone exceed a limit."""
    assume(len(bids))
    try:
        auction = auction_rights(bids, case, security=security)
    except NoClearing as error:
        assert "phase shifters" in str(error)
        assume(False)
    return bids.assign(mw=auction.awards["mw"])


def drawn_rights(case: Case, seed: int, count: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    grid = Grid.from_case(case)
    rows = []
    for k in range(count):
        source = int(rng.integers(len(grid.buses)))
        others = np.flatnonzero(
            (grid.islands == grid.islands[source]) & (np.arange(len(grid.buses)) != source)
        )
        if len(others):
            rows.append(
                (f"R{k}", f"h{k}", ["obligation", "option"][int(rng.integers(2))],
                 str(grid.buses[source]), str(grid.buses[int(rng.choice(others))]),
                 float(rng.uniform(1, 500)), float(rng.uniform(1, 50)))
            )  # fmt: skip
    return pd.DataFrame(
        rows, columns=["right", "owner", "kind", "source", "sink", "mw", "price"]
    ).astype({"mw": float, "price": float})


@SLOW
@given(market_days(**SMALL), st.integers(0, 10_000))
def test_feasible_rights_are_fully_funded(case: Case, seed: int) -> None:
    bids = drawn_rights(case, seed)
    rights = auction_of(bids, case, "none")
    assert simultaneous_feasibility(rights, case).feasible
    run = run_of(case)
    statement = settle(run, rights=rights)
    assert statement.total(item="right_shortfall") == 0
    rent = statement.total(item="congestion_rent")
    target = right_targets(rights.assign(start=pd.NaT, end=pd.NaT), run)
    owed = float((target["quantity"] * target["price"]).sum())
    assert owed <= float(rent) + 1e-4 * (1 + abs(owed)) + 0.02
    assert statement.total() == 0


@SLOW
@given(market_days(**SMALL, shifters=True, listed_outages=True, tight=True), st.integers(0, 10_000))
def test_rights_tested_with_outages_are_funded_in_a_secure_market(case: Case, seed: int) -> None:
    bids = drawn_rights(case, seed)
    rights = auction_of(bids, case, "n-1")
    run = run_of(case, security="n-1")
    statement = settle(run, rights=rights)
    assert statement.total(item="right_shortfall") >= Decimal("-0.10")
    assert statement.total() == 0


@SLOW
@given(market_days(**SMALL), st.integers(0, 10_000))
def test_contracts_move_money_and_change_no_sum(case: Case, seed: int) -> None:
    run = run_of(case)
    rng = np.random.default_rng(seed)
    buses = run.case.buses["bus"].tolist()
    starts = run.case.interval_starts
    contracts = pd.DataFrame(
        {
            "contract": [f"C{k}" for k in range(4)],
            "buyer": "buyer", "seller": [f"s{k}" for k in range(4)],
            "kind": ["cfd", "cap", "floor", "physical"],
            "strike": rng.uniform(0, 100, 4).round(2),
            "point": rng.choice([*buses, "Z0"], 4),
            "curve": "q",
        }
    )  # fmt: skip
    curves = pd.DataFrame(
        {"curve": "q", "interval_start": [s.isoformat() for s in starts],
         "mw": rng.uniform(0, 100, len(starts)).round(3)}
    )  # fmt: skip
    plain = settle(run)
    both = []
    for method in ("spot_plus_difference", "contract_plus_deviation"):
        rules = run.rulebook.with_settings({"settlement.contracts.lines": method})
        other = Run({}, run.tables, run.case, rules)
        statement = settle(other, contracts=contracts, contract_curves=curves)
        assert statement.total() == 0
        assert statement.total("operator") == plain.total("operator")
        both.append(statement)
    for owner in ("buyer", "s0", "s1", "s2", "s3"):
        totals = [s.total(owner) if owner in set(s.lines["owner"]) else Decimal(0) for s in both]
        # The two algorithms round one or two products per interval.
        assert abs(totals[0] - totals[1]) <= Decimal("0.01") * 2 * len(starts)
