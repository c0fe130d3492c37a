"""The text of a MATPOWER case file: its data fields, with the line of every row.

A case file is a MATLAB function. Nothing in it is run: comments, continuations, blanks and commas
are brought into one plain form, the numbers of that form are read by `matpowercaseframes`, and
what it does not read (cell arrays such as `genfuel`, the line of a row) is read here. Conversions
of units in code are computed (`mfile_code`); a file whose code changes the data otherwise is
refused.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matpowercaseframes.constants import COLUMNS
from matpowercaseframes.reader import parse_file
from numpy.typing import NDArray

from cases.errors import Failure, InputError
from cases.files.text import NotText, decoded, regular_bytes
from cases.readers.matrix import Matrix
from cases.readers.mfile_code import NotComputed, computed, converted

__all__ = ["MFile", "read_mfile"]

TABLES = ("bus", "gen", "branch", "gencost", "dcline", "dclinecost")
NAMES = ("bus_name", "gen_name", "branch_name", "genfuel", "gentype")


@dataclass
class MFile:
    """The fields of a case file: matrices, cell arrays of text, scalars, names of the rest.

    `conversions` are the statements of the file that changed its matrices.
    """

    file: str
    matrices: dict[str, Matrix] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)
    scalars: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    conversions: list[str] = field(default_factory=list)


def read_mfile(path: Path) -> MFile:
    """Read the data fields of a `.m` file.

    Raises InputError with every failure: unreadable text, a field that never closes, entries that
    are not numbers, rows of unequal length, code that changes the data, an old file format.
    """
    try:
        raw = regular_bytes(path)
    except OSError as error:
        raise InputError.one(
            path.name, None, None, "unreadable", f"cannot be read: {error.strerror}"
        ) from error
    try:
        text = decoded(raw)
    except NotText as error:
        if error.rule != "encoding":
            raise InputError.one(
                path.name, error.line, None, "unreadable", f"cannot be read: {error}"
            ) from error
        text = raw.decode("latin-1")  # the older files of MATPOWER have accents in their comments
    scan = _Scan(path.name, _plain(text))
    scan.run()
    if not scan.failures and not scan.result.matrices:
        scan.fail(None, "format", "holds no MATPOWER case (no mpc.bus, mpc.gen, mpc.branch)")
    if scan.failures:
        raise InputError(scan.failures)
    return scan.result


def _plain(text: str) -> str:
    """Strip comments and continuations; every line keeps its number."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    depth = 0
    for number, line in enumerate(lines):
        if depth or "%" in line:
            bare = line.strip()
            if bare == "%{":
                depth += 1
            if depth:
                depth -= bare == "%}"
                lines[number] = ""
                continue
            lines[number] = _without_comment(line)
    joined: int | None = None
    for number, line in enumerate(lines):
        target = number if joined is None else joined
        if joined is not None:
            lines[joined] += " " + line
            lines[number] = ""
        dots = line.find("...")
        if dots >= 0 and "'" not in line[:dots] and '"' not in line[:dots]:
            lines[target] = lines[target][: lines[target].rfind("...")]
            joined = target
        else:
            joined = None
    return "\n".join(lines)


def _without_comment(line: str) -> str:
    first = line.index("%")
    if "'" not in line[:first] and '"' not in line[:first]:
        return line[:first]
    quote = ""
    for position, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character == "%":
            return line[:position]
        elif character == '"' or (
            character == "'" and not re.match(r"[\w)\]}.']", line[position - 1 : position])
        ):
            quote = character
    return line


_FIELD = re.compile(r"mpc\.(\w+(?:\.\w+)*)[ \t]*=[ \t\n]*(?!=)([\[{])?")
_CELL_END = re.compile(r"(?:'[^'\n]*'|\"[^\"\n]*\"|[^'\"}])*")
_CELL_ITEM = re.compile(r"'((?:[^'\n]|'')*)'|\"((?:[^\"\n]|\"\")*)\"")
_SCALAR = re.compile(r"('[^'\n]*'|\"[^\"\n]*\"|[^;\n]*)")
_CLOSED = re.compile(r"[ \t]*(?:[;,\n]|$|\Z)")
_ASSIGNS = re.compile(r"(?<![=~!<>])=(?!=)")
_TARGET = re.compile(r"(?:^|[\s\[,])mpc\b")
_QUOTES = frozenset("'\"%")
_OLD_FORMAT = re.compile(r"function\s*\[\s*baseMVA\b")
_OPENS = re.compile(r"(?:if|for|while|switch|try)\b")
_ENDS = re.compile(r"(?:end|endif|endfor|endwhile|endswitch|end_try_catch)\b")
_ENDS_INLINE = re.compile(r"[,\s]end(?:if|for|while|switch)?\s*$")


