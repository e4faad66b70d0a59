"""Who may come in, and what every answer carries: only this machine's own pages, only to read, and no page that could
run or fetch anything that is not here."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = {"127.0.0.1", "localhost", "::1"}
METHODS = ("GET", "HEAD")
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Door:
    """Refuses other names of this host (which foreign pages could have made up), foreign origins and all methods that
    are not for reading."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; anything else than HTTP is not answered."""
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = _refusal(scope["method"], Headers(scope=scope))
        await (refused or self._app)(scope, receive, sent)


def _refusal(method: str, headers: Headers) -> PlainTextResponse | None:
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or _name(f"//{hosts[0]}") not in NAMES:
        return PlainTextResponse("This page is at http://127.0.0.1 and http://localhost only.\n", 400)
    if any(origin != f"http://{hosts[0]}" for origin in origins):
        return PlainTextResponse("Other pages have no business here.\n", 403)
    if method not in METHODS:
        return PlainTextResponse("There is nothing here but to be read.\n", 405, {"allow": ", ".join(METHODS)})
    return None


def _name(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.netloc == url[2:] and "@" not in url else None
    except ValueError:
        return None
