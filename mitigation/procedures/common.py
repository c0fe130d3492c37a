"""What procedures that start from structural tests share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.rulebook.structure import StructureRules
from cases.run import Run
from mitigation.impact.measure import DECIDED, cleared_again
from mitigation.impact.subject import Outcome, Subject
from mitigation.references.curves import at_same_mw, for_intervals
from mitigation.references.substitution import KEY, substituted
from mitigation.structure.run import StructureTests, test_structure
from mitigation.structure.verdicts import as_run_table

__all__ = [
    "AT",
    "LIMIT",
    "capped",
    "market_result",
    "no_impact",
    "passed_by",
    "structure_of",
    "structure_tables",
    "with_energy",
]

AT: Final = ["unit", "interval_start"]
LIMIT: Final = ["constraint", "contingency", "direction"]
_SAME_MW: Final = 1e-6
_SAME_PRICE: Final = 1e-9


def structure_of(subject: Subject, rules: StructureRules | None = None) -> StructureTests:
    """Make the structural tests of a procedure, before it clears anything again."""
    return test_structure(subject.run, rules=rules or subject.rules.structure)


def structure_tables(found: StructureTests) -> dict[str, pd.DataFrame]:
    """Run tables of structural tests, without the indices."""
    return {
        "relief": as_run_table("relief", found.relief),
        "tests_structure": as_run_table("tests_structure", found.verdicts),
    }


def no_impact() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give no rows of ``tests_impact`` and no verdicts: a procedure without an impact test."""
    return (
        pd.DataFrame(columns=["scope", *DECIDED[1:]]),
        pd.DataFrame(columns=[*KEY, *DECIDED]),
    )


def capped(
    case: Case, levels: pd.DataFrame, cells: pd.DataFrame, floors: pd.DataFrame
) -> pd.DataFrame:
    """Energy offers at ``min(offer, max(reference, floor))``, block by block at the same MW.

    Parameters
    ----------
    case
        The case with its offers.
    levels
        Reference levels: default bids, mitigated offer caps.
    cells
        unit, interval_start: whose offers.
    floors
        unit, interval_start, floor (money per MWh: what a cap never lies below) and from_mw:
        blocks that end below it keep their price, and no later one is left below theirs.

    Returns
    -------
    DataFrame
        unit, interval_start, segment, lower_mw, upper_mw, offered, reference, floor, price; price
        does not fall with MW where the offer does not.

    Source: CAISO tariff 39.7.1 and ERCOT Nodal Protocols 6.5.7.3, in structure.
    """
    offers = for_intervals(case.tables["offers"], cells[AT])
    pieces = at_same_mw(levels[levels["component"] == "energy"], offers)
    pieces = pieces.merge(floors[[*AT, "floor", "from_mw"]], on=AT, how="left", sort=False)
    offered = pieces["offered"].to_numpy(dtype=float)
    reference, floor = (pieces[name].to_numpy(dtype=float) for name in ("reference", "floor"))
    limit = np.fmax(reference, floor)
    moves = (pieces["upper_mw"] >= pieces["from_mw"] - _SAME_MW) & pieces["reference"].notna()
    price = pd.Series(np.where(moves, np.fmin(offered, limit), offered), index=pieces.index)
    rising = price.groupby([pieces[name] for name in AT], sort=False).cummax()
    return pieces.assign(price=np.fmin(rising, offered))


def passed_by(pieces: pd.DataFrame) -> pd.DataFrame:
    """Cells of :func:`capped` in which some block is lowered: KEY and what became of the offer.

    ``offer_used`` and ``floor`` are those of the block furthest above its reference.
    """
    lowered = (pieces["offered"] - pieces["price"]) > _SAME_PRICE * pieces["offered"].abs()
    cells = pieces.loc[lowered, AT].drop_duplicates()
    over = pieces.assign(over=pieces["offered"] - pieces["reference"]).merge(cells, on=AT)
    worst = over.sort_values([*AT, "over"], ascending=[True, True, False]).drop_duplicates(AT)
    named = worst.assign(component="energy", offer_used=worst["price"])
    return named[[*KEY, "offer_used", "floor", "reference"]].reset_index(drop=True)


def with_energy(levels: pd.DataFrame, pieces: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Levels whose energy curves in ``cells`` are the prices of ``pieces``."""
    own = pieces.merge(cells[AT], on=AT, sort=False)
    made = own[AT].assign(
        component="energy",
        segment=own.groupby(AT, sort=False).cumcount() + 1,
        mw=own["upper_mw"] - own["lower_mw"],
        after_hours_off=np.nan,
        price=own["price"],
    )
    stamped = pd.MultiIndex.from_frame(levels[AT]).isin(pd.MultiIndex.from_frame(cells[AT]))
    kept = levels[~(stamped & (levels["component"] == "energy").to_numpy())]
    return pd.concat([kept, made], ignore_index=True) if len(made) else kept


def market_result(
    subject: Subject,
    levels: pd.DataFrame,
    chosen: pd.DataFrame,
    *,
    whole: bool = False,
    said: pd.DataFrame,
    found: StructureTests,
    events: list[dict[str, Any]],
    notes: tuple[str, ...] = (),
) -> Outcome:
    """Clear with ``chosen`` at ``levels`` and with what is forced at its reference.

    Without anything to replace the tested run itself is the result.
    """
    forced = subject.forced[KEY]
    mitigated = pd.concat([chosen[KEY], forced], ignore_index=True)
    mitigated = mitigated.drop_duplicates().sort_values(KEY, ignore_index=True)
    run: Run = subject.run
    again = bool(len(mitigated))
    if again:
        case = substituted(run.case, subject.levels, forced)
        case = substituted(case, levels, chosen[KEY].drop_duplicates(), whole=whole)
        run = cleared_again(subject, case, mitigated)[0]
    impact, verdicts = no_impact()
    final = {
        "pass": "final",
        "replaced": len(mitigated),
        "cleared_again": again,
        "objective": run.objective,
    }
    return Outcome(
        run,
        mitigated,
        impact,
        verdicts,
        [*events, final],
        said=said,
        tables=structure_tables(found),
        notes=tuple(dict.fromkeys([*found.notes, *notes])),
    )
