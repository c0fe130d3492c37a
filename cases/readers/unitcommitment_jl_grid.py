"""Lines, contingencies and interfaces of UnitCommitment.jl instances."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import pandas as pd

from cases.readers.json_file import Node
from cases.readers.unitcommitment_jl_frame import Frame

__all__ = ["BASE_MVA", "penalty", "read_contingencies", "read_interfaces", "read_lines"]

BASE_MVA = 100.0
UNLIMITED_MW = 1e8
"""Emergency limit of a line that has a normal one only; the format's own stand-in for none."""
NORMAL, EMERGENCY = "Normal flow limit (MW)", "Emergency flow limit (MW)"
PENALTY = "Flow limit penalty ($/MW)"
UPPER, LOWER = "Net flow upper limit (MW)", "Net flow lower limit (MW)"


def read_lines(frame: Frame, section: Node) -> pd.DataFrame:
    """Read the transmission lines.

    Flows depend on the ratios of susceptances alone. The published instances give them in MW per
    degree, so x = base_mva * (pi / 180) / susceptance is their reactance per unit.
    """
    rows = []
    penalties: set[float] = set()
    for name, line in section.members():
        line.only(
            (
                *("Source bus", "Target bus", "Reactance (ohms)", "Susceptance (S)"),
                *(NORMAL, EMERGENCY, PENALTY),
            )
        )
        ends = [frame.bus(line, key) for key in ("Source bus", "Target bus")]
        susceptance = line.number("Susceptance (S)")
        if susceptance == 0:
            line.fail("Susceptance (S)", "zero", "must not be 0: leave the line out")
            susceptance = math.nan
        normal = frame.steady(line, NORMAL, np.inf, ge=0.0)
        emergency = frame.steady(line, EMERGENCY, np.inf, ge=0.0)
        penalties |= set(line.series(PENALTY, frame.count, 5000.0).tolist())
        if math.isinf(emergency) and not math.isinf(normal):
            emergency = UNLIMITED_MW
        rows.append(
            {
                "branch": name,
                "from_bus": ends[0],
                "to_bus": ends[1],
                "x": BASE_MVA * math.pi / 180.0 / susceptance,
                "rating_mw": normal if math.isfinite(normal) else np.nan,
                "emergency_rating_mw": emergency if math.isfinite(emergency) else np.nan,
            }
        )
    penalty(frame, "flow limits of lines", penalties, ("branch", "contingency"))
    if any(row["emergency_rating_mw"] == UNLIMITED_MW for row in rows):
        frame.notes.append(
            f"lines with a normal and no emergency limit have emergency_rating_mw {UNLIMITED_MW:g}:"
            " none, where blank would mean the normal rating"
        )
    return pd.DataFrame(rows)


def read_contingencies(
    frame: Frame, section: Node, lines: Collection[str], units: Collection[str]
) -> pd.DataFrame:
    """Read the contingencies; elements of one name go out together."""
    rows: list[tuple[str, str, str]] = []
    for name, item in section.members():
        keys = {"Affected lines": lines, "Affected generators": units, "Affected units": units}
        item.only(keys)
        for key, known in keys.items():
            kind = "branch" if key == "Affected lines" else "unit"
            elements = item.names(key, known, "line" if kind == "branch" else "generator")
            rows += [(name, kind, element) for element in dict.fromkeys(elements)]
        if not any(item.values.get(key) for key in keys):
            frame.notes.append(f"contingency {name} takes nothing out and is left out")
    return pd.DataFrame(rows, columns=["contingency", "kind", "element"])


def read_interfaces(
    frame: Frame, section: Node, lines: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the interfaces and their limits.

    Lines are weighted (`Branches` or `Lines`), or listed as outbound (+1) and inbound (-1).
    """
    weighted, listed = ("Branches", "Lines"), {"Outbound lines": 1.0, "Inbound lines": -1.0}
    rows: list[tuple[str, str, float]] = []
    limits: list[tuple[str, float, float]] = []
    penalties: set[float] = set()
    for name, item in section.members():
        item.only((*weighted, *listed, UPPER, LOWER, PENALTY))
        weights: dict[str, float] = {}
        for key in weighted:
            members = item.node(key)
            for line in members.values:
                if line not in lines:
                    members.fail(line, "unknown_name", f"line {line} is not known")
                weights[line] = members.number(line)
        for key, weight in listed.items():
            for line in item.names(key, lines, "line"):
                weights[line] = weights.get(line, 0.0) + weight
        if not weights:
            item.fail("", "empty", "has no lines")
        rows += [(name, line, weight) for line, weight in weights.items()]
        low = -frame.steady(_negated(item), LOWER, np.inf)
        high = frame.steady(item, UPPER, np.inf)
        blank = [value if math.isfinite(value) else np.nan for value in (low, high)]
        limits.append((name, blank[0], blank[1]))
        penalties |= set(item.series(PENALTY, frame.count, 5000.0).tolist())
    penalty(frame, "flow limits of interfaces", penalties, ("interface",))
    return (
        pd.DataFrame(rows, columns=["interface", "branch", "weight"]),
        pd.DataFrame(limits, columns=["interface", "min_mw", "max_mw"]),
    )


def _negated(item: Node) -> Node:
    """The lower limit with its sign turned, so that no limit is +inf as everywhere else."""
    value = item.values.get(LOWER)
    if isinstance(value, list):
        turned = [-v if _is_number(v) else v for v in value]
        return Node(item.document, item.place, {LOWER: turned})
    turned_one = -value if value is not None and _is_number(value) else value
    return Node(item.document, item.place, {LOWER: turned_one})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def penalty(frame: Frame, what: str, prices: set[float], names: tuple[str, ...]) -> None:
    """Note the penalty price of the data for the rulebook, or warn where it is not one price."""
    known = sorted(price for price in prices if not math.isnan(price))
    if len(known) == 1:
        keys = ", ".join(f"penalties.{name}={known[0] / frame.step:g}" for name in names)
        frame.notes.append(f"penalty for {what}: a rulebook's matter, --set {keys}")
    elif known:
        frame.warnings.append(
            f"penalties for {what} run from {known[0]:g} to {known[-1]:g} $/MW; a rulebook has one "
            "price, and none of these is used"
        )
