"""Files that are broken in every way give the list of failures, never another error."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cases import DataWarning, InputError, read_case
from tests.cases.small import FILES, Found, found, read_small, write_files

NOT_CSV: dict[str, tuple[bytes, Found]] = {
    "empty": (b"", ("units.csv", None, None, "empty")),
    "only blank lines": (b"\n\n\n", ("units.csv", None, None, "empty")),
    "binary": (b"unit,bus\n\x00\x01\xff", ("units.csv", 2, None, "binary")),
    "UTF-16": ("unit,bus\nG1,A\n".encode("utf-16"), ("units.csv", 1, None, "binary")),
    "Latin-1": (
        "unit,bus,p_max\nG1,A,100\nGö,C,80\n".encode("latin-1"),
        ("units.csv", 3, None, "encoding"),
    ),
    "open quote": (b'unit,bus,p_max\nG1,A,100\n"G2,C,80\n', ("units.csv", 3, None, "csv")),
    "text after a quote": (b'unit,bus,p_max\n"G1"x,A,100\n', ("units.csv", 2, None, "csv")),
}


@pytest.mark.parametrize("name", NOT_CSV)
def test_a_file_that_is_not_csv(name: str, tmp_path: Path) -> None:
    content, expected = NOT_CSV[name]
    assert found(tmp_path, {"units.csv": content})[0] == expected


def test_ragged_rows_are_named_by_line(tmp_path: Path) -> None:
    text = "load,bus\nL1,B\nL2\nL3,C,extra\nL2,C\n"
    assert found(tmp_path, {"loads.csv": text}) == [
        ("loads.csv", 3, None, "ragged"),
        ("loads.csv", 4, None, "ragged"),
    ]


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    units = "\ufeff" + FILES["units.csv"].replace("\n", "\r\n")
    assert read_small(tmp_path / "a", units=units) == read_small(tmp_path / "b")


@pytest.mark.parametrize(
    "content",
    [
        b"name = ",
        b"\xff\xfe\x00",
        b"name = 'x'\nname = 'y'",
        b"[" * 5000,
        b"a = " + b"[" * 5000,
    ],
)
def test_a_header_that_is_not_toml_is_one_failure(content: bytes, tmp_path: Path) -> None:
    assert found(tmp_path, {"case.toml": content}) == [("case.toml", None, None, "toml")]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("intervals = 0", "intervals"),
        ("intervals = 'two'", "intervals"),
        ("interval_minutes = 7.5", "interval_minutes"),
        ("base_mva = -1", "base_mva"),
        ("base_mva = inf", "base_mva"),
        ("start = 2030-06-01", "start"),
        ("start = 'tomorrow'", "start"),
        ("start = 2030-06-01T00:00:00", "start"),
        ("name = ''", "name"),
        ("name = 3", "name"),
        ("timezone = ''", "timezone"),
        ("timezone = '../etc'", "timezone"),
        ("import = 5", "import"),
        ("units = 5", "units"),
        ("units = {boats = 'MW'}", "units.boats"),
        ("units = {demand = 5}", "units.demand"),
    ],
)
def test_a_header_value_of_the_wrong_kind(line: str, column: str, tmp_path: Path) -> None:
    key = line.partition(" ")[0]
    values = {
        "name": "name = 'x'",
        "start": "start = 2030-06-01T00:00:00Z",
        "intervals": "intervals = 2",
    }
    values[key] = line
    places = found(tmp_path, {"case.toml": "\n".join(values.values())})
    assert [(file, name) for file, _, name, _ in places] == [("case.toml", column)]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "day", {"units.csv": None})
    (folder / "units.csv").mkdir()
    with pytest.raises(InputError) as caught:
        read_case(folder)
    assert [(f.file, f.rule) for f in caught.value.failures] == [("units.csv", "unreadable")]


def test_csv_and_parquet_of_one_table(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "day", {})
    pd.DataFrame({"load": ["L1"], "bus": ["B"]}).to_parquet(folder / "loads.parquet")
    with pytest.raises(InputError, match=r"loads.parquet: the table is given twice"):
        read_case(folder)


def test_a_broken_parquet_file(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "day", {"loads.csv": None})
    (folder / "loads.parquet").write_bytes(b"PAR1 this is not it PAR1")
    with pytest.raises(InputError) as caught:
        read_case(folder)
    assert [(f.file, f.rule) for f in caught.value.failures] == [("loads.parquet", "parquet")]


def test_parquet_columns_of_other_kinds(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "day", {"units.csv": None})
    columns = {
        "unit": pa.array(["G1", "G2"]).dictionary_encode(),
        "bus": pa.array(["A", "C"]),
        "owner": pa.array([["P"], ["Q"]]),
        "p_min": pa.array([True, False]),
        "p_max": pa.array(["100", "much"]),
        "technology": pa.array([b"\xff", b"x"]),
        "ramp_up": pa.array([1.5, float("inf")]),
    }
    pq.write_table(pa.table(columns), folder / "units.parquet")
    with pytest.raises(InputError) as caught:
        read_case(folder)
    assert [(f.row, f.column, f.rule) for f in caught.value.failures] == [
        (1, "owner", "parquet"),
        (2, "technology", "text"),
        (2, "p_min", "number"),
        (3, "technology", "text"),
        (3, "p_min", "number"),
        (3, "p_max", "number"),
        (3, "ramp_up", "finite"),
    ]


def test_parquet_says_its_unit(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "day", {"offers.csv": None})
    schema = pa.schema(
        [
            pa.field("unit", pa.string()),
            pa.field("segment", pa.int32()),
            pa.field("mw", pa.float32(), metadata={"unit": "kW"}),
            pa.field("price", pa.float64(), metadata={"unit": "$/MWh"}),
        ]
    )
    rows = [["G1", "G2"], [1, 1], [100.0, 80.0], [10.0, 20.0]]
    pq.write_table(pa.table(rows, schema=schema), folder / "offers.parquet")
    with pytest.raises(InputError) as caught:
        read_case(folder)
    assert [str(f) for f in caught.value.failures] == [
        "offers.parquet row 1, mw: the unit must be MW, not kW"
    ]


TOKENS = [
    b"",
    b"NaN",
    b"-inf",
    b"-5",
    b"1e999",
    b"abc",
    b'"',
    b"\x00",
    b"\xff\xfe",
    b"\n",
    b",",
    b"2030-06-01T00:00:00",
    b"9999-12-31T23:00:00+00:00",
    b"0001-01-01T00:00:00+14:00",
    b"99999-01-01",
    b"9" * 400,
    b"true",
    b"\r",
    b"\xed\xa0\x80",
    "é".encode(),
    b"0x10",
]


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_random_damage_gives_failures_or_a_case(format: str, tmp_path: Path) -> None:
    case = read_small(
        tmp_path,
        bids="load,interval_start,segment,mw,price\nL1,2030-06-01T01:00:00Z,1,5,10\n",
        energy_limits="unit,day,max_mwh\nG1,2030-06-01,50\n",
        contract_curves="curve,kind,mwh,start\nk,flat,5,2030-06-01\n",
    )
    case.write(tmp_path / "sound", format)  # type: ignore[arg-type]
    sound = {path.name: path.read_bytes() for path in (tmp_path / "sound").iterdir()}
    rng = random.Random(7)
    refused = 0
    for number in range(20):
        files = dict(sound)
        for _ in range(rng.choice([1, 1, 3])):
            name = rng.choice(sorted(files))
            files[name] = _damaged(files[name], rng)
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            try:
                read_case(folder)
            except InputError as error:
                refused += 1
                assert error.failures and all(str(failure) for failure in error.failures)
    assert refused > 10


def _damaged(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    place = rng.randrange(len(data) + 1)
    match rng.randrange(4):
        case 0:
            for _ in range(5):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 1:
            data[place:place] = rng.choice(TOKENS)
        case 2:
            del data[place:]
            data += b"x"
        case _:
            lines = data.split(b"\n")
            line = rng.randrange(len(lines))
            fields = lines[line].split(b",")
            fields[rng.randrange(len(fields))] = bytearray(rng.choice(TOKENS))
            lines[line] = bytearray(b",".join(fields))
            data = bytearray(b"\n".join(lines))
    return bytes(data)
