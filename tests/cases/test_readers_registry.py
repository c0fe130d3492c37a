"""Readers are records: found by themselves, unique, one for each thing; a new one is a file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cases.readers
from cases import read_case
from cases.errors import InputError
from cases.readers import reader_of, reader_options, readers
from cases.readers.reader import Origin
from tests.cases import mpc, new_zealand_rows, uc_days

ROOM = Path(cases.readers.__file__).parent


def test_every_module_with_a_reader_is_found_in_order() -> None:
    """What a walk over the sources finds, without importing them, is what `readers` gives."""
    stated = []
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "READER":
                assert isinstance(node.value, ast.Call)
                words = {word.arg: word.value for word in node.value.keywords}
                stated.append(ast.literal_eval(words["name"]))
    assert stated == [reader.name for reader in readers()]
    assert len(stated) == 5 == len(set(stated))


def test_an_option_means_the_same_wherever_it_is_taken() -> None:
    for reader in readers():
        for name, default in reader.options.items():
            assert reader_options()[name] == default
        assert not set(reader.options) & set(reader.refusals)


def test_one_reader_takes_each_thing(tmp_path: Path) -> None:
    jl = uc_days.write(tmp_path / "jl.json.gz", uc_days.unitcommitment_jl())
    uc = uc_days.pglib(2, hours=4, ramps=True, reserve=True)
    things = {
        "matpower/case9": "MATPOWER files",
        "pglib/case5_pjm": "MATPOWER files",
        str(mpc.write(tmp_path, mpc.text())): "MATPOWER files",
        "rts-gmlc": "RTS-GMLC",
        "rts-gmlc/2020-07-10": "RTS-GMLC",
        "pglib-uc/rts_gmlc/2020-01-27": "pglib-uc",
        str(uc_days.write(tmp_path / "uc.json", uc)): "pglib-uc",
        str(jl): "UnitCommitment.jl instances",
        str(new_zealand_rows.write(tmp_path, new_zealand_rows.rows())): "New Zealand case zips",
    }
    for thing, expected in things.items():
        origin = Origin.of(thing)
        assert [reader.name for reader in readers() if reader.accepts(origin)] == [expected]


PLAIN = """
from cases import read_case
from cases.readers.reader import Reader

def read(origin, *, colour):
    return read_case("pjm5").replace(name=f"{origin.name} {colour}")

READER = Reader("plain files", ("a .plain file",), lambda o: o.name.endswith(".plain"), read,
                options={"colour": "red"})
"""


def test_a_new_format_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is all there is: it reads, has options, refuses those of others, is named."""
    (tmp_path / "plain_for_a_test.py").write_text(PLAIN)
    monkeypatch.setattr(cases.readers, "__path__", [*cases.readers.__path__, str(tmp_path)])
    readers.cache_clear()
    try:
        assert read_case("x.plain").meta.name == "x.plain red"
        assert read_case("x.plain", colour="blue", owners="area").meta.name == "x.plain blue"
        assert reader_of(Origin.of("x.plain")) in readers()
        for options, expected in (
            ({"hours": 2}, "hours is for pglib-uc and UnitCommitment.jl instances, not for plain"),
            ({"colours": 2}, "there is no option colours; did you mean colour?"),
        ):
            with pytest.raises(InputError, match=expected):
                read_case("x.plain", **options)
        with pytest.raises(InputError, match="colour is for plain files, not for MATPOWER files"):
            read_case("matpower/case9", colour="blue")
        with pytest.raises(InputError, match=r"colour is an option for other formats, not for the"):
            read_case("pjm5", colour="blue")
        with pytest.raises(InputError, match=r"nothing does not exist; expected .*a \.plain file"):
            read_case("nothing")
    finally:
        readers.cache_clear()
