"""Pages opened in a real browser: nothing leaves them, nothing breaks them, and they can be read and printed."""

import dataclasses
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader

from reports import comparison, rebalance
from reports.html import render
from tests.reports.hostile import NAMES
from tests.reports.lives import ANCHOR, CPPI, PUT, contract, live, lived, prices
from tests.reports.made import compliance_report, event_report, index_report
from tests.reports.stressed import stress_report
from tests.reports.test_optimise import report as optimise_report

pytestmark = pytest.mark.browser

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
Scheme: TypeAlias = Literal["light", "dark"]
_AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_KINDS = ("rebalance", "comparison", "compliance", "event", "index", "stress", "optimise")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("There is no Chromium on this machine: reports were not opened in a browser.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two reports of a fund that crashed and rolled, as files."""
    folder = tmp_path_factory.mktemp("pages")
    fund, records = lived(PUT)
    found = {
        "rebalance": render(rebalance.build(fund, records[-1], records, ANCHOR)),
        "comparison": render(comparison.build(*lived(CPPI), ANCHOR)),
        "compliance": render(compliance_report(PUT, records[21].session, records[62].session)),
        "event": render(event_report(PUT)),
        "index": render(index_report()),
        "stress": render(stress_report()),
        "optimise": render(optimise_report(CPPI)),
    }
    for name, html in found.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in found}


def _opened(browser: Browser, path: Path, width: int, scheme: Scheme = "light") -> tuple[Page, list[str]]:
    """A page with a list of everything that went wrong or out while it was opened."""
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on("request", lambda request: None if request.url == path.as_uri() else troubles.append(request.url))
    page.goto(path.as_uri())
    return page, troubles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("kind", _KINDS)
