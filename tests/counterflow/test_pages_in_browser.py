"""Written pages, opened in a real Chromium without a network."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases import Run
from counterflow import plots

pytestmark = pytest.mark.browser

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: tools/chromium installs it")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1200, "height": 700}, offline=True)
        yield context.new_page()
        browser.close()


@pytest.fixture(scope="module")
def folder(day: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "figures"
    plots.write(day, path)
    return path


@pytest.fixture
def problems(page: Any) -> Iterator[list[str]]:
    found: list[str] = []

    def console(message: Any) -> None:
        if message.type == "error":
            found.append(message.text)

    def error(message: Any) -> None:
        found.append(str(message))

    page.on("console", console)
    page.on("pageerror", error)
    yield found
    page.remove_listener("console", console)
    page.remove_listener("pageerror", error)


@pytest.mark.parametrize(
    ("name", "mark", "count"),
    [
        ("lmp_map", "g.scatterlayer g.points path.point", 6),
        ("lmp_heat_map", "g.heatmaplayer image", 1),
        ("price_duration", "g.scatterlayer path.js-line", 2),
        ("merit_order", "g.barlayer g.point path", 10),
        ("constraint_rent", "g.barlayer g.point path", 1),
    ],
)
def test_a_page_draws(
    page: Any, folder: Path, problems: list[str], name: str, mark: str, count: int
) -> None:
    page.goto((folder / f"{name}.html").as_uri())
    page.wait_for_selector(mark, state="attached", timeout=15_000)
    assert page.locator(mark).count() == count
    box = page.locator("svg.main-svg").first.bounding_box()
    assert box["width"] > 1000
    assert box["height"] > 400
    assert problems == []


def test_the_slider_changes_the_hour(page: Any, folder: Path, problems: list[str]) -> None:
    page.goto((folder / "lmp_map.html").as_uri())
    page.wait_for_selector("g.slider-container", state="attached", timeout=15_000)
    assert "00:00" in page.locator("g.slider-container text.slider-label").first.text_content()
    page.evaluate(
        "Plotly.animate('lmp_map', ['17'], {mode: 'immediate', frame: {duration: 0, redraw: true}})"
    )
    page.wait_for_function(
        "document.getElementById('lmp_map').layout.sliders[0].active === 17", timeout=15_000
    )
    assert "D 39.94" in page.locator("g.textpoint").nth(3).text_content()
    assert problems == []


def test_the_index_shows_all(page: Any, folder: Path, problems: list[str]) -> None:
    page.goto((folder / "index.html").as_uri())
    assert page.locator("iframe").count() == 5
    assert page.locator("h1").inner_text() == "five buses, 2024-03-05, America/New_York"
    page.frame_locator("iframe[src='lmp_map.html']").locator("path.point").first.wait_for(
        state="attached", timeout=15_000
    )
    assert problems == []
