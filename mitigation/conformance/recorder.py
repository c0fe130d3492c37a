"""Rules that note which of their keys are read."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

__all__ = ["recorded"]


def recorded(section: BaseModel, key: str, read: set[str]) -> Any:
    """Give the same rules, which add to ``read`` the key of every value that is read from them.

    Parameters
    ----------
    section
        A section of a rulebook.
    key
        Its key, such as ``mitigation``.
    read
        Takes the keys: those of values, not of the sections that hold them.
    """
    fields = type(section).model_fields
    values = {name: _within(getattr(section, name), f"{key}.{name}", read) for name in fields}

    def note(self: Any, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name in fields and not isinstance(value, BaseModel | _Noting):
            read.add(f"{key}.{name}")
        return value

    kind = type(section)
    noting = type(kind.__name__, (kind,), {"__getattribute__": note, "__module__": __name__})
    copy = section.model_copy(update=values)
    object.__setattr__(copy, "__class__", noting)
    return copy


def _within(value: Any, key: str, read: set[str]) -> Any:
    """Sections inside, also those of a table of sections by name."""
    if isinstance(value, BaseModel):
        return recorded(value, key, read)
    if isinstance(value, dict) and any(isinstance(each, BaseModel) for each in value.values()):
        return {name: _within(each, f"{key}.{name}", read) for name, each in value.items()}
    if isinstance(value, dict):
        return _Noting(value, key, read)
    return value


class _Noting(dict[str, Any]):
    """A free table that notes which of its names are looked up."""

    def __init__(self, values: dict[str, Any], key: str, read: set[str]) -> None:
        super().__init__(values)
        self._key, self._read = key, read

    def __getitem__(self, name: str) -> Any:
        self._read.add(f"{self._key}.{name}")
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Look a name up, noted also where it is not there."""
        self._read.add(f"{self._key}.{name}")
        return super().get(name, default)
