"""The checks: each takes a trial and says what is wrong, in words; nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import numpy as np
import pandas as pd

import clearing
from cases.case import Case
from mitigation.components import is_parameter
from mitigation.conformance.recorder import recorded
from mitigation.conformance.trial import Trial, by_key
from mitigation.keys import AT, KEY
from mitigation.procedures.shipped import keys_read
from mitigation.references.curves import at_same_mw, for_intervals

__all__ = ["CHECKS", "Check"]

Check: TypeAlias = Callable[[Trial], Iterator[str]]

_MONEY: Final = 1e-6
_TURNED: Final = ("buses", "branches", "units", "offers", "commitment_offers", "loads")


def nothing_to_replace(trial: Trial) -> Iterator[str]:
    """With every offer at its reference nothing is replaced and no price moves."""
    offers = trial.case.tables["offers"]
    as_bid = offers.assign(component="energy")[["unit", "component", "segment", "mw", "price"]]
    made = trial.mitigate(trial.run, levels=as_bid)
    decisions = made.tables["decisions"]
    replaced = decisions[decisions["action"] == "mitigated"]
    if len(replaced):
        yield f"{len(replaced)} components at their reference are replaced: {_key(replaced)}"
    moved = _distance(made.market.prices["lmp"], trial.run.prices["lmp"])
    if moved > _MONEY:
        yield f"prices move by up to {moved:g} with every offer at its reference"


def never_dearer(trial: Trial) -> Iterator[str]:
    """A component that is replaced alone is never dearer than its offer.

    Charge bids are never cheaper. A whole schedule is never dearer in total at the output at which
    schedules are compared, though single parts of it may be.
    """
    before, after = trial.run.case, trial.mitigated.market.case
    if trial.mitigated.whole:
        yield from _whole_dearer(trial, before, after)
    else:
        blocks = _offers_beside(before, after)
        dearer = blocks[blocks["offered"] > blocks["reference"] + _MONEY]
        if len(dearer):
            yield f"energy is dearer than it was offered: {_cell(dearer)}"
        names = ["unit", "component", "after_hours_off"]
        costs = before.tables["commitment_offers"].merge(
            after.tables["commitment_offers"], on=names, suffixes=("", "_used")
        )
        dearer = costs[costs["price_used"] > costs["price"] + _MONEY]
        if len(dearer):
            yield f"{dearer['component'].iloc[0]} of {dearer['unit'].iloc[0]} is dearer"
    stored = before.tables["storage"].merge(
        after.tables["storage"], on="storage", suffixes=("", "_used")
    )
    if (stored["discharge_price_used"] > stored["discharge_price"] + _MONEY).any():
        yield "storage is dearer to discharge than it was offered"
    if (stored["charge_price_used"] < stored["charge_price"] - _MONEY).any():
        yield "storage is cheaper to charge than it was offered"


def decisions_add_up(trial: Trial) -> Iterator[str]:
    """What is replaced was above its limit or part of a schedule, and says what became of it."""
    rows = trial.decisions
    done = rows[rows["action"] == "mitigated"]
    stray = done[(done["conduct_result"] != "fail")]
    if len(stray) and not trial.mitigated.whole:
        yield f"{_key(stray)} is replaced, though it did not fail the conduct test"
    blank = done[done["offer_used"].isna() | (done["rule_id"] == "")]
    if len(blank):
        yield f"{_key(blank)} is replaced without an offer that is used or without a rule"
    if trial.mitigated.whole:
        return
    dearer = done[done["offer_used"] > done["offered"] + _MONEY]
    dearer = dearer[~is_parameter(dearer["component"])]
    if len(dearer):
        yield f"{_key(dearer)} counts at more than was offered"


def validates(trial: Trial) -> Iterator[str]:
    """The validator, which needs no solver, accepts the market after mitigation."""
    found = clearing.validate(trial.mitigated.market)
    if len(found):
        first = found.iloc[0]
        yield (
            f"the market fails {len(found)} of its own checks, first {first['check']} "
            f"{first['subject']} at {first['interval_start']}"
        )


def order_free(trial: Trial) -> Iterator[str]:
    """The order of rows in the tables, units and buses among them, decides nothing."""
    tables = trial.case.tables
    turned = {name: tables[name][::-1].reset_index(drop=True) for name in _TURNED}
    levels = trial.levels[::-1].reset_index(drop=True)
    other = trial.mitigate(trial.cleared(trial.case.replace(**turned)), levels=levels)
    rows, same = trial.decisions, by_key(other)
    if not rows[KEY].equals(same[KEY]):
        yield "other components are decided on when rows are in another order"
        return
    for name in ("conduct_result", "impact_result", "action"):
        differs = rows[name].astype(object) != same[name].astype(object)
        if differs.any():
            yield f"{name} of {_key(rows[differs])} depends on the order of rows"
    moved = _distance(rows["offer_used"], same["offer_used"])
    if moved > _MONEY:
        yield f"an offer that is used moves by {moved:g} with the order of rows"


def reads_what_it_says(trial: Trial) -> Iterator[str]:
    """No slot reads a key of the rulebook that it does not declare."""
    read: set[str] = set()
    rules = recorded(trial.rulebook.mitigation, "mitigation", read)
    trial.mitigate(trial.run, rulebook=trial.rulebook.model_copy(update={"mitigation": rules}))
    declared = keys_read(trial.rulebook.mitigation)
    undeclared = sorted(key for key in read if not _covered(key, declared))
    if undeclared:
        yield f"keys are read that no slot declares: {', '.join(undeclared)}"


CHECKS: Final[dict[str, Check]] = {
    each.__name__: each
    for each in (
        nothing_to_replace,
        never_dearer,
        decisions_add_up,
        validates,
        order_free,
        reads_what_it_says,
    )
}
"""The checks by name."""


def _whole_dearer(trial: Trial, before: Case, after: Case) -> Iterator[str]:
    """Total cost of an hour at the output at which schedules are compared, without commitment."""
    if trial.commitment:
        return
    least = trial.rulebook.mitigation.pjm.least_mw
    blocks = _offers_beside(before, after)
    units = before.tables["units"].set_index("unit")
    low = blocks["unit"].map(units["p_min"]).to_numpy(dtype=float)
    high = blocks["unit"].map(units["p_max"]).to_numpy(dtype=float)
    at = np.where(low > 0, low, np.minimum(least, high))
    here = blocks[blocks["upper_mw"].to_numpy() >= at - _MONEY].drop_duplicates(AT)
    dearer = here[here["offered"] > here["reference"] + _MONEY]
    if len(dearer):
        yield f"a schedule is dearer in total at the output of the test: {_cell(dearer)}"


def _offers_beside(before: Case, after: Case) -> pd.DataFrame:
    """Energy offers that are used (offered) beside those submitted (reference), at the same MW."""
    cells = pd.DataFrame({"unit": before.tables["units"]["unit"]}).merge(
        pd.DataFrame({"interval_start": before.interval_starts}), how="cross"
    )
    submitted, used = (for_intervals(each.tables["offers"], cells) for each in (before, after))
    return at_same_mw(submitted, used)


def _distance(one: pd.Series, other: pd.Series) -> float:
    apart = np.abs(one.to_numpy(dtype=float) - other.to_numpy(dtype=float))
    return float(np.nanmax(apart, initial=0.0))


def _covered(key: str, declared: tuple[str, ...]) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in declared)


def _key(rows: pd.DataFrame) -> str:
    unit, stamp, component = rows.iloc[0][KEY]
    return f"{component} of {unit} at {'all times' if pd.isna(stamp) else stamp}"


def _cell(blocks: pd.DataFrame) -> str:
    first = blocks.iloc[0]
    return (
        f"{first['unit']} at {first['interval_start']} asks {first['offered']:g}, offered "
        f"{first['reference']:g}"
    )
