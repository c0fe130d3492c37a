"""The pages of markets worked by hand: their code runs and prints what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases.errors import DataWarning
from tests.docs.test_tutorials import DOCS, blocks, run_python

PAGES = sorted((DOCS / "profiles").glob("*.md"))


@pytest.mark.filterwarnings(f"ignore::{DataWarning.__module__}.{DataWarning.__name__}")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_the_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        run_python(block, page, names)
