"""The levels of one day: for each unit and component the methods in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from cases.rulebook.references import ReferenceMethod
from mitigation.references.blocks import Blocks, Level, covered, curve_levels
from mitigation.references.comparable import Peers, comparable_curve, comparable_level
from mitigation.references.cost_based import Missing, commitment_cost, cost_curve
from mitigation.references.evidence import Evidence, inputs_hash
from mitigation.references.history import PARAMETERS
from mitigation.references.negotiated import negotiated_curve, negotiated_level
from mitigation.references.offer_based import offer_curve
from mitigation.references.opportunity import opportunity_curve
from mitigation.references.own_history import (
    offered_commitment,
    offered_parameter,
    offered_reserve,
)
from mitigation.references.price_based import price_curve

__all__ = ["Key", "Row", "day_levels", "methods"]

Key = tuple[str, str]
"""Unit and component."""
_NAN: Final = float("nan")
_NOT_APPLICABLE: Final = "does not apply to this unit"


@dataclass(frozen=True, slots=True)
class Row:
    """A level with its place in the component: block, or hours off of a start-up tier."""

    level: Level
    segment: int = 0
    hours: float = _NAN

    def __eq__(self, other: object) -> bool:
        """Equal in all that is written out; NaN equals NaN."""
        return isinstance(other, Row) and repr(self) == repr(other)


def methods(evidence: Evidence, unit: str, component: str) -> tuple[list[ReferenceMethod], bool]:
    """Methods of a component in the order in which they are tried; whether the first was chosen.

    What the participant chose (where the rules let it), then the method of the rules, then their
    order.
    """
    rules = evidence.rules
    first: list[ReferenceMethod] = []
    if rules.choice == "participant":
        rows = evidence.rows("reference_choices", unit)
        for wanted in (component, ""):
            first += rows.loc[rows["component"] == wanted, "method"].tolist()
    if rules.method != "auto":
        first.append(rules.method)
    return list(dict.fromkeys([*first, *rules.order])), bool(first)


def day_levels(evidence: Evidence, day: date) -> dict[Key, list[Row]]:
    """Levels of all units and components that hold on a day, by unit and component."""
    peers = Peers(evidence.case)
    curves = _curves(evidence, peers, day)
    commitment = _commitment(evidence, peers, day)
    reserves = _reserves(evidence, day)
    levels: dict[Key, list[Row]] = {
        (unit, "energy"): [Row(level, k) for k, level in enumerate(curve, start=1)]
        for unit, curve in curves.items()
    }
    levels |= commitment | reserves
    units = evidence.case.units
    for unit, p_min in zip(units["unit"], units["p_min"], strict=True):
        least = _min_generation(unit, p_min, levels)
        if least is not None:
            levels[unit, "min_generation"] = [Row(least)]
    return levels | _parameters(evidence)


def _curves(evidence: Evidence, peers: Peers, day: date) -> dict[str, list[Level]]:
    """Energy curves of the units that offer energy."""
    offers = evidence.case.offers
    blocks = offers.drop_duplicates(["unit", "segment"]).sort_values("segment")
    ends = {
        str(unit): rows["mw"].cumsum().tolist() for unit, rows in blocks.groupby("unit", sort=False)
    }
    parts = {
        unit: _energy_parts(evidence, unit, day, p_max)
        for unit, p_max in peers.p_max.items()
        if unit in ends and p_max > 0
    }
    own = {unit: curve_levels(found, peers.p_max[unit]) for unit, found in parts.items()}
    whole = {unit: own[unit] for unit in parts if covered(parts[unit], peers.p_max[unit])}
    curves: dict[str, list[Level]] = {}
    for unit, found in parts.items():
        curve = own[unit]
        if unit not in whole and evidence.rules.comparable:
            found.append(comparable_curve(peers, unit, whole, ends[unit]))
            curve = curve_levels(found, peers.p_max[unit])
        curves[unit] = curve or [_none([(part.method, part.missing) for part in found])]
    return curves


def _energy_parts(evidence: Evidence, unit: str, day: date, p_max: float) -> list[Blocks]:
    """What each method says about a unit's curve, until one has something for every MW."""
    names, chosen = methods(evidence, unit, "energy")
    makers: dict[ReferenceMethod, Callable[[], Blocks]] = {
        "negotiated": lambda: negotiated_curve(evidence, unit, day, p_max),
        "opportunity": lambda: opportunity_curve(evidence, unit, day, p_max),
        "offer": lambda: offer_curve(evidence, unit, day),
        "price": lambda: price_curve(
            evidence, unit, day, p_max, chosen=chosen and names[0] == "price"
        ),
        "cost": lambda: cost_curve(evidence, unit, day),
    }
    parts: list[Blocks] = []
    for name in names:
        part = makers[name]()
        if not len(part.upper) and not part.missing:
            if not (chosen and name == names[0]):
                continue
            part = Blocks.none(name, _NOT_APPLICABLE)
        parts.append(part)
        if covered(parts, p_max):
            break
    return parts


def _none(reasons: list[tuple[str, str]]) -> Level:
    text = "; ".join(f"{method}: {reason}" for method, reason in reasons if reason)
    return Level(_NAN, "none", note=text)


