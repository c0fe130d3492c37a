"""CSV for people: nothing in it runs, everything else is as it was."""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pandas as pd

from cases.files.sheets import guarded, write_sheet

ROOT = Path(__file__).parents[2]


def test_text_that_a_spreadsheet_would_run_is_marked(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "unit": ["=1+1", "+cmd", "@sum", "-A", "-5", "plain", ""],
            "mw": [-1.0, 2.0, 3.0, 4.0, 5.0, 6.0, float("nan")],
            "amount": [Decimal("-1.50"), *[Decimal(0)] * 6],
        }
    )
    write_sheet(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines() == [
        "unit,mw,amount",
        "'=1+1,-1.0,-1.50",
        "'+cmd,2.0,0",
        "'@sum,3.0,0",
        "'-A,4.0,0",
        "-5,5.0,0",
        "plain,6.0,0",
        ",,0",
    ]
    assert guarded(frame[["mw"]]).equals(frame[["mw"]])


def test_people_get_their_csv_from_one_place() -> None:
    """No other file writes a table to a CSV file; case folders are no sheets."""
    found = []
    for room in ("cases", "network", "clearing", "settlement", "mitigation", "counterflow"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                # Without a path it gives text.
                if called.endswith("to_csv") and isinstance(node, ast.Call) and node.args:
                    found.append(path.relative_to(ROOT).as_posix())
    assert found == ["cases/files/sheets.py"]
