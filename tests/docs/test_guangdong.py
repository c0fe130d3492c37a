"""The Chinese walk-through of Guangdong's monthly auction runs and prints what it says."""

from __future__ import annotations

from typing import Any

from tests.docs.test_tutorials import DOCS, blocks, run_python

PAGE = DOCS / "guangdong.zh.md"


def test_the_page_runs() -> None:
    names: dict[str, Any] = {"__name__": "guangdong"}
    found = list(blocks(PAGE))
    assert len(found) == 11
    for block in found:
        run_python(block, PAGE, names)
