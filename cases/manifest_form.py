"""What the keys of a run's manifest hold: the form that every reader may rely on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cases.errors import Failure

__all__ = ["wrong_keys"]

Holds = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _finite(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _list_of(holds: Holds) -> Holds:
    return lambda value: isinstance(value, list) and all(holds(item) for item in value)


def _or_none(holds: Holds) -> Holds:
    return lambda value: value is None or holds(value)


def _moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


_FORM: Final[dict[str, tuple[str, Holds]]] = {
    **{key: ("a text", _text) for key in ("run_id", "case_hash", "rulebook_hash", "seal")},
    "name": ("a text", _text),
    "created": ("a moment with its offset", _moment),
    "code_version": ("a text", _text),
    "rulebook": ("a text", _text),
    "solver": ("an object", _object),
    "status": ("a text", _text),
    "objective": ("a finite number or null", _or_none(_number)),
    "gap": ("a finite number or null", _or_none(_number)),
    "bound": ("a finite number or null", _or_none(_number)),
    "parent": ("a text or null", _or_none(_text)),
    "settings": ("an object", _object),
    "settings.commitment": ("true or false", _flag),
    "settings.security": ("none or n-1", lambda value: value in ("none", "n-1")),
    "settings.pricing": ("a text", _text),
    "settings.reference": ("a text", _text),
    "settings.set": ("an object", _object),
    "settings.market": ("a text", _text),
    "times": ("an object of numbers", lambda v: _object(v) and all(map(_number, v.values()))),
    "warnings": ("a list of texts", _list_of(_text)),
    "warning_kinds": ("a list of texts", _list_of(_text)),
    "proof": ("an object", _object),
    "proof.problem": ("a text", _text),
    "proof.gap": ("a finite number or null", _or_none(_number)),
    "proof.bound": ("a finite number or null", _or_none(_number)),
    "proof.stopped_by": ("a text", _text),
    "proof.freed": ("a list of texts", _list_of(_text)),
    "passes": ("a count", _count),
    "soft_rows": ("a count", _count),
    "decided": ("an object", _object),
    "losses": ("an object", _object),
    "mitigation": ("an object", _object),
    "extension": ("an object", _object),
}
"""What each key holds where it is there, in words and as a test."""


def wrong_keys(manifest: Mapping[str, Any], file: str) -> Iterator[Failure]:
    """Every key of a manifest that holds what nobody could have written there."""
    for key, (what, holds) in _FORM.items():
        group, _, name = key.rpartition(".")
        inside = manifest.get(group, {}) if group else manifest
        if isinstance(inside, Mapping) and name in inside and not holds(inside[name]):
            yield Failure(file, None, key, "form", f"must be {what}")
