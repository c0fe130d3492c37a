"""The table of procedures: functions of the four slots by name, and profiles of four names.

A profile is the name that a rulebook gives as ``mitigation.profile``; the rest of a market is in
its rulebook. Functions of one's own join by :func:`register`, profiles by
:func:`register_profile`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from cases.rulebook.mitigation import MitigationRules
from mitigation.impact.measure import (
    impact_none,
    impact_on_guarantees,
    impact_on_prices,
    impact_on_prices_and_guarantees,
)
from mitigation.procedures import (
    applying,
    caiso,
    ercot,
    general,
    guangdong,
    ieso,
    nyiso,
    pjm,
    provinces,
)
from mitigation.slots import Procedure, Profile, Registry, SlotFunction
from mitigation.slots.registry import Reads
from mitigation.structure.reads import keys_of_margin, keys_of_tests

__all__ = [
    "FUNCTIONS",
    "PROFILES",
    "REGISTRY",
    "keys_read",
    "procedure_of",
    "register",
    "register_profile",
]

_PRICE: Final = ("mitigation.impact.price",)
_GUARANTEE: Final = ("mitigation.impact.guarantee",)
_MODE: Final = ("mitigation.impact.mode",)
_RERUN: Final = ("mitigation.rerun",)


def _structure(*more: str) -> Reads:
    """Keys of the structural tests that the rules ask for, and more."""
    return lambda rules: (*keys_of_tests(rules.structure), *more)


FUNCTIONS: Final = (
    SlotFunction("subject", "all", general.everyone),
    SlotFunction("subject", "in_area", general.in_an_area),
    SlotFunction(
        "subject",
        "pivotal",
        pjm.pivotal,
        _structure("mitigation.pjm.raised_mw", "mitigation.structure.three_pivotal"),
    ),
    SlotFunction(
        "subject",
        "pivotal_raised",
        pjm.pivotal_and_raised,
        _structure("mitigation.pjm.raised_mw", "mitigation.structure.three_pivotal"),
    ),
    SlotFunction(
        "subject",
        "noncompetitive_congestion",
        caiso.noncompetitive_congestion,
        _structure("mitigation.caiso"),
    ),
    SlotFunction(
        "subject",
        "noncompetitive_constraints",
        ercot.noncompetitive_constraints,
        _structure("mitigation.ercot.applies_to"),
    ),
    SlotFunction("subject", "monthly_auction", guangdong.monthly_auction),
    SlotFunction(
        "subject", "group_residual_supply", provinces.group_residual_supply, ("mitigation.hunan",)
    ),
    SlotFunction("replacement", "reference", general.reference_level),
    SlotFunction(
        "replacement",
        "settlement_price_cap",
        provinces.settlement_price_cap,
        ("mitigation.hunan",),
    ),
    SlotFunction("replacement", "banded_cost", provinces.banded_cost, ("mitigation.shaanxi",)),
    SlotFunction(
        "replacement",
        "cheapest_schedule",
        pjm.cheapest_schedules,
        ("mitigation.pjm.schedule", "mitigation.pjm.least_mw"),
    ),
    SlotFunction(
        "replacement", "competitive_lmp", caiso.competitive_lmp, _structure("mitigation.caiso")
    ),
    SlotFunction("replacement", "first_clearing", ercot.first_clearing_price, _structure()),
    SlotFunction("impact", "none", impact_none),
    SlotFunction("impact", "price", impact_on_prices, (*_MODE, *_PRICE, *_RERUN)),
    SlotFunction("impact", "guarantee", impact_on_guarantees, (*_MODE, *_GUARANTEE, *_RERUN)),
    SlotFunction(
        "impact",
        "both",
        impact_on_prices_and_guarantees,
        (*_MODE, *_PRICE, *_GUARANTEE, *_RERUN),
    ),
    SlotFunction(
        "impact",
        "own_bus",
        ieso.impact_at_own_bus,
        (*_MODE, *_PRICE, *_GUARANTEE, *_RERUN),
    ),
    SlotFunction("impact", "three_runs", nyiso.three_runs, (*_PRICE, *_GUARANTEE, *_RERUN)),
    SlotFunction("apply", "rerun", applying.rerun, _RERUN),
    SlotFunction("apply", "payment", applying.pay_afterwards, _RERUN),
    SlotFunction("apply", "report", applying.report_only, _RERUN),
)
"""What is shipped: slot, name, function, and the keys that it reads beside :data:`CHAIN`."""

PROFILES: Final = {
    "default": Profile("all", "reference", "both", "rerun"),
    "isone": Profile("all", "reference", "both", "rerun"),
    "miso": Profile("all", "reference", "both", "rerun"),
    "spp": Profile("all", "reference", "both", "rerun"),
    "nyiso": Profile("all", "reference", "three_runs", "rerun"),
    "ieso": Profile("all", "reference", "own_bus", "rerun"),
    "pjm": Profile("pivotal_raised", "cheapest_schedule", "none", "rerun"),
    "caiso": Profile("noncompetitive_congestion", "competitive_lmp", "none", "rerun"),
    "ercot": Profile("noncompetitive_constraints", "first_clearing", "none", "rerun"),
    "hunan": Profile("group_residual_supply", "settlement_price_cap", "none", "rerun"),
    "shaanxi": Profile("all", "banded_cost", "none", "report"),
    "guangdong": Profile("monthly_auction", "reference", "none", "report"),
}
"""Profile to subject, replacement, impact and apply."""

CHAIN: Final = (
    "mitigation.profile",
    "mitigation.procedure",
    "mitigation.reference",
    "mitigation.reference_at_or_below_zero",
    "mitigation.near_miss",
    "mitigation.conduct",
    "mitigation.areas",
)
"""Keys that are read whatever the procedure: references, the conduct test and its areas."""

REGISTRY: Final = Registry.of(FUNCTIONS, PROFILES)

F = TypeVar("F", bound=Callable[..., object])


def register(slot: str, name: str, *, reads: Reads = ()) -> Callable[[F], F]:
    """Register a function for a slot of procedures: :meth:`mitigation.slots.Registry.register`."""
    return REGISTRY.register(slot, name, reads=reads)


def register_profile(
    name: str,
    *,
    subject: str = "all",
    replacement: str = "reference",
    impact: str = "both",
    apply: str = "rerun",
) -> None:
    """Register a named combination of slots, for ``mitigation.profile``.

    Parameters
    ----------
    name
        The name of the profile.
    subject, replacement, impact, apply
        Names of functions that are registered; those of plain conduct and impact where left out.

    Raises
    ------
    InputError
        There is another profile of this name, or a slot has no function of the name given.
    """
    REGISTRY.add_profile(name, Profile(subject, replacement, impact, apply))


def procedure_of(rules: MitigationRules) -> Procedure:
    """Return the procedure of a rulebook: :meth:`mitigation.slots.Registry.procedure`."""
    return REGISTRY.procedure(rules)


def keys_read(rules: MitigationRules) -> tuple[str, ...]:
    """Keys of the rulebook that mitigation by these rules reads, each with all below it, sorted.

    Raises
    ------
    InputError
        As :func:`procedure_of`.
    """
    keys = {*CHAIN, *procedure_of(rules).keys_read(rules)}
    if rules.conduct.applies_to == "pivotal":
        keys |= set(keys_of_margin())
    return tuple(sorted(keys))
