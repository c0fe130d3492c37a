"""What `check` warns of: offers above a penalty, kinds with a count, and `--strict`."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from cases import DataWarning, read_case
from counterflow.cli import invoke
from tests.cases.small import FILES, write_files


def test_an_offer_above_the_penalty_of_the_balance_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Penalties of the default rulebook: 5000 for the balance; 5000 itself is not above it."""
    offers = FILES["offers.csv"].replace("G2,1,80,30", "G2,1,40,5000\nG2,2,40,6000")
    folder = str(write_files(tmp_path / "day", {"offers.csv": offers}))
    assert invoke(["check", folder]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "warning: offers row 5, price: G2 offers 40 MW at 6000, above the penalty of the energy "
        "balance of 5000 (penalties.balance): load is shed before it is used [offer_above_penalty]"
    ]
    assert invoke(["check", folder, "--json"]) == 0
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert (warning["rule"], warning["row"]) == ("offer_above_penalty", 5)
    assert invoke(["check", folder, "--strict"]) == 1


def test_many_warnings_of_a_kind_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six units that offer half of what they are: three are named, three counted."""
    names = [f"U{k}" for k in range(6)]
    units = FILES["units.csv"] + "".join(f"{name},Q,C,0,80\n" for name in names)
    offers = FILES["offers.csv"] + "".join(f"{name},1,40,30\n" for name in names)
    folder = write_files(tmp_path / "day", {"units.csv": units, "offers.csv": offers})
    assert invoke(["check", str(folder)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4
    assert said[-1] == "warning: 3 more warnings of this kind (narrow_offer)"
    assert invoke(["check", str(folder), "--strict"]) == 1
    assert invoke(["check", "pjm5", "--strict"]) == 0


def test_a_case_that_is_changed_warns_only_of_what_is_new(tmp_path: Path) -> None:
    offers = FILES["offers.csv"].replace("G1,2,40,20", "G1,2,39,20")
    with pytest.warns(DataWarning, match="G1 reach 99 MW"):
        case = read_case(write_files(tmp_path / "day", {"offers.csv": offers}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(case.replace(name="other").warnings) == 1
    narrow = case.offers.assign(mw=[60.0, 39.0, 70.0])
    with pytest.warns(DataWarning) as caught:
        case.replace(offers=narrow)
    assert [("G1" in str(w.message), "G2" in str(w.message)) for w in caught] == [(False, True)]
