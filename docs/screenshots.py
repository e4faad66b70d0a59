"""Makes the pictures in docs/screenshots/: the report and the viewer over a small rehearsal, light and dark, on a
desktop and on a phone. Run: python -m docs.screenshots"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.chromium import DESKTOP, PHONE, started

FOLDER = Path(__file__).parent / "screenshots"
COUPLESIM = (sys.executable, "-m", "generator.cli")
COLOURS = 96
"""Enough for pages of text, in a third of the bytes."""
PLAN = """
factors:
  couple: [daniel-marcus, ruth-harold, mei-jonas, elena-viktor]
  prompts: [baseline, candid]
repeats: 3
turns: 31
"""
SHOTS = {
    "viewer-sessions": ("/run/study", ""),
    "viewer-session": ("/run/study/session/2?prompts=candid", ""),
    "viewer-pair": ("/run/study/session/1?beside=2", "ul.row:nth-of-type(2)"),
    "report": ("report.html", ""),
    "report-comparison": ("report.html", "#comparison"),
    "report-pictures": ("report.html", "#pictures"),
    "report-transcript": ("report.html#s-1-1", ""),
}
"""Name of each picture: the page, and what of it is to stand at the top."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
        for command in (("generate", "plan.yaml", "--out", "outputs/study"), ("report", "outputs/study")):
            subprocess.run([*COUPLESIM, *command], cwd=folder, check=True, capture_output=True)
        with viewer(folder) as base, started() as browser:
            for name, (page, top) in SHOTS.items():
                address = base + page if page.startswith("/") else f"{(folder / 'outputs/study').as_uri()}/{page}"
                shoot(browser, name, address, top)


@contextmanager
def viewer(folder: Path) -> Iterator[str]:
    """The viewer over `outputs` in this folder; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen([*COUPLESIM, "view", "--port", str(port)], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        until_checked(base)
        yield base
    finally:
        running.terminate()
        running.wait()


def until_checked(base: str, seconds: float = 60.0) -> None:
    """Wait until the viewer answers and all sessions have been checked."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/run/study/checks") as answer:
                if b"Being checked" not in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError(base)


def shoot(browser: Browser, name: str, address: str, top: str) -> None:
    """The four pictures of a page."""
    for scheme in ("light", "dark"):
        for device, (width, height) in (("desktop", DESKTOP), ("phone", PHONE)):
            page: Page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(address)
            page.wait_for_load_state("networkidle")
            if top:
                page.locator(top).first.evaluate("it => window.scrollBy(0, it.getBoundingClientRect().top - 8)")
            path = FOLDER / f"{name}-{scheme}-{device}.png"
            page.screenshot(path=path)
            page.close()
            Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
