"""Parts of the public interface that this release does not have yet: each one says so."""

from typing import NoReturn

from cases.errors import CounterflowError


class NotYet(CounterflowError):
    """A part that this release does not have; the message names it and what there is instead."""


def _missing(name: str, part: str, instead: str) -> NoReturn:
    raise NotYet(f"{name}() is not in this release: it needs {part}. {instead}")


def serve(*args: object, **options: object) -> NoReturn:
    """Serve the monitor's page locally: waits for the site.

    Raises
    ------
    NotYet
        Always, in this release.
    """
    _missing("serve", "the site", "report(run, file) writes it as one file.")
