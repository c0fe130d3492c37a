"""The code of the tutorials runs, in order, and prints what the pages say.

A `python` block with `>>>` is a doctest; one without is executed. All blocks of a page share their
names. In a `console` block every line that starts with `$ ` is a command, run in the page's own
folder; the lines below it must appear in its output in that order (`...` stands for anything).
A command may end in `# exit N` when it is meant to end that way.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SLOW = ("market-power", "published-offers", "real-grid", "settlement-day")
"""Tutorials of real grids and months, which take their time."""
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))
PAGES = [
    *(page for page in TUTORIALS if page.stem not in SLOW),
    *(DOCS / f"{name}.zh.md" for name in ("curve", "futures")),
]
LONG = [
    *(page for page in TUTORIALS if page.stem in SLOW),
    *(
        DOCS / f"{name}.md"
        for name in ("recipes", "published-tables", "start.zh", "institutions.zh")
    ),
]
FENCE = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    words: list[str]
    code: int
    expected: list[str]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 2)


def commands(block: Block) -> list[Command]:
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            code = re.search(r"# exit (\d+)$", line)
            words = shlex.split(line[2:], comments=True)
            found.append(Command(words, int(code[1]) if code else 0, []))
        elif line.strip():
            found[-1].expected.append(line)
    return found


def run_python(block: Block, page: Path, names: dict[str, Any]) -> None:
    if ">>>" not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(
        block.text, names, page.name, str(page), block.line - 1
    )
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert runner.failures == 0, "".join(report)


def run_console(block: Block, folder: Path) -> None:
    for command in commands(block):
        assert command.words[0] == "counterflow", command.words
        done = subprocess.run(
            [sys.executable, "-m", "counterflow.cli", *command.words[1:]],
            cwd=folder,
            env={**os.environ, "COLUMNS": "100", "PYTHONPATH": str(DOCS.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == command.code, output
        parts = [part for line in command.expected for part in line.split("...")]
        pattern = ".*".join(r"\s+".join(map(re.escape, part.split())) for part in parts)
        assert re.search(pattern, output, re.DOTALL), f"expected {command.expected}, got\n{output}"


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        *(pytest.param(page, marks=pytest.mark.slow) for page in LONG),
    ],
    ids=lambda page: page.stem,
)
def test_tutorial(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "tutorial"}
    found = list(blocks(page))
    assert found, f"{page.name} has no code"
    for block in found:
        if block.language == "python":
            run_python(block, page, names)
        else:
            run_console(block, tmp_path)


def test_every_page_is_in_the_menu() -> None:
    menu = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    # commands.md and rulebooks.md link those.
    pages = [page for page in pages if not page.startswith(("commands/", "rulebooks/"))]
    assert [page for page in pages if page not in menu] == []
