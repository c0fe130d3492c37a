"""Structural tests of a whole run: every binding constraint of every interval at once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cases.errors import DataWarning
from cases.rulebook.structure import StructureRules
from cases.run import Run
from cases.warned import Warned
from mitigation.again.protocols import LiveModel, needed
from mitigation.again.reopen import live_model
from mitigation.keys import LIMIT, TERM
from mitigation.structure.base import ReliefBase, relief_base
from mitigation.structure.binding import binding_constraints, measured_against, unit_factors
from mitigation.structure.decomposition import competitive_prices
from mitigation.structure.displaced import against_displaced, against_slack
from mitigation.structure.owners import Ownership, owners_of
from mitigation.structure.path_tests import path_tests
from mitigation.structure.relief_tests import relief_supply, three_pivotal_tests
from mitigation.structure.slack import negative_relief
from mitigation.structure.stored_supply import with_stored_supply
from mitigation.structure.system_margin import margin_tests, system_tests
from mitigation.structure.two_step import element_competitiveness, step_one_prices
from mitigation.structure.verdicts import no_verdicts, stacked

__all__ = [
    "StructureTests",
    "slack_sensitivity",
    "slack_verdicts",
    "solves_again",
    "structure_tests",
    "test_structure",
]


@dataclass(frozen=True, eq=False)
class StructureTests:
    """What the structural tests of a run found.

    Attributes
    ----------
    run, owners, rules, reference
        What was tested, with whose control, by which rules, against which reference offers.
    verdicts
        One row per test and owner; the columns of :data:`mitigation.structure.verdicts.COLUMNS`.
    relief
        Relief segments of every constraint tested for three pivotal suppliers: interval_start,
        constraint, contingency, direction, unit, owner, segment, price, mw, dfax, effective_mw,
        effective_price, relevant.
    competitive
        Congestion split by verdict and competitive LMP by bus, where the competitive path was
        tested.
    step_one
        Prices with competitive constraints only, where two-step clearing was tested.
    notes
        What a reader must know: nothing binds, marginal units with negative relief.
    binding
        Binding constraints, numbered by ``test``.
    factors
        Relief factor of every unit in every test: test, interval_start, unit, bus, dfax.
    relief_factors
        The same measured against the output that relief displaces, with its price: test,
        interval_start, unit, bus, dfax, energy_price.
    base
        The dispatch from which relief is measured, where a test asks for it.
    prices
        Prices measured against the slack of the tests.
    """

    run: Run
    owners: Ownership
    rules: StructureRules
    reference: pd.DataFrame | None
    verdicts: pd.DataFrame
    relief: pd.DataFrame
    competitive: pd.DataFrame
    step_one: pd.DataFrame
    notes: tuple[str, ...]
    binding: pd.DataFrame
    factors: pd.DataFrame
    relief_factors: pd.DataFrame
    base: ReliefBase | None
    prices: pd.DataFrame


def structure_tests(
    run: Run,
    *,
    rules: StructureRules | None = None,
    owners: Ownership | None = None,
    model: LiveModel | None = None,
    reference: pd.DataFrame | None = None,
) -> StructureTests:
    """Make the structural tests that the rulebook asks for.

    Indices follow from their result: :func:`mitigation.indices.tested.indices_of`.

    Parameters
    ----------
    run
        A cleared run.
    rules
        Rules to use instead of those of the run's rulebook.
    owners
        Control over units instead of the case's, for what-ifs
        (:mod:`mitigation.structure.what_if`).
    model
        The live model to ask instead of the run's, for the base ``pre_control`` and for two-step
        clearing. A run that was read from a folder is cleared again for it.
    reference
        Reference offers (unit, interval_start, segment, mw, price), for markups and output gaps.

    Raises
    ------
    InputError
        Units without owner and the like, or a base that needs a live model where there is none.
    """
    rules = rules or run.rulebook.mitigation.structure
    if rules.supply.storage:
        run = with_stored_supply(run)
    owners = owners or owners_of(run)
    binding = binding_constraints(run, rules.shadow_price_min)
    if len(binding) and solves_again(rules):
        model = live_model(run, model)
    slack, prices, terms = measured_against(run, rules.slack, rules.slack_bus)
    factors = unit_factors(binding, terms, run.case.units)
    relief_factors = against_slack(factors, prices)
    rows, relief, step_one = [no_verdicts(run)], pd.DataFrame(), prices.iloc[:0]
    base: ReliefBase | None = None
    if len(binding) and {"three_pivotal", "two_step"} & set(rules.tests):
        base = relief_base(run, binding, factors, rules, model)
        if "three_pivotal" in rules.tests:
            relief_factors = against_displaced(run, base, factors, prices)
            least = rules.three_pivotal.dfax_min
            supply = relief_supply(run, base, relief_factors, owners, rules, least)
            found, relief = three_pivotal_tests(binding, base, supply, slack, rules)
            rows.append(found)
        if "two_step" in rules.tests:
            plain = against_slack(factors, prices)
            rows.append(element_competitiveness(run, binding, base, plain, owners, slack, rules))
            step_one = step_one_prices(rows[-1], needed(model, "two-step clearing"), rules.alike)
    paths = no_verdicts(run)
    if len(binding) and "competitive_path" in rules.tests:
        paths = path_tests(run, binding, factors, owners, slack, rules)
    rows.append(paths)
    if "system" in rules.tests:
        rows.append(system_tests(run, owners, rules))
    if "system_margin" in rules.tests:
        rows.append(margin_tests(run, owners, rules))
    wrong = negative_relief(run.marginal_units, terms, run.case.units)
    if "two_step" not in rules.tests and (base is None or base.name == "pre_control"):
        wrong = wrong.head(0)  # nothing here is measured against the slack
    verdicts = _with_notes(stacked(rows), wrong)
    return StructureTests(
        run=run,
        owners=owners,
        rules=rules,
        reference=reference,
        verdicts=verdicts,
        relief=_named(relief, binding, run),
        competitive=competitive_prices(
            prices,
            terms,
            paths.rename(columns={"passed": "competitive"}),
            smallest_congestion=_smallest_congestion(rules),
        ),
        step_one=step_one[["interval_start", "bus", "lmp"]],
        notes=_notes(binding, wrong, slack),
        binding=binding,
        factors=factors,
        relief_factors=relief_factors,
        base=base,
        prices=prices,
    )


def slack_sensitivity(
    run: Run,
    slacks: Sequence[str],
    *,
    rules: StructureRules | None = None,
    owners: Ownership | None = None,
    model: LiveModel | None = None,
) -> pd.DataFrame:
    """Three-pivotal-supplier verdicts under several slacks, told apart by the column ``slack``.

    Relief from the dispatch without the constraint is measured against the output that it displaces
    and does not depend on the slack. From the dispatch in which an interval begins it does, as do
    supply, clearing price and indices: :func:`slack_verdicts` says whose verdict turns.

    ``slacks`` are ``run``, ``load`` or names of buses.
    """
    rules = rules or run.rulebook.mitigation.structure
    owners = owners or owners_of(run)
    binding = binding_constraints(run, rules.shadow_price_min)
    if len(binding) and rules.base == "pre_control":
        model = live_model(run, model)
    base: ReliefBase | None = None
    least = rules.three_pivotal.dfax_min
    found = [no_verdicts(run)]
    for name in slacks if len(binding) else ():
        kind = name if name in ("run", "load") else "bus"
        slack, prices, terms = measured_against(run, kind, name)
        factors = unit_factors(binding, terms, run.case.units)
        if base is None or base.name == "current":
            base = relief_base(run, binding, factors, rules, model)
        measured = against_displaced(run, base, factors, prices)
        supply = relief_supply(run, base, measured, owners, rules, least)
        verdicts, _ = three_pivotal_tests(binding, base, supply, slack, rules)
        if base.name == "current":
            wrong = negative_relief(run.marginal_units, terms, run.case.units)
            verdicts = _with_notes(verdicts, wrong)
        found.append(verdicts)
    return pd.concat(found, ignore_index=True)


def slack_verdicts(
    run: Run,
    slacks: Sequence[str],
    *,
    rules: StructureRules | None = None,
    owners: Ownership | None = None,
    model: LiveModel | None = None,
) -> pd.DataFrame:
    """Whether the verdict on each owner is stable, or which slack turns it.

    Parameters
    ----------
    slacks
        As of :func:`slack_sensitivity`; the verdict of the first is compared with the others.

    Returns
    -------
    DataFrame
        interval_start, constraint, contingency, direction, owner, passed (under the first slack),
        stable, turned_by (slacks with another verdict, "" where stable). An owner without relevant
        supply under a slack passes there.
    """
    rows = slack_sensitivity(run, slacks, rules=rules, owners=owners, model=model)
    rows = rows[(rows["rule_id"] == "three_pivotal") & (rows["owner"] != "")]
    at = ["interval_start", *LIMIT, "owner"]
    wide = rows.pivot_table(index=at, columns="slack", values="passed", sort=False, aggfunc="all")
    wide = wide.reindex(columns=rows["slack"].unique()).astype("boolean").fillna(True).astype(bool)
    first = wide.iloc[:, 0]
    turned = [
        ", ".join(str(name) for name in wide if wide.at[key, name] != passed)
        for key, passed in first.items()
    ]
    found = first.rename("passed").reset_index()
    return found.assign(stable=[not text for text in turned], turned_by=turned)


def _smallest_congestion(rules: StructureRules) -> float:
    """What non-competitive congestion must exceed; without path tests there is none."""
    path_tested = "competitive_path" in rules.tests
    return rules.competitive_path.smallest_congestion if path_tested else 0.0


def solves_again(rules: StructureRules) -> bool:
    """Whether the tests of constraints solve the market again."""
    if "two_step" in rules.tests:
        return True
    return "three_pivotal" in rules.tests and rules.base == "pre_control"


def _with_notes(verdicts: pd.DataFrame, wrong: pd.DataFrame) -> pd.DataFrame:
    """Say on each row which marginal units have negative relief on its constraint."""
    if wrong.empty:
        return verdicts
    named = wrong.groupby(TERM)["unit"].agg(_few).rename("wrong").reset_index()
    merged = verdicts.merge(named, on=TERM, how="left", sort=False)
    told = ("marginal with negative relief: " + merged["wrong"]).fillna("")
    both = (merged["note"] != "") & (told != "")
    return verdicts.assign(note=(merged["note"] + both.map({True: "; ", False: ""}) + told))


def _few(names: pd.Series) -> str:
    """Give the first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names.iloc[:3]) + more