def _commitment(evidence: Evidence, peers: Peers, day: date) -> dict[Key, list[Row]]:
    """No-load, start-up tiers and shut-down of the units that offer them or have costs of them."""
    case = evidence.case
    tiers: dict[Key, set[float]] = {}
    for table in (case.commitment_offers, case.commitment_costs):
        for unit, component, hours in zip(
            table["unit"], table["component"], table["after_hours_off"], strict=True
        ):
            tiers.setdefault((unit, component), set()).add(hours)
    own: dict[Key, list[tuple[float, Level, list[tuple[str, str]]]]] = {}
    for (unit, component), hours in tiers.items():
        own[unit, component] = [
            (tier, *_tried(evidence, unit, component, tier, day)) for tier in sorted(hours)
        ]
    rows: dict[Key, list[Row]] = {}
    for (unit, component), found in own.items():
        rows[unit, component] = []
        for tier, level, reasons in found:
            if level.method == "none" and evidence.rules.comparable:
                theirs = {
                    name: _tier(others, tier)
                    for (name, what), others in own.items()
                    if what == component and others[0][1].method != "none"
                }
                level = _or_none(comparable_level(peers, unit, component, theirs), reasons)
            hours_off = tier if component == "startup" else _NAN
            rows[unit, component].append(Row(level, hours=hours_off))
    return rows


def _tier(tiers: list[tuple[float, Level, list[tuple[str, str]]]], hours: float) -> Level:
    """The level that holds after so many hours off."""
    held = [level for tier, level, _ in tiers if tier <= hours and level.method != "none"]
    return held[-1] if held else tiers[0][1]


def _tried(
    evidence: Evidence, unit: str, component: str, hours: float, day: date
) -> tuple[Level, list[tuple[str, str]]]:
    """The first method that knows a commitment cost, and why those before it do not."""
    reasons: list[tuple[str, str]] = []
    for name in methods(evidence, unit, component)[0]:
        found: Level | Missing
        if name == "negotiated":
            found = negotiated_level(evidence, unit, component, hours, day)
        elif name == "offer":
            found = offered_commitment(evidence, unit, component, hours, day)
        elif name == "cost":
            found = commitment_cost(evidence, unit, component, hours, day)
        else:
            continue
        if isinstance(found, Level):
            return _with_reasons(found, reasons), reasons
        reasons.append((name, found.text))
    return _none(reasons), reasons


def _reserves(evidence: Evidence, day: date) -> dict[Key, list[Row]]:
    """Reserve products that units offer; without data their cost is the rulebook's."""
    rows: dict[Key, list[Row]] = {}
    offers = evidence.case.reserve_offers[["unit", "product"]].drop_duplicates()
    for unit, product in zip(offers["unit"], offers["product"], strict=True):
        component = f"reserve:{product}"
        reasons: list[tuple[str, str]] = []
        found: Level | Missing = Missing("")
        for name in methods(evidence, unit, component)[0]:
            if name == "negotiated":
                found = negotiated_level(evidence, unit, component, 0.0, day)
            elif name == "offer":
                found = offered_reserve(evidence, unit, component)
            elif name == "cost":
                cost = evidence.rules.reserve_cost
                digest = inputs_hash("cost", "", unit, component, cost)
                found = Level(cost, "cost", inputs_hash=digest, note="reserve cost of the rulebook")
            else:
                continue
            if isinstance(found, Level):
                break
            reasons.append((name, found.text))
        rows[unit, component] = [Row(_or_none(found, reasons))]
    return rows


def _or_none(found: Level | Missing, reasons: list[tuple[str, str]]) -> Level:
    if isinstance(found, Level):
        return _with_reasons(found, reasons)
    return _none([*reasons, ("comparable", found.text)])


def _with_reasons(level: Level, reasons: list[tuple[str, str]]) -> Level:
    """A level whose note says why the methods before it had nothing."""
    texts = [level.note, *(f"{method}: {reason}" for method, reason in reasons if reason)]
    note = "; ".join(text for text in texts if text)
    return Level(level.price, level.method, level.sample, level.inputs_hash, note, level.mw)


def _min_generation(unit: str, p_min: float, levels: dict[Key, list[Row]]) -> Level | None:
    """Cost of a MWh at minimum output: energy up to p_min and no-load, over p_min."""
    energy = [row.level for row in levels.get((unit, "energy"), [])]
    if p_min <= 0 or not energy or energy[0].method == "none":
        return None
    no_load = [row.level for row in levels.get((unit, "no_load"), [])]
    upper = np.cumsum([level.mw for level in energy])
    width = np.clip(p_min - np.concatenate([[0.0], upper[:-1]]), 0.0, [e.mw for e in energy])
    hourly = no_load[0].price if no_load else 0.0
    price = (float(np.dot(width, [level.price for level in energy])) + hourly) / p_min
    used = [*(e for e, mw in zip(energy, width, strict=True) if mw > 0), *no_load]
    named = "+".join(dict.fromkeys(level.method for level in used))
    digest = inputs_hash("min_generation", "", unit, p_min, [e.inputs_hash for e in used])
    method, note = (named, "") if np.isfinite(price) else ("none", "no_load has no reference")
    return Level(price, method, min(e.sample for e in used), digest, note, p_min)


def _parameters(evidence: Evidence) -> dict[Key, list[Row]]:
    """Time and physical parameters; one that has no limit has no level."""
    rows: dict[Key, list[Row]] = {}
    for record in evidence.case.units.to_dict("records"):
        for name in PARAMETERS:
            level = offered_parameter(evidence, record["unit"], name, float(record[name]))
            if np.isfinite(level.price):
                rows[record["unit"], f"param:{name}"] = [Row(level)]
    return rows
