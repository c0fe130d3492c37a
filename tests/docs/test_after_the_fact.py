"""The page on withholding and on money after the fact runs and prints what it says."""

from __future__ import annotations

import warnings
from typing import Any

from cases import errors
from tests.docs.test_tutorials import DOCS, blocks, run_python

PAGE = DOCS / "after-the-fact.md"


def test_the_page_runs() -> None:
    names: dict[str, Any] = {"__name__": "after_the_fact"}
    found = list(blocks(PAGE))
    assert len(found) == 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DataWarning)
        for block in found:
            run_python(block, PAGE, names)
