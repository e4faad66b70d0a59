"""Whole sessions against servers that nobody here wrote. `make real-servers` runs this; `make test` does not."""

import pytest

from tests.real_servers.servers import CONTEXT_TOKENS, LLAMA, TRANSFORMERS, prepare, started
from tests.whole_sessions import Served, WholeSessions

FACTS = {
    LLAMA: {
        "ignores": ("max_completion_tokens",),
        "overshoots": 3,  # to finish a character of several bytes
        "any_model": True,
        "context_tokens": CONTEXT_TOKENS,
    },
    TRANSFORMERS: {"replies_as": "tiny@main"},
}


@pytest.fixture(scope="module", params=FACTS, ids=lambda kind: kind.name)
def served(request):
    prepare(request.param)
    with started(request.param) as base_url:
        yield Served(base_url, **FACTS[request.param])


@pytest.mark.real_servers
class TestRealServers(WholeSessions):
    pass