def _notes(binding: pd.DataFrame, wrong: pd.DataFrame, slack: str) -> tuple[str, ...]:
    if binding.empty:
        text = "no constraint binds: there is nothing to test by constraint"
        return (Warned(text, "nothing_binds"),)
    if wrong.empty:
        return ()
    places = wrong.drop_duplicates(TERM)
    text = (
        f"under the slack {slack}, {wrong['unit'].nunique()} marginal units have negative relief "
        f"in {len(places)} of {len(binding)} tests (first: {wrong['unit'].iloc[0]} on "
        f"{wrong['constraint'].iloc[0]}): their relevant supply leaves out a unit that sets the "
        "price; see the sensitivity to the slack"
    )
    note = Warned(text, "negative_relief")
    warnings.warn(DataWarning(note), stacklevel=3)
    return (note,)


def _named(relief: pd.DataFrame, binding: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Relief segments with the constraint they are for, cheapest first."""
    columns = [
        "interval_start",
        *LIMIT,
        "unit",
        "kind",
        "owner",
        "segment",
        "price",
        "mw",
        "dfax",
        "effective_mw",
        "effective_price",
        "relevant",
    ]
    if relief.empty:
        return pd.DataFrame(columns=columns)
    stored = set(run.case.tables["storage"]["storage"])
    named = relief.drop(columns="interval_start").merge(
        binding[["test", "interval_start", *LIMIT]], on="test", sort=False
    )
    order = [*LIMIT, "interval_start", "effective_price", "unit", "segment"]
    named["kind"] = ["storage" if unit in stored else "unit" for unit in named["unit"]]
    return named.sort_values(order, ignore_index=True)[columns]


test_structure = structure_tests
"""The former name, which test collectors take for a test."""
test_structure.__test__ = False  # type: ignore[attr-defined]
