"""Units of RTS-GMLC: heat-rate offers, start-up tiers, fixed and weather-driven output, storage.

Fuel price times heat rate is the price of a block. Fuel prices are money per MMBtu and heat rates
Btu per kWh, so that price = fuel price * heat rate / 1000 in money per MWh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.readers.rts_tables import Folder

__all__ = ["Fleet", "read_fleet"]

Floats = NDArray[np.float64]

GEN = "gen.csv"
NEVER = 9999.0
"""Stands in the data for a start-up state that a unit does not have."""
POUNDS_PER_TONNE = 2204.62262
COLUMNS = (
    *("GEN UID", "Bus ID", "Unit Type", "Category", "Fuel", "PMax MW", "PMin MW"),
    *("Min Down Time Hr", "Min Up Time Hr", "Ramp Rate MW/Min", "Fuel Price $/MMBTU", "VOM"),
    *("Start Time Cold Hr", "Start Time Warm Hr", "Start Time Hot Hr"),
    *("Start Heat Cold MBTU", "Start Heat Warm MBTU", "Start Heat Hot MBTU"),
    *("Non Fuel Start Cost $", "Non Fuel Shutdown Cost $", "HR_avg_0", "Output_pct_0"),
    *("HR_incr_1", "Output_pct_1", "Pump Load MW", "Storage Roundtrip Efficiency"),
)
STORAGE_COLUMNS = ("GEN UID", "Storage", "Max Volume GWh", "Initial Volume GWh", "position")


@dataclass
class Fleet:
    """Rows of the tables that `gen.csv` and `storage.csv` become.

    `fixed` and `reach` hold the series of units that are self-scheduled or limited by weather;
    `reserve` the MW per minute of each unit that can carry reserves, by its category.
    """

    units: list[dict[str, Any]] = field(default_factory=list)
    offers: list[tuple[str, int, float, float]] = field(default_factory=list)
    commitment: list[tuple[str, str, float, float]] = field(default_factory=list)
    commitment_costs: list[dict[str, Any]] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)
    fuel_prices: dict[str, float] = field(default_factory=dict)
    storage: list[dict[str, Any]] = field(default_factory=list)
    fixed: dict[str, Floats] = field(default_factory=dict)
    reach: dict[str, Floats] = field(default_factory=dict)
    ramp_per_minute: dict[str, float] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the rows as frames."""
        return {
            "units": pd.DataFrame(self.units),
            "offers": pd.DataFrame(self.offers, columns=["unit", "segment", "mw", "price"]),
            "commitment_offers": pd.DataFrame(
                self.commitment, columns=["unit", "component", "after_hours_off", "price"]
            ),
            "costs": pd.DataFrame(self.costs),
            "commitment_costs": pd.DataFrame(self.commitment_costs),
            "fuel_prices": pd.DataFrame(
                {"fuel": list(self.fuel_prices), "price": list(self.fuel_prices.values())}
            ),
            "storage": pd.DataFrame(self.storage),
        }


@dataclass(frozen=True)
class _Unit:
    """One row of `gen.csv` with its numbers read."""

    name: str
    row: int
    bus: str
    category: str
    fuel: str
    p_min: float
    p_max: float
    fuel_price: float
    vom: float
    co2: float
    points: list[float]
    heat_rates: list[float]
    starts: list[tuple[float, float]]
    start_cost: float
    stop_cost: float


def read_fleet(
    folder: Folder, lows: dict[str, Floats], highs: dict[str, Floats], intervals: int
) -> Fleet:
    """Read all units; `lows` and `highs` are the series of their least and largest output.

    A unit with both series (hydro, rooftop PV) is fixed at them; one with the upper series alone
    (wind, PV, concentrating solar) can be curtailed. A storage unit is fixed at 0 MW: its energy
    is in `storage`.
    """
    gen = folder.table(GEN, COLUMNS)
    names = folder.ids(GEN, gen, "GEN UID")
    numbers = {c: folder.numbers(GEN, gen, c, blank=0.0) for c in _numeric(gen)}
    fleet = Fleet()
    if folder.failures:
        return fleet
    for name in sorted((set(lows) | set(highs)) - set(names)):
        folder.fail("SourceData/timeseries_pointers.csv", None, "Object", "unknown_unit", name)
    fuels = _fuel_names(gen["Fuel"].str.strip(), numbers["Fuel Price $/MMBTU"])
    buses, categories, technologies = (
        gen[c].str.strip().tolist() for c in ("Bus ID", "Category", "Unit Type")
    )
    for k, name in enumerate(names):
        row = {c: float(v[k]) for c, v in numbers.items()}
        unit = _unit(name, k + 2, buses[k], categories[k], fuels[k], row)
        _check_points(folder, unit)
        storage = unit.category == "Storage"
        solar_thermal = unit.category == "CSP"
        technology, up_time, ramp = technologies[k], row["Min Up Time Hr"], row["Ramp Rate MW/Min"]
        fleet.units.append(
            {
                "unit": name,
                "bus": unit.bus,
                "technology": technology,
                "fuel": unit.fuel,
                "p_min": 0.0 if solar_thermal or storage else unit.p_min,
                "p_max": unit.p_max,
                "ramp_up": ramp * 60 if ramp > 0 else np.nan,
                "ramp_down": ramp * 60 if ramp > 0 else np.nan,
                "min_up": up_time,
                "min_down": row["Min Down Time Hr"],
                "must_run": technology == "NUCLEAR",
                "quick_start": technology == "CT" and up_time <= 1.0,
            }
        )
        fleet.ramp_per_minute[name] = ramp
        if storage:
            fleet.fixed[name] = np.zeros(intervals)
        elif name in lows and name in highs:
            fleet.fixed[name] = highs[name]
        elif name in highs:
            fleet.reach[name] = np.minimum(highs[name], unit.p_max)
        if name not in fleet.fixed:
            _offer(fleet, unit)
        if not (solar_thermal or storage):
            _starts(fleet, unit)
    _storage(folder, fleet, names, categories, numbers)
    return fleet


