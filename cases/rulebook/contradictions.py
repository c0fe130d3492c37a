"""Rules that contradict each other: thresholds that can never hold, areas without members."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from cases.files.convert import nearest
from cases.rulebook.areas import AreaRules
from cases.rulebook.mitigation import MitigationRules
from cases.rulebook.thresholds import Threshold

__all__ = ["contradictions"]

Found = Iterator[tuple[str, str]]
"""Pairs of a key of the rulebook and what is wrong with it."""
_INF = float("inf")


def contradictions(rules: MitigationRules) -> Found:
    """Find what contradicts itself or something else in the `mitigation` section, key by key."""
    for key, threshold in _thresholds(rules, "mitigation"):
        yield from _threshold(key, threshold)
    time = rules.conduct.time
    if time.total < time.single < _INF:
        yield (
            "mitigation.conduct.time.single",
            f"{time.single:g} h can never be reached: all times together may be longer by "
            f"{time.total:g} h (mitigation.conduct.time.total)",
        )
    for name, area in rules.areas.items():
        key = f"mitigation.areas.{name}"
        yield from _members(key, area)
        yield from _formula(key, area)
        yield from _nesting(key, name, rules)
        yield from _looser(key, name, rules)


def _thresholds(section: BaseModel, prefix: str) -> Iterator[tuple[str, Threshold]]:
    for name, value in section:
        if isinstance(value, Threshold):
            yield f"{prefix}.{name}", value
        elif isinstance(value, BaseModel):
            yield from _thresholds(value, f"{prefix}.{name}")
        elif name == "areas":
            for area, inside in value.items():
                yield from _thresholds(inside, f"{prefix}.areas.{area}")


def _threshold(key: str, rule: Threshold) -> Found:
    if rule.limit_kind == "multiple" and rule.percent < 100.0:
        yield (
            f"{key}.percent",
            f"with limit_kind multiple, {rule.percent:g} percent of the reference lies below it: "
            "give 100 or more",
        )
    if rule.exempt_below != rule.exempt_below:
        yield f"{key}.exempt_below", "must be a number, not nan"


def _members(key: str, area: AreaRules) -> Found:
    placed = area.zones or area.buses or area.units or area.must_run
    moving = area.constraints and area.dfax_min > 0.0
    if area.active == "always" and not (placed or moving):
        yield (
            key,
            "has no members: name zones, buses or units, or constraints with dfax_min, or say "
            "when it is active",
        )
    if area.active != "separated" and (area.separation or area.hub):
        other = "separation" if area.separation else "hub"
        yield f"{key}.{other}", f"counts only where active is separated, and it is {area.active}"


def _formula(key: str, area: AreaRules) -> Found:
    formula = area.formula
    if formula.kind == "fixed_cost" and formula.annual_cost is None:
        yield f"{key}.formula.annual_cost", "is missing: the formula fixed_cost divides it by hours"
    if formula.kind != "fixed_cost" and formula.annual_cost is not None:
        yield (
            f"{key}.formula.annual_cost",
            f"counts only where the formula is fixed_cost, and it is {formula.kind}",
        )


def _nesting(key: str, name: str, rules: MitigationRules) -> Found:
    outer, path = rules.areas[name].nested_in, [name]
    if outer and outer not in rules.areas:
        yield f"{key}.nested_in", f"there is no area {outer}{nearest(outer, rules.areas)}"
    while outer in rules.areas:
        path.append(outer)
        if outer == name:
            yield f"{key}.nested_in", f"the areas {' in '.join(path)} form a circle"
        if outer in path[:-1]:
            return
        outer = rules.areas[outer].nested_in


def _looser(key: str, name: str, rules: MitigationRules) -> Found:
    """Thresholds of an area that can never decide, for one around it is as tight everywhere."""
    area = rules.areas[name]
    own = {part: threshold for part, threshold in _of_area(area) if threshold is not None}
    around = _around(name, rules)
    nested = any(other.nested_in == name for other in rules.areas.values())
    if not own and area.formula.kind == "none" and not nested:
        yield key, "sets no threshold: give conduct, impact or a formula"
    for part, threshold in own.items():
        if min(threshold.percent, threshold.absolute) == _INF:
            yield f"{key}.{part}", "sets no threshold: give percent or absolute"
            continue
        outer = [(f"mitigation.areas.{n}.{part}", dict(_of_area(a))[part]) for n, a in around]
        if not (part.startswith("conduct.") and rules.conduct.applies_to == "pivotal"):
            section, _, component = part.partition(".")
            outer.append((f"mitigation.{part}", getattr(getattr(rules, section), component)))
        for other_key, other in outer:
            if other is not None and _never_tighter(threshold, other):
                yield (
                    f"{key}.{part}",
                    f"is looser than {other_key} around it ({_text(threshold)} against "
                    f"{_text(other)}), so it can never hold",
                )
                break


def _of_area(area: AreaRules) -> Iterator[tuple[str, Threshold | None]]:
    for section in ("conduct", "impact"):
        for name, value in getattr(area, section):
            if value is None or isinstance(value, Threshold):
                yield f"{section}.{name}", value


def _around(name: str, rules: MitigationRules) -> list[tuple[str, AreaRules]]:
    found: list[str] = []
    outer = rules.areas[name].nested_in
    while outer in rules.areas and outer not in found and outer != name:
        found.append(outer)
        outer = rules.areas[outer].nested_in
    return [(each, rules.areas[each]) for each in found]


def _never_tighter(inner: Threshold, outer: Threshold) -> bool:
    """Whether no offer fails the inner threshold that passes the outer, references being >= 0.

    An inner one that does not exempt small offers is tighter for those, where its limit for small
    references lies below what the outer one exempts.
    """
    parts = [(_share(inner), _share(outer)), (inner.absolute, outer.absolute)]
    least = 0.0 if _share(inner) < _INF else inner.absolute
    small = inner.exempt_below < outer.exempt_below and least < outer.exempt_below
    looser = any(a > b for a, b in parts) or inner.exempt_below > outer.exempt_below
    return looser and all(a >= b for a, b in parts) and not small


def _share(rule: Threshold) -> float:
    return rule.percent / 100.0 - (1.0 if rule.limit_kind == "multiple" else 0.0)


def _text(rule: Threshold) -> str:
    if rule.limit_kind == "multiple":
        return f"{rule.percent / 100:g} times and {rule.absolute:g}"
    return f"{rule.percent:g} % and {rule.absolute:g}"
