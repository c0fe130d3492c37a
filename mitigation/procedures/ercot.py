"""ERCOT: two clearings, the first with competitive constraints only.

The prices of the first clearing are the reference prices. In the second one, with all constraints,
offers are ``min(offer, max(mitigated offer cap, reference price))``. Source: ERCOT Nodal Protocols
6.5.7.3 and NPRR520; reference/mitigation.md section 4.
"""

from __future__ import annotations

import pandas as pd

from cases.run import Run
from mitigation.impact.subject import Outcome, Subject, registered
from mitigation.keys import AT, KEY, LIMIT
from mitigation.procedures.common import capped, market_result, passed_by, structure_of, with_energy
from mitigation.structure.run import StructureTests

__all__ = ["two_clearings"]


@registered("ercot")
def two_clearings(subject: Subject) -> Outcome:
    """Clear with competitive constraints, then with all and offers capped.

    The caps are the reference levels. Where every binding constraint is competitive no offer is
    capped and the run stands; where one is not, it is tested by its element competitiveness index
    and by whether suppliers are pivotal for it.
    """
    found = structure_of(subject)
    tests = found.verdicts[found.verdicts["rule_id"] == "two_step"]
    failed = tests[~tests["passed"]]
    above = subject.failing[subject.failing["component"] == "energy"]
    cells = above.loc[above["interval_start"].isin(failed["interval_start"]), KEY]
    if subject.rules.ercot.applies_to == "material":
        cells = cells.merge(_material(subject, found, failed), on=AT, sort=False)
    floors = _reference_prices(subject.run, found, cells)
    pieces = capped(subject.run.case, subject.levels, cells, floors)
    lowered = passed_by(pieces)
    levels = with_energy(subject.levels, pieces, lowered)
    first = {
        "pass": "step 1",
        "constraints": sorted(tests["constraint"].unique()),
        "not_competitive": sorted(failed["constraint"].unique()),
        "intervals": int(failed["interval_start"].nunique()),
    }
    return market_result(
        subject,
        levels,
        lowered,
        said=_said(subject, cells, lowered, tests),
        found=found,
        events=[first],
    )


def _material(subject: Subject, found: StructureTests, failed: pd.DataFrame) -> pd.DataFrame:
    """Units and intervals that relieve a constraint that is not competitive."""
    least = subject.rules.structure.two_step.dfax_min
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


def _said(
    subject: Subject, cells: pd.DataFrame, lowered: pd.DataFrame, tests: pd.DataFrame
) -> pd.DataFrame:
    """What the procedure says of every energy offer above its cap."""
    energy = subject.failing.loc[subject.failing["component"] == "energy", KEY]
    rows = energy.merge(lowered, on=KEY, how="left", sort=False)
    tested = pd.MultiIndex.from_frame(rows[AT]).isin(pd.MultiIndex.from_frame(cells[AT]))
    worst = tests.sort_values(["passed", "shadow_price"], ascending=[True, False])
    worst = worst.drop_duplicates("interval_start").rename(
        columns={"total_supply_mw": "effective_supply_mw", "note": "index"}
    )
    names = ["interval_start", *LIMIT, "shadow_price", "need_mw", "effective_supply_mw", "index"]
    rows = rows.merge(worst[[*names, "passed"]], on="interval_start", how="left", sort=False)
    done = rows["offer_used"].notna()
    note = pd.Series("not above the reference price of the first clearing", index=rows.index)
    note = note.mask(~tested, "every binding constraint of the interval is competitive")
    note = note.mask(~tested & rows["passed"].eq(False), "does not relieve such a constraint")
    capped_note = [
        f"capped at the higher of its cap {reference:g} and the price {floor:g} of the clearing "
        "with competitive constraints only"
        for reference, floor in zip(rows["reference"], rows["floor"], strict=True)
    ]
    note = note.mask(done, pd.Series(capped_note, index=rows.index))
    index = rows["index"].where(rows["passed"].eq(False), "").fillna("")
    note = note + index.where(index == "", "; " + rows["constraint"].fillna("") + ": " + index)
    said: pd.DataFrame = rows.drop(columns=["floor", "reference", "index", "passed"])
    return said.assign(
        note=note,
        rule_id="mitigation.structure.two_step",
        tps_result=rows["passed"].map({True: "pass", False: "fail"}),
    )
