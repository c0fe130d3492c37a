"""What a cleared reserve award is paid, with substitution and nested zones."""

from __future__ import annotations

from decimal import Decimal

import pytest

import clearing
from settlement import settle
from settlement.market.reserves import reserve_awards
from tests.clearing.reserve_days import reserve_day


def test_an_award_is_paid_for_every_requirement_that_it_serves() -> None:
    """Spin also serves nonspin; zone A needs 8 MW of the 30 MW of nonspin, and 5 MW of spin.

    The spin in A (at 9) counts for all three requirements, nonspin in A (at 5) for two, nonspin in
    B (at 1) for the whole case alone: 5 MW of spin, 3 of nonspin in A, 22 in B. Worth: whole case
    1; zone A's nonspin 5 - 1 = 4; spin 9 - 5 = 4. Paid: 5 x 9 + 3 x 5 + 22 x 1 = 82, which is also
    what each requirement is worth: 5 x 4 + 8 x 4 + 30 x 1.
    """
    units = {
        "A1": {"p_max": 100.0, "price": 20.0, "zone": "A", "owner": "a"},
        "A2": {"p_max": 100.0, "price": 20.0, "zone": "A", "owner": "b"},
        "B1": {"p_max": 100.0, "price": 20.0, "zone": "B", "owner": "c"},
    }
    products = {"spin": {"substitutes_for": "nonspin"}, "nonspin": {}}
    needs = [("nonspin", "", 30.0), ("nonspin", "A", 8.0), ("spin", "A", 5.0)]
    offers = [
        ("A1", "spin", 20.0, 9.0),
        ("A2", "nonspin", 20.0, 5.0),
        ("B1", "nonspin", 50.0, 1.0),
    ]
    run = clearing.clear(reserve_day(units, [50.0], products, needs, offers), commitment=False)
    paid = reserve_awards(run).set_index("subject")
    assert paid["mw"].to_dict() == pytest.approx({"A1": 5.0, "A2": 3.0, "B1": 22.0})
    assert paid["price"].to_dict() == pytest.approx({"A1": 9.0, "A2": 5.0, "B1": 1.0})
    rows = run.reserve_prices
    assert (rows["shadow_price"] * rows["requirement_mw"]).sum() == pytest.approx(82.0)
    statement = settle(run)
    got = [statement.total(owner, "reserve") for owner in ("a", "b", "c")]
    assert got == [Decimal(45), Decimal(15), Decimal(22)]
    assert statement.total() == 0
