"""Reads the environment: keys, and which chat speaks for whom. Nothing below this floor looks at it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from generator.chat.protocol import Asked, Chat
from generator.errors import InputError
from generator.schema.label import PRINCIPALS, Label
from generator.schema.session import REHEARSAL, Cast, Model

if TYPE_CHECKING:
    from generator.chat.endpoint import Endpoint
    from generator.chat.gate import Gate

OPENAI_KEY_ENV = "OPENAI_API_KEY"


class Chats:
    """The chats of a run: one connection pool an endpoint and key. Close it when done."""

    def __init__(self, environment: Mapping[str, str] | None = None, most_requests: int = 64) -> None:
        """`environment`: where keys are looked up. None: the process's own. `most_requests`: under way at a time, to
        each endpoint."""
        self._most_requests = most_requests
        self._environment = os.environ if environment is None else environment
        self._open: dict[tuple[str | None, str | None], Endpoint] = {}

    def of(self, cast: Cast) -> dict[Label, Chat]:
        """Who speaks for each label. Raises InputError if a key is missing."""
        return {label: self._chat(cast.of(label)) for label in PRINCIPALS}

    def judge(self, model: Model) -> Asked:
        """What answers a judge's questions. Raises InputError if the key is missing, or no model is named."""
        if model.name == REHEARSAL:
            raise InputError("the rehearsal speaker cannot judge: it is scripted; name a model with --judge-model")
        return self._endpoint(model)

    def gates(self) -> list[Gate]:
        """The gates of the endpoints that have been asked."""
        return [endpoint.gate for endpoint in self._open.values()]

    async def close(self) -> None:
        """Close all connections."""
        for chat in self._open.values():
            await chat.close()

    def _chat(self, model: Model) -> Chat:
        if model.name == REHEARSAL and model.base_url is None:
            from generator.chat.rehearsal.chat import Rehearsal

            return Rehearsal()
        return self._endpoint(model)

    def _endpoint(self, model: Model) -> Endpoint:
        identity = (model.base_url, model.key_env)
        if identity not in self._open:
            from generator.chat.endpoint import Endpoint

            self._open[identity] = Endpoint(model.base_url, self._key(model), most_requests=self._most_requests)
        return self._open[identity]

    def _key(self, model: Model) -> str:
        """The key for a model's endpoint; one meant for OpenAI is sent nowhere else."""
        name = model.key_env or (OPENAI_KEY_ENV if model.base_url is None else None)
        if name is None:
            return ""
        key = self._environment.get(name, "").strip()
        if not key:
            raise InputError(
                f"model {model.name!r} needs a key: set {name} in the environment "
                "(a server of your own: --base-url http://localhost:8000/v1; no model at all: leave --model out)"
            )
        return key
