"""Runs the server until it is interrupted. Listens on this machine only, and prints nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import uvicorn

from generator.listening import listening
from generator.serve.app import build_app
from generator.serve.room import library

SHUTDOWN_SECONDS = 2
"""How long replies under way may take once the server has been told to end."""


def run(host: str, port: int, latency_seconds: float = 0.0, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until Ctrl-C; `ready` is told the base URL once it listens.

    Raises InputError if it cannot listen there, or if a persona file is not valid.
    """
    with listening(host, port) as listener:
        library()
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/v1")
        config = uvicorn.Config(
            build_app(latency_seconds),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