def _numeric(gen: pd.DataFrame) -> list[str]:
    texts = ("GEN UID", "Bus ID", "Gen ID", "Unit Group", "Unit Type", "Category", "Fuel")
    wanted = ("Output_pct_", "HR_avg_", "HR_incr_")
    columns = [c for c in COLUMNS if c not in texts]
    columns += [c for c in gen.columns if c.startswith(wanted) and c not in columns]
    return columns + [c for c in ("Emissions CO2 Lbs/MMBTU",) if c in gen.columns]


def _fuel_names(fuels: pd.Series, prices: Floats) -> list[str]:
    """Name the fuel of each unit; a fuel that has several prices carries the price in its name."""
    several = pd.Series(prices).groupby(fuels.to_numpy()).nunique()
    return [
        f"{fuel} {price:g}" if several[fuel] > 1 else str(fuel)
        for fuel, price in zip(fuels, prices, strict=True)
    ]


def _unit(name: str, row: int, bus: str, category: str, fuel: str, n: dict[str, float]) -> _Unit:
    count = sum(1 for c in n if c.startswith("HR_incr_"))
    p_min, p_max = n["PMin MW"], n["PMax MW"]
    average = n["HR_avg_0"]
    points, rates = [p_min], [average]
    for block in range(1, count + 1):
        share = n.get(f"Output_pct_{block}", 0.0)
        if share <= 0:
            break
        points.append(p_max if share >= 1 else round(share * p_max, 6))
        rates.append(n[f"HR_incr_{block}"] or average)
    states = [
        (n[f"Start Time {state} Hr"], n[f"Start Heat {state} MBTU"])
        for state in ("Hot", "Warm", "Cold")
    ]
    return _Unit(
        name=name,
        row=row,
        bus=bus,
        category=category,
        fuel=fuel,
        p_min=p_min,
        p_max=p_max,
        fuel_price=n["Fuel Price $/MMBTU"],
        vom=n["VOM"],
        co2=n.get("Emissions CO2 Lbs/MMBTU", 0.0),
        points=points,
        heat_rates=rates,
        starts=_tiers(states),
        start_cost=n["Non Fuel Start Cost $"],
        stop_cost=n["Non Fuel Shutdown Cost $"],
    )


def _check_points(folder: Folder, unit: _Unit) -> None:
    if unit.fuel_price > 0 and unit.heat_rates[0] > 0:
        if (np.diff(unit.points) <= 0).any() or unit.points[-1] != unit.p_max:
            text = f"output points {unit.points} MW must rise from PMin to PMax {unit.p_max:g}"
            folder.fail(f"SourceData/{GEN}", unit.row, "Output_pct_1", "output_points", text)
        elif unit.points[0] != unit.p_min:
            text = "the first output point must be PMin"
            folder.fail(f"SourceData/{GEN}", unit.row, "Output_pct_0", "output_points", text)


