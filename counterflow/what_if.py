"""What if owners merged, sold a unit or sold forward: the same day, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

import mitigation
from cases import InputError, Run
from counterflow.tables.money import average_price, run_money, uplift_total
from mitigation import Ownership

__all__ = ["compare_what_if", "what_if_owners"]


def what_if_owners(
    run: Run,
    merge: Iterable[Iterable[str]] = (),
    divest: Mapping[str, str] | None = None,
    contracts: Mapping[str, float] | None = None,
) -> tuple[Ownership, list[str]]:
    """Control over the units of a run after some changes, and the changes in words.

    Parameters
    ----------
    merge
        Groups of owners that count as one, named after the first.
    divest
        Unit to the owner that it is sold to.
    contracts
        Owner to MW more that it has sold under contract.

    Raises
    ------
    InputError
        Units or owners that the case does not have, with the nearest; a merger of one.
    """
    owners = mitigation.owners_of(run)
    told = []
    for group in merge:
        names = list(group)
        if len(set(names)) < 2:
            message = f"a merger takes two or more owners, not {', '.join(names) or 'none'}"
            raise InputError.one("", None, None, "merge", message)
        owners = mitigation.merge_owners(owners, names, into=names[0])
        told.append(f"{' and '.join(names)} merge")
    for unit, buyer in (divest or {}).items():
        owners = mitigation.divest(owners, [unit], to=buyer)
        told.append(f"{unit} is sold to {buyer}")
    for owner, mw in (contracts or {}).items():
        owners = mitigation.cover(owners, owner, mw)
        told.append(f"{owner} sells {mw:g} MW more under contract")
    return owners, told


def compare_what_if(before: Run, after: Run) -> pd.DataFrame:
    """Structure, mitigation, price and money of a day as it is and after a what-if.

    Parameters
    ----------
    before, after
        The same run, mitigated with the owners as they are and with others.

    Returns
    -------
    DataFrame
        group (structure, mitigation, price, money), item, before, after, change.
    """
    rows = [
        *_structure(before, after),
        ("mitigation", "units_mitigated", *(_mitigated(run) for run in (before, after))),
        ("mitigation", "components_mitigated", *(_components(run) for run in (before, after))),
        ("price", "load_weighted_lmp", *(average_price(run) for run in (before, after))),
        ("price", "highest_lmp", *(float(run.prices["lmp"].max()) for run in (before, after))),
    ]
    money = [run_money(run) | {"uplift": uplift_total(run)} for run in (before, after)]
    for item in ("load_payment", "generation_revenue", "uplift", "production_cost"):
        rows.append(("money", item, *(float(part[item]) for part in money)))
    table = pd.DataFrame(rows, columns=["group", "item", "before", "after"])
    return table.assign(change=table["after"] - table["before"])


def _structure(before: Run, after: Run) -> list[tuple[str, str, float, float]]:
    """Tests that failed, by rule, and the least residual supply."""
    both = [_tests(run) for run in (before, after)]
    rules = sorted(set().union(*(set(table["rule_id"]) for table in both)))
    rows: list[tuple[str, str, float, float]] = []
    for rule in rules:
        own = [table[table["rule_id"] == rule] for table in both]
        failed = [float((~table["passed"].astype(bool)).sum()) for table in own]
        rows.append(("structure", f"{rule}: tests failed", failed[0], failed[1]))
        for index in ("rsi1", "rsi3"):
            least = [float(table[index].min()) for table in own]
            if all(value == value for value in least):
                rows.append(("structure", f"{rule}: least {index}", least[0], least[1]))
    return rows


def _tests(run: Run) -> pd.DataFrame:
    """Structural tests: those of the run, or made now by the owners of its what-if."""
    if len(run.tests_structure):
        return run.tests_structure
    owners, _ = what_if_owners(run, **dict(run.stated.get("what_if") or {}))
    return mitigation.structure_tests(
        run, rules=run.rulebook.mitigation.structure, owners=owners
    ).verdicts


def _mitigated(run: Run) -> float:
    done = run.decisions
    return float(done.loc[done["action"] == "mitigated", "unit"].nunique())


def _components(run: Run) -> float:
    return float((run.decisions["action"] == "mitigated").sum())
