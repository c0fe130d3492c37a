"""Branch groups, market-node constraints and contingency rows of a New Zealand case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from cases.readers.new_zealand_files import CaseFiles, records, stamp_of
from cases.readers.new_zealand_grid import NewZealandGrid
from cases.readers.new_zealand_offers import PRODUCTS, NewZealandOffers
from cases.readers.new_zealand_reserves import NewZealandReserves, distinct

__all__ = ["NewZealandConstraints"]

_BRANCH_PENALTY, _NODE_PENALTY = 650_000.0, 700_000.0
"""Money per MWh beyond a constraint of branches or of market nodes."""
Term = tuple[str, str, str, float]


@dataclass
class NewZealandConstraints:
    """The constraints of the intervals asked for as rows of `custom_constraints`."""

    files: CaseFiles
    grid: NewZealandGrid
    offers: NewZealandOffers
    reserves: NewZealandReserves
    intervals: list[str]
    notes: list[str]

    @cached_property
    def _rows(self) -> list[tuple[str, tuple[Term, ...], pd.Timestamp, str, float, float]]:
        found = list(self._of("BRANCHCONSTRAINT", "BRANCHCONSTRAINT", self._branch_terms))
        found += list(self._of("MNDCONSTRAINT", "CONSTRAINTNAME", self._node_terms))
        mixed = self.files.at(".MSSMOD", "MIXEDCONSTRAINTS", optional=True).frame
        if len(mixed) and mixed["INTERVAL"].isin(self.intervals).any():
            self.notes.append("mixed constraints (MIXEDCONSTRAINTS) are left out")
        return found

    def _of(
        self, table: str, column: str, terms: dict[tuple[str, str], list[Term]]
    ) -> Iterator[tuple[str, tuple[Term, ...], pd.Timestamp, str, float, float]]:
        rows = self.files.at(".MSSMOD", table, optional=True)
        if not len(rows.frame):
            return
        frame = rows.need(column, "LOWERLIMITVALID", "UPPERLIMITVALID").assign(
            low=rows.number("LOWERLIMIT"), high=rows.number("UPPERLIMIT")
        )
        penalty = _BRANCH_PENALTY if table == "BRANCHCONSTRAINT" else _NODE_PENALTY
        for row in frame[frame["INTERVAL"].isin(self.intervals)].to_dict("records"):
            name, interval = str(row[column]), str(row["INTERVAL"])
            own = tuple(terms.get((interval, name), ()))
            if not own:
                continue
            start = stamp_of(interval)
            for word, valid, limit, sense in (
                ("min", "LOWERLIMITVALID", row["low"], ">="),
                ("max", "UPPERLIMITVALID", row["high"], "<="),
            ):
                if row[valid] == "1":
                    yield f"{name} {word}", own, start, sense, float(limit), penalty

    @cached_property
    def _branch_terms(self) -> dict[tuple[str, str], list[Term]]:
        rows = self.files.at(".MSSMOD", "BRANCHCONSTRFACTORS", optional=True)
        found: dict[tuple[str, str], list[Term]] = defaultdict(list)
        if not len(rows.frame):
            return found
        frame = rows.need("BRANCHCONSTRAINT", "KEY1", "KEY2", "KEY3", "KEY4")
        branches = set(self.grid.branches["branch"])
        links = set(self.grid.links.get("link", []))
        for row, factor in zip(records(frame), rows.number("FACTOR"), strict=True):
            name = self.grid.branch_of_key.get((row.KEY1, row.KEY2, row.KEY3, row.KEY4))
            if factor == 0.0 or (name not in branches and name not in links):
                continue
            kind = "branch" if name in branches else "link"
            found[row.INTERVAL, row.BRANCHCONSTRAINT].append((kind, str(name), "", float(factor)))
        return found

    @cached_property
    def _node_terms(self) -> dict[tuple[str, str], list[Term]]:
        rows = self.files.at(".MSSMOD", "MNDCONSTRAINTFACTORS", optional=True)
        if not len(rows.frame):
            return {}
        frame = rows.need("CONSTRAINTNAME", "PNODENAME", "TRADERTYPE")
        offered = self.offers.reserve_offers
        given = set(zip(offered["unit"], offered["product"], strict=True))
        sums: dict[tuple[str, str], dict[tuple[str, str, str], set[float]]] = defaultdict(dict)
        for row, energy, six in zip(
            records(frame),
            rows.number("FACTOR"),
            rows.number("FACTORSIX"),
            strict=True,
        ):
            own = sums[row.INTERVAL, row.CONSTRAINTNAME]
            if row.TRADERTYPE == "ENOF":
                if row.PNODENAME in self.offers.unit_bus and energy:
                    own.setdefault(("unit", row.PNODENAME, ""), set()).add(energy)
                continue
            for product, factor in zip(PRODUCTS, (six, energy), strict=True):
                if factor and (row.PNODENAME, product) in given:
                    own.setdefault(("reserve", row.PNODENAME, product), set()).add(factor)
        found: dict[tuple[str, str], list[Term]] = {}
        for key, own in sums.items():
            if any(len(factors) > 1 for factors in own.values()):
                self.notes.append(
                    f"constraint {key[1]} weighs kinds of reserve of one unit differently: left out"
                )
                continue
            found[key] = [(*term, factors.pop()) for term, factors in own.items()]
        return found

    @cached_property
    def _named(self) -> list[str]:
        return distinct([(name, terms, start) for name, terms, start, *_ in self._rows])

    def constraints(self) -> pd.DataFrame:
        """Limits by interval."""
        rows = [
            (name, start, sense, limit, penalty)
            for name, (_, _, start, sense, limit, penalty) in zip(
                self._named, self._rows, strict=True
            )
        ]
        columns = ["constraint", "interval_start", "sense", "limit_mw", "penalty"]
        return pd.DataFrame(rows, columns=columns)

    def terms(self) -> pd.DataFrame:
        """Terms of the limits."""
        rows = {
            (name, *term[:3]): term[3]
            for name, (_, terms, *_) in zip(self._named, self._rows, strict=True)
            for term in terms
        }
        made = [(*key, value) for key, value in rows.items()]
        columns = ["constraint", "kind", "element", "product", "coefficient"]
        return pd.DataFrame(made, columns=columns)
