"""What slots that start from structural tests share: caps above a floor, notes, needs."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import InputError
from mitigation.keys import AT, KEY
from mitigation.references.curves import at_same_mw, for_intervals
from mitigation.structure.run import StructureTests

__all__ = [
    "capped",
    "joined_notes",
    "needs_test",
    "note_of",
    "passed_by",
    "with_energy",
]

_SAME_MW: Final = 1e-6
_SAME_PRICE: Final = 1e-9


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


def needs_test(found: StructureTests, test: str, slot: str) -> None:
    """Refuse structural tests without the one that a slot builds on.

    Raises
    ------
    InputError
        ``mitigation.structure.tests`` does not name it.
    """
    if test not in found.rules.tests:
        message = f"{slot} needs the structural test {test}: add it"
        raise InputError.one("", None, "mitigation.structure.tests", "missing_test", message)


def joined_notes(first: pd.Series, then: pd.Series) -> pd.Series:
    """Notes one after the other, of rows of which either may be blank."""
    one, other = first.fillna("").astype(object), then.fillna("").astype(object)
    between = np.where((one != "") & (other != ""), "; ", "")
    return one + between + other


def note_of(details: pd.DataFrame, keys: pd.DataFrame) -> pd.Series:
    """The note that details have of each key, blank where they have none; in the order of keys."""
    if "note" not in details:
        return pd.Series("", index=keys.index, dtype=object)
    notes = keys[KEY].merge(details[[*KEY, "note"]], on=KEY, how="left", sort=False)["note"]
    return notes.fillna("").astype(object).set_axis(keys.index)
