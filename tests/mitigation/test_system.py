"""System-wide pivotal tests and FERC's annual screens by hand tables."""

from __future__ import annotations

import pandas as pd
import pytest

from cases.errors import InputError
from cases.rulebook.structure import FercRules
from mitigation.report.ferc_screens import (
    annual_screens,
    delivered_price_test,
    market_share_screen,
    pivotal_supplier_screen,
)
from mitigation.structure.owners import owners_of
from mitigation.structure.run import structure_tests
from mitigation.structure.system_margin import supply_margin
from mitigation.structure.what_if import cover
from tests.mitigation.markets import cleared, five_bus

FERC = FercRules()


def test_supply_margin_by_hand() -> None:
    """1100 MW against 900: the margin of 200 MW is more than d holds and just what c holds."""
    available = pd.DataFrame({"owner": list("abcd"), "available_mw": [500.0, 300, 200, 100]})
    found = supply_margin(available, 900).set_index("owner")
    assert found["margin_mw"].to_list() == [200] * 4
    assert found["pivotal"].to_dict() == {"a": True, "b": True, "c": False, "d": False}


def rows(run, rule: str, **options: object) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    result = structure_tests(run, model=run.model, **options)  # type: ignore[arg-type]
    return result.verdicts[result.verdicts["rule_id"] == rule].set_index("owner")


def test_margin_of_a_run_gross_and_net() -> None:
    """A1: 1530 MW, load 1000: margin 530. Brighton's 600 MW are pivotal, Solitude's 520 are not."""
    run = cleared(
        five_bus("A1", reference="E"), **{"mitigation.structure.tests": ["system_margin"]}
    )
    gross = rows(run, "system_margin")
    assert gross["passed"].to_dict() == {"east": True, "north": True, "south": True, "west": False}
    assert set(gross["note"]) == {"margin 530.0 MW"}
    assert gross.loc["west", "rsi1"] == pytest.approx(930 / 1000)
    owners = cover(owners_of(run), "west", 70)
    assert rows(run, "system_margin_net", owners=owners)["passed"].all()
    tight = cover(owners_of(run), "west", 69)
    assert not rows(run, "system_margin_net", owners=tight).loc["west", "passed"]


def test_system_wide_three_supplier_test_by_hand() -> None:
    """A1, load 1000: Brighton 600 @10, Alta 40 @14, Park City 170 @15, Solitude 520 @30 marginal.

    Up to 45 everything counts: 1530 MW; without west, south and north 1530 - 1330 = 200.
    """
    run = cleared(five_bus("A1", reference="E"))
    found = rows(run, "system")
    assert found["relevant_price"].to_list() == [30] * 4
    assert found["total_supply_mw"].to_list() == [1530] * 4
    assert found["rsi3"].to_dict() == pytest.approx(
        {"east": (1530 - 200 - 1120) / 1000, "north": 0.2, "south": 0.2, "west": 0.2}
    )
    assert not found["passed"].any()


def test_market_share_screen() -> None:
    capacity = pd.DataFrame(
        {
            "season": ["summer"] * 3 + ["winter"] * 3,
            "owner": list("abc") * 2,
            "uncommitted_mw": [200.0, 500, 300, 199, 501, 300],
        }
    )
    found = market_share_screen(capacity, FERC).set_index(["season", "owner"])
    assert not found.loc[("summer", "a"), "passed"]  # exactly 20 %
    assert found.loc[("winter", "a"), "passed"]
    assert found.loc[("winter", "b"), "share"] == pytest.approx(0.501)


def test_pivotal_supplier_screen() -> None:
    """1000 MW uncommitted, 700 MW of wholesale load: 300 MW are left; who has 300 is pivotal."""
    capacity = pd.DataFrame({"owner": list("abc"), "uncommitted_mw": [500.0, 300, 200]})
    found = pivotal_supplier_screen(capacity, 700).set_index("owner")
    assert found["net_supply_mw"].to_list() == [300] * 3
    assert found["passed"].to_dict() == {"a": False, "b": False, "c": True}


def test_delivered_price_test() -> None:
    """At 40 the bound is 42: of d's supply at 42.01 nothing counts."""
    supply = pd.DataFrame(
        {
            "period": "peak",
            "owner": ["a", "b", "c", "d", "e", "f", "g"],
            "cost": [10.0, 20, 42, 42.01, 30, 30, 30],
            "mw": [19.0, 19, 19, 500, 19, 19, 5],
        }
    )
    found = delivered_price_test(
        supply, pd.DataFrame({"period": ["peak"], "price": [40.0]}), FERC
    ).set_index("owner")
    assert "d" not in found.index
    assert found.loc["a", "share"] == pytest.approx(0.19)
    assert found["hhi"].iloc[0] == pytest.approx(5 * 19**2 + 25)
    assert found["passed"].all()
    two = delivered_price_test(
        supply[supply["owner"].isin(["a", "b"])],
        pd.DataFrame({"period": ["peak"], "price": [40.0]}),
        FERC,
    )
    assert two["hhi"].to_list() == pytest.approx([5000] * 2)
    assert not two["passed"].any()


def test_annual_screens_over_cleared_days() -> None:
    """The peak of the second day counts: 1000 MW x 1.05 against 1530 MW."""
    runs = [cleared(five_bus("A1", load_factors=f)) for f in ((0.9, 1.0), (1.05, 0.8))]
    owners = [cover(owners_of(run), "west", 450) for run in runs]
    share, pivotal = annual_screens(zip(runs, owners, strict=True), FERC)
    assert set(share["season"]) == {"summer"}
    assert share.set_index("owner")["uncommitted_mw"].to_dict() == {
        "east": 200,
        "north": 210,
        "south": 520,
        "west": 150,
    }
    assert share.set_index("owner")["passed"].to_dict() == {
        "east": True,
        "north": True,
        "south": False,
        "west": True,
    }
    # 1080 MW uncommitted; wholesale load 1050 - 450 = 600; 480 MW are left.
    assert pivotal["net_supply_mw"].to_list() == pytest.approx([480] * 4)
    assert pivotal.set_index("owner")["passed"].to_dict() == {
        "east": True,
        "north": True,
        "south": False,
        "west": True,
    }
    with pytest.raises(InputError, match="at least one run"):
        annual_screens([], FERC)
