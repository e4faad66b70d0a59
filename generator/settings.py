"""Reads the environment: keys, and which chat speaks for whom. Nothing below this floor looks at it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from generator.chat.protocol import Chat
from generator.errors import InputError
from generator.schema.session import REHEARSAL, Cast, Label, Model

LABELS: tuple[Label, ...] = ("Therapist", "Patient A", "Patient B")


class Chats:
    """The chats of a run: one connection pool an endpoint and key. Close it when done."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: where keys are looked up. None: the process's own."""
        self._environment = os.environ if environment is None else environment
        self._open: dict[tuple[str | None, str], Chat] = {}

    def of(self, cast: Cast) -> dict[Label, Chat]:
        """Who speaks for each label. Raises InputError if a key is missing."""
        return {label: self._chat(cast.of(label)) for label in LABELS}

    async def close(self) -> None:
        """Close all connections."""
        for chat in self._open.values():
            await chat.close()

    def _chat(self, model: Model) -> Chat:
        if model.name == REHEARSAL and model.base_url is None:
            from generator.chat.rehearsal.chat import Rehearsal

            return Rehearsal()
        identity = (model.base_url, model.key_env)
        if identity not in self._open:
            from generator.chat.endpoint import Endpoint

            self._open[identity] = Endpoint(model.base_url, self._key(model))
        return self._open[identity]

    def _key(self, model: Model) -> str:
        key = self._environment.get(model.key_env, "").strip()
        host = urlsplit(model.base_url or "").hostname
        if not key and (host is None or not _is_near(host)):
            raise InputError(
                f"model {model.name!r} needs a key: set {model.key_env} in the environment "
                "(a server of your own: --base-url http://localhost:8000/v1; no model at all: leave --model out)"
            )
        return key


def _is_near(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"} or host.startswith(("10.", "192.168.")) or host.endswith(".local")
