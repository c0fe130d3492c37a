"""The five-bus day whose Solitude asks 125 for what costs 30, as submitted and as mitigated."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import counterflow as cf
from cases import Run
from counterflow.pages import Day, Page, day_page, page_html


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
def day(bid: Run, child: Run) -> Day:
    return Day.of(child, bid)


@pytest.fixture(scope="session")
def mitigated_page(day: Day) -> Page:
    return day_page(day)


@pytest.fixture(scope="session")
def monitor_page(mitigated_page: Page, folder: Path) -> Path:
    """The page of the mitigated run as a file."""
    path = folder / "page.html"
    path.write_text(page_html(mitigated_page), encoding="utf-8")
    return path
