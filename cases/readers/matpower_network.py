"""Buses, branches, loads and DC lines of a MATPOWER case."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cases.errors import Failure
from cases.readers.matrix import Matrix
from cases.readers.mfile import MFile

__all__ = ["Findings", "Withdrawals", "read_branches", "read_buses", "read_links", "text_ids"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALLEST_REACTANCE = 1e-5
"""Stands for a reactance of zero, p.u.: the size of the smallest real ones in large cases."""


@dataclass
class Findings:
    """What a reader found on its way: failures that stop it, notes for the import record."""

    file: str
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fail(self, line: int, table: str, rule: str, message: str) -> None:
        """Note a failure of a row of `mpc.TABLE`."""
        self.failures.append(Failure(self.file, int(line), f"mpc.{table}", rule, message))

    def each(self, table: str, matrix: Matrix, rows: Mask, rule: str, message: str) -> None:
        """Note the same failure for every row where `rows` holds."""
        for line in matrix.lines[rows]:
            self.fail(line, table, rule, message)

    def finite(self, table: str, matrix: Matrix, *columns: str, infinite: bool = False) -> None:
        """Note every entry of some columns that is not a number (or not finite)."""
        for column in columns:
            values = matrix[column]
            wrong = np.isnan(values) if infinite else ~np.isfinite(values)
            kind = "a number" if infinite else "a finite number"
            self.each(table, matrix, wrong, "number", f"{column} must be {kind}")


@dataclass
class Withdrawals:
    """Loads and the MW they take, gathered from all parts of a case."""

    load: list[str] = field(default_factory=list)
    bus: list[str] = field(default_factory=list)
    mw: list[float] = field(default_factory=list)

    def add(self, load: str, bus: str, mw: float) -> None:
        """Add one load."""
        self.load.append(load)
        self.bus.append(bus)
        self.mw.append(mw)


def text_ids(numbers: Floats) -> pd.Index:
    """Write bus numbers as text."""
    return pd.Index(numbers.astype(np.int64)).astype("str")


def some(names: pd.Index | list[str], most: int = 5) -> str:
    """Show the first names of a list, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def read_buses(m: MFile, loads: Withdrawals, found: Findings) -> tuple[pd.DataFrame, Matrix]:
    """Read the buses that take part; also return the bus matrix without the isolated ones.

    Demand becomes a load `D<bus>`; shunt conductance, MW at 1 p.u. voltage, a load `S<bus>`.
    """
    bus = m.matrices["bus"]
    found.finite("bus", bus, "BUS_I", "BUS_TYPE", "PD", "GS", "BUS_AREA", "BASE_KV", "ZONE")
    number = bus["BUS_I"]
    wrong = ~(number > 0) | (number != np.floor(number)) | (number >= 2**53)
    found.each("bus", bus, wrong, "bus_number", "the bus number must be a whole number from 1")
    repeated = pd.Series(number).duplicated().to_numpy() & ~wrong
    for position in np.nonzero(repeated)[0]:
        message = f"bus {number[position]:.0f} is there twice"
        found.fail(bus.lines[position], "bus", "duplicate", message)
    kind = bus["BUS_TYPE"]
    odd = ~np.isin(kind, (1, 2, 3, 4))
    found.each("bus", bus, odd, "bus_type", "the bus type must be 1, 2, 3 or 4")
    isolated = kind == 4
    if isolated.any() and not found.failures:
        lost = float(bus["PD"][isolated].sum())
        found.notes.append(
            f"isolated buses (type 4) dropped with all that is on them: "
            f"{some(text_ids(number[isolated]))} ({lost:g} MW of load)"
        )
    bus = bus.keep(~isolated & ~wrong & ~repeated)
    names = text_ids(bus["BUS_I"])
    for prefix, column in (("D", "PD"), ("S", "GS")):
        for name, mw in zip(names.tolist(), bus[column].tolist(), strict=True):
            if mw:
                loads.add(f"{prefix}{name}", name, mw)
    if bus["GS"].any():
        found.notes.append(
            f"shunt conductance counts as load (loads S...): {bus['GS'].sum():g} MW at 1 p.u."
        )
    kv = bus["BASE_KV"]
    return pd.DataFrame(
        {
            "bus": names,
            "zone": [_label(z) for z in bus["ZONE"]],
            "area": [_label(a) for a in bus["BUS_AREA"]],
            "kv": np.where(kv > 0, kv, np.nan),
        }
    ), bus


def _label(number: float) -> str:
    return str(int(number)) if number.is_integer() else str(number)


def known_ends(
    m: MFile, table: str, matrix: Matrix, columns: tuple[str, ...], found: Findings
) -> Mask:
    """Find the rows all of whose buses take part; an unknown bus is a failure."""
    numbers, kinds = m.matrices["bus"]["BUS_I"], m.matrices["bus"]["BUS_TYPE"]
    there = np.ones(len(matrix.values), dtype=bool)
    for column in columns:
        ends = matrix[column]
        unknown = ~np.isin(ends, numbers)
        for position in np.nonzero(unknown)[0]:
            message = f"{column} {ends[position]:g} is not a bus of mpc.bus"
            found.fail(matrix.lines[position], table, "unknown_bus", message)
        there &= ~unknown & ~np.isin(ends, numbers[kinds == 4])
    return there


