"""Take the picture of the map that the README shows.

    python tests/pipelines/screenshot.py STORE OUT.png ['?lang=en#at=15/36.1/140.1']

Needs Debian's chromium; nothing is asked of any other machine.
"""

import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from pipelines.serve import make_server

FLAGS = (
    "--no-sandbox --use-angle=swiftshader --enable-unsafe-swiftshader "
    "--ignore-gpu-blocklist --no-first-run --disable-background-networking"
)
SETTLED = """() => new Promise(done => {
  const look = () => karte.map.loaded() ? done() : setTimeout(look, 50);
  karte.map.once('idle', look);
  karte.map.triggerRepaint();
})"""


def screenshot(store, picture, query=""):
    """Serve the store, open its map, and write what a reader sees."""
    server = make_server(Path(store), port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=FLAGS.split()
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{server.server_port}/{query}")
        page.wait_for_selector("body[data-ready], body[data-failed]")
        page.evaluate(SETTLED)
        if page.locator("#list button").count():
            page.locator("#list button").first.click()
            page.locator("#detail dt").first.wait_for()
            page.wait_for_timeout(1500)  # the map flies there
            page.evaluate(SETTLED)
        page.screenshot(path=picture)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    screenshot(*sys.argv[1:4])
