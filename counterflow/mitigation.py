"""Mitigate a run: structural tests, or the whole chain of references, conduct and impact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cases import InputError, RuleBook, Run
from cases.published_run import PUBLISHED
from counterflow.given_references import (
    levels_of_offers,
    saying_what_to_give,
    with_negotiated,
)

if TYPE_CHECKING:
    from counterflow.explain.decision_explanation import DecisionExplanation
    from mitigation import AssessedRun as AssessedRun
    from mitigation import Ownership
    from mitigation import Replacement as Replacement
    from mitigation import Subjects as Subjects
    from mitigation import load_plugin as load_plugin
    from mitigation import register as register
    from mitigation import register_profile as register_profile
    from mitigation.again.rerun import Rerun

__all__ = [
    "MitigatedRun",
    "load_plugin",
    "mitigate",
    "mitigated",
    "mitigation_rules",
    "register",
    "register_profile",
]

_SECTION = "mitigation."


def __getattr__(name: str) -> Any:
    """Give the names of the package `mitigation` too, such as ``register``, on first use."""
    import mitigation

    if name not in mitigation.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(mitigation, name)


class MitigatedRun(Run):
    """A run whose offers were tested, those that failed replaced, and that was cleared again."""

    def explain(self, *, unit: str, at: str | pd.Timestamp) -> DecisionExplanation:
        """Explain what was done with a unit's offer in the interval that holds ``at``, and why.

        See :func:`counterflow.explain_decision`, which also takes a run that was read.
        """
        from counterflow.explain.decision_explanation import explain_decision

        return explain_decision(self, unit=unit, at=at)


def mitigate(
    run: Run,
    *,
    rulebook: str | Path | RuleBook | None = None,
    as_of: dt.date | str | None = None,
    settings: Mapping[str, Any] | None = None,
    earlier: Sequence[Run] = (),
    overrides: str | Path | pd.DataFrame | None = None,
    references: pd.DataFrame | None = None,
    negotiated: str | Path | pd.DataFrame | None = None,
    offers_are_costs: bool = False,
    accept_limit: bool = False,
    tests_only: bool = False,
    merge: Iterable[Iterable[str]] = (),
    divest: Mapping[str, str] | None = None,
    contracts: Mapping[str, float] | None = None,
    extend: Callable[[Any], Any] | None = None,
) -> Run:
    """Test a run's offers, replace those that fail conduct and impact, and clear again.

    The order of the tests, their thresholds and the counterfactual of the impact are those of the
    rulebook's ``mitigation`` section. The case and its settings come from the run alone. Energy
    offers that are replaced become the lower of offer and reference at the same MW.

    Parameters
    ----------
    run
        A cleared run.
    rulebook
        Rulebook whose ``mitigation`` section counts, by name, file or itself; all else stays as the
        run was cleared. None is the rulebook of the run.
    as_of
        The date whose rules count, whatever the market day; None is the newest of each.
    settings
        Keys of the ``mitigation`` section to change, such as ``mitigation.impact.mode``.
    earlier
        Runs of earlier days, which extend the look-back of reference levels.
    overrides
        Manual decisions: a CSV file or a frame with unit, interval_start, component, action
        (mitigated, kept, exempt), author and reason.
    references
        Reference levels to use instead of the rulebook's methods: unit, interval_start,
        component, segment, mw, after_hours_off, price.
    negotiated
        Agreed reference levels, beside those of the case: a CSV file or a frame with the columns of
        ``negotiated_references``.
    offers_are_costs
        Take the offers themselves as reference levels, for a case that says nothing of costs:
        nothing can fail its conduct test, what remains are structural tests and indices.
    accept_limit
        Mitigate a run that a time limit stopped before its gap was proven.
    tests_only
        Make the structural tests only and replace nothing: every binding constraint of every
        interval is tested, from the base and against the slack that the rulebook names.
    merge
        What-if: groups of owners that count as one, named after the first.
    divest
        What-if: unit to the owner that it is sold to.
    contracts
        What-if: owner to MW more that it has sold under contract.
    extend
        The function that extended the clearing (`clear`), for a run that was read from its folder.

    Returns
    -------
    Run
        A new run that names ``run`` as its parent. It has the market after substitution and the
        tables ``reference_levels``, ``tests_conduct``, ``tests_impact`` and ``decisions``, and
        ``explain(unit=..., at=...)``. Where nothing is replaced its market is that of ``run``.
        With ``tests_only`` it has the tables of ``run`` with ``tests_structure``, ``relief`` and
        ``indices``; a run of published offers also ``reference_levels`` and ``tests_conduct``.

    Raises
    ------
    InputError
        Settings of another section, or that nothing in the procedure reads; wrong overrides,
        missing references, a profile without a procedure, a run stopped by a limit; units without
        owner and unknown names in what-ifs.
    """
    rules = mitigation_rules(run, rulebook, settings or {}, as_of)
    if extend is not None:
        run = copy(run)
        run.extend = extend
    if tests_only:
        return _tests_only(run, rules, merge, divest or {}, contracts or {})
    if run.stated.get("status") == PUBLISHED:
        message = (
            "the run is what a market published, nothing was cleared: add tests_only "
            "(--tests-only), or clear its case (counterflow clear CASE -o RUN) and mitigate that"
        )
        raise InputError.one("", None, None, "published", message)
    groups = [list(group) for group in merge]
    owners, told = None, {}
    if groups or divest or contracts:
        from counterflow.what_if import what_if_owners

        told = {"merge": groups, "divest": dict(divest or {}), "contracts": dict(contracts or {})}
        owners, _ = what_if_owners(run, groups, divest, contracts)
    if negotiated is not None:
        run = with_negotiated(run, negotiated)
    if offers_are_costs:
        if references is not None or negotiated is not None:
            message = "offers are costs, or there are reference levels: give one of them"
            raise InputError.one("", None, None, "references", message)
        references = levels_of_offers(run.case)
    return mitigated(
        run,
        rules,
        references=references,
        earlier=earlier,
        overrides=overrides,
        accept_limit=accept_limit,
        owners=owners,
        what_if=told,
    )


def mitigated(
    run: Run,
    rules: RuleBook,
    *,
    references: pd.DataFrame | None = None,
    earlier: Sequence[Run] = (),
    overrides: str | Path | pd.DataFrame | None = None,
    accept_limit: bool = False,
    rerun: Rerun | None = None,
    owners: Ownership | None = None,
    what_if: Mapping[str, Any] | None = None,
) -> MitigatedRun:
    """Make the child run of the whole chain; `rerun` clears the day again, by default the engine.

    See :func:`mitigate`.
    """
    from mitigation.mitigate import mitigate_offers

    with saying_what_to_give():
        manifest, tables, market, events = mitigate_offers(
            run,
            rules,
            levels=references,
            earlier=earlier,
            overrides=overrides,
            accept_limit=accept_limit,
            rerun=rerun,
            owners=owners,
        )
    if what_if:
        manifest = {**manifest, "what_if": dict(what_if)}
    return MitigatedRun(manifest, tables, market.case, rules, [*run.events, *events], market.model)


def _tests_only(
    run: Run,
    rules: RuleBook,
    merge: Iterable[Iterable[str]],
    divest: Mapping[str, str],
    contracts: Mapping[str, float],
) -> Run:
    """Make the structural tests, with what-ifs on who owns what."""
    import mitigation
    from counterflow.what_if import what_if_owners
    from mitigation.unused import refuse_unused_by_tests

    published = run.stated.get("status") == PUBLISHED
    if not published:
        refuse_unused_by_tests(rules, run.rulebook)
    owners, what_if = what_if_owners(run, merge, divest, contracts)
    if published:
        from mitigation.published import monitored

        return monitored(run, rules, owners=owners, what_if=what_if)
    found = mitigation.structure_tests(run, rules=rules.mitigation.structure, owners=owners)
    return mitigation.with_tests(run, found, rulebook=rules, what_if=what_if)


def mitigation_rules(
    run: Run,
    given: str | Path | RuleBook | None,
    settings: Mapping[str, Any],
    as_of: dt.date | str | None = None,
) -> RuleBook:
    """Return the rulebook of the run with the ``mitigation`` section that is asked for."""
    chosen = RuleBook.load(run.rulebook if given is None else given, as_of=as_of)
    chosen = chosen.with_settings(settings)
    others = sorted(key for key in settings if not key.startswith(_SECTION))
    if others:
        message = (
            f"the run stays as it was cleared: only keys of the mitigation section can be set here,"
            f" not {', '.join(others)}; clear the case anew with them"
        )
        raise InputError.one("", None, None, "settings", message)
    return run.rulebook.with_mitigation_of(chosen)
