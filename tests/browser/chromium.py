"""A real Chromium without a window: found, started, and watched for whatever it complains of."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-quic",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
"""Without these it asks the network for this and that."""

SHOTS = Path(__file__).resolve().parents[2] / "test-artefacts"
"""Pictures of pages as tests saw them; not in git."""

DESKTOP, PHONE = (1200, 900), (390, 844)


def found() -> str | None:
    """The path of a Chromium; None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def started() -> Iterator[Browser]:
    """A Chromium for the block. Where there is none the test is skipped, loudly; in continuous integration it fails."""
    path = found()
    if path is None:
        told = f"NO CHROMIUM ({', '.join(NAMES)}): pages were not tried in a browser; install one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *(["--no-sandbox"] if root else [])])
        yield browser
        browser.close()


class Watched:
    """A browser window in which nothing may go wrong: no message on the console, no error, no dialogue, and no request
    to anywhere but where the page is from."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        width, height = options.pop("size", DESKTOP)
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, **options)
        self.context.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda request: self.requested.append(request.url))

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialogue: {dialog.message}")
        dialog.dismiss()

    def close(self) -> None:
        """Raises AssertionError if the page has complained of anything."""
        self.context.close()
        assert self.complaints == []

    def shoot(self, name: str) -> Path:
        """Keep a picture of the page as it is now."""
        SHOTS.mkdir(exist_ok=True)
        path = SHOTS / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png"
        self.page.screenshot(path=path)
        return path


def in_a_thread(work: Callable[..., T], *arguments: Any) -> T:
    """Do something that needs an event loop of its own, which it cannot have where Playwright has one."""
    assert threading.current_thread() is threading.main_thread()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *arguments).result()
