"""Statements of random days and months against an independent settlement in plain fractions."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from cases.run import Run
from clearing import clear
from settlement import settle
from settlement.ledger.statement import Statement
from settlement.month import settle_month
from tests.oracles import fractions_settlement as oracle
from tests.oracles.tables import run_of
from tests.settlement.markets import case_of
from tests.settlement.markets import run_of as hand_made
from tests.settlement.test_losses_and_rent import LOSSES, meshed
from tests.strategies import Shape, random_case

pytestmark = pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")

DAY = Shape(buses=6, intervals=4, minutes=30, parallel=True, link=True, bids=True, tight=True,
            negative_load=True)  # fmt: skip


def energies(statement: Statement) -> dict[str, Decimal]:
    rows = statement.lines
    items = ("energy", "link_rent", "energy_deviation", "link_rent_deviation")
    rows = rows[rows["item"].isin(items)]
    return {str(owner): sum(own["amount"], Decimal(0)) for owner, own in rows.groupby("owner")}


def check_energy(statement: Statement, expected: oracle.Money) -> None:
    found = energies(statement)
    lines = statement.lines["owner"].value_counts()
    for owner in found.keys() | expected.keys():
        amount, exact = found.get(owner, Decimal(0)), expected.get(owner, Fraction(0))
        # Half a cent of rounding, and prices to 1e-6 on the MWh of a line.
        allowed = (lines.get(owner, 0) + 1) * Fraction(2, 100)
        assert abs(Fraction(amount) - exact) <= allowed, owner


@pytest.mark.parametrize("seed", range(6))
def test_energy_of_random_days(seed: int) -> None:
    run = run_of(random_case(DAY, seed))
    statement = settle(run)
    check_energy(statement, oracle.energy(run))
    rent = Fraction(statement.total(item="congestion_rent"))
    assert abs(rent - oracle.rent(run)) <= Fraction(1, 10)


@pytest.mark.parametrize("seed", range(3))
def test_energy_and_rent_with_losses(seed: int) -> None:
    run = clear(meshed(seed), commitment=False, settings=LOSSES)
    statement = settle(run)
    check_energy(statement, oracle.energy(run))
    rent = Fraction(statement.total("operator", "congestion_rent"))
    # Prices are kept to six decimals and flows to six: 1e-6 x MW x price on each limit.
    assert abs(rent - oracle.rent(run)) <= Fraction(5, 100)
    surplus = -sum(oracle.energy(run).values(), Fraction(0)) - oracle.rent(run)
    found = Fraction(statement.total("operator", "loss_surplus"))
    assert abs(found - surplus) <= Fraction(10, 100)


def days(rng: np.random.Generator, day: str, minutes: int, count: int) -> Run:
    """A day of two buses with random prices and schedules that balance."""
    first, second = rng.uniform(10, 90, (2, count)).round(3)
    case = case_of(
        ["P", "Q"],
        {"G": ("g", "P", 500.0, 5.0), "H": ("h", "Q", 500.0, 5.0)},
        {"L": ("l", "P", first.tolist()), "M": ("m", "Q", second.tolist())},
        start=day, minutes=minutes, timezone="America/New_York",
    )  # fmt: skip
    price = rng.uniform(-20, 120, count).round(4).tolist()
    share = rng.uniform(0, 1, count)
    made = ((first + second) * share).round(3)
    return hand_made(
        case, {"P": price, "Q": price},
        {"G": made.tolist(), "H": (first + second - made).round(3).tolist()},
        settings={"settlement.operator": "operator"},
    )  # fmt: skip


def month_of_days(seed: int) -> list[tuple[Run, Run]]:
    """A week around the change of clocks of March 2024, real time in quarter hours."""
    rng = np.random.default_rng(seed)
    made = []
    for day in range(8, 13):
        start = pd.Timestamp(f"2024-03-{day:02d}").tz_localize("America/New_York")
        after = pd.Timestamp(f"2024-03-{day + 1:02d}").tz_localize("America/New_York")
        hours = int((after - start) / pd.Timedelta(hours=1))
        ahead = days(rng, start.isoformat(), 60, hours)
        later = days(rng, start.isoformat(), 15, hours * 4)
        stated = {**later.stated, "settings": {"market": "rt"}}
        made.append((ahead, Run(stated, later.tables, later.case, later.rulebook)))
    return made


@pytest.mark.parametrize("seed", range(2))
def test_a_month_of_random_days_with_real_time_and_contracts(seed: int) -> None:
    pairs = month_of_days(seed)
    hours = [len(ahead.case.interval_starts) for ahead, _ in pairs]
    assert hours == [24, 24, 23, 24, 24]
    contracts = pd.DataFrame(
        {"contract": ["F", "C"], "buyer": ["l", "m"], "seller": ["g", "h"],
         "kind": ["cfd", "cap"], "strike": [41.5, 60.25], "point": "P", "curve": ["f", "c"]}
    )  # fmt: skip
    curves = pd.DataFrame(
        {"curve": ["f", "c"], "kind": "flat", "mwh": [3.0 * (31 * 24 - 1), 2.0 * (31 * 24 - 1)],
         "start": "2024-03-01", "end": "2024-03-31"}
    )  # fmt: skip
    month = settle_month(
        [run for pair in pairs for run in pair], "2024-03", contracts=contracts,
        contract_curves=curves, partial=True,
    )  # fmt: skip
    assert month.total() == 0
    expected = oracle.summed(oracle.energy(ahead, later) for ahead, later in pairs)
    rows = month.lines[month.lines["item"].isin(["energy", "energy_deviation"])]
    for owner, own in rows.groupby("owner"):
        found = Fraction(sum(own["amount"], Decimal(0)))
        assert abs(found - expected[str(owner)]) <= len(own) * Fraction(1, 100)
    for name, kind, strike, mwh, seller in (
        ("F", "cfd", "41.5", 3, "g"), ("C", "cap", "60.25", 2, "h"),
    ):  # fmt: skip
        due = sum(
            (oracle.contract(ahead, "P", Fraction(strike), lambda at, q=mwh: Fraction(q), kind)  # type: ignore[misc]
             for ahead, _ in pairs), Fraction(0),
        )  # fmt: skip
        own = month.lines[(month.lines["subject"] == name) & (month.lines["owner"] == seller)]
        assert abs(Fraction(sum(own["amount"], Decimal(0))) - due) <= len(own) * Fraction(1, 100)
