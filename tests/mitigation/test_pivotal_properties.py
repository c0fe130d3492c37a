"""Properties P1 to P6, scale invariance, and a brute-force three-pivotal-supplier test."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitigation.structure.three_pivotal import (
    ThreePivotalSupplier,
    clear_relief,
    judge_owners,
    three_pivotal_supplier,
)

# Binary fractions keep the sums exact, so that limits are met exactly or not at all.
EIGHTHS = st.integers(0, 800).map(lambda n: n / 8)
FACTORS = st.integers(-8, 16).map(lambda n: n / 16)
SEGMENT = st.tuples(st.sampled_from("ABCDEF"), st.integers(-20, 200).map(float), EIGHTHS, FACTORS)
SEGMENTS = st.lists(SEGMENT, min_size=1, max_size=14)
RELIEF = st.integers(1, 1200).map(lambda n: n / 8)
ENERGY = st.integers(-10, 60).map(float)


def frame(rows: list[tuple[str, float, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["owner", "price", "mw", "dfax"])
    return table.assign(unit=[f"u{k}" for k in range(len(table))])


def outcome(
    rows: pd.DataFrame, relief: float, energy: float, **changes: float
) -> ThreePivotalSupplier:
    return three_pivotal_supplier(rows, energy_price=energy, relief_mw=relief, **changes)


def indices(result: ThreePivotalSupplier) -> dict[str, tuple[float, float, float]]:
    return {r.owner: (r.rsi1, r.rsi2, r.rsi3) for r in result.owners.itertuples()}


def same_indices(left: ThreePivotalSupplier, right: ThreePivotalSupplier) -> None:
    assert indices(left).keys() == indices(right).keys()
    for name, values in indices(right).items():
        assert indices(left)[name] == pytest.approx(values, abs=1e-9)


def brute_force(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float
) -> tuple[float, dict[str, tuple[Fraction, Fraction, Fraction, bool]]]:
    """The test by its words, in exact fractions: take away every group of owners in turn."""
    screen, cut_off = Fraction(3, 2), Fraction(1, 32)
    offers = []
    for owner, price, mw, dfax in rows:
        if Fraction(dfax) >= cut_off and mw > 0:
            cost = (Fraction(price) - Fraction(energy)) / Fraction(dfax)
            offers.append((cost, owner, Fraction(mw) * Fraction(dfax)))
    need, given_mw, price = Fraction(relief), Fraction(0), math.inf
    for cost, _, mw in sorted(offers):
        given_mw += mw
        if given_mw >= need:
            price = cost
            break
    limit = math.inf if price == math.inf else price + (screen - 1) * abs(price)
    supply: dict[str, Fraction] = {}
    for cost, owner, mw in offers:
        if cost <= limit:
            supply[owner] = supply.get(owner, Fraction(0)) + mw
    found = {}
    for owner in supply:
        others = [name for name in supply if name != owner]
        left = []
        for size in (0, 1, 2):
            groups = itertools.combinations(others, min(size, len(others)))
            away = [
                sum((supply[name] for name in others if name not in group), Fraction(0))
                for group in groups
            ]
            left.append(min(away) / need)
        found[owner] = (left[0], left[1], left[2], left[2] > 1 and price < math.inf)
    return float(price), found


@settings(max_examples=50, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY)
def test_against_brute_force(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float
) -> None:
    result = outcome(frame(rows), relief, energy, dfax_min=1 / 32)
    price, expected = brute_force(rows, relief, energy)
    assert result.price == (price if math.isinf(price) else pytest.approx(price))
    assert set(result.owners["owner"]) == set(expected)
    for row in result.owners.itertuples():
        first, second, third, passed = expected[row.owner]
        assert (row.rsi1, row.rsi2, row.rsi3) == pytest.approx(
            (float(first), float(second), float(third)), abs=1e-9
        )
        assert row.passed == passed


def test_five_hundred_tests_at_once_against_brute_force() -> None:
    """Every test of a batch, as a whole day of constraints is one, gets its own verdict."""
    random = np.random.default_rng(5)
    energy, needs, tables, expected = 20.0, [], [], []
    for number in range(500):
        tight = random.random() < 0.3  # few MW at wide prices; else much at similar ones
        prices = (-10, 120) if tight else (45, 60)
        factors = (-6, 17) if tight else (10, 17)
        rows = [
            (
                str(random.choice(list("ABCDEFG"))),
                float(random.integers(*prices)),
                float(random.integers(1, 400)) / 8,
                float(random.integers(*factors)) / 16,
            )
            for _ in range(random.integers(1, 30))
        ]
        needs.append(float(random.integers(1, 800)) / 8)
        tables.append(frame(rows).assign(test=number))
        expected.append(brute_force(rows, needs[-1], energy))
    table = pd.concat(tables, ignore_index=True)
    supply = table[table["dfax"] >= 1 / 32]
    supply = supply.assign(
        effective_mw=supply["mw"] * supply["dfax"],
        effective_price=(supply["price"] - energy) / supply["dfax"],
    )
    cleared = clear_relief(supply, np.array(needs), screen=1.5)
    prices = [price for price, _ in expected]
    assert np.isinf(cleared.price).tolist() == np.isinf(prices).tolist()
    assert cleared.price == pytest.approx(np.array(prices))
    owners = judge_owners(cleared).set_index(["test", "owner"])
    assert len(owners) == sum(len(found) for _, found in expected)
    passes = 0
    for number, (_, found) in enumerate(expected):
        for owner, (first, second, third, passed) in found.items():
            row = owners.loc[(number, owner)]
            assert (row["rsi1"], row["rsi2"], row["rsi3"]) == pytest.approx(
                (float(first), float(second), float(third)), abs=1e-9
            )
            assert bool(row["passed"]) == passed
            passes += passed
    assert 100 < passes < len(owners) - 100  # both verdicts are common, so the test says something


@settings(max_examples=20, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY)
def test_p1_p2_p6_order_of_the_indices(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float
) -> None:
    owners = outcome(frame(rows), relief, energy).owners
    assert (owners["rsi3"] >= 0).all()
    assert (owners["rsi3"] <= owners["rsi2"]).all()
    assert (owners["rsi2"] <= owners["rsi1"]).all()
    by_size = owners.sort_values("supply_mw", ascending=False)
    for name in ("rsi1", "rsi2", "rsi3"):
        assert by_size[name].is_monotonic_increasing or by_size[name].diff().min() > -1e-9
    if not owners["passed"].all():
        assert not by_size["passed"].head(min(3, len(by_size))).any()
    if len(owners) < 4:
        assert (owners["rsi3"] == 0).all()


@settings(max_examples=20, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY, st.sampled_from([0.001, 0.37, 3.0, 1024.0]))
def test_p3_scale_of_megawatts(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float, scale: float
) -> None:
    table = frame(rows)
    one = outcome(table, relief, energy)
    other = outcome(table.assign(mw=table["mw"] * scale), relief * scale, energy)
    assert other.price == pytest.approx(one.price)
    assert other.owners["passed"].to_list() == one.owners["passed"].to_list()
    same_indices(other, one)


@settings(max_examples=20, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY, st.sampled_from([0.01, 7.3, 100.0]))
def test_scale_of_money(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float, scale: float
) -> None:
    table = frame(rows)
    one = outcome(table, relief, energy)
    other = outcome(table.assign(price=table["price"] * scale), relief, energy * scale)
    assert other.price == pytest.approx(one.price * scale)
    assert other.segments["relevant"].to_list() == one.segments["relevant"].to_list()


@settings(max_examples=20, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY)
def test_p4_a_wider_screen(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float
) -> None:
    table = frame(rows)
    narrow, wide = (outcome(table, relief, energy, screen=f) for f in (1.5, 2.5))
    assert wide.price == narrow.price
    assert wide.supply_mw >= narrow.supply_mw - 1e-9
    before = narrow.owners.set_index("owner")
    after = wide.owners.set_index("owner")
    for name, row in before.iterrows():
        if after.loc[name, "supply_mw"] == pytest.approx(row["supply_mw"]):
            assert after.loc[name, "rsi3"] >= row["rsi3"] - 1e-9


@settings(max_examples=20, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY, st.integers(0, 13))
def test_p5_splitting_and_selling_a_unit(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float, which: int
) -> None:
    rows = [row for row in rows if row[2] > 0]
    if not rows:
        return
    owner, price, mw, dfax = rows[which % len(rows)]
    rest = [row for k, row in enumerate(rows) if k != which % len(rows)]
    whole = outcome(frame(rows), relief, energy)
    affiliates = outcome(frame([*rest, *[(owner, price, mw / 2, dfax)] * 2]), relief, energy)
    same_indices(affiliates, whole)
    sold = outcome(
        frame([*rest, (owner, price, mw / 2, dfax), ("new", price, mw / 2, dfax)]), relief, energy
    )
    assert sold.supply_mw == pytest.approx(whole.supply_mw)
    for name, values in indices(whole).items():
        if name in indices(sold):
            assert indices(sold)[name][2] >= values[2] - 1e-9


@settings(max_examples=20, deadline=None)
@given(SEGMENTS, RELIEF, ENERGY, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    rows: list[tuple[str, float, float, float]], relief: float, energy: float, random: object
) -> None:
    table = frame(rows)
    shuffled = table.sample(frac=1, random_state=random.randrange(1000))  # type: ignore[attr-defined]
    one, other = outcome(table, relief, energy), outcome(shuffled, relief, energy)
    assert other.price == one.price
    same_indices(other, one)
    relevant = other.segments["relevant"].sort_index()
    assert relevant.to_list() == one.segments["relevant"].to_list()