def test_page_is_quiet_fits_and_shows_its_charts(
    browser: Browser, pages: dict[str, Path], kind: str, width: int, scheme: Scheme
) -> None:
    page, troubles = _opened(browser, pages[kind], width, scheme)
    assert not troubles, f"{kind} at {width} px, {scheme}: {troubles}"
    room, needed = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    assert needed <= room, f"{kind} at {width} px scrolls sideways: {needed} px wide"
    outside = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => !e.closest('.scroll, .watermark, svg, details'))
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(e => e.tagName + '.' + e.className)"""
    )
    assert not outside, f"{kind} at {width} px: {outside} stand out of the page"
    _see_charts(page, kind, width)
    page.context.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_panels_stand_side_by_side_and_can_be_read(browser: Browser, pages: dict[str, Path], width: int) -> None:
    page, _ = _opened(browser, pages["stress"], width)
    panels = page.locator("figure.panel")
    boxes = [panels.nth(i).bounding_box() for i in range(panels.count())]
    found = [box for box in boxes if box is not None]
    assert len(found) == panels.count() > 3, "a panel is hidden"
    beside = len({round(box["x"]) for box in found})
    assert beside == (3 if width == 1280 else 1), f"{beside} panels stand side by side at {width} px"
    for i in range(panels.count()):
        letters = panels.nth(i).locator("svg text").first.evaluate("e => e.getBoundingClientRect().height")
        assert letters >= 9, f"letters of panel {i} are {letters} px high at {width} px"
    page.context.close()


def _see_charts(page: Page, kind: str, width: int) -> None:
    """Every chart can be seen and read at this width."""
    shown = page.locator("figure.plot svg.chart:visible")
    assert shown.count() == page.locator("figure.plot").count(), f"{kind} at {width} px: {shown.count()} charts"
    for i in range(shown.count()):
        box = shown.nth(i).bounding_box()
        assert box is not None
        assert box["width"] > 0.8 * min(width - 64, 896), f"{kind} at {width} px: chart {i} is {box['width']} px wide"
        assert box["height"] > 150, f"{kind} at {width} px: chart {i} is {box['height']} px high"
        letters = shown.nth(i).locator("text").first.evaluate("e => e.getBoundingClientRect().height")
        assert letters >= 10, f"{kind} at {width} px: letters of chart {i} are {letters} px high"
        # Lines take their colours from the style sheet: what it does not know is drawn in no colour at all.
        strokes = shown.nth(i).evaluate(
            "e => [...e.querySelectorAll('path')].map(p => getComputedStyle(p).stroke).filter(s => s !== 'none')"
        )
        assert len(set(strokes)) > 1, f"{kind} at {width} px: lines of chart {i} are drawn in {set(strokes)}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", _KINDS)
def test_words_stand_out_from_their_ground(browser: Browser, pages: dict[str, Path], kind: str, scheme: Scheme) -> None:
    """Contrast of 4.5 to 1 (WCAG 2.2, 1.4.3) for every text, chart letters included."""
    page, _ = _opened(browser, pages[kind], 1280, scheme)
    weak = page.evaluate(
        """() => {
            const light = colour => {
                const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(c => c / 255)
                    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const paper = light(getComputedStyle(document.documentElement).backgroundColor);
            return [...document.querySelectorAll('main *, header *, footer *')]
                .filter(e => !e.closest('details, title, desc'))
                .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
                .map(e => [e.textContent.trim().slice(0, 40), light(e.closest('svg') ? getComputedStyle(e).fill
                    : getComputedStyle(e).color)])
                .map(([text, l]) => [text, (Math.max(l, paper) + 0.05) / (Math.min(l, paper) + 0.05)])
                .filter(([, contrast]) => contrast < 4.5);
        }"""
    )
    assert not weak, f"{kind}, {scheme}: too little contrast: {weak[:5]}"
    page.context.close()


@pytest.mark.parametrize("kind", _KINDS)
def test_page_prints_with_head_and_numbers(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    page, _ = _opened(browser, pages[kind], 1280, "dark")
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
    count = len(printed.pages)
    assert 1 <= count <= (20 if kind in {"stress", "compliance"} else 12), f"{kind} prints on {count} pages"
    for number, sheet in enumerate(printed.pages, start=1):
        text = sheet.extract_text()
        assert f"Page {number} of {count}" in text, f"{kind}: page {number} does not carry its number"
        assert ("Desk of tests" if kind == "index" else "Guarded Fund") in text, f"{kind}: no head on page {number}"
        assert "Chain entry " in text, f"{kind}: page {number} does not carry its anchor"
        assert float(sheet.mediabox.width) == pytest.approx(595.0, abs=2.0), f"{kind}: page {number} is not A4"
    page.context.close()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("kind", _KINDS)
def test_every_heading_can_be_seen(browser: Browser, pages: dict[str, Path], kind: str, width: int) -> None:
    page, _ = _opened(browser, pages[kind], width)
    hidden = page.evaluate(
        """() => [...document.querySelectorAll('h1, h2, h3, h4')].filter(e => {
            const box = e.getBoundingClientRect();
            const seen = e.checkVisibility({opacityProperty: true, visibilityProperty: true});
            return box.width < 2 || box.height < 8 || !seen;
        }).map(e => e.textContent)"""
    )
    assert not hidden, f"{kind} at {width} px: headings {hidden} cannot be seen"
    page.context.close()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", _KINDS)
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], kind: str, scheme: Scheme, width: int) -> None:
    """The rules of axe-core: WCAG 2 A and AA, and what it calls best practice."""
    if not _AXE.is_file():
        pytest.skip(
            "axe-core is not installed (`npm install --no-package-lock --prefix tests/browser`): rules not run."
        )
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(pages[kind].as_uri())
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html]))")
    assert not found, f"{kind}, {scheme}, {width} px: {found}"
    context.close()


def test_hostile_names_change_nothing_for_a_browser(browser: Browser, tmp_path: Path) -> None:
    records = live(contract(), prices(3))

    def elements(name: str) -> tuple[int, list[str]]:
        fund = dataclasses.replace(contract(), name=name, instrument=name)
        report = dataclasses.replace(rebalance.build(fund, records[-1], records, ANCHOR), charts=())
        path = tmp_path / "hostile.html"
        path.write_text(render(report), encoding="utf-8")
        page, troubles = _opened(browser, path, 400)
        count = page.evaluate("document.querySelectorAll('*').length")
        assert page.evaluate("document.title").startswith("Rebalance report"), f"{name!r} broke the title"
        page.context.close()
        return count, troubles

    expected, _ = elements("Tame")
    for name in NAMES[: len(NAMES) // 3 : 8]:
        count, troubles = elements(name)
        assert count == expected, f"{name!r}: {count} elements instead of {expected}"
        assert not troubles, f"{name!r}: {troubles}"
