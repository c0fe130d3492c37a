"""What people read imports from `counterflow` alone: a file of theirs may hide any other name."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_INNER = re.compile(
    r"^[\s>.]*(?:from|import) (?:cases|network|clearing|settlement|mitigation)\b.*$", re.MULTILINE
)


def test_documents_and_examples_import_from_counterflow_alone() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    pages += [*(ROOT / "examples").rglob("*.md"), *(ROOT / "examples").rglob("*.py")]
    assert len(pages) > 20
    found = [
        f"{page.relative_to(ROOT)}: {line.strip()}"
        for page in sorted(pages)
        for line in _INNER.findall(page.read_text("utf-8"))
    ]
    assert found == []
