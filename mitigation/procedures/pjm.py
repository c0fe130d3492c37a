"""PJM: owners that fail the three-pivotal-supplier test on a constraint are offer-capped for it.

The test of every binding constraint; units of failing owners that are committed or raised for the
constraint; the price-based or the cost-based schedule, by lower total cost and as a whole. Source:
PJM Operating Agreement, schedule 1, section 6.4; reference/mitigation.md section 2.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from cases.errors import Failure, InputError
from mitigation.impact.subject import Outcome, Subject, registered
from mitigation.keys import AT, KEY, LIMIT
from mitigation.procedures.common import market_result, structure_of
from mitigation.procedures.pivotal_units import pivotal_units
from mitigation.procedures.schedules import cheapest_schedule
from mitigation.procedures.unit_schedules import COST, PRICE, UnitSchedules
from mitigation.record.decisions import by_key
from mitigation.references.substitution import COMMITMENT, whole_day
from network.arrays import Booleans
from settlement.ledger.frames import records

__all__ = ["offer_capping"]

_CAP: Final = "mitigation.pjm.schedule"
_TEST: Final = "mitigation.structure.three_pivotal"
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


@registered("pjm")
def offer_capping(subject: Subject) -> Outcome:
    """Put units that are run for a constraint on the cheaper schedule where their owner is pivotal.

    Reference levels make the cost-based schedule. With ``pjm.schedule = "strict"`` the lower of
    both schedules holds at every MW and in every part, which closes the gap that crossing curves
    leave; otherwise a schedule is taken as a whole, also where single parts of it are dearer.

    Raises
    ------
    InputError
        A unit that would be compared has no cost-based no-load or start-up: all of them at once.
    """
    found = structure_of(subject)
    units = pivotal_units(subject.run, found, subject.rules)
    above = subject.failing
    owned = units.merge(above["unit"].drop_duplicates(), on="unit", sort=False)
    wanted = owned[owned["role"] != ""]
    schedules = UnitSchedules(subject)
    spells = schedules.spells(wanted)
    _complete(schedules, spells)
    strict = subject.rules.pjm.schedule == "strict"
    chosen, told, crossing = [], [], []
    for spell in records(spells):
        cells = schedules.cells(spell)
        if strict:
            name, note = COST, "the lower of both schedules at every MW"
        else:
            name, note = _compared(schedules, spell)
        crosses = [] if strict else schedules.crossing(spell, name)
        crossing += crosses
        note += f"; {crosses[0]}" if crosses else ""
        keys = schedules.keys(spell, cells, name, strict=strict)
        if strict:
            keys = keys.merge(above[KEY], on=KEY, sort=False)
        named = pd.concat([keys, cells.assign(component="energy")]).drop_duplicates()
        if not strict and _among(keys, subject.kept).any():
            # A schedule is taken as a whole, or not at all.
            note, keys = "a part of it is kept, so the whole schedule is", keys.head(0)
        chosen.append(keys)
        told.append(named.assign(rule_id=_CAP, note=f"{spell['role']}: {note}"))
    keys = _gathered(chosen, above)
    keys = keys.loc[~_among(keys, subject.kept), KEY].reset_index(drop=True)
    tested = {
        "pass": "three pivotal suppliers",
        "pivotal": sorted(units["unit"].unique()),
        "committed_or_raised": sorted(wanted["unit"].unique()),
        "capped": sorted(keys["unit"].unique()),
        "schedule": subject.rules.pjm.schedule,
        "crossing_curves": crossing,
    }
    return market_result(
        subject,
        subject.levels,
        keys,
        whole=not strict,
        said=_said(subject, units, _gathered(told, above), keys, whole=not strict),
        found=found,
        events=[tested],
        notes=tuple(crossing),
    )


def _among(keys: pd.DataFrame, others: pd.DataFrame) -> Booleans:
    """Tell which keys are among others."""
    index = pd.MultiIndex.from_frame(keys[KEY])
    return np.asarray(index.isin(pd.MultiIndex.from_frame(others[KEY])), dtype=np.bool_)


def _compared(schedules: UnitSchedules, spell: dict[str, Any]) -> tuple[str, str]:
    """The schedule that is taken for a spell, and why."""
    offered = schedules.of(spell)
    name = cheapest_schedule(offered)
    text = ", ".join(f"{each} {cost:g}" for each, cost in schedules.costs(offered).items())
    if name == PRICE:
        return name, f"stays on its price-based schedule (total cost: {text})"
    return name, f"put on its {name} schedule (total cost: {text})"


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


def _said(
    subject: Subject,
    units: pd.DataFrame,
    told: pd.DataFrame,
    keys: pd.DataFrame,
    *,
    whole: bool,
) -> pd.DataFrame:
    """What the procedure says of every component above its cap, and of what it replaced."""
    rows = pd.concat([subject.failing[KEY], told[KEY]], ignore_index=True).drop_duplicates()
    best = units.sort_values(["role", "part"], ascending=False, kind="stable")
    of_cell = rows.merge(best.drop_duplicates(AT), on=AT, how="left", sort=False)
    of_unit = rows.merge(
        best.drop_duplicates("unit").drop(columns="interval_start"),
        on="unit",
        how="left",
        sort=False,
    )
    all_day = whole_day(rows["component"]).to_numpy()
    full = of_cell.where(~pd.Series(all_day, index=of_cell.index), of_unit[of_cell.columns])
    full[KEY] = rows[KEY].to_numpy()
    full["interval_start"] = rows["interval_start"].to_numpy()
    full["interval_start"] = full["interval_start"].astype(rows["interval_start"].dtype)
    pivotal, raised = full["role"].notna(), full["role"].fillna("") != ""
    note = np.select(
        [raised, pivotal],
        ["", "its owner is pivotal, but the unit runs for economics: not capped"],
        "no binding constraint that it relieves and for which its owner is pivotal",
    )
    said = full[[*KEY, *_TESTED]].assign(rule_id=_TEST, note=note)
    mine = said[KEY].merge(told, on=KEY, how="left", sort=False)
    for name in ("rule_id", "note"):
        said[name] = said[name].mask(mine[name].notna().to_numpy(), mine[name].to_numpy())
    if whole:
        used = by_key(subject.tests)[[*KEY, "reference"]].rename(
            columns={"reference": "offer_used"}
        )
        used = keys.merge(used, on=KEY, sort=False)
        priced = ~used["component"].str.startswith("param:")
        said = said.merge(used[priced], on=KEY, how="left", sort=False)
    else:
        commitment = said["component"].isin(COMMITMENT) & (said["note"] == "")
        said["note"] = said["note"].mask(commitment, "the lower of both schedules")
    return said
