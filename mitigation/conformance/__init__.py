"""Conformance: what must hold of every procedure, shipped or of one's own, on small random days.

In: the name of a profile that is registered, or a rulebook. Out: nothing, or a
:class:`cases.errors.CheckFailed` that says which check failed on which day. The checks are in
``checks``, one function each; ``days`` makes the days, ``trial`` mitigates them.
"""

from mitigation.conformance.check import check_profile, rulebook_of
from mitigation.conformance.checks import CHECKS, Check
from mitigation.conformance.days import random_day
from mitigation.conformance.trial import Trial

__all__ = ["CHECKS", "Check", "Trial", "check_profile", "random_day", "rulebook_of"]
