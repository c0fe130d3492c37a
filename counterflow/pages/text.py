"""Texts of a page: a key of the dictionary and what goes into it, in every language at once."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from cases.errors import InputError
from cases.files.convert import nearest

__all__ = ["LANGUAGES", "Language", "Text", "dictionary", "language_named", "say"]

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


@dataclass(frozen=True)
class Text:
    """A sentence or label of the dictionary; ``values`` fill its ``{names}``.

    A value is a text that is written as it is, a number with its kind (``("money", 12.5)``), or
    another `Text`.
    """

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Data for a script: k, and v where there are values."""
        out: dict[str, Any] = {"k": self.key}
        if self.values:
            out["v"] = {
                name: value.plain() if isinstance(value, Text) else _plain(value)
                for name, value in self.values.items()
            }
        return out


def _plain(value: Any) -> Any:
    """A value for a script; a number that does not exist is None."""
    if isinstance(value, tuple) and isinstance(value[1], float) and not math.isfinite(value[1]):
        return (value[0], None)
    return value


def say(key: str, **values: Any) -> Text:
    """Make a text of the dictionary.

    Raises
    ------
    KeyError
        The dictionary has no such key: a mistake in the code.
    """
    if key not in dictionary():
        raise KeyError(f"words.toml has no {key!r}")
    return Text(key, values)


@cache
def dictionary() -> dict[str, dict[Language, str]]:
    """Every text of the pages by its key, in every language."""
    table = tomllib.loads(files("counterflow.pages").joinpath("words.toml").read_text("utf-8"))
    return {key: dict(entry) for key, entry in table.items()}


def language_named(name: str) -> Language:
    """Give the language of a code such as ``zh``.

    Raises
    ------
    InputError
        Another language.
    """
    for language in LANGUAGES:
        if name == language:
            return language
    message = f"there is no language {name!r}; expected {' or '.join(LANGUAGES)}"
    raise InputError.one("", None, None, "usage", message + nearest(name, LANGUAGES))
