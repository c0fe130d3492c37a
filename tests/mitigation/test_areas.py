"""How often areas were constrained, what they paid, and units that are capped often."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd
import pytest

from cases import Case, Run
from cases.rulebook.areas import AreaRules
from cases.rulebook.references import FrequentTier
from clearing import clear
from mitigation.conduct.area_counts import (
    area_threshold,
    average_price,
    constrained_hours,
    count_area,
    counted_areas,
)
from mitigation.references.frequently_mitigated import (
    capped_run_hours,
    frequent_adder,
    frequent_tier,
    frequent_tiers,
)

START = pd.Timestamp("2030-06-03T00:00Z")


def test_new_york_city_figures() -> None:
    """Specification 9D: 10.512, 31.536 and 1.00."""
    assert area_threshold(60, 1000) == pytest.approx(10.512)
    assert area_threshold(45, 250) == pytest.approx(31.536)
    assert area_threshold(50, 8760) == pytest.approx(1.0)
    assert area_threshold(50, 0) == math.inf


def test_charged_in_every_constrained_hour_it_raises_the_average_by_two_percent() -> None:
    for price, hours in ((60.0, 1000.0), (45.0, 250.0)):
        assert area_threshold(price, hours) * hours / 8760 == pytest.approx(0.02 * price)


@cache
def pocket(day: int, minutes: int = 60) -> Run:
    """Bus B imports over a line of 50 MW: constrained at loads above 50.

    Loads 40, 60, 70 and 45; 10 money/MWh at A, 30 at B.
    """
    starts = pd.date_range(
        START + pd.Timedelta(days=day), periods=4, freq=pd.Timedelta(minutes=minutes)
    )
    case = Case.build(
        {
            "name": f"day {day}",
            "start": starts[0].to_pydatetime(),
            "intervals": 4,
            "interval_minutes": minutes,
            "reference": "A",
        },
        {
            "buses": pd.DataFrame({"bus": ["A", "B"], "zone": ["out", "in"]}),
            "branches": pd.DataFrame(
                {"branch": ["AB"], "from_bus": "A", "to_bus": "B", "x": 0.1, "rating_mw": 50.0}
            ),
            "units": pd.DataFrame({"unit": ["GA", "GB"], "bus": ["A", "B"], "p_max": 100.0}),
            "offers": pd.DataFrame(
                {"unit": ["GA", "GB"], "segment": 1, "mw": 100.0, "price": [10.0, 30.0]}
            ),
            "loads": pd.DataFrame({"load": ["L"], "bus": ["B"]}),
            "demand": pd.DataFrame({"interval_start": starts, "L": [40.0, 60, 70, 45]}),
        },
    )
    return clear(case, commitment=False)


INSIDE = AreaRules(kind="pocket", zones=("in",))
OUTSIDE = AreaRules(kind="pocket", zones=("out",))


@pytest.mark.parametrize(
    "area",
    [INSIDE, AreaRules(kind="pocket", buses=("B",)), AreaRules(kind="pocket", units=("GB",))],
)
def test_hours_and_price_of_a_pocket(area: AreaRules) -> None:
    """Two of four hours a day at 30 instead of 10."""
    runs = [pocket(0), pocket(1)]
    assert constrained_hours(runs, area) == 4.0
    assert average_price(runs, area) == pytest.approx(20.0)
    count = count_area(runs, area)
    assert count.hours == 8.0
    assert count.yearly_hours == pytest.approx(4380.0)
    assert counted_areas(runs, {"pocket": area}) == {"pocket": (pytest.approx(20.0), 4380.0)}


def test_named_limits_and_the_sending_side() -> None:
    runs = [pocket(0)]
    assert constrained_hours(runs, OUTSIDE) == 0.0
    assert average_price(runs, OUTSIDE) == pytest.approx(10.0)
    for name, hours in (("AB", 2.0), ("CD", 0.0)):
        named = AreaRules(kind="pocket", zones=("out",), constraints=(name,))
        assert constrained_hours(runs, named) == hours


def test_short_intervals_count_in_part_and_only_the_year_before() -> None:
    assert constrained_hours([pocket(0, 15)], INSIDE) == 0.5
    runs = [pocket(0), pocket(3)]
    assert constrained_hours(runs, INSIDE, until=START + pd.Timedelta(days=3)) == 2.0
    later = START + pd.Timedelta(days=365, hours=2)
    assert constrained_hours(runs, INSIDE, until=later) == 3.0


def test_prices_move_with_fuel() -> None:
    price = average_price([pocket(0), pocket(1)], INSIDE, fuel_ratio=lambda day: 1.0 + day.day % 2)
    assert price == pytest.approx((2 * 20 + 1 * 20) / 2)


def test_areas_without_a_run_are_left_out() -> None:
    nowhere = AreaRules(kind="pocket", zones=("elsewhere",))
    assert counted_areas([pocket(0)], {"nowhere": nowhere}) == {}
    assert counted_areas([], {"pocket": INSIDE}) == {}


TIERS = {
    "tier 1": FrequentTier(from_percent=60, percent=10, absolute=20),
    "tier 2": FrequentTier(from_percent=70, percent=15, percent_cap=40, absolute=30),
    "tier 3": FrequentTier(from_percent=80, absolute=40),
}


@pytest.mark.parametrize(
    ("percent", "tier"),
    [
        (59.9, ""),
        (60, "tier 1"),
        (69.9, "tier 1"),
        (70, "tier 2"),
        (80, "tier 3"),
        (100, "tier 3"),
        (float("nan"), ""),
    ],
)
def test_tiers(percent: float, tier: str) -> None:
    assert frequent_tier(percent, TIERS) == tier


@pytest.mark.parametrize(
    ("tier", "cost", "adder"),
    [
        ("tier 1", 100, 20),
        ("tier 1", 250, 25),
        ("tier 2", 100, 30),
        ("tier 2", 240, 36),
        ("tier 2", 1000, 40),
        ("tier 3", 10, 40),
    ],
)
def test_adders(tier: str, cost: float, adder: float) -> None:
    """Specification 2.3: max(10 %, 20); 15 % capped at 40, or 30; 40."""
    assert frequent_adder(TIERS[tier], cost) == adder


def test_capped_run_hours() -> None:
    """GB runs in the two constrained hours; on the first day its offer was mitigated in one."""
    run = pocket(0)
    hour = run.dispatch.loc[run.dispatch["mw"] > 0].query("unit == 'GB'")["interval_start"].iloc[0]
    decisions = pd.DataFrame(
        {"unit": ["GB", "GA"], "interval_start": [hour, hour], "action": ["mitigated", "kept"]}
    )
    tables = {name: run.tables[name] for name in ("dispatch", "offers_used")}
    capped = Run({"status": "optimal"}, {**tables, "decisions": decisions}, run.case, run.rulebook)
    counted = capped_run_hours([capped]).set_index("unit")
    assert counted.loc["GB"].tolist() == [2.0, 1.0, 50.0]
    assert counted.loc["GA"].tolist() == [4.0, 0.0, 0.0]
    both = frequent_tiers([capped, pocket(1)], {"any": FrequentTier(from_percent=25)})
    assert dict(zip(both["unit"], both["tier"], strict=True)) == {"GA": "", "GB": "any"}
    site = frequent_tiers(
        [capped], {"any": FrequentTier(from_percent=25)}, associated=[("GA", "GB")]
    )
    assert set(site["tier"]) == {"any"}
