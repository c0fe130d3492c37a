"""Numbers that no market has are refused by the unit of their column, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import Case, InputError
from cases.tables.columns import LARGEST
from cases.tables.schema import CASE_TABLES
from tests.cases.small import FILES, found, read_small

NUMBERS = [
    (table.name, column.name)
    for table in CASE_TABLES.values()
    if table.wide is None
    for column in table.columns
    if column.dtype in ("float", "int")
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return read_small(tmp_path_factory.mktemp("sane"))


@pytest.mark.parametrize(("table", "column"), NUMBERS)
def test_a_number_of_1e18_is_refused_in_every_column(small: Case, table: str, column: str) -> None:
    """Other cells of the row are blank; what else is wrong with the row does not matter here."""
    frame = getattr(small, table).reindex(range(1)).assign(**{column: 10**18})
    with pytest.raises(InputError) as caught:
        small.replace(**{table: frame})
    rules = {f.rule for f in caught.value.failures if (f.file, f.column) == (table, column)}
    assert "range" in rules


@pytest.mark.parametrize("number", ["1e10", "-1e10", "1e300", "9" * 400])
def test_wide_tables_and_signs_are_checked(tmp_path: Path, number: str) -> None:
    text = FILES["demand.csv"].replace(",65", f",{number}")
    places = {place[:3] for place in found(tmp_path, {"demand.csv": text})}
    assert places == {("demand.csv", 3, "L2")}


def test_the_largest_numbers_of_real_grids_pass(tmp_path: Path) -> None:
    assert LARGEST["MW"] >= 1e6
    read_small(
        tmp_path,
        units=FILES["units.csv"].replace(",80", ",1000000"),
        offers=FILES["offers.csv"].replace("G2,1,80,30", "G2,1,1000000,15000"),
    )
