"""Whatever is registered as a procedure holds what procedures promise, on small random days."""

from __future__ import annotations

from functools import cache

import pytest

from cases.errors import CheckFailed, InputError
from mitigation.conformance import CHECKS, Trial, check_profile, random_day, rulebook_of
from mitigation.procedures.shipped import PROFILES, REGISTRY
from tests.oracles import dcopf

DAYS = {"small": (11, 5), "middle": (4, 8), "large": (7, 12)}
MEASURED = [name for name, profile in PROFILES.items() if profile.subject != "monthly_auction"]


@cache
def trial(profile: str, day: str, commitment: bool = False) -> Trial:
    seed, buses = DAYS[day]
    case, levels = random_day(seed, buses=buses)
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