def read_branches(m: MFile, bus: Matrix, found: Findings) -> tuple[pd.DataFrame, Matrix]:
    """Read the branches, out-of-service ones included; also return the rows they come from.

    Names are `from-to`, a second circuit `from-to#2`, or `mpc.branch_name` where it names each.
    """
    branch = m.matrices["branch"]
    found.finite("branch", branch, "BR_R", "BR_X", "TAP", "SHIFT", "BR_STATUS")
    limits = ("RATE_A", "RATE_B", "RATE_C", "ANGMIN", "ANGMAX")
    found.finite("branch", branch, *limits, infinite=True)
    there = known_ends(m, "branch", branch, ("F_BUS", "T_BUS"), found)
    named = _names(m, "branch_name", len(branch.values), found)
    loops = there & (branch["F_BUS"] == branch["T_BUS"])
    if loops.any():
        at = text_ids(branch["F_BUS"][loops])
        found.notes.append(f"branches from a bus to itself dropped, at {some(at)}")
    there &= ~loops
    branch = branch.keep(there)
    start, end = text_ids(branch["F_BUS"]), text_ids(branch["T_BUS"])
    x, tap, shift = branch["BR_X"].copy(), branch["TAP"], branch["SHIFT"]
    kv = pd.Series(bus["BASE_KV"], index=text_ids(bus["BUS_I"]))
    stepped = kv.reindex(start).to_numpy() != kv.reindex(end).to_numpy()
    pair = pd.Series(start + "-" + end)
    circuit = pair.groupby(pair).cumcount().to_numpy() + 1
    names = pair.where(circuit == 1, pair + "#" + pd.Series(circuit).astype("str"))
    if named is not None:
        names = pd.Series(named)[there].reset_index(drop=True)
    ideal = x == 0
    if ideal.any():
        x[ideal] = SMALLEST_REACTANCE
        found.notes.append(
            f"zero reactance replaced by {SMALLEST_REACTANCE:g} p.u.: {some(list(names[ideal]))}"
        )
    emergency = np.where(branch["RATE_C"] > 0, branch["RATE_C"], branch["RATE_B"])
    least, most = branch["ANGMIN"], branch["ANGMAX"]
    out = branch["BR_STATUS"] <= 0
    if out.any():
        found.notes.append(
            f"branches out of service, kept with in_service = false: {some(list(names[out]))}"
        )
    return pd.DataFrame(
        {
            "branch": names,
            "from_bus": start,
            "to_bus": end,
            "kind": np.where((tap != 0) | (shift != 0) | stepped, "transformer", "line"),
            "r": branch["BR_R"],
            "x": x,
            "tap": np.where(tap == 0, 1.0, tap),
            "shift_deg": shift,
            "rating_mw": _limit(branch["RATE_A"]),
            "emergency_rating_mw": _limit(emergency),
            "angle_min_deg": np.where((least == 0) | (least <= -360), np.nan, least),
            "angle_max_deg": np.where((most == 0) | (most >= 360), np.nan, most),
            "in_service": branch["BR_STATUS"] > 0,
        }
    ), branch


def _limit(rating: Floats) -> Floats:
    """Turn a rating of none (0 or Inf) into NaN."""
    return np.where((rating == 0) | np.isposinf(rating), np.nan, rating)


def _names(m: MFile, table: str, rows: int, found: Findings) -> list[str] | None:
    """Read the names that a file gives its rows, if it gives each a different one."""
    names = m.cells.get(table)
    if names is None or not names:
        return None
    if len(names) != rows:
        message = f"has {len(names)} names for {rows} rows"
        found.failures.append(Failure(found.file, None, f"mpc.{table}", "names", message))
        return None
    return names if len(set(names)) == len(names) and all(names) else None


def read_links(m: MFile, loads: Withdrawals, found: Findings) -> tuple[pd.DataFrame, Matrix | None]:
    """Read DC lines as links `DC1`, ...; a constant loss becomes a load at the far end.

    MATPOWER's loss is loss0 + loss1 * (MW sent at the from end). `loss_fraction` is loss1; it
    counts in both directions here, where MATPOWER's formula turns it into a gain backwards.
    """
    line = m.matrices.get("dcline")
    if line is None or not len(line.values):
        return pd.DataFrame(), None
    found.finite("dcline", line, "BR_STATUS", "PMIN", "PMAX", "LOSS0", "LOSS1")
    there = known_ends(m, "dcline", line, ("F_BUS", "T_BUS"), found)
    names = pd.Index([f"DC{k + 1}" for k in range(len(line.values))])
    used = there & (line["BR_STATUS"] > 0)
    if (~used).any():
        found.notes.append(f"DC lines out of service dropped: {some(names[~used])}")
    costs = m.matrices.get("dclinecost")
    if costs is not None and costs.values[:, 4:].any():
        found.notes.append("the cost of DC line flows (mpc.dclinecost) is not carried over")
    line, names = line.keep(used), names[used]
    end = text_ids(line["T_BUS"])
    for name, bus, mw in zip(names, end, line["LOSS0"], strict=True):
        if mw:
            loads.add(f"{name}-loss", bus, float(mw))
            found.notes.append(f"the constant loss of {name}, {mw:g} MW, is a load at bus {bus}")
    crossed = line["PMIN"] > line["PMAX"]
    found.each("dcline", line, crossed, "min_above_max", "PMIN must not exceed PMAX")
    return pd.DataFrame(
        {
            "link": names,
            "from_bus": text_ids(line["F_BUS"]),
            "to_bus": end,
            "min_mw": line["PMIN"],
            "max_mw": line["PMAX"],
            "loss_fraction": line["LOSS1"],
        }
    ), line
