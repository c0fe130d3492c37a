"""Mitigate a run: in this release the structural tests, with what-ifs on who owns what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cases import InputError, RuleBook, Run
from counterflow._later import NotYet

_SECTION = "mitigation."


def mitigate(
    run: Run,
    *,
    rulebook: str | RuleBook | None = None,
    settings: Mapping[str, Any] | None = None,
    tests_only: bool = False,
    merge: Iterable[Iterable[str]] = (),
    divest: Mapping[str, str] | None = None,
    contracts: Mapping[str, float] | None = None,
) -> Run:
    """Make the structural tests of a run: who could move its prices.

    Every binding constraint of every interval is tested, from the base and against the slack that
    the rulebook names. A base that solves the market again clears a run that was read from a
    folder once more; its dispatch and prices stay as they are.

    Parameters
    ----------
    run
        A cleared run.
    rulebook
        Rulebook whose ``mitigation`` section counts, by name, file or itself; all else stays as the
        run was cleared. None is the rulebook of the run.
    settings
        Keys of the ``mitigation`` section to change, such as ``mitigation.structure.base``.
    tests_only
        Must be set in this release, which replaces no offers.
    merge
        What-if: groups of owners that count as one, named after the first of the group.
    divest
        What-if: unit to the owner that it is sold to.
    contracts
        What-if: owner to MW more that it has sold under contract.

    Returns
    -------
    Run
        The tables of ``run`` with ``tests_structure``, ``relief`` and ``indices``; its manifest
        names ``run`` as parent, its last event holds the notes and the what-ifs.

    Raises
    ------
    NotYet
        Without ``tests_only``.
    InputError
        Units without owner, an owner with two parents, unknown names, settings of another section.
    """
    if not tests_only:
        raise NotYet(
            "mitigate() replaces no offers in this version: substitution and reruns are not in it. "
            "With tests_only=True (--tests-only) it makes the structural tests."
        )
    import mitigation

    rules = _rulebook(run, rulebook, settings or {})
    owners = mitigation.owners_of(run)
    what_if = []
    for group in merge:
        names = list(group)
        if len(set(names)) < 2:
            message = f"a merger takes two or more owners, not {', '.join(names) or 'none'}"
            raise InputError.one("", None, None, "merge", message)
        owners = mitigation.merge_owners(owners, names, into=names[0])
        what_if.append(f"{' and '.join(names)} merge")
    for unit, buyer in (divest or {}).items():
        owners = mitigation.divest(owners, [unit], to=buyer)
        what_if.append(f"{unit} is sold to {buyer}")
    for owner, mw in (contracts or {}).items():
        owners = mitigation.cover(owners, owner, mw)
        what_if.append(f"{owner} sells {mw:g} MW more under contract")
    found = mitigation.test_structure(run, rules=rules.mitigation.structure, owners=owners)
    return mitigation.with_tests(run, found, rulebook=rules, what_if=what_if)


def _rulebook(run: Run, given: str | RuleBook | None, settings: Mapping[str, Any]) -> RuleBook:
    """Return the rulebook of the run with the ``mitigation`` section that is asked for."""
    chosen = run.rulebook if given is None else RuleBook.load(given)
    chosen = chosen.with_settings(settings)
    others = sorted(key for key in settings if not key.startswith(_SECTION))
    if others:
        message = (
            f"the run stays as it was cleared: only keys of the mitigation section can be set here,"
            f" not {', '.join(others)}; clear the case anew with them"
        )
        raise InputError.one("", None, None, "settings", message)
    # Not model_copy: it would carry over the hash that the run's rulebook has worked out.
    values = {**run.rulebook.model_dump(), "mitigation": chosen.mitigation.model_dump()}
    return RuleBook.model_validate(values)
