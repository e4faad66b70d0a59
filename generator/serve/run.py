"""Runs the server until it is interrupted. Listens on this machine only, and prints nothing."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable

import uvicorn

from generator.errors import InputError
from generator.serve.app import build_app
from generator.serve.room import library

LOOPBACK = ("127.0.0.1", "::1", "localhost")
BACKLOG = 2048
SHUTDOWN_SECONDS = 2
"""How long replies under way may take once the server has been told to end."""


def run(host: str, port: int, latency_seconds: float = 0.0, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until Ctrl-C; `ready` is told the base URL once it listens.

    Raises InputError if it cannot listen there, or if a persona file is not valid.
    """
    with _listening(host, port) as listener:
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


def _listening(host: str, port: int) -> socket.socket:
    if host not in LOOPBACK:
        raise InputError(f"{host}: serve listens on this machine only; choose one of {', '.join(LOOPBACK)}")
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With the protocol left out, asyncio does not set TCP_NODELAY and every reply waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as exc:
        listener.close()
        if isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use; choose another with --port") from exc
        raise InputError(f"cannot listen on {host}, port {port}: {exc}; choose another with --port") from exc
    return listener
