"""Clear one exported case with PyPSA and print what it took, as one line of JSON.

Runs in an environment of its own that holds PyPSA and not this project: it reads the exported
Parquet tables with plain pandas. The model is the one that `run_counterflow.py` clears:

- branch flow = (theta_from - theta_to - shift) / (x * tap) * base_mva, as Kirchhoff's voltage law
  over cycles;
- |flow| <= rating; a branch without a rating has no limit;
- p_min <= p <= p_max and |p_t - p_(t-1)| <= ramp * hours for every unit, load shedding being
  units of the case;
- one price per unit; price-sensitive bids are negative generation.

Reading is not timed. What is timed are the steps of `optimize()`: building the model, handing it
to HiGHS in memory, solving, and assigning flows, dispatch and prices. Its consistency check and
its last step are left out, in PyPSA's favour: that step computes voltage angles from a dense
pseudo-inverse, which takes minutes on ten thousand buses.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
import tomllib
import warnings
from pathlib import Path

import highspy
import numpy as np
import pandas as pd
import pypsa

# Settings of linopy and HiGHS to try; the fastest is the one that is compared.
SETTINGS: dict[str, dict[str, object]] = {
    "simplex": {"solver": "simplex"},
    "ipm": {"solver": "ipm"},
    "hipo": {"solver": "hipo"},
}


def read_network(folder: Path) -> pypsa.Network:
    """Build a PyPSA network from a case folder with one price per unit."""
    meta = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    base_mva = float(meta.get("base_mva", 100.0))
    hours = int(meta.get("interval_minutes", 60)) / 60
    buses, branches, units, offers, loads, demand = (
        pd.read_parquet(folder / f"{name}.parquet")
        for name in ("buses", "branches", "units", "offers", "loads", "demand")
    )
    if (offers["segment"] != 1).any() or offers["interval_start"].notna().any():
        raise SystemExit("this peer takes one price per unit and day")

    network = pypsa.Network()
    # Naive snapshots of the right number: PyPSA has no use for the zone.
    network.set_snapshots(pd.RangeIndex(len(demand)))
    network.add("Bus", buses["bus"], v_nom=1.0)
    add_branches(network, branches[branches["in_service"]], base_mva)

    price = offers.set_index("unit")["price"].reindex(units["unit"]).to_numpy()
    # PyPSA scales unit limits by p_nom, so a unit with p_max = 0 keeps p_nom = 1 and limits of 0.
    p_max = units["p_max"].to_numpy(dtype=float)
    p_nom = np.where(p_max > 0, p_max, 1.0)
    ramps = {
        f"ramp_limit_{way}": units[f"ramp_{way}"].to_numpy(dtype=float) * hours / p_nom
        for way in ("up", "down")
    }
    network.add(
        "Generator",
        units["unit"],
        bus=units["bus"].to_numpy(),
        p_nom=p_nom,
        p_min_pu=units["p_min"].to_numpy(dtype=float) / p_nom,
        p_max_pu=p_max / p_nom,
        marginal_cost=price * hours,
        **(ramps if len(demand) > 1 else {}),
    )
    if (folder / "bids.parquet").exists():
        add_bids(network, pd.read_parquet(folder / "bids.parquet"), loads, hours)
    network.add("Load", loads["load"], bus=loads["bus"].to_numpy())
    series = demand[list(loads["load"])].astype(float)
    series.index = network.snapshots
    network.c.loads.dynamic["p_set"] = series.rename_axis(columns="name")
    return network


def add_branches(network: pypsa.Network, branches: pd.DataFrame, base_mva: float) -> None:
    """Add branches with the reactance x * tap; those that shift the angle become transformers."""
    x = branches["x"].to_numpy(dtype=float) * branches["tap"].to_numpy(dtype=float) / base_mva
    limit = branches["rating_mw"].fillna(math.inf).to_numpy(dtype=float)
    shift = branches["shift_deg"].to_numpy(dtype=float)
    plain = shift == 0.0
    network.add(
        "Line",
        branches["branch"][plain],
        bus0=branches["from_bus"][plain].to_numpy(),
        bus1=branches["to_bus"][plain].to_numpy(),
        x=x[plain],
        s_nom=limit[plain],
    )
    if plain.all():
        return
    # A transformer's reactance is per unit of s_nom: one without a limit gets a base of its own.
    base = np.where(np.isfinite(limit), limit, 1e5)[~plain]
    network.add(
        "Transformer",
        branches["branch"][~plain],
        bus0=branches["from_bus"][~plain].to_numpy(),
        bus1=branches["to_bus"][~plain].to_numpy(),
        model="pi",
        x=x[~plain] * base,
        s_nom=base,
        phase_shift=shift[~plain],
    )


def add_bids(network: pypsa.Network, bids: pd.DataFrame, loads: pd.DataFrame, hours: float) -> None:
    """Add price-sensitive demand as generators between -mw and 0 that earn the bid price."""
    if bids["interval_start"].notna().any():
        raise SystemExit("this peer takes the same bids in every interval")
    network.add(
        "Generator",
        "bid " + bids["load"] + " " + bids["segment"].astype(str),
        bus=loads.set_index("load")["bus"].reindex(bids["load"]).to_numpy(),
        p_nom=bids["mw"].to_numpy(dtype=float),
        p_min_pu=-1.0,
        p_max_pu=0.0,
        marginal_cost=bids["price"].to_numpy(dtype=float) * hours,
    )


def require(settings: dict[str, object]) -> None:
    """End where HiGHS refuses an option: it would go on with its default, and be timed as another.

    HiPO is not in every build: the package `highspy-extras` brings it.
    """
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    for name, value in settings.items():
        status = highs.setOptionValue(name, value)
        if status != highspy.HighsStatus.kOk or highs.getOptionValue(name)[1] != value:
            raise SystemExit(f"HiGHS {highs.version()} has no {name} = {value} here")


def main() -> None:
    """Read, clear, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--settings", choices=sorted(SETTINGS), default="simplex")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    require(SETTINGS[arguments.settings])
    network = read_network(arguments.folder)
    started, used = time.perf_counter(), time.process_time()
    model = network.optimize.create_model(consistency_check=False, include_objective_constant=False)
    built = time.perf_counter()
    status, condition = model.solve(
        solver_name="highs",
        io_api="direct",
        log_to_console=False,
        threads=1,
        **SETTINGS[arguments.settings],
    )
    if condition != "optimal":
        raise SystemExit(f"PyPSA ended with {status}, {condition}")
    solved = time.perf_counter()
    network.optimize.assign_solution()
    network.optimize.assign_duals()
    ended, cpu = time.perf_counter(), time.process_time() - used
    print(
        json.dumps(
            {
                "program": f"PyPSA {pypsa.__version__}",
                "settings": arguments.settings,
                "wall": ended - started,
                "cpu": cpu,
                "build": built - started,
                "hand_over_and_solve": solved - built,
                "assign": ended - solved,
                "solver": float(model.solver_model.getRunTime()),
                "objective": float(network.objective),
                "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
