"""The notebooks of examples/ run from their first cell to their last, and show what they make."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def test_there_is_one_for_every_reader() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert {"analyst", "monitor", "academic", "published-offers"} <= names


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::cases.errors.DataWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    book = json.loads(path.read_text(encoding="utf-8"))
    assert book["nbformat"] == 4
    names: dict[str, Any] = {"__name__": "notebook"}
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert cells and all(cell["outputs"] == [] for cell in cells)
    for cell in cells:
        show(run_cell("".join(cell["source"]), names))


def run_cell(text: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, where that is an expression, is what it shows."""
    body = ast.parse(text).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def show(value: Any) -> None:
    """What a notebook does with a value: HTML where it has some, else its text."""
    html = getattr(value, "_repr_html_", None)
    said = repr(value) if html is None else html()
    assert value is None or said