def _tiers(states: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Turn hot, warm and cold (hours off, heat) into tiers (from this many hours off, heat).

    A state reached after 9999 hours does not exist; a unit that has no other is always cold. The
    hottest tier holds from the first hour off, and states reached at the same hour or with the
    same heat are one.
    """
    *warmer, cold = states
    kept = [state for state in warmer if state[0] < NEVER]
    if cold[0] < NEVER or not kept:
        kept.append(cold)
    tiers: list[tuple[float, float]] = []
    for hours, heat in sorted(kept, key=lambda state: state[0]):
        if tiers and (tiers[-1][0] == hours or tiers[-1][1] == heat):
            tiers[-1] = (tiers[-1][0], heat)
        else:
            tiers.append((hours if tiers else 0.0, heat))
    return tiers


def _offer(fleet: Fleet, unit: _Unit) -> None:
    """Offer by heat rate; without fuel cost, all of it at the variable cost.

    HR_avg_0 is the average heat rate at PMin, HR_incr_i the incremental rates above it. The block
    from 0 to PMin takes the average; where that would be dearer than the next block it takes
    the next block's price, and the rest is the no-load cost: the total cost at PMin and above is
    exact either way.
    """
    if unit.p_max == 0:
        return
    if unit.fuel_price <= 0 or unit.heat_rates[0] <= 0:
        fleet.offers.append((unit.name, 1, unit.p_max, unit.vom))
        fleet.costs.append({"unit": unit.name, "segment": 1, "mw": unit.p_max, "vom": unit.vom})
        return
    fleet.fuel_prices[unit.fuel] = unit.fuel_price
    widths = [unit.p_min, *np.diff(unit.points).tolist()]
    rates = list(unit.heat_rates)
    if len(rates) > 1 and rates[0] > rates[1]:
        idle = (rates[0] - rates[1]) / 1000 * unit.fuel_price * unit.p_min
        fleet.commitment.append((unit.name, "no_load", 0.0, idle))
        _commitment_cost(fleet, unit, "no_load", 0.0, idle / unit.fuel_price, 0.0)
        rates[0] = rates[1]
    blocks = [(mw, rate) for mw, rate in zip(widths, rates, strict=True) if mw > 0]
    for segment, (mw, rate) in enumerate(blocks, start=1):
        price = rate / 1000 * unit.fuel_price + unit.vom
        fleet.offers.append((unit.name, segment, mw, price))
        fleet.costs.append(
            {
                "unit": unit.name,
                "segment": segment,
                "mw": mw,
                "heat_rate": rate / 1000,
                "fuel": unit.fuel,
                "emission_rate": unit.co2 * rate / 1000 / POUNDS_PER_TONNE,
                "vom": unit.vom,
            }
        )


def _starts(fleet: Fleet, unit: _Unit) -> None:
    for hours, heat in unit.starts:
        price = heat * unit.fuel_price + unit.start_cost
        if price:
            fleet.commitment.append((unit.name, "startup", hours, price))
            _commitment_cost(fleet, unit, "startup", hours, heat, unit.start_cost)
    if unit.stop_cost:
        fleet.commitment.append((unit.name, "shutdown", 0.0, unit.stop_cost))
        _commitment_cost(fleet, unit, "shutdown", 0.0, 0.0, unit.stop_cost)


def _commitment_cost(
    fleet: Fleet, unit: _Unit, component: str, hours: float, heat: float, other: float
) -> None:
    """Keep what a commitment offer is made of: fuel that has a price, its emission, other cost."""
    burnt = heat if unit.fuel in fleet.fuel_prices else 0.0
    fleet.commitment_costs.append(
        {
            "unit": unit.name,
            "component": component,
            "after_hours_off": hours,
            "fuel_use": burnt,
            "fuel": unit.fuel,
            "emission": unit.co2 * burnt / POUNDS_PER_TONNE,
            "other": other,
        }
    )


def _storage(
    folder: Folder,
    fleet: Fleet,
    names: list[str],
    categories: list[str],
    numbers: dict[str, Floats],
) -> None:
    """Read `storage.csv`: a storage unit charges from the grid, a solar plant's tank cannot.

    Reservoirs of hydro units, whose output is fixed, and lower reservoirs are left out.
    """
    rows = folder.table("storage.csv", STORAGE_COLUMNS)
    volume = folder.numbers("storage.csv", rows, "Max Volume GWh") * 1000
    initial = folder.numbers("storage.csv", rows, "Initial Volume GWh", blank=0.0) * 1000
    position = {name: k for k, name in enumerate(names)}
    for k, (name, unit) in enumerate(zip(rows["Storage"], rows["GEN UID"], strict=True)):
        if unit.strip() not in position:
            text = f"{unit} is not a unit of {GEN}"
            folder.fail("SourceData/storage.csv", k + 2, "GEN UID", "unknown_unit", text)
            continue
        p = position[unit.strip()]
        if categories[p] not in ("Storage", "CSP") or rows["position"].iloc[k].strip() != "head":
            continue
        grid = categories[p] == "Storage"
        way = float(np.sqrt(numbers["Storage Roundtrip Efficiency"][p] / 100)) if grid else 1.0
        fleet.storage.append(
            {
                "storage": name.strip(),
                "bus": fleet.units[p]["bus"],
                "charge_mw": float(numbers["Pump Load MW"][p]) if grid else 0.0,
                "discharge_mw": fleet.units[p]["p_max"],
                "energy_max": float(volume[k]),
                "efficiency_in": way,
                "efficiency_out": way,
                "initial_mwh": float(initial[k]),
            }
        )
