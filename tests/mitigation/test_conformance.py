"""Whatever is registered as a procedure holds what procedures promise, on small random days."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from cases.errors import CheckFailed, InputError
from mitigation.conformance import CHECKS, Trial, check_profile, random_day, rulebook_of
from mitigation.procedures.shipped import PROFILES, REGISTRY
from mitigation.slots import (
    AssessedRun,
    Profile,
    Registry,
    Replacement,
    SlotFunction,
    Subjects,
)
from tests.oracles import dcopf

DAYS = {"small": (1, 6), "middle": (4, 8), "large": (7, 12)}
#: Markets whose rule needs a month's auction, or numbers that a regulator publishes.
NEEDS_DATA = {"guangdong", "hunan", "shaanxi"}
MEASURED = [name for name in PROFILES if name not in NEEDS_DATA]


@cache
def trial(profile: str, day: str, commitment: bool = False) -> Trial:
    seed, buses = DAYS[day]
    case, levels = random_day(seed, buses=buses, intervals=1 if day == "small" else 2)
    return Trial(day, case, levels, rulebook_of(profile), commitment)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("profile", MEASURED)
def test_a_shipped_profile_conforms(profile: str, check: str) -> None:
    assert list(CHECKS[check](trial(profile, "small"))) == []


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("day", ["middle", "large"])
@pytest.mark.parametrize("profile", MEASURED)
def test_a_shipped_profile_conforms_on_larger_days(profile: str, day: str, check: str) -> None:
    assert list(CHECKS[check](trial(profile, day))) == []


@pytest.mark.parametrize("profile", MEASURED)
def test_the_result_is_an_independent_clearing_of_the_offers_used(profile: str) -> None:
    market = trial(profile, "small").mitigated.market
    best = dcopf.solve(market.case).objective
    assert market.objective == pytest.approx(best, rel=1e-6)


def test_the_small_day_is_worth_testing() -> None:
    """Conduct and impact, whole schedules and the competitive LMP each replace something."""
    for profile in ("default", "pjm", "caiso"):
        assert (trial(profile, "small").decisions["action"] == "mitigated").any()


def test_guangdong_refuses_a_day_of_bus_prices() -> None:
    with pytest.raises(InputError, match="monthly auction"):
        check_profile("guangdong", seeds=(1,))


def doubled(_assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """Replace offers by twice their reference, as whole schedules, and read an undeclared key."""
    assert _assessed.rules.pjm.least_mw > 0
    levels = _assessed.levels
    return Replacement(subjects.keys, levels.assign(price=500.0 + 2 * levels["price"]), whole=True)


@pytest.mark.slow
def test_a_bad_slot_does_not_conform(registry: Registry) -> None:
    registry.add(SlotFunction("replacement", "doubled", doubled))
    registry.add_profile("doubled", Profile("all", "doubled", "none", "rerun"))
    with pytest.raises(CheckFailed) as failure:
        check_profile("doubled", seeds=(1,), buses=6)
    text = str(failure.value)
    assert "never_dearer, day 1" in text and "dearer in total" in text
    assert "no slot declares: mitigation.pjm.least_mw" in text


@pytest.fixture
def registry() -> Iterator[Registry]:
    """The registry, put back as it was afterwards."""
    functions, profiles = dict(REGISTRY.functions), dict(REGISTRY.profiles)
    yield REGISTRY
    REGISTRY.functions, REGISTRY.profiles = functions, profiles
