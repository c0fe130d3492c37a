"""Owners: one parent at a time, no circles."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from cases.checks.context import Context

__all__ = ["check_owners"]


def check_owners(context: Context) -> None:
    """Check that the rows of an owner do not overlap in time and that parents form no circle."""
    owners = context.tables["owners"]
    if not len(owners) or not context.usable("owners"):
        return
    skip = context.reported("owners", "owner", "valid_from", "valid_to")
    rows = owners[~skip & (owners["owner"] != "")]
    for position in rows.index[rows["valid_from"] > rows["valid_to"]]:
        message = "valid_from must not be after valid_to"
        context.fail("owners", position, "valid_from", "dates", message)
    several = rows[rows["owner"].duplicated(keep=False)]
    start = several["valid_from"].fillna(pd.Timestamp.min.as_unit("us"))
    end = several["valid_to"].fillna(pd.Timestamp.max.as_unit("us"))
    for _, group in several.groupby("owner", sort=False):
        ordered = start.loc[group.index].sort_values(kind="stable").index
        for before, after in pairwise(ordered):
            if start[after] > end[before]:
                continue
            owner, row = owners["owner"].iat[after], context.sources["owners"].row(before)
            first, second = (str(owners["parent"].iat[k]) for k in (before, after))
            if first != second:
                names = " and ".join(name or "none" for name in (first, second))
                message = f"{owner} has two parents at a time, {names} (see row {row})"
                context.fail("owners", after, "parent", "two_parents", message)
            else:
                message = f"{owner} is given twice for the same days (see row {row})"
                context.fail("owners", after, "owner", "overlapping_validity", message)
    _check_circles(context, rows)


def _check_circles(context: Context, rows: pd.DataFrame) -> None:
    parents = dict(zip(rows["owner"], rows["parent"], strict=True))
    done: set[str] = set()
    for position, owner in zip(rows.index, rows["owner"], strict=True):
        path: list[str] = []
        name = owner
        while name in parents and parents[name] not in ("", name) and name not in done:
            if name in path:
                circle = " -> ".join([*path[path.index(name) :], name])
                context.fail("owners", position, "parent", "circular_parents", circle)
                break
            path.append(name)
            name = parents[name]
        done.update(path)
