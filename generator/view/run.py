"""Runs the viewer until it is interrupted. Listens on 127.0.0.1 only, and prints nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import uvicorn

from generator.listening import listening
from generator.prices import Prices
from generator.view.app import build_app
from generator.view.shelf import Shelf

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 1
"""How long answers under way may take once the viewer has been told to end."""


def run(path: Path, port: int, ready: Callable[[str], None]) -> None:
    """Show the runs at `path` until Ctrl-C; `ready` is told the address once it listens.

    Raises InputError if there is nothing to show, or if it cannot listen there.
    """
    app = build_app(Shelf(path), Prices.load().cost)
    with listening(HOST, port) as listener:
        ready(f"http://{HOST}:{port}/")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
