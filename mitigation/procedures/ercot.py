"""ERCOT: two clearings, the first with competitive constraints only.

The prices of the first clearing are the reference prices. In the second one, with all constraints,
offers are ``min(offer, max(mitigated offer cap, reference price))``. Source: ERCOT Nodal Protocols
6.5.7.3 and NPRR520; reference/mitigation.md section 4.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.run import Run
from mitigation.keys import AT, KEY, LIMIT
from mitigation.procedures.common import (
    capped,
    joined_notes,
    needs_test,
    note_of,
    passed_by,
    with_energy,
)
from mitigation.slots import AssessedRun, Replacement, Subjects
from mitigation.slots.terms import terms_of
from mitigation.structure.run import StructureTests

__all__ = ["first_clearing_price", "noncompetitive_constraints"]

_RULE: Final = "mitigation.structure.two_step"


def noncompetitive_constraints(assessed: AssessedRun) -> Subjects:
    """Energy offers in intervals in which a binding constraint is not competitive.

    A constraint is tested by its element competitiveness index and by whether suppliers are
    pivotal for it. With ``ercot.applies_to = "material"`` only units that relieve it count.
    """
    found = assessed.structure_tests()
    needs_test(found, "two_step", "the subject of non-competitive constraints")
    tests = found.verdicts[found.verdicts["rule_id"] == "two_step"]
    failed = tests[~tests["passed"]]
    above = assessed.failing[assessed.failing["component"] == "energy"]
    cells = above.loc[above["interval_start"].isin(failed["interval_start"]), KEY]
    if assessed.rules.ercot.applies_to == "material":
        cells = cells.merge(_material(assessed, found, failed), on=AT, sort=False)
    first = {
        "pass": "step 1",
        "constraints": sorted(tests["constraint"].unique()),
        "not_competitive": sorted(failed["constraint"].unique()),
        "intervals": int(failed["interval_start"].nunique()),
    }
    details, terms = _assessment(above[KEY], cells, tests)
    return Subjects(cells.reset_index(drop=True), details=details, terms=terms, events=(first,))


def first_clearing_price(assessed: AssessedRun, subjects: Subjects) -> Replacement:
    """Replace offers by ``max(offer cap, price of the first clearing)`` where they are dearer.

    The caps are the reference levels; anything but energy counts at its reference.
    """
    found = assessed.structure_tests()
    needs_test(found, "two_step", "the price of the first clearing")
    keys = subjects.keys
    cells = keys.loc[keys["component"] == "energy", KEY].reset_index(drop=True)
    others = keys.loc[keys["component"] != "energy", KEY]
    floors = _reference_prices(assessed.run, found, cells)
    pieces = capped(assessed.run.case, assessed.levels, cells, floors)
    lowered = passed_by(pieces)
    rows = cells.merge(lowered, on=KEY, how="left", sort=False)
    notes = pd.Series(
        [
            f"capped at the higher of its cap {reference:g} and the price {floor:g} of the "
            "clearing with competitive constraints only"
            if used == used
            else "not above the reference price of the first clearing"
            for used, reference, floor in zip(
                rows["offer_used"], rows["reference"], rows["floor"], strict=True
            )
        ],
        index=rows.index,
        dtype=object,
    )
    details = rows[[*KEY, "offer_used"]].assign(
        note=joined_notes(notes, note_of(subjects.details, rows)), rule_id=_RULE
    )
    return Replacement(
        pd.concat([lowered[KEY], others], ignore_index=True),
        with_energy(assessed.levels, pieces, lowered),
        details=details,
        terms=terms_of(cells.merge(floors, on=AT, sort=False), first_step_price="floor"),
    )


def _material(assessed: AssessedRun, found: StructureTests, failed: pd.DataFrame) -> pd.DataFrame:
    """Units and intervals that relieve a constraint that is not competitive."""
    least = assessed.rules.structure.two_step.dfax_min
    names = ["interval_start", *LIMIT]
    limits = found.binding.merge(failed[names].drop_duplicates(), on=names)
    rows = found.factors[found.factors["test"].isin(limits["test"])]
    return rows.loc[rows["dfax"] >= least, AT].drop_duplicates()


def _reference_prices(run: Run, found: StructureTests, cells: pd.DataFrame) -> pd.DataFrame:
    """Price of the first clearing at the bus of each unit: unit, interval_start, floor, from_mw."""
    bus = run.case.tables["units"].set_index("unit")["bus"]
    placed = cells[AT].assign(bus=cells["unit"].map(bus))
    priced = placed.merge(found.step_one, on=["interval_start", "bus"], how="left", sort=False)
    return priced.rename(columns={"lmp": "floor"}).assign(from_mw=0.0)


def _assessment(
    energy: pd.DataFrame, cells: pd.DataFrame, tests: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the tests found at every energy offer above its cap, the worst of its interval.

    Details and terms.
    """
    subject = pd.MultiIndex.from_frame(energy[AT]).isin(pd.MultiIndex.from_frame(cells[AT]))
    worst = tests.sort_values(["passed", "shadow_price"], ascending=[True, False])
    worst = worst.drop_duplicates("interval_start").rename(
        columns={"total_supply_mw": "effective_supply_mw", "note": "index"}
    )
    names = ["interval_start", *LIMIT, "shadow_price", "need_mw", "effective_supply_mw", "index"]
    names += ["concentration"]
    rows = energy.merge(worst[[*names, "passed"]], on="interval_start", how="left", sort=False)
    failed = rows["passed"].eq(False).to_numpy()
    untested = np.where(
        failed,
        "does not relieve such a constraint",
        "every binding constraint of the interval is competitive",
    )
    index = rows["index"].where(failed, "").fillna("")
    competitiveness = index.where(index == "", rows["constraint"].fillna("") + ": " + index)
    first = pd.Series(np.where(subject, "", untested), index=rows.index, dtype=object)
    details = rows.drop(columns=["index", "passed", "concentration"]).assign(
        note=joined_notes(first, competitiveness),
        rule_id=_RULE,
        tps_result=rows["passed"].map({True: "pass", False: "fail"}),
    )
    return details, terms_of(rows, competitiveness_index="concentration")
