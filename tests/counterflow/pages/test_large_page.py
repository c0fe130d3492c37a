"""Ten thousand buses over 24 hours, before and after: the size of the file, and how it is drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from counterflow.pages import Day, day_page, page_html
from tests.counterflow.pages.large import large_run

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.mark.slow
def test_a_large_day_and_its_parent_stay_below_15_mb(tmp_path: Path) -> None:
    page = day_page(Day.of(large_run(shift=1.0), large_run()))
    assert page.uses_deck
    text = page_html(page)
    assert len(text.encode()) < 15e6
    assert "deck" in text and 'data-vendor="deck"' in text


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("renderer", ["canvas", "deck"])
def test_a_large_map_is_drawn(renderer: str, tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: tools/chromium installs it")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = tmp_path / "large.html"
    path.write_text(page_html(day_page(Day.of(large_run(side=60, hours=6)))), encoding="utf-8")
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True).new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        page.evaluate(f"CF.drawMapBy('{renderer}')")
        page.wait_for_selector(".stage canvas", timeout=60_000)
        page.wait_for_timeout(2000)
        shot = page.locator(".stage").screenshot(timeout=120_000)
        assert len(shot) > 20_000  # a blank stage is a tenth of it
        assert page.locator(".map-legend").inner_text().count(renderer.split("-")[0]) >= 1
        assert problems == []
        browser.close()
