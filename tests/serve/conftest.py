"""A real server on a real port, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import openai
import pytest
import uvicorn

from generator.chat.rehearsal.chat import Rehearsal
from generator.schema.label import LABELS
from generator.serve.app import build_app
from generator.session import Session
from tests.builders import prompts_of


class Recorded(Rehearsal):
    """The rehearsal speaker, keeping what it was asked."""

    def __init__(self):
        self.requests = []

    async def speak(self, request):
        self.requests.append(request)
        return await super().speak(request)


def rehearse(of):
    """The session of a spec spoken in this process, and the requests made for it."""
    chat = Recorded()
    return spoken_by(of, chat), chat.requests


def spoken_by(of, chat):
    session = Session(of, prompts_of(of), dict.fromkeys(LABELS, chat))

    async def run():
        try:
            async for _ in session.run():
                pass
        finally:
            await chat.close()

    asyncio.run(run())
    return session


def listening(app):
    """A started server for `app`, its thread and its base URL."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server has not started"
        time.sleep(0.01)
    return server, thread, f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.fixture(scope="session")
def base_url():
    server, thread, url = listening(build_app())
    yield url
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def client(base_url):
    with openai.OpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
        yield client
