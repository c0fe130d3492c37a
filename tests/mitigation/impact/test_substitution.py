"""Offers and references at the same MW, component by component."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cases import Case, InputError, read_case
from mitigation.record.overrides import applied_to, read_overrides
from mitigation.references.substitution import (
    replaced_blocks,
    segment_levels,
    split_offers,
    substituted,
)


@pytest.fixture(scope="module")
def case() -> Case:
    return read_case("pjm5")


def table(case: Case, rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    stamps = [row.get("interval_start", pd.NaT) for row in rows]
    return frame.assign(interval_start=pd.array(stamps, dtype=case.interval_starts.dtype))


def levels(case: Case, *rows: dict[str, Any]) -> pd.DataFrame:
    blank = {"component": "energy", "segment": 1, "mw": np.nan, "after_hours_off": np.nan}
    return table(case, [{**blank, **row} for row in rows])


def curve(case: Case, unit: str, start: pd.Timestamp | None = None) -> list[tuple[float, float]]:
    offers = case.offers[case.offers["unit"] == unit]
    stamped = offers[offers["interval_start"] == start] if start is not None else offers.head(0)
    rows = stamped if len(stamped) else offers[offers["interval_start"].isna()]
    return list(rows.sort_values("segment")[["mw", "price"]].itertuples(index=False, name=None))


def test_a_block_is_cut_where_the_reference_steps(case: Case) -> None:
    """Solitude offers 520 MW at 30; the reference is 20 for 300 MW and 35 above: only 300 fall."""
    steps = levels(
        case,
        {"unit": "Solitude", "segment": 1, "mw": 300.0, "price": 20.0},
        {"unit": "Solitude", "segment": 2, "mw": 220.0, "price": 35.0},
    )
    at = case.interval_starts[3]
    key = table(case, [{"unit": "Solitude", "interval_start": at, "component": "energy"}])
    used = substituted(case, steps, key)
    assert curve(used, "Solitude", at) == [(300.0, 20.0), (220.0, 30.0)]
    assert curve(used, "Solitude") == curve(case, "Solitude"), "other intervals stay"
    blocks = replaced_blocks(case, used, key)
    assert blocks[["unit", "segment"]].to_numpy().tolist() == [["Solitude", 1]]
    case.replace(offers=used.offers)  # passes every check of a case


def test_a_dearer_reference_changes_and_cuts_nothing(case: Case) -> None:
    steps = levels(
        case,
        {"unit": "Solitude", "segment": 1, "mw": 100.0, "price": 31.0},
        {"unit": "Solitude", "segment": 2, "mw": 100.0, "price": 40.0},
    )
    key = table(case, [{"unit": "Solitude", "component": "energy"}])
    assert curve(substituted(case, steps, key), "Solitude", case.interval_starts[0]) == [
        (520.0, 30.0)
    ]


def test_cut_offers_have_the_blocks_of_every_substitution(case: Case) -> None:
    steps = levels(
        case,
        {"unit": "Solitude", "segment": 1, "mw": 300.0, "price": 20.0},
        {"unit": "Solitude", "segment": 2, "mw": 220.0, "price": 25.0},
    )
    key = table(case, [{"unit": "Solitude", "component": "energy"}])
    cut = split_offers(case, steps, key)
    at = case.interval_starts[0]
    assert curve(cut, "Solitude", at) == [(300.0, 30.0), (220.0, 30.0)]
    assert curve(substituted(cut, steps, key), "Solitude", at) == [(300.0, 20.0), (220.0, 25.0)]


def test_segments_that_passed_keep_their_offer(case: Case) -> None:
    """Blocks 20, 90, 95 against 10, 60, 60; only the third failed: 20, 60, 60 (never falling)."""
    offers = pd.concat(
        [
            case.offers[case.offers["unit"] != "Solitude"],
            table(
                case,
                [
                    {"unit": "Solitude", "segment": n, "mw": mw, "price": price}
                    for n, mw, price in ((1, 200.0, 20.0), (2, 200.0, 90.0), (3, 120.0, 95.0))
                ],
            ),
        ]
    )
    dear = case.replace(offers=offers)
    steps = levels(
        case,
        {"unit": "Solitude", "segment": 1, "mw": 200.0, "price": 10.0},
        {"unit": "Solitude", "segment": 2, "mw": 320.0, "price": 60.0},
    )
    at = case.interval_starts[0]
    failed = table(case, [{"unit": "Solitude", "interval_start": at, "segment": 3}])
    key = failed.assign(component="energy")[["unit", "interval_start", "component"]]
    used = substituted(dear, segment_levels(steps, dear, failed), key)
    assert curve(used, "Solitude", at) == [(200.0, 20.0), (200.0, 60.0), (120.0, 60.0)]


def test_commitment_costs_fall_tier_by_tier(case: Case) -> None:
    tiers = table(
        case,
        [
            {"unit": "Brighton", "component": "startup", "after_hours_off": h, "price": p}
            for h, p in ((0.0, 1000.0), (8.0, 5000.0), (24.0, 9000.0))
        ],
    ).drop(columns="interval_start")
    others = case.commitment_offers[case.commitment_offers["unit"] != "Brighton"]
    tiered = case.replace(commitment_offers=pd.concat([others, tiers], ignore_index=True))
    steps = levels(
        case,
        {"unit": "Brighton", "component": "startup", "after_hours_off": 0.0, "price": 1200.0},
        {"unit": "Brighton", "component": "startup", "after_hours_off": 12.0, "price": 3000.0},
    )
    key = table(case, [{"unit": "Brighton", "component": "startup"}])
    used = substituted(tiered, steps, key).commitment_offers
    own = used[used["unit"] == "Brighton"].set_index("after_hours_off")["price"]
    # After 0 and 8 hours off the first reference tier holds, after 24 the second.
    assert own.to_dict() == {0.0: 1000.0, 8.0: 1200.0, 24.0: 3000.0}
    rest = used[used["unit"] != "Brighton"]["price"].to_list()
    assert rest == others["price"].to_list()


def test_parameters_become_their_reference(case: Case) -> None:
    steps = levels(case, {"unit": "Brighton", "component": "param:min_up", "price": 2.0})
    key = table(case, [{"unit": "Brighton", "component": "param:min_up"}])
    units = substituted(case, steps, key).units.set_index("unit")["min_up"]
    assert units["Brighton"] == 2.0
    assert units.drop("Brighton").to_list() == (
        case.units.set_index("unit")["min_up"].drop("Brighton").to_list()
    )


def test_every_missing_reference_is_named_at_once(case: Case) -> None:
    steps = levels(case, {"unit": "Solitude", "price": 20.0}, {"unit": "Alta", "price": np.nan})
    key = table(
        case,
        [
            {"unit": "Solitude", "component": "energy"},
            {"unit": "Alta", "component": "energy"},
            {"unit": "Brighton", "component": "startup"},
        ],
    )
    with pytest.raises(InputError) as caught:
        substituted(case, steps, key)
    assert [failure.rule for failure in caught.value.failures] == ["no_reference"] * 2
    assert "Alta" in str(caught.value) and "Brighton" in str(caught.value)


def test_overrides_are_read_and_checked(case: Case, tmp_path: Any) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text(
        "unit,interval_start,component,action,author,reason\n"
        "Solitude,2024-07-16T17:00:00-04:00,energy,kept,J. Doe,outage of a gas line\n"
        "Alta,,,exempt,J. Doe,test unit\n"
    )
    rows = read_overrides(path, case)
    keys = table(
        case,
        [
            {"unit": "Solitude", "interval_start": case.interval_starts[17], "component": "energy"},
            {"unit": "Solitude", "interval_start": case.interval_starts[16], "component": "energy"},
            {"unit": "Alta", "component": "startup"},
        ],
    )
    assert applied_to(keys, rows).tolist() == [0, -1, 1]


def test_wrong_overrides_are_all_reported(case: Case, tmp_path: Any) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text(
        "unit,interval_start,component,action,author,reason\n"
        "Solitud,,energy,kept,J. Doe,why\n"
        "Alta,2024-07-17T17:00:00-04:00,energy,stopped,J. Doe,why\n"
        "Alta,,energy,kept,,\n"
    )
    with pytest.raises(InputError) as caught:
        read_overrides(path, case)
    found = {(failure.row, failure.column) for failure in caught.value.failures}
    assert found >= {
        (2, "unit"), (3, "interval_start"), (3, "action"), (4, "author"), (4, "reason")
    }  # fmt: skip
