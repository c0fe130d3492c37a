"""A run against the prices that the market's operator published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cases import InputError, Run

__all__ = ["PublishedComparison", "compare_published"]

_WORST = 20


@dataclass(frozen=True)
class PublishedComparison:
    """Prices of a run beside published ones.

    `nodes` has a row per published price: interval_start, node, published, price, difference,
    unique; `reserves` the same by product and zone. Where a price is not unique (`unique` false)
    other prices go with the same schedule, the published one perhaps among them.
    """

    run: str
    tolerance: float
    reserve_tolerance: float
    nodes: pd.DataFrame
    reserves: pd.DataFrame

    @property
    def misses(self) -> pd.DataFrame:
        """Node prices further apart than the tolerance, the worst first."""
        bad = self.nodes[~(self.nodes["difference"].abs() <= self.tolerance)]
        order = bad["difference"].abs().sort_values(ascending=False, kind="stable").index
        return bad.loc[order].reset_index(drop=True)

    @property
    def reserve_misses(self) -> pd.DataFrame:
        """Reserve prices further apart than their tolerance."""
        bad = ~(self.reserves["difference"].abs() <= self.reserve_tolerance)
        return self.reserves[bad].reset_index(drop=True)

    @property
    def within(self) -> bool:
        """Whether every unique node price and every reserve price is within its tolerance."""
        unique = self.misses["unique"].ne(False).fillna(True)
        return not unique.any() and not len(self.reserve_misses)

    @property
    def by_interval(self) -> pd.DataFrame:
        """Prices compared, within, share and worst by interval."""
        return _counted(self.nodes, "interval_start", self.tolerance)

    @property
    def by_node(self) -> pd.DataFrame:
        """The same by node, for nodes with a miss."""
        rows = _counted(self.nodes, "node", self.tolerance)
        return rows[rows["within"] < rows["compared"]].reset_index(drop=True)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        total, misses = len(self.nodes), self.misses
        not_unique = int(misses["unique"].eq(False).fillna(False).sum())
        within = total - len(misses)
        return {
            "run": self.run,
            "tolerance": self.tolerance,
            "compared": total,
            "within": within,
            "share": within / total if total else None,
            "misses": len(misses),
            "misses_not_unique": not_unique,
            "misses_unique": len(misses) - not_unique,
            "worst": float(self.nodes["difference"].abs().max()) if total else None,
            "by_interval": self.by_interval,
            "by_node": self.by_node,
            "missed": misses,
            "reserve_tolerance": self.reserve_tolerance,
            "reserve_compared": len(self.reserves),
            "reserve_within": len(self.reserves) - len(self.reserve_misses),
            "reserve_missed": self.reserve_misses,
        }


def compare_published(
    run: Run, *, tolerance: float = 0.01, reserve_tolerance: float = 0.001
) -> PublishedComparison:
    """Compare a run with the prices that the case has as published.

    Parameters
    ----------
    run
        A run whose case has `published_prices`: of price nodes, or of buses where there is no node
        of that name.
    tolerance, reserve_tolerance
        Money per MWh, and per MW and hour, within which prices agree.

    Raises
    ------
    InputError
        A run without published prices.
    """
    if "published_prices" not in run.tables and "published_reserve_prices" not in run.tables:
        message = "the run has no published prices: its case has no table published_prices"
        raise InputError.one("", None, "published", "no_published_prices", message)
    nodes = pd.DataFrame(columns=["interval_start", "node", "published", "price", "unique"])
    if "published_prices" in run.tables:
        columns = ["interval_start", "node", "lmp", "unique"]
        parts = [run.prices.rename(columns={"bus": "node"})[columns]]
        if "node_prices" in run.tables:
            parts.insert(0, run.node_prices[columns])
        own = pd.concat(parts, ignore_index=True).drop_duplicates(["interval_start", "node"])
        published = run.published_prices.rename(columns={"price": "published"})
        nodes = published.merge(own, on=["interval_start", "node"], how="left")
        nodes = nodes.rename(columns={"lmp": "price"})
    key = ["interval_start", "product", "zone"]
    reserves = pd.DataFrame(columns=[*key, "published", "price"])
    if "published_reserve_prices" in run.tables:
        given = run.published_reserve_prices.rename(columns={"price": "published"})
        reserves = given.merge(run.reserve_prices[[*key, "price"]], on=key, how="left")
    for frame in (nodes, reserves):
        frame["difference"] = frame["price"].astype(float) - frame["published"].astype(float)
    return PublishedComparison(run.id, tolerance, reserve_tolerance, nodes, reserves)


def _counted(frame: pd.DataFrame, by: str, tolerance: float) -> pd.DataFrame:
    size = frame["difference"].abs()
    near = frame.assign(within=(size <= tolerance).astype(int), size=size)
    open_miss = frame["unique"].eq(False).fillna(False) & ~(size <= tolerance)
    near = near.assign(not_unique=open_miss.astype(int))
    made = near.groupby(by, sort=True).agg(
        compared=("within", "size"),
        within=("within", "sum"),
        misses_not_unique=("not_unique", "sum"),
        worst=("size", "max"),
    )
    made.insert(2, "share", made["within"] / np.maximum(made["compared"], 1))
    return made.reset_index()
