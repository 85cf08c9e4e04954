"""The map page in a real browser, with no request that leaves this machine."""

import os
import runpy
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from data.tables import BELIEFS, table_from_rows
from pipelines.publish import write_edition
from pipelines.serve import make_server

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COUNT = 40
SETTLED = """() => new Promise(done => {
  const look = () => karte.map.loaded() ? done() : setTimeout(look, 50);
  karte.map.once('idle', look);
  karte.map.triggerRepaint();
})"""
DRAWN = """() => karte.map.queryRenderedFeatures({layers: ['badge', 'badge-line']})
  .map(feature => feature.properties)"""
HUE_SHARE = """async ([grade, expected, colour]) => {
  const { badge } = await import('./marks.mjs');
  const canvas = badge(grade, expected, 'none');
  const { data } = canvas.getContext('2d').getImageData(0, 0, 52, 52);
  const hue = [1, 3, 5].map(k => parseInt(colour.slice(k, k + 2), 16));
  let inside = 0, total = 0;
  for (let y = 0; y < 52; y += 1) for (let x = 0; x < 52; x += 1) {
    if (Math.hypot(x - 26, y - 26) > 14) continue;
    total += 1;
    const at = 4 * (52 * y + x);
    if (hue.every((value, k) => Math.abs(value - data[at + k]) < 40)) inside += 1;
  }
  return inside / total;
}"""

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        if os.environ.get("KARTE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"KARTE_REQUIRE_BROWSER=1 but there is no {CHROMIUM}")
        pytest.skip(f"no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=FLAGS, headless=True
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server of one drill: every grade, both channels, a confirmed and a disputed."""
    root = tmp_path_factory.mktemp("store") / "drill" / "drill-20261124"
    assets, beliefs = CASES["random_map"](COUNT, span_deg=0.02)
    rows = beliefs.to_pylist()
    for row, (grade, basis) in zip(
        rows, [(3, "confirmed"), (4, "disputed"), (-1, "none")], strict=False
    ):
        row.update(grade=grade, basis=basis, expected=3)
    write_edition(
        root,
        CASES["info"](),
        assets=assets,
        beliefs=table_from_rows(rows, BELIEFS),
        coverage=CASES["coverage_table"](),
    )
    server = make_server(root, port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def opened(browser, address, query=""):
    """The page, ready, with all requests and all errors it made."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.requests, page.errors = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{address}/{query}")
    page.wait_for_selector("body[data-ready], body[data-failed]", timeout=60_000)
    assert page.get_attribute("body", "data-failed") is None
    page.evaluate(SETTLED)
    try:
        yield page
    finally:
        page.close()


def test_every_asset_is_drawn_and_no_request_leaves_the_machine(browser, address):
    with opened(browser, address) as page:
        drawn = page.evaluate(DRAWN)
        small = {p["id"] for p in drawn}
        links = CASES["random_map"](COUNT, span_deg=0.02)[0].to_pylist()
        expected = {row["id"] for row in links if row["kind"] != "link"}
        assert small == expected
        outside = [
            url
            for url in page.requests
            if not url.startswith((address, "data:", f"blob:{address}"))
        ]
        assert outside == []
        assert len(page.requests) > 10
        assert page.errors == []
        grades = {p["grade"] for p in drawn}
        assert grades == {"NA", "D0", "D1", "D2", "D3", "D4"}
        assert {p["expected"] for p in drawn if p["grade"] == "NA"} >= {"E2"}


def test_what_is_seen_is_filled_and_what_is_expected_is_hollow(browser, address):
    with opened(browser, address) as page:
        for k, colour in ((2, "#FF9900"), (3, "#FF2800"), (4, "#AA00AA")):
            assert page.evaluate(HUE_SHARE, [f"D{k}", "E0", colour]) > 0.2
            assert page.evaluate(HUE_SHARE, ["NA", f"E{k}", colour]) == 0


def test_the_banner_says_what_this_map_is(browser, address):
    with opened(browser, address) as page:
        header = page.inner_text("header")
        for words in ("訓練", "第0版", "2026-11-24 13:30 JST", "署名なし"):
            assert words in header
        assert "D0は安全を意味しない" in page.inner_text("footer")
        assert "判定できず(未観測/遮蔽/古い/対象外)" in page.inner_text("#legend")
        page.click("#language")
        header = page.inner_text("header")
        for words in ("DRILL", "edition 0", "as of", "UNSIGNED"):
            assert words in header
        assert "D0 does not mean safe" in page.inner_text("footer")
        assert page.get_attribute("html", "lang") == "en"


def test_an_old_map_shows_its_age(browser, address):
    with opened(browser, address, "?lang=en") as page:
        shown = page.evaluate(
            """async (minutes) => {
              const { drawBanner } = await import('./panel.mjs');
              const as_of = '2026-11-24T04:30:00Z';
              const about = {drill: true, title: 't', operation: 'o', number: 0, as_of};
              const now = new Date(as_of).getTime() + minutes * 60000;
              drawBanner(about, {sha256: '0'.repeat(64)}, now);
              const age = document.getElementById('age');
              return [age.hidden, age.textContent];
            }""",
            31,
        )
        assert shown == [False, "This map is 31 min old"]


def test_an_asset_can_be_opened_by_keyboard_and_by_click(browser, address):
    with opened(browser, address, "?lang=en") as page:
        page.focus("#list button")
        page.keyboard.press("Enter")
        page.locator("#detail dt", has_text="Reasons").wait_for()
        detail = page.inner_text("#detail")
        for words in ("Grade", "Chance of D3 or D4", "Reasons", "What was not checked"):
            assert words in detail
        page.evaluate(SETTLED)
        shown = page.evaluate(
            """() => {
              const {map, state} = karte;
              const one = map.queryRenderedFeatures({layers: ['badge']})
                .find(f => f.properties.grade === 'NA' && f.geometry.type === 'Point');
              if (!one) return null;
              const at = map.project(one.geometry.coordinates);
              map.fire('click', {point: at, lngLat: map.unproject(at)});
              return [one.properties.na_reason, state.chosen.grade];
            }"""
        )
        assert shown is None or shown == ["not_observed", "NA"]


def test_filters_hide_the_other_kinds_and_grades(browser, address):
    with opened(browser, address) as page:
        page.select_option("#kind", "dam")
        page.evaluate(SETTLED)
        assert {p["kind"] for p in page.evaluate(DRAWN)} == {"dam"}
        page.select_option("#kind", "all")
        page.uncheck("input[name=grade][value=NA]")
        page.evaluate(SETTLED)
        grades = {p["grade"] for p in page.evaluate(DRAWN)}
        assert grades == {"D0", "D1", "D2", "D3", "D4"}


def test_from_afar_the_page_shows_cells_and_the_severe(browser, address):
    with opened(browser, address, "#at=8/36.01/140.01") as page:
        cells = page.evaluate(
            "() => karte.map.querySourceFeatures('cells').map(f => f.properties.level)"
        )
        assert set(cells) == {"mesh2"}
        drawn = page.evaluate(DRAWN)
        assert drawn
        assert {p["grade"] for p in drawn if p["kind"] != "link"} <= {"D3", "D4"}
