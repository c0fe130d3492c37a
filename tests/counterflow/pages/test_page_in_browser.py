"""The monitor's page of the five-bus day in a real Chromium without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import counterflow as cf
from cases import Run
from counterflow.pages.page import MONITOR_PANELS

pytestmark = pytest.mark.browser

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FIVE = "2024-07-16T17:00:00-04:00"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: tools/chromium installs it")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def page(browser: Any, monitor_page: Path) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    opened = context.new_page()
    opened.problems = []
    opened.on("console", lambda m: opened.problems.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.goto(monitor_page.as_uri())
    opened.wait_for_function("document.documentElement.dataset.ready === 'yes'")
    yield opened
    assert opened.problems == []
    context.close()


@pytest.fixture(autouse=True)
def cleared(page: Any) -> None:
    page.evaluate("document.getElementById('clear').click()")


def rows(page: Any, sheet: str = "decisions") -> Any:
    return page.locator(f"[data-sheet={sheet}] tbody tr.row, [data-sheet={sheet}] tbody tr.fold")


def values(page: Any, sheet: str, column: str) -> list[Any]:
    """Cells of a column in the lines that a sheet shows."""
    found: list[Any] = page.evaluate(
        "([id, name]) => CF.sheets[id].lines.map(line => CF.sheets[id].value(name, line.row))",
        [sheet, column],
    )
    return found


def test_every_panel_is_there_and_holds_something(page: Any) -> None:
    found = page.locator("section.panel").evaluate_all("all => all.map(each => each.id)")
    assert tuple(found) == MONITOR_PANELS
    assert page.locator("section.panel.empty").count() == 0
    empty = page.locator(".sheet td.nothing").count()
    assert empty <= 1  # the day has no warnings about its data
    page.evaluate("CF.drawAllCharts()")
    for chart in page.locator("[data-chart]").all():
        assert chart.locator("svg.main-svg").count() >= 1
        assert chart.locator("path.point, path.js-line, g.points path").count() > 0
    assert page.locator("[data-grid=pivotal] td.mark-fail").count() > 0


def test_the_first_view_says_what_was_decided(page: Any) -> None:
    assert "3 offers of 1 unit was" in page.locator("#verdict-title").inner_text()
    assert page.locator(".openers li").count() == 3
    box = page.locator(".openers").bounding_box()
    top = page.locator("header.head").bounding_box()["y"]
    assert box["y"] + box["height"] - top <= 800


def test_numbers_of_a_row_and_its_chain_are_those_of_decisions(page: Any, child: Run) -> None:
    page.evaluate(f"location.hash = '#unit=Solitude&t={FIVE}&c=energy'")
    page.wait_for_selector("[data-sheet=decisions] tr.detail")
    decisions = child.decisions
    row = decisions[
        (decisions["unit"] == "Solitude")
        & (decisions["component"] == "energy")
        & (decisions["interval_start"] == pd.Timestamp(FIVE))
    ].iloc[0]
    sheet = "CF.sheets.decisions"
    for name in (
        "offered",
        "reference",
        "conduct_limit",
        "lmp_with_offer",
        "lmp_with_reference",
        "impact_limit",
        "shadow_price",
        "offer_used",
        "money_effect",
    ):
        shown = page.evaluate(f"{sheet}.value('{name}', {sheet}.at)")
        assert shown == pytest.approx(row[name], rel=1e-12), name
    for name in ("decision_id", "action", "constraint", "impact_subject", "rule_id"):
        assert page.evaluate(f"{sheet}.value('{name}', {sheet}.at)") == row[name]
    told = page.locator("[data-sheet=decisions] tr.detail ol.chain li").all_inner_texts()
    assert tuple(told) == cf.explain_decision(child, unit="Solitude", at=FIVE).sentences
    page.locator("[data-sheet=decisions] tr.detail details summary").click()
    record = page.locator("[data-sheet=decisions] tr.detail dl.facts").inner_text()
    assert row["decision_id"] in record


def test_runs_of_equal_rows_are_folded(page: Any) -> None:
    """Solitude fails conduct all day: 15 to 17 is mitigated, the hours around it are kept."""
    texts = rows(page).all_inner_texts()
    assert len(texts) == 3
    assert any("15:00–17:00 (3)" in text and "mitigated" in text for text in texts)
    assert any("00:00–14:00 (15)" in text for text in texts)
    page.locator("[data-sheet=decisions] tr.fold").first.click()
    assert rows(page).count() == 6


def test_sort_filter_group_and_search(page: Any) -> None:
    page.evaluate("CF.sheets.decisions.setView('all')")
    page.locator("[data-sheet=decisions] .check input").uncheck()
    try:
        header = page.locator("[data-sheet=decisions] th[data-column=offered] button")
        header.click()
        assert "6,000.00" in rows(page).first.inner_text()  # a start of Brighton is the dearest
        header.click()
        first = page.evaluate(
            "CF.sheets.decisions.value('offered', CF.sheets.decisions.lines[0].row)"
        )
        every = values(page, "decisions", "offered")
        assert first == min(value for value in every if value is not None)
        field = page.locator("[data-sheet=decisions] .filter-row input").nth(5)
        field.fill("= 125")
        assert set(values(page, "decisions", "unit")) == {"Solitude"}
        field.fill("")
        page.locator("[data-sheet=decisions] .tools select").select_option("owner")
        groups = page.evaluate(
            "CF.sheets.decisions.lines.filter(line => line.kind === 'group').map(line => line.name)"
        )
        assert {"Solitude Generation", "Brighton Electric"} <= set(groups)
        assert page.locator("[data-sheet=decisions] tr.group").count() >= 1
        page.locator("[data-sheet=decisions] .tools select").select_option("")
        page.locator("#q").fill("brighton")
        page.wait_for_function("CF.chosen.q === 'brighton'")
        units = values(page, "decisions", "unit")
        assert set(units) == {"Brighton"}
    finally:
        page.locator("[data-sheet=decisions] .check input").check()


def test_one_filter_holds_for_the_whole_page(page: Any) -> None:
    page.locator("#f-t").select_option(FIVE)
    texts = rows(page).all_inner_texts()
    assert len(texts) == 1 and "17:00" in texts[0]
    hours = values(page, "limits_by_hour", "interval_start")
    assert set(hours) == {17}
    assert page.locator(".map output").first.inner_text() == "17:00"
    page.locator("#f-owner").select_option("Brighton Electric")
    assert page.locator("[data-sheet=decisions] td.nothing").count() == 1


def test_cards_are_filters_and_cells_open_their_tests(page: Any) -> None:
    page.locator("button.card[data-filter=mitigated]").click()
    assert page.evaluate("CF.sheets.decisions.view") == "mitigated"
    cell = page.locator("[data-grid=pivotal] td.mark-fail button").first
    cell.click()
    t = int(cell.get_attribute("data-at"))
    shown = values(page, "suppliers", "interval_start")
    assert set(shown) == {t}


def test_the_map_tells_what_makes_a_price(page: Any, child: Run) -> None:
    page.evaluate(f"CF.go({{panel: 'prices', bus: 'D', t: '{FIVE}'}})")
    prices = child.prices
    at_d = prices[(prices["bus"] == "D") & (prices["interval_start"] == pd.Timestamp(FIVE))].iloc[0]
    terms = page.evaluate("CF.priceTerms(CF.data.map.buses.indexOf('D'), 'after')")
    assert sum(term["amount"] for term in terms) == pytest.approx(at_d["lmp"], abs=1e-4)
    assert "39.94" in page.locator(".setter tr.total").inner_text()
    told = page.locator(".setter ul.plain").inner_text()
    for offer in cf.explain_price(child, bus="D", at=FIVE).setters.to_dict("records"):
        assert f"{offer['name']} ({offer['owner']})" in told
    page.locator("[data-side=change]").click()
    assert "\u2212142.23" in page.locator(".names").text_content()
    assert page.locator(".branches line.binding").count() == 1


def test_keys_step_open_search_and_close(page: Any) -> None:
    page.evaluate("document.activeElement.blur(); document.body.focus()")
    page.keyboard.press("n")
    assert page.evaluate("CF.chosen.unit") == "Solitude" and "unit=Solitude" in page.url
    first = page.evaluate("CF.chosen.t")
    page.keyboard.press("n")
    assert page.evaluate("CF.chosen.t") != first
    page.keyboard.press("p")
    assert page.evaluate("CF.chosen.t") == first
    page.keyboard.press("Enter")
    assert page.locator("[data-sheet=decisions] tr.detail").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("[data-sheet=decisions] tr.detail").count() == 0
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"


def test_both_languages_without_loading_again(page: Any) -> None:
    page.locator("#language").click()
    try:
        assert page.locator("#decisions .eyebrow").inner_text() == "决定"
        assert "已缓解" in rows(page).first.inner_text()
        assert page.locator("#verdict-title").inner_text() == "1 台机组的 3 项报价被参考价替换。"
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
    finally:
        page.locator("#language").click()
    assert page.locator("#decisions .eyebrow").inner_text().lower() == "decisions"


def test_csv_has_all_columns_and_no_formulas(page: Any, child: Run) -> None:
    text = page.evaluate("CF.sheets.decisions.csv()")
    lines = text.strip().split("\r\n")
    assert lines[0].startswith("unit,interval_start,component,action")
    assert len(lines) == 1 + 24
    assert "125" in lines[1] and "2024-07-16T" in lines[1]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_runs_over_the_side(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#decisions table").is_visible()
    finally:
        page.set_viewport_size({"width": 1280, "height": 800})


def test_print_gives_a_pdf_with_the_open_decision(page: Any) -> None:
    page.evaluate(f"location.hash = '#unit=Solitude&t={FIVE}&c=energy'")
    page.wait_for_selector("[data-sheet=decisions] tr.detail")
    made = page.pdf(format="A4")
    assert made.startswith(b"%PDF-") and len(made) > 30_000
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert page.locator("[data-sheet=decisions] tr.detail ol.chain").is_visible()
    page.emulate_media(media="screen")


@pytest.mark.slow
def test_no_serious_finding_of_axe(page: Any) -> None:
    axe = Path(__file__).parents[1] / "axe" / "axe.min.js"
    page.evaluate(axe.read_text())
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'; CF.drawAllCharts()")
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        serious = [
            (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []
