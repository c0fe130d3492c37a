"""Where a number of a rulebook comes from: its clause, how sure it is, since when it holds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from pydantic import Field

from cases.rulebook.section import Section

__all__ = ["SURE", "Source", "closest", "of_evidence"]

Sure = Literal["", "V", "H", "M", "L", "D", "C"]
SURE: Final = tuple(letter for letter in get_args(Sure) if letter)
_MONTH: Final = r"(?:19|20)\d\d-\d\d(?:-\d\d)?"
_EVIDENCE: Final = re.compile(rf"\[([VCHMLD])\] ({_MONTH}): (\S.*)", re.DOTALL)


class Source(Section):
    """Where a value comes from. ``str()`` gives one line, such as `[H] 2026-01: tariff 23.3`."""

    clause: str = Field(default="", description="tariff, section and rule, or what was read")
    sure: Sure = Field(
        default="",
        description="V read in a public source, H well established and widely published, M right "
        "in structure with a number that may be dated, L a reconstruction, D a choice of this "
        "project, C computed; blank = not said",
    )
    read: str = Field(
        default="",
        pattern=rf"^(?:{_MONTH})?$",
        description="month (or day) in which it was read and entered; blank = not said",
    )
    since: dt.date | None = Field(
        default=None, description="day from which the value holds; none = not said"
    )

    @property
    def complete(self) -> bool:
        """Whether it says what a profile must say of a number: clause, how sure, a date."""
        return bool(self.clause and self.sure and (self.read or self.since))

    def __str__(self) -> str:
        head = f"[{self.sure}] " if self.sure else ""
        read = f"{self.read}: " if self.read else ""
        since = f"in force from {self.since.isoformat()}" if self.since else ""
        return head + read + ", ".join(part for part in (self.clause, since) if part)


def of_evidence(text: str) -> Source | None:
    """Read an entry of the old `[evidence]` table, `[H] 2026-01: tariff 23.3`; None: it is none."""
    found = _EVIDENCE.fullmatch(text)
    if found is None:
        return None
    return Source.model_validate({"sure": found[1], "read": found[2], "clause": found[3]})


def closest(sources: Mapping[str, Source], key: str) -> Source | None:
    """Give the source of a key, or of the closest section around it that has one."""
    while key and key not in sources:
        key = key.rpartition(".")[0]
    return sources.get(key)
