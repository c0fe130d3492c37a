"""The market days that are timed, built from grids that ship as packages.

Every day is made so that both programs can hold exactly the same model, and a model that always
has a feasible dispatch within hard limits:

- every unit has one price, the average over its offer blocks (PyPSA has no ramps over several
  blocks of a unit);
- load shedding is a unit at every bus with load, as large as the load, at 1000 per MWh; it does
  not ramp; days that Counterflow clears alone have none, and limits that give way at the default
  rulebook's penalties instead;
- angle-difference limits and DC links are left out; phase shifts, taps, parallel circuits and
  negative reactances stay;
- a day of 24 hours lets every load swing together between 0.6 and 1.0 of the grid's own, and
  every unit ramp by 15 % of its p_max an hour;
- where ratings are scaled down or outages secured, units can be dispatched down to zero: some
  p_min alone exceed what is left of the lines around them;
- the emergency rating is the larger of 1.1 times the normal rating and RATE_C.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from cases import Case, read_case

SHEDDING_PRICE = 1000.0
RAMP_PER_HOUR = 0.15
# A case that was built by other code than this is not taken from the cache.
CACHE = Path(__file__).parent / "cache" / sha256(Path(__file__).read_bytes()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Day:
    """A market day to time: a grid, its hours, a factor on ratings, and the outages to secure."""

    name: str
    source: str
    hours: int = 1
    rating: float = 1.0
    security: str = "none"
    peer: bool = True

    @property
    def folder(self) -> Path:
        """Where the built case is kept."""
        variant = "-from-zero" * self.from_zero + "-soft" * (not self.peer)
        return CACHE / f"{self.source.replace('/', '-')}-{self.hours}h-x{self.rating:g}{variant}"

    @property
    def from_zero(self) -> bool:
        """Whether units can be dispatched down to zero."""
        return self.rating < 1.0 or self.security != "none"


def _with_congested(*days: Day) -> list[Day]:
    """Each day, followed by the same one with ratings x 0.8."""
    return [
        variant
        for day in days
        for variant in (
            day,
            Day(f"{day.name}-x0.8", day.source, day.hours, 0.8, day.security, day.peer),
        )
    ]


DAYS: dict[str, Day] = {
    day.name: day
    for day in [
        *_with_congested(
            Day("case2383wp", "pglib/case2383wp_k"),
            Day("case9241pegase", "pglib/case9241_pegase"),
            Day("ACTIVSg10k", "matpower/case_ACTIVSg10k"),
            Day("ACTIVSg2000-24h", "matpower/case_ACTIVSg2000", 24),
            Day("case2383wp-24h", "pglib/case2383wp_k", 24),
        ),
        Day("ACTIVSg70k", "matpower/case_ACTIVSg70k", peer=False),
        Day("ACTIVSg2000-24h-n1", "matpower/case_ACTIVSg2000", 24, security="n-1", peer=False),
        Day("ACTIVSg10k-24h-n1", "matpower/case_ACTIVSg10k", 24, security="n-1", peer=False),
        Day(
            "ACTIVSg2000-24h-n1-x0.7",
            "matpower/case_ACTIVSg2000",
            24,
            rating=0.7,
            security="n-1",
            peer=False,
        ),
    ]
}
# Small days that check the benchmark itself; they run only when named.
CHECK_DAYS: dict[str, Day] = {
    day.name: day
    for day in [
        Day("case118", "pglib/case118_ieee"),
        Day("case118-24h-x0.8", "pglib/case118_ieee", 24, rating=0.8),
        Day("case118-24h-n1", "pglib/case118_ieee", 24, security="n-1", peer=False),
    ]
}


def build_day(day: Day) -> Case:
    """Read the grid of a day and turn it into the model that both programs clear."""
    case = read_case(day.source)
    units, prices = _priced_units(case)
    if day.hours > 1:
        units["ramp_up"] = units["ramp_down"] = RAMP_PER_HOUR * units["p_max"].clip(lower=0.0)
    if day.from_zero:
        units["p_min"] = 0.0
    demand = _demand(case, day.hours)
    shedding = _shedding_units(case, demand if day.peer else demand.iloc[:0])
    units = pd.concat([units, shedding], ignore_index=True)
    offers = pd.DataFrame(
        {
            "unit": units["unit"],
            "segment": 1,
            "mw": units["p_max"].clip(lower=0.0),
            "price": [*prices, *[SHEDDING_PRICE] * len(shedding)],
        }
    )
    return case.replace(
        name=day.folder.name,
        intervals=day.hours,
        interval_minutes=60,
        branches=_branches(case, day.rating),
        units=units,
        offers=offers,
        commitment_offers=case.commitment_offers.iloc[:0],
        demand=demand,
        links=case.links.iloc[:0],
    )


def day_folder(day: Day) -> Path:
    """The folder of a built day, made when it is not there yet."""
    if not (day.folder / "case.toml").exists():
        day.folder.parent.mkdir(parents=True, exist_ok=True)
        build_day(day).write(day.folder, format="parquet")
    return day.folder


def _priced_units(case: Case) -> tuple[pd.DataFrame, list[float]]:
    """The units that can run, and one price for each: the average over its blocks."""
    offers = case.offers
    worth = (offers["mw"] * offers["price"]).groupby(offers["unit"]).sum()
    width = offers.groupby("unit")["mw"].sum()
    first = offers.sort_values("segment").groupby("unit")["price"].first()
    average = (worth / width).where(width > 0, first)
    units = case.units[case.units["unit"].isin(average.index)].reset_index(drop=True)
    return units, average.reindex(units["unit"]).tolist()


def _demand(case: Case, hours: int) -> pd.DataFrame:
    """The grid's own load; over several hours it swings from 0.6 (hour 4) to 1.0 (hour 16)."""
    shape = (
        np.ones(1) if hours == 1 else 0.8 - 0.2 * np.cos(2 * np.pi * (np.arange(hours) - 4) / 24)
    )
    loads = case.demand.drop(columns="interval_start").iloc[0]
    starts = case.meta.model_copy(update={"intervals": hours}).interval_starts()
    frame = pd.DataFrame(np.outer(shape, loads.to_numpy(dtype=float)), columns=loads.index)
    frame.insert(0, "interval_start", starts)
    return frame


def _shedding_units(case: Case, demand: pd.DataFrame) -> pd.DataFrame:
    """One unit at every bus with load, as large as the largest load there in the day."""
    bus_of = case.loads.set_index("load")["bus"]
    by_bus = demand.drop(columns="interval_start").T.groupby(bus_of).sum().T.max().clip(lower=0.0)
    by_bus = by_bus[by_bus > 0]
    return pd.DataFrame(
        {
            "unit": "shed " + by_bus.index.astype(str),
            "bus": by_bus.index.astype(str),
            "technology": "load shedding",
            "p_min": 0.0,
            "p_max": by_bus.to_numpy(),
        }
    )


def _branches(case: Case, rating: float) -> pd.DataFrame:
    """Branches with scaled ratings, emergency ratings of 1.1 of them or more, no angle limits."""
    branches = case.branches
    normal = branches["rating_mw"] * rating
    emergency = branches["emergency_rating_mw"].fillna(branches["rating_mw"]) * rating
    return branches.assign(
        rating_mw=normal,
        emergency_rating_mw=np.maximum(1.1 * normal, emergency),
        angle_min_deg=np.nan,
        angle_max_deg=np.nan,
    )
