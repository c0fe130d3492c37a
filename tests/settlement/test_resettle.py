"""Resettlement: versions, differences, who pays whom."""

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import InputError
from cases.run import Run
from settlement import settle
from settlement.resettle import _payments, resettle, versions
from tests.settlement.markets import case_of, five_bus, run_of


def market(price: float, mw: float = 100.0, **meta: str) -> Run:
    case = case_of(
        ["P"],
        {"G": ("g", "P", 200.0, 20.0), "H": ("h", "P", 200.0, 90.0)},
        {"L": ("l", "P", [120.0]), "M": ("m", "P", [30.0])},
        **meta,
    )
    return run_of(case, {"P": [price]}, {"G": [mw], "H": [150.0 - mw]})


def test_a_mitigated_rerun_pays_loads_back() -> None:
    # H offered 150 and set the price; mitigated to 90. 100 MW of G and 50 MW of H lose 60 each.
    parent, rerun = settle(market(150.0)), settle(market(90.0), version="rerun")
    result = resettle(parent, rerun)
    change = result.owners.set_index("owner")["difference"]
    assert change.to_dict() == {"g": -6000, "h": -3000, "l": 7200, "m": 1800}
    assert sum(result.lines["difference"]) == 0
    payments = {
        (r["payer"], r["receiver"]): r["amount"] for r in result.payments.to_dict("records")
    }
    # In proportion: l gets 80 % of every payment.
    assert payments == {
        ("g", "l"): 4800, ("g", "m"): 1200, ("h", "l"): 2400, ("h", "m"): 600,
    }  # fmt: skip


def test_a_change_of_dispatch_is_part_of_it() -> None:
    result = resettle(settle(market(150.0, 100.0)), settle(market(90.0, 110.0)))
    change = result.owners.set_index("owner")
    assert change.loc["g", "difference"] == 110 * 90 - 100 * 150
    assert change.loc["h", "difference"] == 40 * 90 - 50 * 150
    assert change.loc["h", "energy"] == change.loc["h", "difference"]


def test_nothing_changes_between_equal_statements() -> None:
    result = resettle(settle(market(50.0)), settle(market(50.0)))
    assert result.lines.empty
    assert result.payments.empty
    assert (result.owners["difference"] == 0).all()


def test_versions_side_by_side() -> None:
    statements = [
        settle(market(price), version=name)
        for price, name in ((150.0, "initial"), (140.0, "final"), (90.0, "rerun"))
    ]
    table = versions(statements).set_index("owner")
    assert list(table.columns) == [
        "initial",
        "final",
        "rerun",
        "initial to final",
        "final to rerun",
    ]
    # H sells 50 MW; an offer of 90 is covered in every version.
    assert table.loc["h"].tolist() == [7500, 7000, 4500, -500, -2500]
    assert table["final to rerun"].sum() == 0
    with pytest.raises(InputError, match="a version is there twice"):
        versions([statements[0], statements[0]])


def test_statements_of_different_cases_are_refused() -> None:
    with pytest.raises(InputError, match="differ in currency"):
        resettle(settle(market(50.0)), settle(five_bus()))


def test_two_days_are_not_compared_though_they_have_one_name() -> None:
    first, second = market(150.0), market(150.0, start="2024-03-06T00:00:00+00:00")
    with pytest.raises(InputError, match=r"first interval: 2024-03-05T00:00.* and 2024-03-06"):
        resettle(settle(first), settle(second))


def test_a_mitigated_day_is_compared_though_its_name_differs() -> None:
    result = resettle(settle(market(150.0)), settle(market(90.0, name="mitigated")))
    assert result.owners.set_index("owner").loc["l", "difference"] == 7200


changes = st.lists(st.decimals(-100_000, 100_000, places=2), min_size=1, max_size=7)


@settings(max_examples=40, deadline=None)
@given(changes)
def test_payments_sum_to_every_change_exactly(differences: list[Decimal]) -> None:
    differences.append(-sum(differences, Decimal(0)))
    owners = pd.DataFrame(
        {"owner": [f"o{k}" for k in range(len(differences))], "difference": differences}
    )
    payments = _payments(owners)
    for owner, difference in zip(owners["owner"], differences, strict=True):
        received = sum(payments[payments["receiver"] == owner]["amount"], Decimal(0))
        paid = sum(payments[payments["payer"] == owner]["amount"], Decimal(0))
        assert received - paid == difference
