"""Random months against plain fractions: five-minute real time, clock changes, runs that cross."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from cases import RuleBook
from cases.run import Run
from settlement import settle
from settlement.contracts.curves import CurveMaker
from settlement.contracts.frozen import freeze
from settlement.inputs import typed
from settlement.month import settle_month
from tests.oracles import fractions_settlement as oracle
from tests.settlement.test_independent import days

ZONE = "America/New_York"
CONTRACTS = pd.DataFrame(
    {"contract": ["F", "C", "D"], "buyer": ["l", "m", "m"], "seller": ["g", "h", "g"],
     "kind": ["cfd", "cap", "floor"], "strike": [41.5, 60.25, 20.0], "point": "P",
     "curve": ["f", "c", "d"], "signed": "2024-01-01", "curve_fixed": "2024-01-01"}
)  # fmt: skip
CURVES = pd.DataFrame(
    {"curve": ["f", "c", "d"], "kind": ["flat", "block", "typical_day"],
     "mwh": [1234.567, 890.123, 777.7], "start": "2024-10-30", "end": "2024-11-05",
     "shape": ["", "08:00-20:00 = 3; valley = 1", " ".join("111222333444444333222111")]}
)  # fmt: skip


def span(rng: np.random.Generator, first: str, after: str, minutes: int, *, live: bool) -> Run:
    """A run from one local day until before another; intervals follow the clock."""
    start, end = (pd.Timestamp(day).tz_localize(ZONE) for day in (first, after))
    count = int((end - start) / pd.Timedelta(minutes=minutes))
    run = days(rng, start.isoformat(), minutes, count)
    if not live:
        return run
    return Run({**run.stated, "settings": {"market": "rt"}}, run.tables, run.case, run.rulebook)


def autumn(seed: int, minutes: int) -> list[tuple[Run, Run]]:
    """30 October; 31 October and 1 November in one run; 2 November; 3 November of 25 hours."""
    rng = np.random.default_rng(seed)
    days_of = [("2024-10-30", "2024-10-31"), ("2024-10-31", "2024-11-02"),
               ("2024-11-02", "2024-11-03"), ("2024-11-03", "2024-11-04")]  # fmt: skip
    return [(span(rng, *ends, 60, live=False), span(rng, *ends, minutes, live=True))
            for ends in days_of]  # fmt: skip


SLOW = [pytest.param(seed, minutes, marks=pytest.mark.slow)
        for seed, minutes in ((0, 15), (1, 15), (2, 5), (3, 5))]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "minutes"), [(0, 30), *SLOW])
def test_months_that_cross_are_what_fractions_say(seed: int, minutes: int) -> None:
    pairs = autumn(seed, minutes)
    assert [len(ahead.case.interval_starts) for ahead, _ in pairs] == [24, 48, 24, 25]
    runs = [run for pair in pairs for run in pair]
    tables = {"contracts": CONTRACTS, "contract_curves": CURVES}
    both = [settle_month(runs, month, partial=True, **tables) for month in ("2024-10", "2024-11")]
    assert [month.total() for month in both] == [0, 0]
    for month in both:
        assert set(month.lines["day"].str[:7]) == {month.manifest["month"]}
    # The two parts of the run that crosses are the whole of it, and months the sum of their days.
    alone = [settle(ahead, real_time=later, **tables) for ahead, later in pairs]
    for owner in ("g", "h", "l", "m", "operator"):
        whole = sum((s.total(owner) for s in alone), Decimal(0))
        assert sum(month.total(owner) for month in both) == whole
    # Energy against loops of fractions over the result tables.
    expected = oracle.summed(oracle.energy(ahead, later) for ahead, later in pairs)
    lines = pd.concat([month.lines for month in both])
    energy = lines[lines["item"].isin(["energy", "energy_deviation"])]
    for owner, own in energy.groupby("owner"):
        found = Fraction(sum(own["amount"], Decimal(0)))
        assert abs(found - expected[str(owner)]) <= len(own) * Fraction(1, 100)
    # 3 November has 25 hours: the flat curve has energy in each of them.
    flat = lines[(lines["subject"] == "F") & (lines["owner"] == "g")]
    assert len(flat) == 24 + 48 + 24 + 25
    assert flat["quantity"].nunique() <= 2


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_terms_of_contracts_and_stored_curves_give_the_same_money(seed: int) -> None:
    runs = [ahead for ahead, _ in autumn(seed, 15)]
    rulebook = RuleBook.load("default")
    maker = CurveMaker.of(rulebook.settlement, ZONE, 1.0)
    day = pd.Timestamp("2024-01-01").date()
    frozen = freeze(typed("contract_curves", CURVES, ZONE), maker, rulebook,
                    dict.fromkeys(CURVES["curve"], day))  # fmt: skip
    other = rulebook.with_settings(
        {"settlement.contracts.lines": "contract_plus_deviation",
         "settlement.futures.peak.hours": "[[1, 2]]"}
    )  # fmt: skip
    by_rule = settle_month(
        runs, "2024-11", partial=True, contracts=CONTRACTS, contract_curves=CURVES
    )
    stored = settle_month(
        [Run(run.stated, run.tables, run.case, other) for run in runs], "2024-11", partial=True,
        contracts=CONTRACTS, frozen_curves=frozen,
    )  # fmt: skip
    for owner in ("g", "h", "l", "m", "operator"):
        lines = len(by_rule.of(owner)) if owner in set(by_rule.balance["owner"]) else 0
        # K q and -P q are rounded apart: half a cent each, in every hour of two-way contracts.
        gap = abs(by_rule.total(owner) - stored.total(owner))
        assert gap <= Decimal("0.01") * lines
    assert by_rule.total("h") == stored.total("h")  # a cap has one line in both
    assert stored.total() == 0
    assert by_rule.total() == 0


def test_a_change_of_one_price_moves_revenue_by_what_is_not_covered() -> None:
    rng = np.random.default_rng(5)
    run = span(rng, "2024-11-02", "2024-11-03", 60, live=False)
    tables = {"contracts": CONTRACTS.iloc[:1], "contract_curves": CURVES}
    before = settle(run, **tables).total("g")
    prices = run.tables["prices"].copy()
    at = prices["interval_start"] == run.case.interval_starts[7]
    prices.loc[at, ["lmp", "mec"]] += 100.0
    after = settle(
        Run(run.stated, {**run.tables, "prices": prices}, run.case, run.rulebook), **tables
    )
    made = run.dispatch[
        (run.dispatch["unit"] == "G")
        & (run.dispatch["interval_start"] == run.case.interval_starts[7])
    ]
    lines = after.lines[(after.lines["owner"] == "g") & (after.lines["subject"] == "F")]
    covered = lines["quantity"].iloc[7]
    # dR / dP = Q - q, to a cent for each of the two lines.
    moved = 100 * (Decimal(repr(float(made["mw"].iloc[0]))) - covered)
    assert abs(after.total("g") - before - moved) <= Decimal("0.02")
