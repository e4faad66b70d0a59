"""Whole sessions against imitations of known servers: what differs between them is handled (docs/servers.md)."""

import pytest

from tests.child import served as serving
from tests.faults.quirks import LITELLM, LLAMA_CPP, OPENAI, TRANSFORMERS, VLLM
from tests.whole_sessions import Served, WholeSessions

FACTS = {
    LLAMA_CPP: {"ignores": ("max_completion_tokens",), "any_model": True, "context_tokens": 4096},
    TRANSFORMERS: {"replies_as": TRANSFORMERS.served},
    VLLM: {"context_tokens": 4096},
    LITELLM: {"ignores": ("max_tokens", "max_completion_tokens"), "tells_length": False, "true_usage": False},
    OPENAI: {"replies_as": OPENAI.served, "context_tokens": 4096, "takes_temperature": False},
}


@pytest.fixture(params=FACTS, ids=lambda profile: profile.name)
def served(request):
    with serving(request.param) as server:
        yield Served(server.url, **FACTS[request.param])
    assert {seen.path for seen in server.requests} == {"/v1/chat/completions"}


class TestQuirks(WholeSessions):
    pass
