"""The warnings of one command: each is shown once, and ends the command where it is strict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["hear", "hearing", "line_of", "no_warnings"]

_HEARD: ContextVar[list[str] | None] = ContextVar("heard", default=None)


@contextmanager
def hearing() -> Iterator[None]:
    """Remember the warnings that come while a command runs."""
    token = _HEARD.set([])
    try:
        yield
    finally:
        _HEARD.reset(token)


def hear(text: str) -> bool:
    """Remember a warning; whether this command had not said it before."""
    heard = _HEARD.get()
    if heard is None:
        return True
    if text in heard:
        return False
    heard.append(text)
    return True


def line_of(text: str) -> str:
    """Give a warning as a line for people: its text, and the name of its kind."""
    from cases.warned import KINDS

    kind = getattr(text, "kind", "")
    word = "note" if kind in KINDS and KINDS[kind].note else "warning"
    return f"{word}: {text}" + (f" [{kind}]" if kind and f"({kind})" not in text else "")


def no_warnings(strict: bool, texts: Iterable[str] = ()) -> None:
    """End a strict command before it writes anything, where there is anything to warn of.

    Parameters
    ----------
    strict
        Whether ``--strict`` was given; without it nothing happens.
    texts
        Warnings that the result would carry, beside those that were heard.

    Raises
    ------
    InputError
        Every warning is a failure, its kind the rule.
    """
    if not strict:
        return
    from cases.errors import Failure, InputError
    from cases.warned import alarming

    found = alarming([*(_HEARD.get() or []), *texts])
    if found:
        raise InputError(
            Failure("", None, None, getattr(text, "kind", "") or "warning", str(text))
            for text in found
        )
