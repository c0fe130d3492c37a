"""Keys of the `mitigation` section that the user gave and nothing reads."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from cases.errors import Failure

if TYPE_CHECKING:
    from cases.rulebook.book import RuleBook

__all__ = ["covers", "unused_keys"]


def unused_keys(
    rulebook: RuleBook,
    read: Collection[str],
    *,
    told: Callable[[str], str] = lambda key: "nothing reads it",
) -> list[Failure]:
    """Name the mitigation keys that the user gave and that are not read, with file and line.

    What a rulebook takes over from the one that it extends is given by nobody, see
    ``RuleBook.given``.

    Parameters
    ----------
    read
        Keys and sections that are read, such as ``mitigation.conduct``; ``*`` stands for one name,
        as in ``mitigation.areas.*.impact``.
    told
        Says of a key that is not read what does read it.
    """
    return [
        Failure(given.file, given.row, key, "unused_key", told(key))
        for key, given in rulebook.given.items()
        if key.startswith("mitigation.") and not any(covers(section, key) for section in read)
    ]


def covers(section: str, key: str) -> bool:
    """Whether a key is a section, or lies in it; ``*`` in the section is any one name."""
    outer, inner = section.split("."), key.split(".")
    return len(outer) <= len(inner) and all(
        part in ("*", name) for part, name in zip(outer, inner, strict=False)
    )
