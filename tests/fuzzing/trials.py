"""Trials by a seed: damage one thing, run the command, and judge how it ends.

A trial fails where a command ends in an exception (a user would see a traceback), in an exit code
that does not exist, or in a result that its own numbers contradict.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import shutil
import warnings
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Final

import pandas as pd

from counterflow.cli import invoke
from tests.cases import mpc
from tests.cases.small import FILES, write_files

__all__ = ["KINDS", "Wrong", "trial"]

_RULEBOOKS: Final = resources.files("cases") / "rulebooks"

CELLS: Final = (
    *("", " ", "-1", "0", "-0.0", "1e-9", "1e9", "1e18", "1e308", "1e999", "NaN", "inf", "-inf"),
    *("1,5", "1.000,5", "50 %", "10 MW", "0x10", "1_000", "٣", "TRUE", "null", "None", "G1", "A"),
    *("2030-06-01", "2030-06-01T00:30:00Z", "2030-13-01T00:00:00Z", "=1+1", "'", '"', "a,b"),
    *("\x1b[31m", "\x00", "9" * 400, "x" * 70_000),
)
WORDS: Final = (
    "NaN",
    "Inf",
    "[",
    "]",
    "{",
    "}",
    ";",
    "=",
    '"',
    "\x00",
    "1e400",
    "9" * 400,
    "[" * 500,
)


class Wrong(Exception):
    """A trial that ended as no trial may."""


def told(*arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = invoke(list(arguments))
    if code not in (0, 1, 2, 3):
        raise Wrong(f"exit code {code}")
    if code and not err.getvalue().strip() and not out.getvalue().strip():
        raise Wrong(f"exit code {code} without a word")
    return code, out.getvalue(), err.getvalue()


def _cells(text: str, rng: random.Random) -> str:
    """Change a cell, a row or a column of a CSV text."""
    rows = [line.split(",") for line in text.rstrip("\n").split("\n")]
    row = rng.randrange(len(rows))
    column = rng.randrange(len(rows[row]))
    match rng.randrange(8):
        case 0:
            rows.append(list(rows[row]))
        case 1:
            del rows[row]
        case 2:
            rows = [[c for k, c in enumerate(r) if k != column] for r in rows]
        case 3 if len(rows[0]) > 1:
            other = rng.randrange(len(rows[0]))
            for r in rows:
                if max(column, other) < len(r):
                    r[column], r[other] = r[other], r[column]
        case 4:
            rng.shuffle(rows)
        case _:
            rows[row][column] = rng.choice(CELLS)
    return "\n".join(",".join(r) for r in rows) + "\n"


def _text(text: str, rng: random.Random) -> str:
    """Cut, repeat or replace a piece of a text."""
    for _ in range(rng.choice((1, 1, 3))):
        at, until = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        until = min(until, at + rng.choice((1, 8, 200)))
        piece = rng.choice(("", text[at:until] * 2, rng.choice(WORDS), rng.choice(CELLS[:30])))
        text = text[:at] + piece + text[until:]
    return text


def _bytes(content: bytes, rng: random.Random) -> bytes:
    """Flip, cut or repeat some bytes."""
    at = rng.randrange(len(content) + 1)
    match rng.randrange(4):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + bytes(rng.randrange(256) for _ in range(8)) + content[at + 8 :]
        case 2:
            return content + content[:at]
        case _:
            return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]


def _damaged_day(folder: Path, rng: random.Random) -> Path:
    names = rng.choices([*FILES], k=rng.choice((1, 1, 1, 2)))
    changes: dict[str, str | bytes | None] = {}
    for name in names:
        change = _cells if name.endswith(".csv") and rng.random() < 0.85 else _text
        changes[name] = change(FILES[name], rng).encode("utf-8", "surrogatepass")
    if rng.random() < 0.05:
        changes[rng.choice([*FILES])] = None
    return write_files(folder / "day", changes)


def _check(folder: Path, rng: random.Random) -> bool:
    """A damaged day is read, or refused with a place and a rule."""
    day = _damaged_day(folder, rng)
    code, out, _ = told("check", str(day), "--json")
    said = json.loads(out)
    if said["ok"] != (code == 0):
        raise Wrong("exit code and document differ")
    if code and not all(f["rule"] and f["message"] for f in said["error"]["failures"]):
        raise Wrong("a failure without rule or message")
    return code == 0


def _clear(folder: Path, rng: random.Random) -> bool:
    """A damaged day that clears balances, money included; `clear` itself validates every limit."""
    day, run = _damaged_day(folder, rng), folder / "run"
    if told("check", str(day))[0]:
        return False
    if told("clear", str(day), "-o", str(run), "--time-limit", "20")[0]:
        if run.exists():
            raise Wrong("a run was written though it failed")
        return False
    _sound(run)
    return True


def _sound(run: Path) -> None:
    """Balance and money of a run folder, from its files alone."""
    dispatch, awards = (pd.read_parquet(run / f"{n}.parquet") for n in ("dispatch", "load_awards"))
    if abs(dispatch["mw"].sum() - awards["mw"].sum()) > 1e-3 * (1.0 + awards["mw"].abs().sum()):
        raise Wrong("generation is not what loads take")
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    slacks = pd.read_parquet(run / "slacks.parquet") if (run / "slacks.parquet").exists() else None
    paid = 0.0 if slacks is None else float(slacks["cost"].sum())
    cost = float(dispatch["cost"].sum()) + paid
    if not math.isfinite(manifest["objective"]):
        raise Wrong("an objective that is no number")
    if abs(cost - manifest["objective"]) > 1e-4 * (1.0 + abs(cost)):
        raise Wrong(f"the objective is {manifest['objective']}, its parts {cost}")


def _settle(folder: Path, rng: random.Random) -> bool:
    """Damaged contracts and trades: a statement that sums to zero, or an error."""
    run = _cleared(folder)
    name, text = rng.choice((
        ("contracts", "contract,buyer,seller,kind,strike,point,curve,signed\n"
                      "K,P,Q,cfd,20,A,c,2030-01-01T00:00:00Z\n"),
        ("rights", "right,owner,kind,source,sink,mw,start,end,price\n"
                   "R,P,obligation,A,C,5,2030-06-01T00:00:00Z,2030-06-01T02:00:00Z,1\n"),
        ("futures", "trade,owner,side,product,month,lots,price,traded_at\n"
                    "T1,P,buy,base,2030-06,5,20,2030-05-02T02:00:00Z\n"
                    "T2,Q,sell,base,2030-06,5,20,2030-05-02T02:00:00Z\n"),
    ))  # fmt: skip
    given = folder / "given"
    given.mkdir()
    (given / f"{name}.csv").write_text(_cells(text, rng), "utf-8", "surrogatepass")
    if name == "contracts":
        (given / "contract_curves.csv").write_text("curve,kind,mwh\nc,flat,48\n")
    out = folder / "money"
    if told("settle", str(run), f"--{name}", str(given), "-o", str(out))[0]:
        if out.exists():
            raise Wrong("a statement was written though it failed")
        return False
    lines = pd.read_parquet(out / "statement.parquet")
    if sum(lines["amount"]) != 0:
        raise Wrong(f"a statement sums to {sum(lines['amount'])}")
    return True


def _cleared(folder: Path) -> Path:
    """A run of the undamaged small day, made once beside all trials."""
    run = folder.parent / "cleared"
    if not run.exists():
        day = write_files(folder.parent / "day", {})
        if told("clear", str(day), "-o", str(run))[0]:
            raise Wrong("the undamaged day does not clear")
    return run


def _rulebook(folder: Path, rng: random.Random) -> bool:
    """A damaged rulebook is read as a whole, or refused."""
    day, book = write_files(folder / "day", {}), folder / "book.toml"
    name = rng.choice(("default", "nyiso", "pjm", "caiso", "spp"))
    text = _text((_RULEBOOKS / f"{name}.toml").read_text("utf-8"), rng)
    book.write_text(text, "utf-8", "surrogatepass")
    return told("check", str(day), "--rulebook", str(book))[0] == 0


def _foreign(folder: Path, rng: random.Random) -> bool:
    """A damaged MATPOWER file becomes a case, or is refused."""
    file = folder / "grid.m"
    folder.mkdir(exist_ok=True)
    file.write_text(_text(mpc.text(), rng), "utf-8", "surrogatepass")
    return told("check", str(file))[0] == 0


def _run_folder(folder: Path, rng: random.Random) -> bool:
    """A run folder in which a byte changed is refused, whatever reads it."""
    run = folder / "run"
    shutil.copytree(_cleared(folder), run)
    file = rng.choice(sorted(path for path in run.rglob("*") if path.is_file()))
    before = file.read_bytes()
    after = _bytes(before, rng)
    file.write_bytes(after)
    if told("verify", str(run))[0] == 0 and after != before:
        raise Wrong(f"{file.name} was changed and verifies")
    command = rng.choice((("show",), ("settle",), ("explain", "--bus", "A", "--at", "00:00")))
    code = told(command[0], str(run), *command[1:])[0]
    if code == 0 and after != before:
        raise Wrong(f"{file.name} was changed and {command[0]} reads it")
    return code == 0


KINDS: Final[dict[str, Callable[[Path, random.Random], bool]]] = {
    "check": _check,
    "clear": _clear,
    "settle": _settle,
    "rulebook": _rulebook,
    "foreign": _foreign,
    "run folder": _run_folder,
}
"""Kind -> trial in a new folder: whether what was damaged was still accepted."""


def trial(kind: str, seed: int, folder: Path) -> bool:
    """Do one trial; the same seed is the same trial.

    Raises
    ------
    Wrong
        The command ended as none may. Any other exception is a traceback that a user would see.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder.mkdir()
        return KINDS[kind](folder, random.Random(f"{kind} {seed}"))