class _Scan:
    """One walk over the plain text, statement by statement."""

    def __init__(self, file: str, text: str) -> None:
        self.text = text
        self.result = MFile(file)
        self.failures: list[Failure] = []
        self.constants: dict[str, float] = {}
        self.depth = 0
        """Blocks of code that are open; what is inside may run never or many times."""
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def line(self, position: int) -> int:
        return bisect_right(self.starts, position)

    def fail(self, line: int | None, rule: str, message: str, column: str | None = None) -> None:
        self.failures.append(Failure(self.result.file, line, column, rule, message))

    def run(self) -> None:
        position, size = 0, len(self.text)
        while position < size:
            if self.text[position] in " \t\n;,":
                position += 1
                continue
            match = _FIELD.match(self.text, position)
            if match is None:
                position = self.statement(position)
            elif match[2] == "[":
                position = self.matrix(match[1], position, match.end())
            elif match[2] == "{":
                position = self.cell(match[1], position, match.end())
            else:
                position = self.scalar(match[1], position, match.end())

    def matrix(self, name: str, start: int, body: int) -> int:
        end = self.text.find("]", body)
        if end < 0:
            self.fail(self.line(start), "unclosed", f"mpc.{name} = [ is never closed by ]")
            return len(self.text)
        if not _CLOSED.match(self.text, end + 1):
            return self.changed(start)
        if name not in TABLES:
            self.unread(name)
            return end + 1
        matrix = self.numbers(name, self.text[body:end], self.line(body))
        if matrix is not None:
            self.result.matrices[name] = matrix
        return end + 1

    def numbers(self, name: str, body: str, line: int) -> Matrix | None:
        """Read the matrix between the brackets, or return None after noting its failures."""
        rows: list[str] = []
        lines: list[int] = []
        for place, text in enumerate(body.replace(",", " ").split("\n"), start=line):
            for part in text.split(";") if ";" in text else (text,):
                words = part.split()
                if words:
                    rows.append(" ".join(words))
                    lines.append(place)
        columns = tuple(COLUMNS[name])
        quoted = [place for row, place in zip(rows, lines, strict=True) if _QUOTES & set(row)]
        if quoted:
            for place in quoted:
                self.fail(place, "number", "quotes do not belong in numbers", f"mpc.{name}")
            return None
        if not rows:
            return Matrix(np.zeros((0, 0)), np.zeros(0, int), np.zeros(0, int), columns)
        parsed = parse_file(name, f"mpc.{name} = [\n" + "\n".join(rows) + "\n];")
        before = len(self.failures)
        for row, line in zip(parsed, lines, strict=True):
            self.entries(name, row, line)
        widths = np.array([len(row) for row in parsed])
        if name not in ("gencost", "dclinecost"):
            self.lengths(name, widths, lines)
        if len(self.failures) > before:
            return None
        widest = int(widths.max())
        if (widths < widest).any():
            parsed = [row + [0] * (widest - len(row)) for row in parsed]
        return Matrix(np.array(parsed, dtype=np.float64), widths, np.array(lines), columns)

    def entries(self, name: str, row: list[Any], line: int) -> None:
        """Compute entries such as 135/sqrt(3) in place; note those that are no numbers."""
        for position, entry in enumerate(row):
            if isinstance(entry, str):
                try:
                    row[position] = computed(entry, {}, {})
                except NotComputed:
                    self.fail(line, "number", f"{entry!r} is not a number", f"mpc.{name}")

    def lengths(self, name: str, widths: NDArray[np.int64], lines: Sequence[int]) -> None:
        usual = int(np.bincount(widths).argmax())
        for position in np.nonzero(widths != usual)[0].tolist():
            message = f"the row has {widths[position]} numbers, the other rows have {usual}"
            self.fail(lines[position], "row_length", message, f"mpc.{name}")

    def cell(self, name: str, start: int, body: int) -> int:
        found = _CELL_END.match(self.text, body)
        end = len(self.text) if found is None else found.end()
        if self.text[end : end + 1] != "}":
            self.fail(self.line(start), "unclosed", f"mpc.{name} = {{ is never closed by }}")
            return len(self.text)
        if not _CLOSED.match(self.text, end + 1):
            return self.changed(start)
        if name in NAMES:
            items = _CELL_ITEM.finditer(self.text, body, end)
            self.result.cells[name] = [
                (item[1] if item[1] is not None else item[2]).strip() for item in items
            ]
        else:
            self.unread(name)
        return end + 1

    def scalar(self, name: str, start: int, body: int) -> int:
        found = _SCALAR.match(self.text, body)
        value = "" if found is None else found[1].strip()
        end = body if found is None else found.end()
        if name in TABLES or name in NAMES:
            self.fail(
                self.line(start), "code", f"mpc.{name} is computed ({value}), not given as data"
            )
        elif name in ("version", "baseMVA"):
            value = value.strip("'\"")
            with contextlib.suppress(NotComputed):
                if name == "baseMVA":
                    self.constants["mpc.baseMVA"] = computed(value, self.constants, {})
                    value = repr(self.constants["mpc.baseMVA"])
            self.result.scalars[name] = value
        else:
            self.unread(name)
        return end

    def statement(self, start: int) -> int:
        """Judge any other line of code: harmless, or a change of the data."""
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        code = self.text[start:end].strip()
        if _OLD_FORMAT.match(code):
            self.fail(
                self.line(start), "format", "MATPOWER case format version 1 is not read, only 2"
            )
            return len(self.text)
        if code.startswith("function"):
            self.depth += bool(self.result.matrices)  # a second function; this one is not run
            return end
        if code.startswith("if ") and self.constants.get(code[3:].strip(" ;,()")) == 0.0:
            return self.skip(end)
        for part in code.split(";"):
            if not self.simple(part.strip()):
                return self.changed(start)
        return end

    def simple(self, code: str) -> bool:
        """Take in a statement that leaves the data alone or converts its units; else False."""
        if _OPENS.match(code) or code == "return":
            self.depth += not _ENDS_INLINE.search(code)
        elif _ENDS.match(code):
            self.depth -= 1
        assigns = _ASSIGNS.search(code)
        if assigns is None:
            return True
        target = code[: assigns.start()].strip()
        try:
            if self.depth:
                raise NotComputed(code)
            if not _TARGET.search(target):
                value = computed(code[assigns.end() :], self.constants, self.result.matrices)
                self.constants[target] = value
                return True
            name, matrix = converted(code, self.constants, self.result.matrices)
        except NotComputed:
            for word in re.findall(r"\w+", target):
                self.constants.pop(word, None)
            return not _TARGET.search(target)
        self.result.matrices[name] = matrix
        self.result.conversions.append(" ".join(code.split()))
        return True

    def skip(self, position: int) -> int:
        """Find where an `if` block ends (or its `else` starts) whose condition is a constant 0."""
        depth = 1
        for match in re.finditer(r"[^\n;]+", self.text[position:]):
            code = match[0].strip()
            if _OPENS.match(code):
                depth += not _ENDS_INLINE.search(code)
            elif _ENDS.match(code):
                depth -= 1
            if depth == 0 or (depth == 1 and re.match(r"else(?:if)?\b", code)):
                return position + match.end()
        return len(self.text)

    def changed(self, start: int) -> int:
        """Note a statement that changes the data; return its end."""
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        code = " ".join(self.text[start:end].split())
        code = code if len(code) <= 100 else code[:97] + "..."
        self.fail(
            self.line(start),
            "code",
            f"the file changes its own data in code, which is not run: {code} "
            "(save the case from MATPOWER with savecase, and read that file)",
        )
        return end

    def unread(self, name: str) -> None:
        if name not in self.result.unread:
            self.result.unread.append(name)
