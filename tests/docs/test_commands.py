"""The examples of the command pages, tried in order in one folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from counterflow.cli import invoke
from docs.build_commands import COMMAND_PAGES, command_names, command_page
from docs.command_examples import EXAMPLES
from tests.docs.test_tutorials import Block, commands


def test_every_command_has_a_page_and_every_example_a_command() -> None:
    names = command_names()
    assert set(EXAMPLES) <= set(names)
    assert {f"commands/{name.replace(' ', '-')}.md" for name in names} <= set(COMMAND_PAGES)


def test_a_page_has_every_option_of_its_command() -> None:
    page = command_page("clear")
    for text in ("--security none", "--opf", "--verbose", "CASE", "counterflow clear [OPTIONS]"):
        assert text in page


@pytest.mark.slow
def test_examples_give_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in EXAMPLES.items():
        for command in commands(Block("console", text.strip() + "\n", 0)):
            code = invoke(command.words[1:])
            said = capsys.readouterr()
            output = said.out + said.err
            assert code == command.code, (name, output)
            parts = [part for line in command.expected for part in line.split("...")]
            pattern = ".*".join(r"\s+".join(map(re.escape, part.split())) for part in parts)
            assert re.search(pattern, output, re.DOTALL), (name, command.expected, output)
