"""Settle one month of many owners and contracts, and print what it took, as one line of JSON.

The runs are made, not cleared: what is timed is `settle_month` alone, from typed tables to a
statement that sums to zero, and then the writing of its folder where it is asked for.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cases import Case
from cases.market_time import first_moment
from cases.rulebook.book import RuleBook
from cases.run import Run
from settlement.contracts.curves import CurveMaker
from settlement.contracts.frozen import freeze
from settlement.month import settle_month

ZONE = "Asia/Shanghai"
MONTH = "2016-10"


@dataclass(frozen=True)
class Size:
    """How large a month is; half of the owners have a unit each, half a load."""

    owners: int
    contracts: int
    days: int = 31
    frozen: bool = True
    annual: bool = False


SIZES = {
    "1000-owners-5000-stored-curves": Size(1000, 5000),
    "1000-owners-5000-annual-rules": Size(1000, 5000, frozen=False, annual=True),
}
_BUSES = 20
_SHAPES = (
    ("flat", ""),
    ("block", "peak"),
    ("block", "08:00-20:00 = 3; valley = 1"),
    ("typical_day", "1 1 1 1 1 1 2 3 4 4 4 4 3 3 4 4 4 4 5 5 4 3 2 1"),
)


def day_of_the_month(size: Size, day: int, rng: np.random.Generator) -> Run:
    """One day: every bus has a price of its own, every owner a quantity in each hour."""
    date = pd.Timestamp(f"{MONTH}-01") + pd.Timedelta(days=day)
    starts = pd.date_range(first_moment(date, ZONE), periods=24, freq="h")
    buses = [f"bus {number}" for number in range(_BUSES)]
    half = size.owners // 2
    units, loads = ([f"{kind} {n}" for n in range(half)] for kind in ("unit", "load"))
    at = [buses[n % _BUSES] for n in range(half)]
    mw = np.round(rng.uniform(10, 400, (24, half)), 3)
    case = Case.build(
        {"name": "month", "start": starts[0].isoformat(), "timezone": ZONE, "intervals": 24,
         "interval_minutes": 60, "currency": "yuan"},
        {
            "buses": pd.DataFrame({"bus": buses}),
            "units": pd.DataFrame({"unit": units, "owner": [f"genco {n}" for n in range(half)],
                                   "bus": at, "p_max": 500.0}),
            "offers": pd.DataFrame({"unit": units, "segment": 1, "mw": 500.0, "price": 200.0}),
            "loads": pd.DataFrame({"load": loads, "owner": [f"retailer {n}" for n in range(half)],
                                   "bus": at}),
            "demand": pd.DataFrame({"interval_start": starts}
                                   | {name: mw[:, n] for n, name in enumerate(loads)}),
            "branches": pd.DataFrame({"branch": [f"line {n}" for n in range(_BUSES - 1)],
                                      "from_bus": buses[:-1], "to_bus": buses[1:], "x": 0.1}),
        },
    )  # fmt: skip
    energy = np.round(rng.uniform(150, 650, 24), 6)

    def spans(count: int) -> dict[str, Any]:
        begin = np.repeat(np.arange(24), count)
        return {"interval_start": starts[begin], "interval_end": starts[begin] + pd.Timedelta("1h")}

    tables = {
        "prices": pd.DataFrame(spans(_BUSES) | {
            "bus": buses * 24, "zone": "", "lmp": np.repeat(energy, _BUSES),
            "mec": np.repeat(energy, _BUSES), "mcc": 0.0, "mlc": 0.0}),
        "dispatch": pd.DataFrame(spans(half) | {
            "unit": units * 24, "owner": case.units["owner"].tolist() * 24, "bus": at * 24,
            "mw": mw.ravel(), "available_mw": 500.0, "on": True, "cost": 0.0}),
        "load_awards": pd.DataFrame(spans(half) | {
            "load": loads * 24, "owner": case.loads["owner"].tolist() * 24, "bus": at * 24,
            "mw": mw.ravel()}),
    }  # fmt: skip
    return Run({"status": "optimal", "settings": {}}, tables, case, RuleBook.load("default"))


def contract_tables(size: Size, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Contracts of four kinds and their curves, stored or as rules."""
    count, half = size.contracts, size.owners // 2
    number = np.arange(count)
    kinds = np.array(["cfd", "cfd", "cap", "floor", "physical"])[number % 5]
    contracts = pd.DataFrame(
        {
            "contract": [f"contract {n}" for n in number],
            "buyer": [f"retailer {n % half}" for n in number],
            "seller": [f"genco {(n * 7) % half}" for n in number],
            "kind": kinds,
            "strike": np.round(rng.uniform(200, 600, count), 2),
            "point": [f"bus {n % _BUSES}" for n in number],
            "curve": [f"curve {n}" for n in number],
            "signed": pd.Timestamp("2015-12-01"),
            "curve_fixed": pd.Timestamp("2015-12-01"),
        }
    )
    shapes = [_SHAPES[n % len(_SHAPES)] for n in number]
    first, last = ("2016-01-01", "2016-12-31") if size.annual else ("2016-10-01", "2016-10-31")
    curves = pd.DataFrame(
        {
            "curve": contracts["curve"],
            "kind": [kind for kind, _ in shapes],
            "mwh": np.round(rng.uniform(1000, 90000, count), 1),
            "start": pd.Timestamp(first),
            "end": pd.Timestamp(last),
            "shape": [shape for _, shape in shapes],
        }
    )
    if not size.frozen:
        return {"contracts": contracts, "contract_curves": curves}
    rules = RuleBook.load("default")
    maker = CurveMaker.of(rules.settlement, ZONE, 1.0)
    days = dict.fromkeys(curves["curve"], pd.Timestamp("2015-12-01").date())
    from settlement.inputs import typed

    return {
        "contracts": contracts,
        "frozen_curves": freeze(typed("contract_curves", curves, ZONE), maker, rules, days),
    }


def timed(size: Size, *, write: bool = False) -> dict[str, Any]:
    """Seconds of the settlement (and of the writing), lines, and the peak of memory."""
    rng = np.random.default_rng(7)
    runs = [day_of_the_month(size, day, rng) for day in range(size.days)]
    tables: dict[str, Any] = dict(contract_tables(size, rng))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started, worked = time.perf_counter(), time.process_time()
    month = settle_month(runs, MONTH, **tables, partial=size.days < 31)
    settled, done = time.perf_counter(), time.process_time()
    found: dict[str, Any] = {
        "settle": settled - started,
        "cpu": done - worked,
        "lines": int(month.invoices["lines"].sum()),
        "owners": len(month.netting),
        "left": str(sum(month.netting["net"])),
        "made_mb": before,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if write:
        with tempfile.TemporaryDirectory() as folder:
            month.write(Path(folder) / "month")
        found["write"] = time.perf_counter() - settled
        found["written_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def main() -> None:
    """Time one month and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=SIZES)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    print(json.dumps(timed(SIZES[options.name], write=options.write)))


if __name__ == "__main__":
    main()
