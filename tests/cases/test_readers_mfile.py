"""The text of MATPOWER files: every way of writing the same numbers, and what must be refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cases import read_case
from cases.errors import InputError
from cases.readers.mfile import read_mfile
from tests.cases import mpc


def failures(folder: Path, content: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_mfile(mpc.write(folder, content))
    return [str(failure) for failure in caught.value.failures]


PLAIN = "mpc.bus = [\n1 3 0.5;\n2 1 -7e2;\n];\n"


@pytest.mark.parametrize(
    "spelling",
    [
        "mpc.bus = [1 3 0.5; 2 1 -7e2];",
        "mpc.bus = [1, 3, .5\n2, 1, -700];",
        "mpc.bus=[ 1\t3\t5e-1 % first row; not a second one\n 2 1 -700. ];",
        "  mpc.bus = ...\n [ 1 3 ...  carried on\n 0.5; 2 1 -700 ];",
        "%{\nmpc.bus = [9 9 9];\n%}\nmpc.bus = [1 3 0.5;;\n\n2 1 -700;\n];",
        "% mpc.bus = [ 9 9 9 ];\nmpc.bus = [\r\n1 3 0.5;\r\n2 1 -700;\r\n];\r\n",
        "mpc.bus = [9 9 9];\nmpc.bus = [1 3 0.5; 2 1 -700];",
    ],
)
def test_one_matrix_however_it_is_written(tmp_path: Path, spelling: str) -> None:
    for content in (PLAIN, spelling):
        read = read_mfile(mpc.write(tmp_path, content))
        assert read.matrices["bus"].values.tolist() == [[1, 3, 0.5], [2, 1, -700]]


def test_infinite_entries_and_empty_matrices(tmp_path: Path) -> None:
    read = read_mfile(mpc.write(tmp_path, "mpc.gen = [Inf -Inf];\nmpc.dcline = [];\n"))
    assert read.matrices["gen"].values.tolist() == [[np.inf, -np.inf]]
    assert len(read.matrices["dcline"].values) == 0


def test_cell_arrays_keep_percent_signs_and_braces_in_quotes(tmp_path: Path) -> None:
    content = PLAIN + "mpc.genfuel = {\n\t'50 % coal'; % a comment\n\t\"ng}\";\n\t'hydro'\n};\n"
    read = read_mfile(mpc.write(tmp_path, content))
    assert read.cells["genfuel"] == ["50 % coal", "ng}", "hydro"]


def test_latin_1_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.m"
    path.write_bytes("% Électricité\n".encode("latin-1") + PLAIN.encode())
    assert len(read_mfile(path).matrices["bus"].values) == 2
    path.write_bytes(b"\xef\xbb\xbf" + PLAIN.encode())
    assert len(read_mfile(path).matrices["bus"].values) == 2


def test_every_bad_row_is_named_with_its_line(tmp_path: Path) -> None:
    content = "\nmpc.bus = [\n1 2 3;\n1 x 3;\n1 2;\n1 2 3;\n1 50/y 4;\n1 135/sqrt(3) 4;\n];\n"
    assert failures(tmp_path, content) == [
        "small.m row 4, mpc.bus: 'x' is not a number",
        "small.m row 7, mpc.bus: '50/y' is not a number",
        "small.m row 5, mpc.bus: the row has 2 numbers, the other rows have 3",
    ]


def test_entries_may_be_arithmetic(tmp_path: Path) -> None:
    """MATPOWER's case533mt writes voltages as 135/sqrt(3): 77.942286 kV."""
    content = "mpc.baseMVA = 50/3;\nmpc.bus = [1 135/sqrt(3) -2^2];\n"
    read = read_mfile(mpc.write(tmp_path, content))
    assert read.matrices["bus"].values[0] == pytest.approx([1, 77.9422863, -4])
    assert float(read.scalars["baseMVA"]) == pytest.approx(16.6666667)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("mpc.bus(:, 3) = mpc.bus(:, 3) / 1e3;", 5),
        ("x = 1; mpc.bus(find(ismember(mpc.bus(:, 1), x)), 3) = 0;", 5),
        ("mpc = scale_load(1.1, mpc);", 5),
        ("[mpc.gen, order] = sortrows(mpc.gen);", 5),
        ("on = 1;\nif on\n  mpc.gen(1, 9) = 0;\nend", 7),
        ("off = 0;\noff = on;\nif off\n  mpc.gen(1, 9) = 0;\nend", 8),
        ("off = 0;\nif off\n  mpc.gen(1, 9) = 0;\nelse\n  mpc.gen(1, 9) = 1;\nend", 9),
        ("mpc.gen = [1 2 3]';", 5),
        ("mpc.gen = zeros(3, 21);", 5),
    ],
)
def test_code_that_changes_the_data_is_refused_by_line(
    tmp_path: Path, content: str, line: int
) -> None:
    found = failures(tmp_path, PLAIN + content)
    assert len(found) == 1
    assert found[0].startswith(f"small.m row {line}")


