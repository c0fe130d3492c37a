"""The days whose commitment is timed.

- *pglib*: the twelve rts_gmlc days of pglib-uc, their first 24 hours or all 48, gap 0.1 %.
- *seasons*: the full RTS-GMLC day-ahead of four days, one a season: commitment, reserves, network,
  every branch outage, gap 0.1 %.
- *large*: 610 units over 48 hours (pglib-uc, California) within 0.1 %, and 24 hours of case2383wp
  with commitment and every branch outage within 0.2 %.

- *published*: instances of UnitCommitment.jl as they were published, 36 hours with all their
  outages, gap 0.1 %, from the folder that COUNTERFLOW_DATA names; only timed when asked for.

case2383wp comes without data for commitment. Its units that offer at a price above 0 are committed,
with data by size after those of RTS-GMLC (`CLASSES`): p_min is the grid's own, the no-load cost is
5 % of the price at full output, a start costs so much per MW of p_max, half of it more after as
many hours off as the minimum down time twice. Units that offer at 0 are on all day and can be
dispatched down to zero. Load and emergency ratings are those of `benchmarks.days`; the state before
the first hour is free.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.days import Day, build_day
from cases import Case, read_case
from clearing.session.session import Security

RTS_DAYS = (
    *("2020-01-27", "2020-02-09", "2020-03-05", "2020-04-03", "2020-05-05", "2020-06-09"),
    *("2020-07-06", "2020-08-12", "2020-09-20", "2020-10-27", "2020-11-25", "2020-12-23"),
)
SEASONS = ("2020-01-15", "2020-04-15", "2020-07-15", "2020-10-15")
CALIFORNIA = "ca/2014-09-01_reserves_3"
GRID = "case2383wp-24h-n1"
PUBLISHED = {"case1354pegase": 10.0, "case2383wp": 20.0, "case3375wp": 60.0, "case6515rte": 180.0}
"""Instances of UnitCommitment.jl, and the seconds that they should take."""

NO_LOAD_SHARE = 0.05
COLD_START_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class UnitClass:
    """Commitment data of units of at least so many MW: hours, share of p_max an hour, money/MW."""

    p_max: float
    min_up: float
    min_down: float
    ramp: float
    start_cost: float


CLASSES = (
    UnitClass(500.0, 24.0, 24.0, 0.2, 100.0),
    UnitClass(200.0, 8.0, 8.0, 0.4, 80.0),
    UnitClass(75.0, 8.0, 4.0, 0.6, 60.0),
    UnitClass(0.0, 2.0, 2.0, 1.0, 5.0),
)


@dataclass(frozen=True, slots=True)
class CommitmentDay:
    """A day whose commitment is timed, and the seconds that it should take."""

    name: str
    group: str
    source: str
    hours: int
    security: Security = "none"
    gap: float = 0.001
    aim: float = 60.0
    peer: bool = False

    def build(self) -> Case:
        """Read the day, or make it from its grid."""
        if self.name == GRID:
            return committed_grid(Day(GRID, self.source, self.hours, security="n-1", peer=False))
        if self.group == "published":
            folder = os.environ.get("COUNTERFLOW_DATA")
            if folder is None:
                raise SystemExit(
                    f"{self.name}: COUNTERFLOW_DATA names no folder with {self.source}"
                )
            return read_case(Path(folder) / self.source)
        if self.group == "seasons":
            return read_case(self.source)
        return read_case(self.source, hours=self.hours)


def commitment_days(hours: int = 24) -> dict[str, CommitmentDay]:
    """All days by name; those of pglib with their first `hours` hours."""
    aim = 60.0 if hours == 24 else 120.0
    days = [
        *(
            CommitmentDay(
                f"{day}-{hours}h", "pglib", f"pglib-uc/rts_gmlc/{day}", hours, aim=aim, peer=True
            )
            for day in RTS_DAYS
        ),
        *(
            CommitmentDay(f"rts-gmlc/{day}", "seasons", f"rts-gmlc/{day}", 24, security="n-1")
            for day in SEASONS
        ),
        *(
            CommitmentDay(
                f"{name}-36h",
                "published",
                f"unitcommitment-jl/{name}-2017-02-01.json.gz",
                36,
                "n-1",
                aim=aim_of,
            )
            for name, aim_of in PUBLISHED.items()
        ),
        CommitmentDay(CALIFORNIA, "large", f"pglib-uc/{CALIFORNIA}", 48, aim=180.0),
        CommitmentDay(GRID, "large", "pglib/case2383wp_k", 24, "n-1", 0.002, 180.0),
    ]
    return {day.name: day for day in days}


def chosen_days(names: str, hours: int) -> list[CommitmentDay]:
    """Days by name or group (pglib, seasons, large), separated by commas; none means all.

    Raises ValueError for an unknown name. A day of pglib can be named without its hours.
    """
    known = commitment_days(hours)
    chosen: dict[str, CommitmentDay] = {}
    for name in [name for name in names.split(",") if name] or ["pglib", "seasons", "large"]:
        found = {
            day.name: day
            for day in known.values()
            if name in (day.name, day.group, day.name.removesuffix(f"-{hours}h"))
        }
        if not found:
            raise ValueError(f"no such day: {name}; known are {', '.join(known)} and the groups")
        chosen |= found
    return list(chosen.values())


def committed_grid(day: Day) -> Case:
    """A secured day of `benchmarks.days` with commitment data for its units."""
    case, own = build_day(day), read_case(day.source).units.set_index("unit")
    price = case.offers.set_index("unit")["price"]
    units, commitment = [], []
    for unit in case.units.to_dict("records"):
        name, most = unit["unit"], unit["p_max"]
        if price[name] <= 0.0:
            units.append({**unit, "ramp_up": np.nan, "ramp_down": np.nan, "must_run": True})
            continue
        kind = next(kind for kind in CLASSES if most >= kind.p_max)
        ramp = kind.ramp * most
        least = float(own["p_min"][name])
        units.append(
            {
                **unit,
                "p_min": least,
                "ramp_up": ramp,
                "ramp_down": ramp,
                "startup_ramp": max(least, ramp),
                "shutdown_ramp": max(least, ramp),
                "min_up": kind.min_up,
                "min_down": kind.min_down,
            }
        )
        start = kind.start_cost * most
        commitment += [
            (name, "no_load", 0.0, NO_LOAD_SHARE * price[name] * most),
            (name, "startup", 0.0, start),
            (name, "startup", 2.0 * kind.min_down, COLD_START_FACTOR * start),
        ]
    columns = ["unit", "component", "after_hours_off", "price"]
    return case.replace(
        name=f"{case.meta.name}-committed",
        units=pd.DataFrame(units),
        commitment_offers=pd.DataFrame(commitment, columns=columns),
    )


def with_owners(case: Case, owners: int) -> Case:
    """Units owned by so many owners in turn, where nobody knows the real ones."""
    turn = count()
    names = [f"owner {next(turn) % owners:02d}" for _ in range(len(case.units))]
    return case.replace(owners=case.owners.iloc[:0], units=case.units.assign(owner=names))
