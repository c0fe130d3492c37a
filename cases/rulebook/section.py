"""What every section of a rulebook is: a frozen model that refuses keys it does not know."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["INF", "Names", "Section", "listed"]

INF = float("inf")


class Section(BaseModel):
    """A section of a rulebook: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def listed(value: Any) -> Any:
    """Take a list from a command line, written a,b,c."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
