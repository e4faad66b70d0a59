"""One browser for each module of tests, and windows that fail their test if anything is complained of.

A browser has an event loop in this thread as long as it runs, so it ends with its module: tests elsewhere have their
own loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Watched, started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens windows: `window(size=PHONE, color_scheme="dark")`."""
    opened: list[Watched] = []

    def open_one(**options: Any) -> Watched:
        opened.append(Watched(browser, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
