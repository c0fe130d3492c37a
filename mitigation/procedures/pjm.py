"""PJM: owners that fail the three-pivotal-supplier test on a constraint are offer-capped for it.

The subject is the units of failing owners that are committed or raised for the constraint; the
replacement their cost-based schedule where its total cost is lower, as a whole. Source: PJM
Operating Agreement, schedule 1, section 6.4; reference/mitigation.md section 2.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from cases.warned import Warned
from mitigation.components import is_parameter
from mitigation.conduct.by_key import by_key
from mitigation.keys import AT, KEY, LIMIT
from mitigation.procedures.common import needs_test
from mitigation.procedures.pivotal_units import pivotal_units
from mitigation.procedures.schedules import cheapest_schedule
from mitigation.procedures.unit_schedules import COST, LIMITED, PRICE, UnitSchedules
from mitigation.references.substitution import COMMITMENT, whole_day
from mitigation.slots import AssessedRun, Replacement, Subjects, no_terms
from mitigation.slots.parts import among
from mitigation.slots.terms import terms_of
from settlement.ledger.frames import records

__all__ = ["cheapest_schedules", "pivotal", "pivotal_and_raised"]

_CAP: Final = "mitigation.pjm.schedule"
_TEST: Final = "mitigation.structure.three_pivotal"
_TOTALS: Final = {
    PRICE: "price_schedule_total",
    LIMITED: "limited_schedule_total",
    COST: "cost_schedule_total",
}
"""Term of the total cost of each schedule."""
_TESTED: Final = [
    *LIMIT,
    "shadow_price",
    "need_mw",
    "effective_supply_mw",
    "relevant_price",
    "rsi1",
    "rsi2",
    "rsi3",
    "tps_result",
    "pivotal_group",
]


def pivotal_and_raised(assessed: AssessedRun) -> Subjects:
    """Units that are run for a constraint for which their owner fails three pivotal suppliers."""
    return _of_pivotal_owners(assessed, run_for_it=True)


def pivotal(assessed: AssessedRun) -> Subjects:
    """Units that relieve a binding constraint for which their owner fails three pivotal suppliers.

    Also those that run for economics.
    """
    return _of_pivotal_owners(assessed, run_for_it=False)


def _of_pivotal_owners(assessed: AssessedRun, *, run_for_it: bool) -> Subjects:
    found = assessed.structure_tests()
    needs_test(found, "three_pivotal", "the subject of pivotal suppliers")
    units = pivotal_units(assessed.run, found, assessed.rules)
    if not run_for_it:
        units = units.assign(role=units["role"].where(units["role"] != "", "relieves it"))
    above = assessed.failing
    owned = units.merge(above["unit"].drop_duplicates(), on="unit", sort=False)
    wanted = owned[owned["role"] != ""]
    here = pd.MultiIndex.from_frame(above[AT]).isin(pd.MultiIndex.from_frame(wanted[AT]))
    all_day = whole_day(above["component"]) & above["unit"].isin(wanted["unit"])
    rows = tested_there(above[KEY], units)
    owner_pivotal, subject = rows["role"].notna(), rows["role"].fillna("") != ""
    note = np.select(
        [subject, owner_pivotal],
        ["", "its owner is pivotal, but the unit runs for economics: not capped"],
        "no binding constraint that it relieves and for which its owner is pivotal",
    )
    tested = {
        "pass": "three pivotal suppliers",
        "pivotal": sorted(units["unit"].unique()),
        "committed_or_raised": sorted(wanted["unit"].unique()),
    }
    return Subjects(
        above.loc[here | all_day.to_numpy(), KEY].reset_index(drop=True),
        units,
        rows[[*KEY, *_TESTED]].assign(rule_id=_TEST, note=note),
        events=(tested,),
    )


def tested_there(keys: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Keys with what was found of their unit: in their interval, or in any for all-day keys.

    Of several constraints that for which the unit is run, then the one that adds most to its price.
    """
    names = [name for name in ("role", *_TESTED) if name in places]
    order = [name for name in ("role", "part") if name in places]
    best = places.sort_values(order, ascending=False, kind="stable")
    of_cell = keys[KEY].merge(
        best.drop_duplicates(AT)[[*AT, *names]], on=AT, how="left", sort=False
    )
    of_unit = keys[KEY].merge(
        best.drop_duplicates("unit")[["unit", *names]], on="unit", how="left", sort=False
    )
    all_day = whole_day(keys["component"]).to_numpy()
    found = of_cell[names].where(~pd.Series(all_day, index=of_cell.index), of_unit[names])
    return pd.concat([keys[KEY].reset_index(drop=True), found], axis=1)


