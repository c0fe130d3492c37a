"""The generated pages say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.build_tables import DOCS, PAGES


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_current(name: str) -> None:
    written = (Path(DOCS) / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make docs` and commit what it wrote"
