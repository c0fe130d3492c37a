"""Options that take several values in a row: ``--prices a.csv b.csv --zone Z``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.core import TyperCommand

__all__ = ["FilesCommand"]

_OPTIONS = ("--prices", "--loads")


class FilesCommand(TyperCommand):
    """A command whose ``--prices`` and ``--loads`` take all the files that follow them.

    The first value always belongs to the option, each further one while it is a file or a folder
    with files that is there; what is not there is the next argument.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write the option before each of its values, then parse as ever."""
        return super().parse_args(ctx, _spread(args))


def _spread(args: list[str]) -> list[str]:
    made: list[str] = []
    option, taken = "", 0
    for arg in args:
        if arg.startswith("--"):
            option, taken = (arg, 0) if arg in _OPTIONS else ("", 0)
            made.append(arg)
            continue
        if option and taken and Path(arg).exists():
            made += [option, arg]
        else:
            if option and taken:
                option = ""
            made.append(arg)
        taken += 1
    return made
