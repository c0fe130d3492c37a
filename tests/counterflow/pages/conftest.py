"""The five-bus day whose Solitude asks 125 for what costs 30, as submitted and as mitigated."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import counterflow as cf
from cases import Run


@pytest.fixture(scope="session")
def bid() -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        case = cf.read_case("pjm5")
        offers = case.offers
        price = offers["price"].mask(offers["unit"] == "Solitude", 125.0)
        return cf.clear(case.replace(offers=offers.assign(price=price)), commitment=False)


@pytest.fixture(scope="session")
def child(bid: Run) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cf.DataWarning)
        return cf.mitigate(bid)


@pytest.fixture(scope="session")
def folder(bid: Run, child: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages")
    bid.write(path / "bid")
    child.write(path / "child")
    return path


@pytest.fixture(scope="session")
def monitor_page(folder: Path) -> Path:
    """The page of the mitigated run alone; its parent lies beside it."""
    from counterflow.pages import report

    return report(folder / "child", folder / "page.html")
