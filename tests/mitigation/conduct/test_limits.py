"""Thresholds: what passes, which of several decides, references at or below zero."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.rulebook.thresholds import Threshold
from mitigation.conduct.thresholds import Held, judge, margin_above

INF = math.inf
GENERAL = Threshold(percent=300, absolute=100)


def verdict(offered: float, reference: float, *rules: Threshold, **options: object) -> pd.Series:
    held = [
        Held(f"rule {n}", "" if n == 0 else f"area {n}", rule, np.ones(1, dtype=bool))
        for n, rule in enumerate(rules)
    ]
    frame = judge(np.array([offered]), np.array([reference]), held, **options)  # type: ignore[arg-type]
    return frame.iloc[0]


@pytest.mark.parametrize(
    ("reference", "limit_kind", "limit"),
    [
        (30, "increase", 120),  # Solitude: 30 + min(90, 100)
        (40, "increase", 140),  # Sundance: 40 + min(120, 100)
        (30, "multiple", 90),  # E3: three times the reference
        (40, "multiple", 120),
        (60, "multiple", 160),  # 60 + 100 is lower than 180
    ],
)
def test_the_limits_of_section_9d(reference: float, limit_kind: str, limit: float) -> None:
    rule = GENERAL.model_copy(update={"limit_kind": limit_kind})
    assert verdict(limit, reference, rule)["limit"] == pytest.approx(limit)
    assert verdict(limit, reference, rule)["result"] == "pass"
    assert verdict(limit + 0.01, reference, rule)["result"] == "fail"


def test_the_reading_of_300_percent_decides_e3() -> None:
    assert verdict(110, 30, GENERAL)["result"] == "pass"
    multiple = GENERAL.model_copy(update={"limit_kind": "multiple"})
    assert verdict(110, 30, multiple)["result"] == "fail"


def test_small_offers_are_exempt_and_say_so() -> None:
    rule = Threshold(percent=300, absolute=100, exempt_below=25)
    small = verdict(24.99, 2, rule)  # 2 + 6 = 8 is the limit otherwise
    assert (small["result"], small["limit"], small["note"]) == (
        "exempt",
        25,
        "offers below 25 never fail",
    )
    assert verdict(25, 2, rule)["result"] == "fail"
    assert verdict(8, 2, rule)["result"] == "pass"


def test_an_area_without_exemption_holds_for_small_offers_as_well() -> None:
    general = Threshold(percent=300, absolute=100, exempt_below=25)
    pocket = Threshold(absolute=10.512)
    row = verdict(15, 4, general, pocket)
    assert (row["result"], row["area"]) == ("fail", "area 1")
    assert row["limit"] == pytest.approx(14.512)
    assert verdict(14.5, 4, general, pocket)["result"] == "pass"


def test_the_tightest_of_nested_areas_decides_whatever_their_order() -> None:
    rules = [GENERAL, Threshold(percent=50, absolute=25), Threshold(absolute=5)]
    for order in ([0, 1, 2], [0, 2, 1]):
        row = verdict(36, 30, *(rules[n] for n in order))
        assert row["limit"] == 35
        assert row["area"] == f"area {order.index(2)}"
        assert row["rule_id"] == f"rule {order.index(2)}"


@pytest.mark.parametrize(
    ("reading", "reference", "limit"),
    [
        ("magnitude", -10, 20),  # -10 + min(300 % of 10, 100)
        ("magnitude", 0, 100),  # a percentage of zero is nothing: the absolute part alone
        ("magnitude", -200, -100),
        ("absolute", -10, 90),
        ("absolute", 0, 100),
        ("exempt", -10, INF),
        ("exempt", 0, INF),
        ("exempt", 10, 40),
    ],
)
def test_references_at_or_below_zero(reading: str, reference: float, limit: float) -> None:
    row = verdict(1e6, reference, GENERAL, at_or_below_zero=reading)
    assert row["limit"] == pytest.approx(limit)
    assert row["result"] == ("exempt" if limit == INF else "fail")


def test_a_percentage_alone_of_a_zero_reference_sets_no_limit_and_the_row_says_so() -> None:
    startup = Threshold(percent=200)
    row = verdict(1000, 0, startup)
    assert (row["result"], row["limit"]) == ("exempt", INF)
    assert row["note"].startswith("a percentage alone sets no limit")
    assert verdict(0, 0, startup)["result"] == "pass"
    assert verdict(1000, 0, Threshold())["result"] == "pass"
    # An absolute part closes it, in any of the thresholds that hold.
    assert verdict(1000, 0, startup, Threshold(absolute=500))["result"] == "fail"


def test_near_misses_are_those_that_pass_within_a_tenth_of_the_limit() -> None:
    near = [bool(verdict(offer, 30, GENERAL)["near"]) for offer in (107, 109, 120, 121)]
    assert near == [False, True, True, False]
    # An offer at its reference is not near a limit that lies close to it.
    assert not verdict(30, 30, Threshold(absolute=1))["near"]
    assert verdict(24, 2, Threshold(percent=300, exempt_below=25))["near"]
    assert not verdict(1e9, 30, Threshold())["near"]


def test_what_cannot_be_tested_is_exempt_and_says_why() -> None:
    row = verdict(1e6, math.nan, GENERAL)
    assert (row["result"], row["note"]) == ("exempt", "no reference level")
    assert math.isnan(row["limit"])
    nowhere = judge(
        np.array([50.0]), np.array([1.0]), [Held("k", "", GENERAL, np.zeros(1, dtype=bool))]
    ).iloc[0]
    assert nowhere["result"] == "exempt" and nowhere["note"].startswith("no threshold holds")


def test_rounding_does_not_fail_an_offer_at_its_limit() -> None:
    reference = np.linspace(0.1, 97.3, 400)
    rule = Threshold(percent=17.5)
    offered = reference * 1.175
    held = [Held("k", "", rule, np.ones(len(offered), dtype=bool))]
    assert (judge(offered, reference, held)["result"] == "pass").all()


money = st.floats(-200, 500, allow_nan=False)
percent = st.one_of(st.floats(0, 1000), st.just(INF))
absolute = st.one_of(st.floats(0, 300), st.just(INF))
thresholds = st.builds(
    Threshold,
    percent=percent,
    absolute=absolute,
    exempt_below=st.one_of(st.just(-INF), st.floats(-50, 50)),
    limit_kind=st.sampled_from(["increase", "multiple"]),
)
readings = st.sampled_from(["magnitude", "absolute", "exempt"])
pairs = st.lists(st.tuples(money, money), min_size=1, max_size=8)


def failing(rows: list[tuple[float, float]], *rules: Threshold, reading: str) -> np.ndarray:
    offered, reference = (np.array(values) for values in zip(*rows, strict=True))
    held = [Held("k", "", rule, np.ones(len(rows), dtype=bool)) for rule in rules]
    return (
        judge(offered, reference, held, at_or_below_zero=reading)["result"] == "fail"
    ).to_numpy()  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(pairs, thresholds, st.floats(0, 500), st.floats(0, 200), st.floats(0, 30), readings)
def test_raising_a_threshold_never_adds_a_failure(
    rows: list[tuple[float, float]],
    rule: Threshold,
    more: float,
    money: float,
    exempt: float,
    reading: str,
) -> None:
    before = failing(rows, rule, reading=reading)
    for change in (
        {"percent": rule.percent + more},
        {"absolute": rule.absolute + money},
        {"absolute": INF},
        {"percent": INF},
        {"exempt_below": rule.exempt_below + exempt},
    ):
        after = failing(rows, rule.model_copy(update=change), reading=reading)
        assert not (after & ~before).any()


@settings(max_examples=40, deadline=None)
@given(pairs, thresholds, thresholds, st.floats(0, 300), readings)
def test_lowering_an_offer_never_makes_it_fail(
    rows: list[tuple[float, float]],
    one: Threshold,
    two: Threshold,
    less: float,
    reading: str,
) -> None:
    before = failing(rows, one, two, reading=reading)
    lower = [(offered - less, reference) for offered, reference in rows]
    assert not (failing(lower, one, two, reading=reading) & ~before).any()


@settings(max_examples=40, deadline=None)
@given(pairs, readings)
def test_infinite_thresholds_fail_nothing(rows: list[tuple[float, float]], reading: str) -> None:
    assert not failing(rows, Threshold(), reading=reading).any()


@settings(max_examples=40, deadline=None)
@given(pairs, thresholds, thresholds, readings)
def test_several_thresholds_fail_what_any_of_them_fails(
    rows: list[tuple[float, float]], one: Threshold, two: Threshold, reading: str
) -> None:
    both = failing(rows, one, two, reading=reading)
    either = failing(rows, one, reading=reading) | failing(rows, two, reading=reading)
    assert (both == either).all()
    assert (both == failing(rows, two, one, reading=reading)).all()


@given(st.floats(0.01, 1000), st.floats(100, 1000), absolute)
def test_multiple_is_increase_by_one_multiple_less(
    reference: float, share: float, most: float
) -> None:
    at = np.array([reference])
    multiple = Threshold(percent=share, absolute=most, limit_kind="multiple")
    increase = Threshold(percent=share - 100, absolute=most)
    assert margin_above(at, multiple) == pytest.approx(
        margin_above(at, increase), rel=1e-9, abs=1e-9
    )
