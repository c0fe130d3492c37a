"""Time the reading of a made-up month of offers of PJM's size, and the memory that it takes.

1200 units, 744 hours, 20 points each, in the columns of `energy_market_offers`. The file is made
once, in a folder of its own that is removed; making it is not timed.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.processes import keep, run_json
from cases.readers.published import read_offers
from counterflow.layouts.headers import HEADERS

UNITS, HOURS, POINTS = 1200, 744, 20
SECONDS, MEGABYTES = 60.0, 4096.0
"""What a month may take."""


def write_month(path: Path, units: int = UNITS, hours: int = HOURS, points: int = POINTS) -> None:
    """Write a month of offers: half of them slopes, every point used."""
    dealer = np.random.default_rng(1)
    mw = np.cumsum(dealer.uniform(1.0, 20.0, (units, points)), axis=1).round(1)
    bid = np.cumsum(dealer.uniform(0.1, 3.0, (units, points)), axis=1).round(2)
    blank = "," * (20 - points)
    rows = []
    for k in range(units):
        limits = ",".join([f"{mw[k, -1]}"] * 3 + [f"{mw[k, 0]}"] * 3)
        curve = ",".join(map(str, mw[k])) + blank + "," + ",".join(map(str, bid[k])) + blank
        rows.append(f"U{k:04d}=,{bool(k % 2)},{curve},100,900,800,700,2,4,{limits}")
    stamps = pd.date_range("2024-07-01 04:00", periods=hours, freq="h")
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADERS["pjm-offers"]) + "\n")
        for stamp in stamps.strftime("%Y-%m-%dT%H:%M:%S"):
            file.write("".join(f"{stamp},{stamp},{row}\n" for row in rows))


def timed(path: Path) -> dict[str, float]:
    """Read a file; seconds, blocks, and the most memory of this process in MB."""
    started = time.perf_counter()
    offers = read_offers([path], "PJM")
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "blocks": len(offers.mw), "memory_mb": memory}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the month, time it in a process of its own; 3 where it takes too long or too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read", type=Path, help="read this file and print what it took")
    options = parser.parse_args(arguments)
    if options.read is not None:
        sys.stdout.write(json.dumps(timed(options.read)) + "\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.csv"
        write_month(path)
        command = [sys.executable, "-m", "benchmarks.published", "--read", str(path)]
        found = run_json(command, 900.0)
    keep("published-month", found)
    if "failure" in found:
        sys.stdout.write(f"published offers, a month: {found['failure']}\n")
        return 3
    sys.stdout.write(
        f"published offers, {UNITS} units x {HOURS} h x {POINTS} points: {found['seconds']:.1f} s "
        f"of {SECONDS:g}, {found['memory_mb']:,.0f} MB of {MEGABYTES:,.0f}, "
        f"{found['blocks']:,d} blocks\n"
    )
    return 0 if found["seconds"] <= SECONDS and found["memory_mb"] <= MEGABYTES else 3


if __name__ == "__main__":
    raise SystemExit(main())
