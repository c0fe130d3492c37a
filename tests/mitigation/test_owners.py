"""Affiliates by parent and date, what-ifs on control, and bad input."""

from __future__ import annotations

import pandas as pd
import pytest

from cases.errors import InputError
from mitigation.structure.owners import Ownership, ownership
from mitigation.structure.what_if import cover, divest, merge_owners

DAYS = pd.DatetimeIndex(["2026-07-01", "2026-07-02"])
UNITS = pd.DataFrame({"unit": ["u1", "u2", "u3", "u4"], "owner": ["a", "b", "c", "d"]})


def owners(*rows: tuple[str, str, str | None, str | None, float]) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["owner", "parent", "valid_from", "valid_to", "net_contract_mw"]
    )
    dates = {name: pd.to_datetime(frame[name]) for name in ("valid_from", "valid_to")}
    return frame.assign(**dates)


def groups(held: Ownership, day: str) -> dict[str, str]:
    rows = held.shares[held.shares["day"] == pd.Timestamp(day)]
    return dict(zip(rows["unit"], rows["owner"], strict=True))


def test_affiliates_through_two_levels_count_as_one() -> None:
    held = ownership(
        UNITS,
        owners(
            ("a", "mid", None, None, 10.0),
            ("mid", "top", None, None, 5.0),
            ("b", "top", None, None, 20.0),
            ("c", "", None, None, 7.0),
        ),
        DAYS[:1],
    )
    assert groups(held, "2026-07-01") == {"u1": "top", "u2": "top", "u3": "c", "u4": "d"}
    contracts = held.contracts.set_index("owner")["net_contract_mw"]
    assert contracts.to_dict() == {"top": 35.0, "c": 7.0}


def test_a_sale_on_the_second_day() -> None:
    held = ownership(
        UNITS,
        owners(("a", "old", None, "2026-07-01", 0), ("a", "new", "2026-07-02", None, 0)),
        DAYS,
    )
    assert groups(held, "2026-07-01")["u1"] == "old"
    assert groups(held, "2026-07-02")["u1"] == "new"
    rows = pd.DataFrame(
        {
            "interval_start": pd.DatetimeIndex(
                ["2026-07-01 23:00", "2026-07-02 00:00"]
            ).tz_localize("America/New_York"),
            "unit": "u1",
            "mw": [50.0, 60.0],
        }
    )
    assert held.split(rows, "mw")["owner"].to_list() == ["old", "new"]


def test_every_bad_owner_is_named_at_once() -> None:
    units = UNITS.assign(owner=["a", "", "c", "d"])
    with pytest.raises(InputError) as caught:
        ownership(
            units,
            owners(
                ("a", "x", None, None, 0),
                ("a", "y", "2026-07-01", None, 0),
                ("c", "d", None, None, 0),
                ("d", "c", None, None, 0),
            ),
            DAYS[:1],
        )
    text = str(caught.value)
    assert "unit u2 has no owner" in text
    assert "owner a has two parents on 2026-07-01: 'x', 'y'" in text
    assert "form a ring" in text


def test_virtual_divestiture_splits_every_row_of_a_unit() -> None:
    held = divest(ownership(UNITS, owners(), DAYS[:1]), ["u1"], to="b", share=0.3)
    rows = pd.DataFrame(
        {
            "interval_start": pd.DatetimeIndex(["2026-07-01 10:00"] * 2).tz_localize("UTC"),
            "unit": ["u1", "u2"],
            "owner": ["a", "b"],
            "mw": [100.0, 40.0],
            "price": [10.0, 20.0],
        }
    )
    split = held.split(rows, "mw")
    assert split.groupby("owner")["mw"].sum().to_dict() == pytest.approx({"a": 70, "b": 70})
    assert split["price"].to_list() == [10.0, 10.0, 20.0] or sorted(split["price"]) == [10, 10, 20]


def test_merging_and_covering() -> None:
    held = ownership(UNITS, owners(("a", "", None, None, 10.0)), DAYS)
    merged = merge_owners(held, ["a", "b"], into="ab")
    assert merged.owners == ["ab", "c", "d"]
    covered = cover(merged, "ab", 15.0)
    at = pd.DataFrame({"interval_start": DAYS.tz_localize("UTC"), "owner": ["ab", "c"]})
    assert covered.contract_mw(at).tolist() == [25.0, 0.0]
    assert held.owners == ["a", "b", "c", "d"]  # the what-if changed nothing in place


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: merge_owners(held, ["a", "zz"], into="x"), "unknown owners: zz; known are a"),
        (lambda held: divest(held, ["u9"], to="a"), "unknown units: u9"),
        (lambda held: divest(held, ["u1"], to="a", share=1.5), "at most 1"),
        (lambda held: cover(held, "zz", 5.0), "unknown owners: zz"),
    ],
)
def test_what_ifs_about_nobody(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        change(ownership(UNITS, owners(), DAYS[:1]))
