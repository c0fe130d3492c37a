"""Parties of contracts, trades and rights: who may be one.

Where a case has a table of owners, every party is in it. Without one any name may be a party, but
not one that is a slip of a known name: money would go to an owner that nobody is.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cases.case import Case
from cases.errors import Failure
from cases.files.convert import nearest
from cases.market_time import day_of

__all__ = ["participant_problem", "party_problems"]

_PARTIES = (("contracts", "buyer"), ("contracts", "seller"), ("futures", "owner"),
            ("rights", "owner"))  # fmt: skip
_WITH_OWNERS = ("units", "loads", "storage", "virtuals")
_SHORTEST = 4
"""Letters of a word in which one may be wrong; shorter words are names of their own (A, B)."""


def participant_problem(case: Case, owner: str, day: pd.Timestamp) -> str:
    """Why an owner may not act on a day by the register of participants; "" where it may.

    A case without a register lets everybody act.
    """
    table = case.participants
    if table.empty:
        return ""
    rows = table[table["owner"] == owner]
    if rows.empty:
        return f"{owner} is not in the register of participants{nearest(owner, table['owner'])}"
    row = rows.iloc[0]
    at = day_of(day)
    if row["status"] != "active":
        return f"{owner} is {row['status']} in the register of participants"
    if not pd.isna(row["since"]) and at < row["since"]:
        return f"{owner} is a participant from {row['since']:%Y-%m-%d} on, not on {at:%Y-%m-%d}"
    if not pd.isna(row["until"]) and at > row["until"]:
        return f"{owner} was a participant until {row['until']:%Y-%m-%d}, not on {at:%Y-%m-%d}"
    return ""


def party_problems(tables: Mapping[str, pd.DataFrame], case: Case, operator: str) -> list[Failure]:
    """Parties that are not known, or are a slip of a known name."""
    listed = set(case.owners["owner"])
    known = listed or {str(o) for name in _WITH_OWNERS for o in case.tables[name]["owner"] if o}
    known |= {operator}
    failures = _not_registered(tables, case, operator)
    if failures:
        return failures
    for name, column in _PARTIES:
        for position, owner in enumerate(tables[name][column]):
            if owner in known:
                continue
            if listed:
                why = f"there is no owner {owner!r}{nearest(owner, listed)}"
            elif near := [other for other in sorted(known) if _slip(owner, other)]:
                why = f"no owner of the case is called {owner!r}; did you mean {near[0]}?"
            else:
                continue
            failures.append(Failure(name, position + 2, column, "unknown_owner", why))
    return failures


def _not_registered(tables: Mapping[str, pd.DataFrame], case: Case, operator: str) -> list[Failure]:
    """Parties that the register of participants does not have; those that left keep their money."""
    listed = set(case.participants["owner"])
    if not listed:
        return []
    return [
        Failure(name, position + 2, column, "participant",
                f"{owner} is not in the register of participants{nearest(owner, listed)}")
        for name, column in _PARTIES
        for position, owner in enumerate(tables[name][column])
        if owner not in listed and owner != operator
    ]  # fmt: skip


def _slip(name: str, other: str) -> bool:
    """Whether two names differ as a slip of the pen does.

    That is: only by case and spaces, or by one letter added, left out, changed or swapped in one
    word. Digits and words of a few letters tell names apart.
    """
    if name.casefold().split() == other.casefold().split():
        return True
    words, others = name.casefold().split(), other.casefold().split()
    if len(words) != len(others):
        return "".join(words) == "".join(others)
    differing = [(a, b) for a, b in zip(words, others, strict=True) if a != b]
    return len(differing) == 1 and _one_letter(*differing[0])


def _one_letter(a: str, b: str) -> bool:
    if min(len(a), len(b)) < _SHORTEST or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    start = min(len(a), len(b)) if start is None else start
    left, right = a[start:], b[start:]
    if any(c.isdigit() for c in left[:1] + right[:1]):
        return False
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    )
