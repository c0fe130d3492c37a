"""The README's picture: the page of the mitigated day that `make demo` has left."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "demo" / "mitigated.html"
PICTURE = ROOT / "docs" / "img" / "page.png"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

if not PAGE.exists():
    raise SystemExit("run `make demo` first")
PICTURE.parent.mkdir(parents=True, exist_ok=True)
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=ARGUMENTS, headless=True
    )
    page = browser.new_page(viewport={"width": 1280, "height": 1180})
    page.goto(PAGE.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    page.screenshot(path=PICTURE)
    browser.close()
print(PICTURE.relative_to(ROOT))
