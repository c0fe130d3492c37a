"""All checks of a profile on a few days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cases.case import Case
from cases.errors import CheckFailed
from cases.rulebook.book import RuleBook, rulebook_names
from mitigation.conformance.checks import CHECKS
from mitigation.conformance.days import random_day
from mitigation.conformance.trial import Trial

__all__ = ["check_profile", "rulebook_of"]

_SEEDS: Final = (1, 2, 3)
_OBJECTIVE: Final = 1e-6


def rulebook_of(profile: str) -> RuleBook:
    """Give the rulebook that is shipped under the name of a profile, else `default` with it."""
    if profile in rulebook_names():
        return RuleBook.load(profile)
    return RuleBook.load("default").with_settings({"mitigation.profile": profile})


def check_profile(
    profile: str | Path | RuleBook,
    *,
    seeds: Sequence[int] = _SEEDS,
    buses: int = 8,
    oracle: Callable[[Case], float] | None = None,
) -> int:
    """Check a procedure on random days, and give the number of components that were replaced.

    Parameters
    ----------
    profile
        Name of a profile that is registered, or a rulebook (itself, or its file) that uses one.
    seeds
        One day each.
    buses
        Size of the days.
    oracle
        An independent clearing: takes the case with the offers that are used, gives the objective.

    Raises
    ------
    CheckFailed
        Everything that does not hold, with the check and the day.
    InputError
        There is no such profile, or it refuses the day.
    """
    if isinstance(profile, RuleBook):
        rulebook = profile
    else:
        file = isinstance(profile, Path)
        rulebook = RuleBook.load(profile) if file else rulebook_of(str(profile))
    failures, replaced = [], 0
    for seed in seeds:
        case, levels = random_day(seed, buses=buses)
        trial = Trial(f"day {seed}", case, levels, rulebook)
        for name, check in CHECKS.items():
            failures += [f"{name}, {trial.name}: {problem}" for problem in check(trial)]
        replaced += int((trial.decisions["action"] == "mitigated").sum())
        if oracle is not None:
            market = trial.mitigated.market
            best = oracle(market.case)
            if abs(market.objective - best) > _OBJECTIVE * max(1.0, abs(best)):
                failures.append(
                    f"oracle, {trial.name}: the objective is {market.objective:.6f}, an "
                    f"independent clearing of the same offers gives {best:.6f}"
                )
    if failures:
        raise CheckFailed(failures)
    return replaced
