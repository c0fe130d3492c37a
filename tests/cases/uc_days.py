"""Small unit-commitment instances for the tests of the JSON readers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np


def write(path: Path, content: Any) -> Path:
    """Write JSON, gzipped where the name ends in .gz."""
    data = json.dumps(content).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def pglib(seed: int, hours: int = 8, *, ramps: bool, reserve: bool) -> dict[str, Any]:
    """A random instance of pglib-uc: five thermal units, wind that can partly be curtailed."""
    rng = np.random.default_rng(seed)
    thermal = {}
    for k in range(5):
        low = float(rng.integers(2, 6) * 10)
        pieces = rng.integers(1, 4)
        widths = rng.integers(1, 4, pieces) * 10.0
        high = low + float(widths.sum())
        slopes = np.sort(rng.integers(5, 60, pieces).astype(float))
        # the average cost of the minimum may be below or above the first slope
        cost = low * slopes[0] + float(rng.integers(-100, 400))
        points = [{"mw": low, "cost": cost}]
        for width, slope in zip(widths, slopes, strict=True):
            cost += width * slope
            points.append({"mw": points[-1]["mw"] + float(width), "cost": cost})
        on = bool(rng.integers(0, 2)) or k < 2
        down = int(rng.integers(1, 4))
        room = high - low
        thermal[f"g{k}"] = {
            "name": f"g{k}",
            "must_run": int(k == 0),
            "power_output_minimum": low,
            "power_output_maximum": high,
            "ramp_up_limit": float(rng.integers(1, 5)) * 5 if ramps else room,
            "ramp_down_limit": float(rng.integers(1, 5)) * 5 if ramps else room,
            "ramp_startup_limit": low + float(rng.integers(0, 3)) * 5 if ramps else high,
            "ramp_shutdown_limit": low + float(rng.integers(0, 3)) * 5 if ramps else high,
            "time_up_minimum": int(rng.integers(1, 4)),
            "time_down_minimum": down,
            "power_output_t0": low + 5.0 * int(rng.integers(0, 2)) if on else 0.0,
            "unit_on_t0": int(on),
            "time_up_t0": int(rng.integers(1, 6)) if on else 0,
            "time_down_t0": 0 if on else int(rng.integers(1, 6)),
            "startup": [
                {"lag": down, "cost": float(rng.integers(0, 300))},
                {"lag": down + 2, "cost": float(rng.integers(300, 900))},
            ],
            "piecewise_production": points,
        }
    wind = rng.integers(0, 5, hours) * 5.0
    capacity = sum(unit["power_output_maximum"] for unit in thermal.values())
    demand = capacity * (0.45 + 0.15 * np.sin(np.arange(hours) / hours * 2 * np.pi))
    return {
        "time_periods": hours,
        "demand": demand.round(1).tolist(),
        "reserves": (0.1 * demand).round(1).tolist() if reserve else [0.0] * hours,
        "thermal_generators": thermal,
        "renewable_generators": {
            "wind": {
                "name": "wind",
                "power_output_minimum": (wind * 0.4).tolist(),
                "power_output_maximum": wind.tolist(),
            },
            "hydro": {
                "name": "hydro",
                "power_output_minimum": [3.0] * hours,
                "power_output_maximum": [3.0] * hours,
            },
            "sun": {
                "name": "sun",
                "power_output_minimum": [0.0] * hours,
                "power_output_maximum": wind[::-1].tolist(),
            },
        },
    }


def unitcommitment_jl() -> dict[str, Any]:
    """An instance of format 0.4 with every section that can be read, four steps of an hour."""
    return {
        "SOURCE": "made up for these tests",
        "Parameters": {
            "Version": "0.4",
            "Time horizon (h)": 4,
            "Power balance penalty ($/MW)": 1500.0,
        },
        "Buses": {
            "b1": {"Load (MW)": 0.0},
            "b2": {"Load (MW)": [60.0, 70.0, 90.0, 65.5]},
            "b3": {"Load (MW)": 12.5},
        },
        "Generators": {
            "coal": {
                "Bus": "b1",
                "Type": "Thermal",
                "Production cost curve (MW)": [30.0, 50.0, 80.0, 100.0],
                "Production cost curve ($)": [900.0, 1300.0, 2020.0, 2700.0],
                "Startup costs ($)": [300.0, 500.0],
                "Startup delays (h)": [2, 6],
                "Shutdown cost ($)": 40.0,
                "Ramp up limit (MW)": 25.0,
                "Ramp down limit (MW)": 30.0,
                "Startup limit (MW)": 70.0,
                "Shutdown limit (MW)": 45.0,
                "Minimum uptime (h)": 3,
                "Minimum downtime (h)": 2,
                "Initial status (h)": 5,
                "Initial power (MW)": 55.0,
                "Must run?": True,
                "Reserve eligibility": ["r1"],
            },
            "gas": {
                "Bus": "b2",
                "Type": "Thermal",
                "Production cost curve (MW)": [10.0, [40.0, 30.0, 20.0, 40.0]],
                "Production cost curve ($)": [450.0, [1950.0, 1450.0, 950.0, 2250.0]],
                "Initial status (h)": -3,
                "Initial power (MW)": 0,
                "Commitment status": [None, None, None, False],
                "Reserve eligibility": ["r1", "flex"],
            },
            "wind": {
                "Bus": "b3",
                "Type": "Profiled",
                "Minimum power (MW)": [0.0, 5.0, 5.0, 0.0],
                "Maximum power (MW)": [10.0, 20.0, 15.0, 0.0],
                "Cost ($/MW)": [1.0, 2.0, 2.0, 1.0],
            },
        },
        "Storage units": {
            "s1": {
                "Bus": "b3",
                "Minimum level (MWh)": 2.0,
                "Maximum level (MWh)": 40.0,
                "Charge cost ($/MW)": 1.5,
                "Discharge cost ($/MW)": 2.5,
                "Charge efficiency": 0.8,
                "Discharge efficiency": 0.9,
                "Maximum charge rate (MW)": 10.0,
                "Maximum discharge rate (MW)": 8.0,
                "Initial level (MWh)": 20.0,
                "Last period minimum level (MWh)": 18.0,
            }
        },
        "Price-sensitive loads": {
            "mill": {"Bus": "b3", "Revenue ($/MW)": [23.0, 30.0, 30.0, 23.0], "Demand (MW)": 15.0}
        },
        "Transmission lines": {
            "l1": {
                "Source bus": "b1",
                "Target bus": "b2",
                "Reactance (ohms)": 0.05917,
                "Susceptance (S)": 29.49686,
                "Normal flow limit (MW)": 80.0,
                "Emergency flow limit (MW)": 95.0,
            },
            "l2": {
                "Source bus": "b2",
                "Target bus": "b3",
                "Reactance (ohms)": 0.22304,
                "Susceptance (S)": 7.82520,
                "Normal flow limit (MW)": 60.0,
            },
            "l3": {"Source bus": "b1", "Target bus": "b3", "Susceptance (S)": 8.81639},
        },
        "Reserves": {
            "r1": {
                "Type": "Spinning",
                "Amount (MW)": [6.0, 7.0, 9.0, 6.5],
                "Shortfall penalty ($/MW)": 250.0,
            },
            "flex": {"Type": "flexiramp", "Amount (MW)": 3.0},
        },
        "Contingencies": {
            "c1": {"Affected lines": ["l1"]},
            "c2": {"Affected lines": ["l2"], "Affected generators": ["gas"]},
        },
        "Interfaces": {
            "north": {
                "Outbound lines": ["l1"],
                "Inbound lines": ["l3"],
                "Net flow upper limit (MW)": 70.0,
            }
        },
    }
