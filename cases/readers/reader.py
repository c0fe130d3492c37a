"""A reader as a record: what it takes, by which options, and how it reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from cases.case import Case
from cases.errors import InputError
from cases.readers.json_file import Document, Node, load_json

__all__ = ["Origin", "Reader", "refuse"]

JSON = (".json", ".json.gz")


@dataclass(frozen=True)
class Origin:
    """What a user named: a file or folder, or a name such as `matpower/case9`."""

    name: str
    path: Path

    @classmethod
    def of(cls, name_or_path: str | Path) -> Origin:
        """Take a name or a path as the user gave it."""
        return cls(str(name_or_path), Path(name_or_path))

    @property
    def collection(self) -> str:
        """The part of a bare name before its first slash; "" for a file or folder that is there."""
        return "" if self.path.exists() else self.name.partition("/")[0]

    @property
    def is_json(self) -> bool:
        """Whether it is named as a JSON file and is no folder."""
        return self.name.endswith(JSON) and not self.path.is_dir()

    @cached_property
    def json(self) -> tuple[Document, Node]:
        """The content of a JSON file, read once. Raises InputError where it cannot be read."""
        return load_json(self.existing())

    def existing(self) -> Path:
        """Return the path of the file. Raises InputError where there is none."""
        if not self.path.is_file():
            refuse(f"there is no file {self.name}")
        return self.path


@dataclass(frozen=True)
class Reader:
    """A format that `read_case` reads; each module of `cases.readers` with a `READER` gives one.

    Parameters
    ----------
    name
        Of the format, as messages name it in the plural: "MATPOWER files".
    forms
        What a user may write, for the message about a case that is not there.
    accepts
        Whether an origin is of this format; of two readers never both.
    read
        From an origin and values of all of `options` to a case that is checked (`assemble`).
    options
        The options of `read_case` that the format takes, with their defaults.
    refusals
        Own words for options that it does not take, where the common ones say too little.
    told_by
        Of formats that share a file ending: the format, and what only its files hold.
    """

    name: str
    forms: tuple[str, ...]
    accepts: Callable[[Origin], bool]
    read: Callable[..., Case]
    options: Mapping[str, Any] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    told_by: str = ""


def refuse(message: str) -> NoReturn:
    """Raise an InputError of one line about how `read_case` was called."""
    raise InputError.one("", None, None, "usage", message)
