"""What is said of custom constraints that cannot be: file, row, column, nearest name."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from counterflow.cli import invoke

case = cf.read_case("pjm5")


def tables(**terms: Any) -> dict[str, pd.DataFrame]:
    row = {"constraint": "nomogram", "kind": "branch", "element": "A-B"} | terms
    return {
        "custom_constraints": pd.DataFrame({"constraint": ["nomogram"], "limit_mw": [450.0]}),
        "custom_terms": pd.DataFrame([row]),
    }


@pytest.mark.parametrize(
    ("terms", "column", "said"),
    [
        ({"element": "A-F"}, "element", "branch A-F is not known; did you mean"),
        ({"kind": "unit", "element": "Brigthon"}, "element", "unit Brigthon is not known; did you"),
        ({"kind": "load", "element": "X"}, "element", "load X is not known"),
        ({"kind": "link", "element": "X"}, "element", "link X is not known"),
        ({"kind": "storage", "element": "X"}, "element", "storage X is not known"),
        ({"constraint": "nomogramm"}, "constraint", "nomogramm is not known; did you mean nomog"),
        ({"kind": "lines"}, "kind", "must be one of unit, load, reserve, branch, link, storage"),
        ({"kind": "reserve", "element": "Alta"}, "product", "needs the product"),
        ({"product": "spin"}, "product", "a branch term has no product"),
        ({"coefficient": 0.0}, "coefficient", "count for nothing"),
    ],
)
def test_terms(terms: dict[str, Any], column: str, said: str) -> None:
    with pytest.raises(cf.InputError) as error:
        case.replace(**tables(**terms))
    found = [f for f in error.value.failures if f.column == column]
    assert any(said in f.message and f.row == 2 for f in found), error.value


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"sense": "below"}, "sense", "must be one of <=, >=, ="),
        ({"limit_mw": float("nan")}, "limit_mw", ""),
        ({"penalty": -1.0}, "penalty", "must not be negative"),
        ({"constraint": "D-E"}, "constraint", "there is branch D-E already"),
        ({"interval_start": "2024-07-17T00:00:00-04:00"}, "interval_start", ""),
    ],
)
def test_constraints(change: dict[str, Any], column: str, said: str) -> None:
    given = tables()
    given["custom_constraints"] = given["custom_constraints"].assign(**change)
    with pytest.raises(cf.InputError) as error:
        case.replace(**given)
    assert any(said in f.message and f.column == column for f in error.value.failures)


def test_a_constraint_without_terms() -> None:
    given = tables()
    given["custom_terms"] = given["custom_terms"].iloc[:0]
    with pytest.raises(cf.InputError, match="nomogram has no terms"):
        case.replace(**given)


def test_reserves_that_nobody_offers_or_requires() -> None:
    products = pd.DataFrame({"product": ["spin"]})
    terms = tables(kind="reserve", element="Alta", product="spin")
    with pytest.raises(cf.InputError, match="Alta does not offer spin"):
        case.replace(reserve_products=products, **terms)
    offers = pd.DataFrame({"unit": ["Alta"], "product": ["spin"], "mw": [10.0], "price": [1.0]})
    with pytest.raises(cf.InputError, match="requires no reserves"):
        case.replace(reserve_products=products, reserve_offers=offers, **terms)


def test_the_command_names_file_and_row(tmp_path: Any, capsys: Any) -> None:
    case.replace(**tables()).write(tmp_path / "day")
    path = tmp_path / "day" / "custom_terms.csv"
    path.write_text(path.read_text().replace("A-B", "A-Z"))
    assert invoke(["check", str(tmp_path / "day")]) == 1
    said = capsys.readouterr()
    assert "custom_terms.csv" in said.out + said.err and "A-Z" in said.out + said.err
