"""How the points of a case may be written."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["KINDS", "point_names"]

KINDS = ("bus", "hub", "zone")
"""Kinds of points, in the order in which a bare name is looked up."""


def point_names(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Every way to write a point of the tables `buses` and `hubs`: bare and with its kind."""
    names: list[str] = []
    for kind, column in zip(
        KINDS, (tables["buses"]["bus"], tables["hubs"]["hub"], tables["buses"]["zone"]), strict=True
    ):
        own = [str(name) for name in column.unique() if name]
        names += [*own, *(f"{kind}:{name}" for name in own)]
    return names
