"""Listens on this machine and nowhere else, for the servers of the command line."""

from __future__ import annotations

import errno
import socket

from generator.errors import InputError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
BACKLOG = 2048


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on a loopback address. Raises InputError if it cannot, or if `host` is another."""
    if host not in LOOPBACK:
        raise InputError(f"{host}: couplesim listens on this machine only; choose one of {', '.join(LOOPBACK)}")
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
