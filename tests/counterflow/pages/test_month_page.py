"""The page of many days: sums over days by hand, and the days of a study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import counterflow as cf
from cases import InputError, Run
from counterflow.pages import Day, days_of, page_html, page_of
from counterflow.pages.month import month_page
from counterflow.pages.panels.month import day_table, month_decisions, owner_hours
from tests.counterflow.five_bus import LMP, LOAD, five_bus_case, five_bus_tables, make_run

PRICE = sum(LMP[bus] * mw for bus, mw in LOAD.items()) / sum(LOAD.values())


def day_of(date: str, raised: float = 0.0, owner: str = "Canyon", rsi: float = 0.9) -> Run:
    """Two hours at the published prices plus ``raised``, an owner tested in the first of them."""
    case = five_bus_case(start=f"{date}T00:00:00-05:00", intervals=2)
    tables = five_bus_tables(case)
    prices = tables["prices"]
    tables["prices"] = prices.assign(lmp=prices["lmp"] + raised, mec=prices["mec"] + raised)
    start, end = case.interval_starts[0], case.interval_ends[0]
    tables["tests_structure"] = pd.DataFrame(
        {
            "interval_start": [start],
            "interval_end": [end],
            "constraint": "D-E",
            "contingency": "",
            "direction": "lower",
            "owner": owner,
            "need_mw": 10.0,
            "rsi1": rsi,
            "rsi3": rsi / 2,
            "passed": False,
            "rule_id": "three_pivotal",
        }
    )
    return make_run(case, tables)


@pytest.fixture(scope="module")
def days() -> list[Day]:
    return days_of(
        [day_of("2024-03-06", 10.0), day_of("2024-03-05"), day_of("2024-03-07", rsi=1.2)]
    )


def test_days_are_in_order_and_their_prices_by_hand(days: list[Day]) -> None:
    table = day_table(days)
    assert table["day"].tolist() == ["2024-03-05", "2024-03-06", "2024-03-07"]
    assert table["price_after"].tolist() == pytest.approx([PRICE, PRICE + 10.0, PRICE])
    assert table["load_payment_after"].iloc[1] == pytest.approx(2 * 1000.0 * (PRICE + 10.0))
    assert "price_before" not in table


def test_hours_in_which_an_owner_alone_was_pivotal(days: list[Day]) -> None:
    """One hour with an index below 1 on each of two days; 1.2 on the third does not count."""
    table = owner_hours(days)
    assert table.loc["Canyon"].tolist() == [1.0, 1.0, 0.0]


def test_the_page_of_three_days(days: list[Day]) -> None:
    page = month_page(days)
    names = [panel.id for panel in page.panels]
    assert names[:5] == ["verdict", "days", "decisions", "owners", "constraints"]
    assert len(page.starts) == 6
    text = page_html(page, "zh")
    assert "最贵的一天：2024-03-06" in text
    limits = next(panel for panel in page.panels if panel.id == "constraints").blocks[0]
    assert limits.frame["hours_after"].tolist() == [6.0]  # type: ignore[union-attr]


def test_decisions_of_days_together(day: Day) -> None:
    frame = month_decisions([day])
    assert set(frame["view"]) == {"mitigated", "conduct"} and len(frame) == 24
    assert frame["money_effect"].abs().is_monotonic_decreasing


@pytest.mark.slow
def test_the_folder_of_a_study(tmp_path: Path) -> None:
    """Two days of the bundled case, where nothing is above a limit."""
    cf.study(
        {
            "name": "two-days",
            "days": {"source": "pjm5", "start": "2024-07-16", "end": "2024-07-17"},
            "clear": {"commitment": False},
            "mitigate": {"rulebooks": ["default"]},
        },
        output=tmp_path / "study",
        processes=False,
    )
    page = page_of(tmp_path / "study")
    assert page.kind == "study" and page.name == "study" and len(page.starts) == 48
    text = page_html(page)
    assert "0 offers were replaced on 0 of 2 days." in text
    assert "No offer failed a test or came close to a limit." in text
    with pytest.raises(InputError, match="is a study: give it alone"):
        page_of([tmp_path / "study", tmp_path / "study"])


def test_an_interval_may_come_once(days: list[Day]) -> None:
    with pytest.raises(InputError, match="two of the runs have the interval 2024-03-05"):
        month_page([days[0], days[0]])
