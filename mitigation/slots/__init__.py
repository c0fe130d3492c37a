"""Slots: the four steps of a procedure, what each takes and gives, and where they are registered.

In: a run whose offers are measured against their reference levels (:class:`AssessedRun`). Through
four functions that are found by name: ``subject`` says whose offers may be replaced,
``replacement`` by what, ``impact`` which of them moved something, ``apply`` what follows. Out: an
:class:`Outcome`. This room knows no market and imports none: a slot's function may live anywhere.
"""

from mitigation.slots.assessed import AssessedRun
from mitigation.slots.parts import (
    Applied,
    Impact,
    Outcome,
    Replacement,
    Subjects,
    no_details,
    no_impact,
    no_terms,
)
from mitigation.slots.plugin import load_plugin
from mitigation.slots.registry import SLOTS, Procedure, Profile, Registry, SlotFunction

__all__ = [
    "SLOTS",
    "Applied",
    "AssessedRun",
    "Impact",
    "Outcome",
    "Procedure",
    "Profile",
    "Registry",
    "Replacement",
    "SlotFunction",
    "Subjects",
    "load_plugin",
    "no_details",
    "no_impact",
    "no_terms",
]
