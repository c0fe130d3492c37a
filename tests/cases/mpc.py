"""Small MATPOWER files for tests, written field by field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Rows = Sequence[Sequence[float | str]]

BUS = [[1, 3, 0, 0, 0, 0, 1, 1, 0, 230, 7], [2, 1, 100, 0, 0, 0, 2, 1, 0, 230, 8]]
GEN = [[1, 0, 0, 0, 0, 1, 100, 1, 150, 0]]
BRANCH = [[1, 2, 0.01, 0.1, 0, 80, 0, 0, 0, 0, 1, -360, 360]]
GENCOST = [[2, 0, 0, 2, 10, 0]]


def rows(name: str, values: Rows) -> str:
    body = "".join("\t" + "\t".join(str(v) for v in row) + ";\n" for row in values)
    return f"mpc.{name} = [\n{body}];\n"


def text(
    *,
    bus: Rows = BUS,
    gen: Rows = GEN,
    branch: Rows = BRANCH,
    gencost: Rows | None = GENCOST,
    head: str = "",
    tail: str = "",
    **more: Rows,
) -> str:
    """The text of a two-bus case with fields replaced or added; `tail` follows the data."""
    parts = ["function mpc = small\n", head, "mpc.version = '2';\nmpc.baseMVA = 100;\n"]
    fields = {"bus": bus, "gen": gen, "branch": branch, **more}
    if gencost is not None:
        fields["gencost"] = gencost
    parts += [rows(name, values) for name, values in fields.items()]
    return "".join([*parts, tail])


def write(folder: Path, content: str, name: str = "small.m") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path