def cheapest_schedules(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """The price-based or the cost-based schedule, whichever has the lower total cost.

    Reference levels make the cost-based schedule. With ``pjm.schedule = "strict"`` the lower of
    both schedules holds at every MW and in every part, which closes the gap that crossing curves
    leave; otherwise a schedule is taken as a whole, also where single parts of it are dearer.

    Raises
    ------
    InputError
        A unit that would be compared has no cost-based no-load or start-up: all of them at once.
    """
    above, places = assessed.failing, subjects.roles()
    owned = places.merge(above["unit"].drop_duplicates(), on="unit", sort=False)
    schedules = UnitSchedules(assessed)
    spells = schedules.spells(owned[owned["role"] != ""])
    _complete(schedules, spells)
    strict = assessed.rules.pjm.schedule == "strict"
    chosen, told, crossing = [], [], []
    for spell in records(spells):
        cells = schedules.cells(spell)
        numbers: dict[str, float] = {}
        if strict:
            name, note = COST, "the lower of both schedules at every MW"
        else:
            name, note, numbers = _compared(schedules, spell)
            crosses, numbers["crossing_from_mw"] = schedules.crossing(spell, name)
            crossing += crosses
            note += f"; {crosses[0]}" if crosses else ""
        keys = schedules.keys(spell, cells, name, strict=strict)
        if strict:
            keys = keys.merge(above[KEY], on=KEY, sort=False)
        named = pd.concat([keys, cells.assign(component="energy")]).drop_duplicates()
        if not strict and among(keys, assessed.kept).any():
            # A schedule is taken as a whole, or not at all.
            note, keys = "a part of it is kept, so the whole schedule is", keys.head(0)
        chosen.append(keys)
        told.append(named.assign(rule_id=_CAP, note=f"{spell['role']}: {note}", **numbers))
    keys = _gathered(chosen, above)
    keys = keys.loc[~among(keys, assessed.kept), KEY].reset_index(drop=True)
    said = _gathered(told, above)
    details = _details(assessed, subjects, said, keys, whole=not strict)
    stated = {term: term for term in (*_TOTALS.values(), "crossing_from_mw") if term in said}
    taken = {
        "pass": "schedules",
        "capped": sorted(keys["unit"].unique()),
        "schedule": assessed.rules.pjm.schedule,
        "crossing_curves": crossing,
    }
    return Replacement(
        keys if strict else keys.assign(bundle="schedule"),
        assessed.levels,
        whole=not strict,
        details=details,
        terms=terms_of(said, **stated) if stated else no_terms(),
        events=(taken,),
        notes=tuple(Warned(text, "crossing_curves") for text in crossing),
    )


def _compared(schedules: UnitSchedules, spell: dict[str, Any]) -> tuple[str, str, dict[str, float]]:
    """The schedule that is taken for a spell, why, and the total cost of each as terms."""
    offered = schedules.of(spell)
    name = cheapest_schedule(offered)
    costs = schedules.costs(offered)
    text = ", ".join(f"{each} {cost:g}" for each, cost in costs.items())
    totals = {_TOTALS[each]: cost for each, cost in costs.items()}
    if name == PRICE:
        return name, f"stays on its price-based schedule (total cost: {text})", totals
    return name, f"put on its {name} schedule (total cost: {text})", totals


def _complete(schedules: UnitSchedules, spells: pd.DataFrame) -> None:
    """Refuse units whose cost-based schedule lacks a part that they offer."""
    missing = schedules.missing(spells["unit"].drop_duplicates())
    if missing:
        raise InputError(
            Failure(
                "commitment_costs",
                None,
                "unit",
                "missing_reference",
                f"unit {unit} has no cost-based {component}, so its schedules cannot be compared: "
                "give it in commitment_costs or negotiated_references",
            )
            for unit, component in missing
        )


def _gathered(frames: list[pd.DataFrame], above: pd.DataFrame) -> pd.DataFrame:
    """Rows of all spells, each key once."""
    if not frames:
        return above[KEY].head(0).assign(rule_id="", note="")
    return pd.concat(frames, ignore_index=True).drop_duplicates(KEY, ignore_index=True)


def _details(
    assessed: AssessedRun,
    subjects: Subjects,
    told: pd.DataFrame,
    keys: pd.DataFrame,
    *,
    whole: bool,
) -> pd.DataFrame:
    """What the comparison says of every part of a schedule, with what was tested of the unit."""
    rows = tested_there(told, subjects.roles()).drop(columns="role")
    rows = rows.assign(rule_id=told["rule_id"].to_numpy(), note=told["note"].to_numpy())
    if whole:
        used = by_key(assessed.tests)[[*KEY, "reference"]]
        used = keys.merge(used.rename(columns={"reference": "offer_used"}), on=KEY, sort=False)
        priced = ~is_parameter(used["component"])
        return rows.merge(used[priced], on=KEY, how="left", sort=False)
    costs = subjects.keys[subjects.keys["component"].isin(COMMITMENT)]
    costs = costs.loc[~among(costs, rows), KEY].assign(note="the lower of both schedules")
    return pd.concat([rows, costs], ignore_index=True)