@pytest.mark.parametrize(
    "content",
    [
        "define_constants;",
        "[PQ, PV, REF, NONE, BUS_I, ...\n  BUS_TYPE] = idx_bus;",
        "Vbase = mpc.bus(1, 3) * 1e3;",
        "off = 0;\nif off\n  mpc.gen(1, end) = 0;\n  for k = 1:3, x = k; end\n  mpc.gen = [];\nend",
        "if mpc.bus(1, 1) == 2\nend",
        "% mpc.bus(:, 3) = 0;",
        "return;",
    ],
)
def test_harmless_code_is_passed_over(tmp_path: Path, content: str) -> None:
    read = read_mfile(mpc.write(tmp_path, PLAIN + content))
    assert len(read.matrices["bus"].values) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("mpc.bus = [\n1 2 3;\n", "small.m row 1: mpc.bus = [ is never closed by ]"),
        ("mpc.genfuel = {\n'a';\n", "small.m row 1: mpc.genfuel = { is never closed by }"),
        (
            "function [baseMVA, bus, gen] = old\nbus = [1 2 3];",
            "small.m row 1: MATPOWER case format version 1 is not read, only 2",
        ),
        ("", "small.m: holds no MATPOWER case (no mpc.bus, mpc.gen, mpc.branch)"),
        ("hello", "small.m: holds no MATPOWER case (no mpc.bus, mpc.gen, mpc.branch)"),
    ],
)
def test_broken_files(tmp_path: Path, content: str, expected: str) -> None:
    assert failures(tmp_path, content) == [expected]


UNITS = """
[PQ, PV, REF, NONE, BUS_I, BUS_TYPE, PD, QD, GS, BS, BUS_AREA, VM, ...
    VA, BASE_KV, ZONE, VMAX, VMIN] = idx_bus;
Vbase = mpc.bus(1, BASE_KV) * 1e3;      %% in Volts
Sbase = mpc.baseMVA * 1e6;              %% in VA
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;
pf = 0.8;
mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));
mpc.bus(:, PD) = mpc.bus(:, PD) * pf;
"""


def test_conversions_of_units_in_code_are_computed(tmp_path: Path) -> None:
    """The forms of MATPOWER's files, by hand.

    100 MVA at 230 kV are 529 ohms: 5.29 and 52.9 ohms are 0.01 and 0.1. 100,000 kVA are 100 MVA,
    80 MW and 60 MVAr at a power factor of 0.8.
    """
    bus = [[1, 3, 0, 0, 0, 0, 1, 1, 0, 230, 7], [2, 1, 100_000, 0, 0, 0, 2, 1, 0, 230, 8]]
    branch = [[1, 2, 5.29, 52.9, 0, 80, 0, 0, 0, 0, 1, -360, 360]]
    read = read_mfile(mpc.write(tmp_path, mpc.text(bus=bus, branch=branch, tail=UNITS)))
    np.testing.assert_allclose(read.matrices["bus"]["PD"], [0.0, 80.0])
    np.testing.assert_allclose(read.matrices["bus"]["QD"], [0.0, 60.0])
    np.testing.assert_allclose(read.matrices["branch"].values[0, 2:4], [0.01, 0.1])
    assert len(read.conversions) == 4
    case = read_case(tmp_path / "small.m")
    assert case.demand.iloc[0, 1] == pytest.approx(80.0)
    assert any("/ (Vbase^2 / Sbase)" in note for note in case.meta.imported["notes"])


@pytest.mark.parametrize(
    "code",
    [
        "for k = 1:3\n  mpc.bus(:, PD) = mpc.bus(:, PD) / 2;\nend",
        "if pf\n  mpc.bus(:, PD) = mpc.bus(:, PD) / 2;\nend",
        "return;\nmpc.bus(:, PD) = mpc.bus(:, PD) / 2;",
        "function x = other\nmpc.bus(:, PD) = mpc.bus(:, PD) / 2;",
        "mpc.bus(:, PD) = mpc.bus(:, PD) / unknown;",
        "mpc.bus(:, PD) = mpc.bus(:, PD) / 0;",
        "mpc.bus(:, PD) = mpc.bus(:, PD) / 2 + 1;",
        "mpc.bus(:, PD) = mpc.bus(:, PD) * 2 ^ 3 ^ 2;",
        "mpc.bus(:, PD) = mpc.gen(:, PG) * 2;",
        "mpc.bus(:, [PD QD]) = mpc.bus(:, PD) * 2;",
        "mpc.bus(:, XD) = mpc.bus(:, XD) * 2;",
        "mpc.bus(:, MU_VMIN) = mpc.bus(:, MU_VMIN) * 2;",
        "mpc.bus(:, PD) = mpc.bus(:, PD) .* mpc.bus(:, QD);",
        "mpc.bus(2, PD) = mpc.bus(2, PD) / 2;",
        "mpc.bus(:, PD) = mpc.bus(:, PD) / mpc.bus(3, BASE_KV);",
        "x = 2; if y, x = 3; end\nmpc.bus(:, PD) = mpc.bus(:, PD) / x;",
    ],
)
def test_any_other_change_is_refused(tmp_path: Path, code: str) -> None:
    [found] = failures(tmp_path, mpc.text(tail="pf = 0.5;\n" + code))
    assert "the file changes its own data in code, which is not run: mpc." in found


@pytest.mark.parametrize(
    ("name", "megawatts"),
    [("case33bw", 3.715), ("case69", 3.8021), ("case18nbr", 1.4105)],
)
def test_distribution_cases_have_the_published_load(name: str, megawatts: float) -> None:
    """Baran and Wu (1989), 33 buses: 3715 kW, 69 buses: 3802 kW; the sum of the column / 1000."""
    case = read_case(f"matpower/{name}")
    assert case.demand.iloc[0, 1:].sum() == pytest.approx(megawatts, rel=1e-6)


@pytest.mark.parametrize("row", ["'1 2 3", "1 '%' 3", "1 \x0b 2 '%", '"1" 2 3'])
def test_quotes_among_numbers_are_not_swallowed(tmp_path: Path, row: str) -> None:
    found = failures(tmp_path, f"mpc.bus = [\n{row};\n1 2 3;\n];\n")
    assert found == ["small.m row 2, mpc.bus: quotes do not belong in numbers"]
