"""The keys of a rulebook: names, meanings, and what is said of a name that is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cases.errors import Failure
from cases.files.convert import nearest
from cases.rulebook.source import Source

__all__ = ["FREE", "REMOVED", "failures_of", "keys_of", "schema_source", "unknown_setting"]

FREE: Final = "mitigation.own."
"""Below this keys are free in name and form."""
REMOVED: Final = {
    "mitigation.structure.measures.residual_demand_step": "is gone: it never had an effect "
    "(residual demand is followed step by step of the offers); leave it out",
}
"""Keys that there were, and what to do about them."""


def keys_of(
    model: type[BaseModel], prefix: str = "", named: Mapping[str, Iterable[str]] | None = None
) -> Iterator[tuple[str, Any]]:
    """Every key and its field; inside tables of named sections those of the names given."""
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section is not None:
            yield from keys_of(section, f"{prefix}{name}.", named)
            continue
        yield prefix + name, field
        for each in (named or {}).get(prefix + name, ()):
            inner = _section(get_args(field.annotation)[1])
            if inner is not None:
                yield from keys_of(inner, f"{prefix}{name}.{each}.", named)


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, also of one that may be left out."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return None if get_origin(annotation) is dict else kind
    return None


def schema_source(model: type[BaseModel], key: str) -> Source | None:
    """Give the source that the schema has for the default of a key; None: it has none."""
    *path, last = key.split(".")
    section: type[BaseModel] | None = model
    for part in path:
        field = section.model_fields.get(part) if section is not None else None
        section = _section(field.annotation) if field is not None else None
    known = section.model_fields.get(last) if section is not None else None
    extra = known.json_schema_extra if known is not None else None
    if not isinstance(extra, Mapping) or "source" not in extra:
        return None
    return Source.model_validate({"clause": extra["source"], "sure": extra["evidence"]})


def unknown_setting(key: str, known: Mapping[str, Any]) -> str:
    """Say what is wrong with a key that cannot be set."""
    if key in REMOVED:
        return REMOVED[key]
    inside = [name for name in known if name.startswith(f"{key}.")]
    if inside:
        return f"is a section; set one of {', '.join(inside)}"
    same_end = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
    hint = nearest(key, known)
    if not hint and same_end:
        hint = f"; did you mean {' or '.join(same_end[:3])}?"
    return f"there is no such setting{hint}"


def failures_of(
    model: type[BaseModel], file: str, error: ValidationError, values: Mapping[str, Any]
) -> list[Failure]:
    """What a rulebook's model refuses, key by key, in words."""
    areas = values.get("mitigation", {})
    areas = areas.get("areas", {}) if isinstance(areas, Mapping) else {}
    named = {"mitigation.areas": tuple(areas) if isinstance(areas, Mapping) else ()}
    failures = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "missing":
            rule, message = "missing_key", "the key is missing"
        elif item["type"] == "extra_forbidden":
            known = [name for name, _ in keys_of(model, named=named)]
            rule, message = "unknown_key", f"there is no such key{nearest(key, known)}"
        else:
            message = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            message = (
                message.replace("a valid i", "an i")
                .replace("a valid ", "a ")
                .partition(", unable")[0]
            )
            rule, message = "value", f"must be {message}, not {item['input']!r}"
        failures.append(Failure(file, None, key, rule, message))
    return failures
