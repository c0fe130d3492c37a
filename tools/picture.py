"""The README's picture: the LMP map of the stressed day that `make demo` has left."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "demo" / "plots" / "lmp_map.html"
PICTURE = ROOT / "docs" / "img" / "lmp-map.png"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

if not PAGE.exists():
    raise SystemExit("run `make demo` first")
PICTURE.parent.mkdir(parents=True, exist_ok=True)
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=ARGUMENTS, headless=True
    )
    page = browser.new_page(viewport={"width": 1000, "height": 780})
    page.goto(PAGE.as_uri())
    figure = page.locator(".plotly-graph-div").first
    figure.wait_for()
    page.add_style_tag(content=".modebar-container {display: none}")
    page.wait_for_timeout(1500)
    figure.screenshot(path=PICTURE)
    browser.close()
print(PICTURE.relative_to(ROOT))
