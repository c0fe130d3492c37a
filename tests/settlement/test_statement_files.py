"""Statement folders: whole, exact, never overwritten; tables that users hand in."""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cases import InputError
from settlement import Statement, settle
from settlement.inputs import read_tables, typed
from tests.settlement.markets import five_bus


@pytest.fixture(scope="module")
def statement() -> Statement:
    return settle(five_bus())


def test_a_statement_comes_back_as_it_was(statement: Statement, tmp_path: Path) -> None:
    statement.write(tmp_path / "s")
    again = Statement.read(tmp_path / "s")
    assert again.total() == 0
    assert again.lines["amount"].tolist() == statement.lines["amount"].tolist()
    assert again.balance["total"].tolist() == statement.balance["total"].tolist()
    assert again.lines["interval_start"].tolist() == statement.lines["interval_start"].tolist()
    assert again.manifest == json.loads(json.dumps(statement.manifest))
    assert again.manifest["run"] == five_bus().id


def test_files_of_a_statement(statement: Statement, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    statement.write(folder)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for table in ("statement", "uplift", "balance", "reconciliation"):
        assert {f"{table}.parquet", f"{table}.csv"} <= names
    assert "owners/002-Hill.csv" in names
    csv = pd.read_csv(folder / "owners" / "002-Hill.csv", dtype=str)
    assert csv["amount"].tolist() == ["679.09", "2886.15"]
    field = pq.read_schema(folder / "statement.parquet").field("amount")
    assert field.metadata[b"unit"] == b"money"
    assert str(field.type) == "decimal128(38, 12)"


def test_the_same_statement_gives_the_same_bytes(statement: Statement, tmp_path: Path) -> None:
    statement.write(tmp_path / "a")
    settle(five_bus()).write(tmp_path / "b")
    for name in ("statement.parquet", "balance.parquet", "statement.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_statement_is_never_overwritten(statement: Statement, tmp_path: Path) -> None:
    statement.write(tmp_path / "s")
    with pytest.raises(InputError, match="exists already"):
        statement.write(tmp_path / "s")


def test_a_changed_file_is_found(statement: Statement, tmp_path: Path) -> None:
    statement.write(tmp_path / "s")
    path = tmp_path / "s" / "balance.csv"
    path.write_text(path.read_text().replace("679", "999"))
    (tmp_path / "s" / "statement.csv").write_text("")
    with pytest.raises(InputError, match="has changed since it was written"):
        Statement.read(tmp_path / "s")
    with pytest.raises(InputError, match="is not the folder of a statement"):
        Statement.read(tmp_path)


def test_tables_from_a_folder_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "contracts.csv").write_text(
        "contract,buyer,seller,strike,point,curve\nC1,a,b,400,P,c\n"
    )
    (tmp_path / "contract_curves.csv").write_text("curve,kind,mwh,start,end\nc,flat,10,2016-10-01,"
                                                  "2016-10-02\n")  # fmt: skip
    for source in (tmp_path, tmp_path / "contracts.csv"):
        tables = read_tables(source, ("contracts", "contract_curves"), "UTC")
        assert tables["contracts"]["kind"].tolist() == ["cfd"]
        assert tables["contract_curves"]["mwh"].tolist() == [10.0]
    (tmp_path / "other.csv").write_text("right,owner,source,sink,mw\nR,a,A,B,5\n")
    assert len(read_tables(tmp_path / "other.csv", ("rights",), "UTC")["rights"]) == 1


def test_missing_and_broken_tables_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file with the table rights: expected"):
        read_tables(tmp_path, ("rights",), "UTC")
    (tmp_path / "rights.csv").write_text("right,owner,source,sink,mw\nR,a,A,B,many\nR,a,A,B,1\n")
    with pytest.raises(InputError, match=r"rights\.csv row 2, mw"):
        read_tables(tmp_path, ("rights",), "UTC")


def test_typed_tables_report_keys_that_are_there_twice() -> None:
    frame = pd.DataFrame({"right": ["R", "R"], "owner": "a", "source": "A", "sink": "B", "mw": 1.0})
    with pytest.raises(InputError, match="rights row 3, right: R is there twice"):
        typed("rights", frame, "UTC")


def test_decimals_are_decimals(statement: Statement) -> None:
    assert all(isinstance(value, Decimal) for value in statement.balance["total"])
