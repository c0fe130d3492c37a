"""Rules that give the MW of a reserve requirement."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["ReserveRule", "parse_reserve_rule"]

_EXPECTED = "expected MW, load_share:0.03 or largest_unit (or largest_unit:0.5), joined by +"


@dataclass(frozen=True)
class ReserveRule:
    """A requirement: MW + load_share * demand of the zone + largest_unit * largest output there."""

    mw: float = 0.0
    load_share: float = 0.0
    largest_unit: float = 0.0


def parse_reserve_rule(text: str) -> ReserveRule:
    """Read a rule such as ``load_share:0.03``, ``largest_unit`` or ``largest_unit:0.5+40``.

    Raises ValueError, saying what was expected, for anything else.
    """
    total = {"mw": 0.0, "load_share": 0.0, "largest_unit": 0.0}
    for part in text.split("+"):
        name, colon, number = part.strip().partition(":")
        name = name.strip()
        if name == "largest_unit" and not colon:
            number = "1"
        elif not colon:
            name, number = "mw", name
        try:
            value = float(number)
        except ValueError:
            raise ValueError(f"{_EXPECTED}, not {text!r}") from None
        if name not in total or (name == "mw" and colon) or not 0.0 <= value < math.inf:
            raise ValueError(f"{_EXPECTED}, not {text!r}")
        total[name] += value
    return ReserveRule(**total)
