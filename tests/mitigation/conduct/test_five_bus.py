"""The conduct side of cases E1 to E5 of reference/mitigation.md, section 9D."""

from __future__ import annotations

import pandas as pd
import pytest

from mitigation.conduct import conduct_tests as conduct_test
from mitigation.conduct import failing_components
from tests.mitigation.conduct.days import five_bus, levels, rules


@pytest.mark.parametrize(
    ("offers", "limit_kind", "failing"),
    [
        ({"Solitude": 125.0}, "increase", ["Solitude"]),  # E1
        ({"Solitude": 110.0}, "increase", []),  # E2
        ({"Solitude": 110.0}, "multiple", ["Solitude"]),  # E3
        ({"Sundance": 170.0}, "increase", ["Sundance"]),  # E4
        ({"Solitude": 140.0, "Sundance": 170.0}, "increase", ["Solitude", "Sundance"]),  # E5
        ({"Solitude": 120.0, "Sundance": 140.0}, "increase", []),  # both at their limits
        ({}, "increase", []),
    ],
)
def test_who_fails(offers: dict[str, float], limit_kind: str, failing: list[str]) -> None:
    case = five_bus(offers)
    tests = conduct_test(case, levels(), rules(conduct__energy__limit_kind=limit_kind))
    assert sorted(tests.loc[tests["result"] == "fail", "unit"]) == failing
    assert set(tests["result"]) <= {"pass", "fail"}
    assert failing_components(tests, case)["unit"].tolist() == failing


def test_a_row_carries_every_number_of_the_verdict() -> None:
    tests = conduct_test(five_bus({"Solitude": 125.0, "Sundance": 130.0}), levels(), rules())
    row = tests.set_index("unit").loc["Solitude"]
    assert row[["offered", "reference", "limit", "mw", "segment"]].tolist() == [
        125,
        30,
        120,
        520,
        1,
    ]
    assert (row["component"], row["result"], row["area"]) == ("energy", "fail", "")
    assert row["rule_id"] == "mitigation.conduct.energy"
    assert (row["owner"], row["reference_method"]) == ("Solitude Co", "negotiated")
    assert row["interval_end"] - row["interval_start"] == pd.Timedelta(hours=1)
    limits = tests.set_index("unit")["limit"]
    assert limits[["Solitude", "Sundance"]].tolist() == [120, 140]
    assert tests.loc[tests["near"], "unit"].tolist() == ["Sundance"]  # 130 of 140
