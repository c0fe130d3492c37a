"""Structure what-ifs: merge owners, divest units or shares of them, sign contracts; test again."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from cases.errors import InputError
from cases.files.convert import nearest
from mitigation.structure.owners import Ownership
from mitigation.structure.tables import sum_by


def merge_owners(ownership: Ownership, owners: Iterable[str], *, into: str) -> Ownership:
    """Count several owners as one, named ``into``.

    Raises
    ------
    InputError
        A name that owns nothing.
    """
    names = sorted(set(owners))
    _known(ownership, names)

    def joined(frame: pd.DataFrame, value: str, keys: list[str]) -> pd.DataFrame:
        renamed = frame.assign(owner=frame["owner"].where(~frame["owner"].isin(names), into))
        return sum_by(renamed, keys, [value])

    return Ownership(
        joined(ownership.shares, "share", ["day", "unit", "owner"]),
        joined(ownership.contracts, "net_contract_mw", ["day", "owner"]),
    )


def divest(ownership: Ownership, units: Iterable[str], *, to: str, share: float = 1.0) -> Ownership:
    """Give ``share`` of each unit to the owner ``to``; the rest stays with who has it.

    ``share=1`` is a sale of the units, less is a virtual divestiture: rights to a slice of every
    block of the unit's offer change hands, its place on the grid does not.

    Raises
    ------
    InputError
        An unknown unit, or a share outside 0 to 1.
    """
    if not 0 < share <= 1:
        raise InputError.one("", None, "share", "share", f"must be above 0, at most 1: {share}")
    names = set(units)
    unknown = sorted(names - set(ownership.shares["unit"]))
    if unknown:
        known = ownership.shares["unit"].unique()
        near = "".join(f"{name}{nearest(name, known)} " for name in unknown).strip()
        raise InputError.one("", None, "unit", "unit", f"unknown units: {near}")
    sold = ownership.shares["unit"].isin(names)
    kept = ownership.shares.assign(
        share=ownership.shares["share"].where(~sold, ownership.shares["share"] * (1 - share))
    )
    moved = ownership.shares[sold].assign(owner=to)
    moved["share"] = moved["share"] * share
    both = pd.concat([kept[kept["share"] > 0], moved], ignore_index=True)
    return ownership.replace_shares(sum_by(both, ["day", "unit", "owner"], ["share"]))


def cover(ownership: Ownership, owner: str, mw: float) -> Ownership:
    """Add ``mw`` sold under contract to an owner's net position on every day.

    Raises
    ------
    InputError
        A name that owns nothing.
    """
    _known(ownership, [owner])
    added = pd.DataFrame(
        {
            "day": ownership.shares["day"].unique(),
            "owner": owner,
            "net_contract_mw": float(mw),
        }
    )
    both = pd.concat([ownership.contracts, added], ignore_index=True)
    return Ownership(ownership.shares, sum_by(both, ["day", "owner"], ["net_contract_mw"]))


def _known(ownership: Ownership, names: list[str]) -> None:
    known = ownership.owners
    unknown = sorted(set(names) - set(known))
    if unknown:
        hint = "".join(near for name in unknown if "mean" in (near := nearest(name, known)))
        message = f"unknown owners: {', '.join(unknown)}; known are {', '.join(known)}{hint}"
        raise InputError.one("", None, "owner", "owner", message)
