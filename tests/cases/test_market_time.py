"""A market's day where clocks change at midnight, and the rule that no other file works one out."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest

from cases.market_time import day_of, days_in, first_moment, hours_of, instants

ROOT = Path(__file__).parents[2]
ROOMS = ("cases", "network", "clearing", "settlement", "mitigation", "counterflow")
HOME = Path("cases/market_time.py")

SANTIAGO, HAVANA, CAIRO = "America/Santiago", "America/Havana", "Africa/Cairo"


@pytest.mark.parametrize(
    ("day", "zone", "moment", "hours"),
    [
        ("2026-09-06", SANTIAGO, "2026-09-06T01:00:00-03:00", 23),  # midnight is skipped
        ("2026-04-04", SANTIAGO, "2026-04-04T00:00:00-03:00", 25),  # 23:00 comes twice
        ("2026-11-01", HAVANA, "2026-11-01T00:00:00-04:00", 25),  # midnight comes twice
        ("2026-04-24", CAIRO, "2026-04-24T01:00:00+03:00", 23),
        ("2026-03-08", "America/New_York", "2026-03-08T00:00:00-05:00", 23),
        ("2026-07-10", "UTC", "2026-07-10T00:00:00+00:00", 24),
    ],
)
def test_the_first_moment_of_a_day(day: str, zone: str, moment: str, hours: int) -> None:
    """Dates and offsets are those of the tz database; hours by hand."""
    date = pd.Timestamp(day)
    first = first_moment(date, zone)
    assert first.isoformat() == moment
    then = first_moment(date + pd.Timedelta(days=1), zone)
    assert (then - first) / pd.Timedelta(hours=1) == hours
    starts = pd.date_range(first, then, freq=pd.Timedelta(hours=1), inclusive="left")
    assert len(starts) == hours and days_in(starts).tolist() == [date]
    assert day_of(pd.Series(starts)).unique().tolist() == [date]
    assert day_of(then) == date + pd.Timedelta(days=1)


def test_instants_of_a_clock_time() -> None:
    assert instants(pd.Timestamp("2026-09-06T00:30"), SANTIAGO) == []
    twice = instants(pd.Timestamp("2026-11-01T00:30"), HAVANA)
    assert [stamp.isoformat()[-6:] for stamp in twice] == ["-04:00", "-05:00"]
    assert len(instants(pd.Timestamp("2026-11-01T02:30"), HAVANA)) == 1


def test_blank_stamps_stay_blank() -> None:
    stamps = pd.Series(pd.DatetimeIndex(["2026-09-06T01:00-03:00", None]).tz_convert(SANTIAGO))
    assert day_of(stamps).isna().tolist() == [False, True]


def test_hours_of_intervals() -> None:
    starts = pd.DatetimeIndex(["2026-01-01T00:00Z", "2026-01-01T00:15Z"])
    table = pd.DataFrame({"interval_start": starts, "interval_end": starts[[1, 1]]})
    assert hours_of(table).tolist() == [0.25, 0.0]


def clock_arithmetic(source: str) -> list[int]:
    """Lines that call `.normalize()`, `.floor("D")`, or `.tz_localize(zone)` on stamps."""
    found = []
    tree = ast.parse(source)
    written = written_numbers(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node in written:
            continue
        first = ast.unparse(node.args[0]) if node.args else ""
        name = node.func.attr
        if (
            (name == "normalize" and not node.args and not node.keywords)
            or (name in ("floor", "round", "ceil") and first.strip("'\"") in ("D", "d", "1D"))
            or (name == "tz_localize" and first != "None")
        ):
            found.append(node.lineno)
    return found


def written_numbers(tree: ast.AST) -> set[ast.AST]:
    """Calls whose value is written as a number: decimals have a `normalize` too."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
            spec = "".join(str(getattr(part, "value", "")) for part in node.format_spec.values)
            found |= {node.value} if spec in ("f", ",f") else set()
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "format":
            found |= set(node.args[:1])
    return found


def test_the_lint_finds_what_it_forbids() -> None:
    for line in (
        "s.dt.normalize()",
        "starts.normalize().unique()",
        "s.dt.floor('D')",
        "day.tz_localize(zone)",
    ):
        assert clock_arithmetic(line) == [1], line
    for line in ("f'{lots.normalize():,f}'", "format(mw.normalize(), 'f')", "day.date()"):
        assert clock_arithmetic(line) == [], line
    assert clock_arithmetic("f'{day.normalize():%Y-%m-%d}'") == [1]
    for line in ("s.dt.tz_localize(None)", "unicodedata.normalize('NFC', text)", "x.floor()"):
        assert clock_arithmetic(line) == [], line


def test_days_are_worked_out_in_one_place() -> None:
    """A midnight may not exist in a zone: only `cases.market_time` knows how to ask for one."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.relative_to(ROOT) != HOME
        for line in clock_arithmetic(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "use cases.market_time (day_of, first_moment, instants)"
