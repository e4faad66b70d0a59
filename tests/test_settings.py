"""Which key goes where: one meant for OpenAI is sent nowhere else."""

from __future__ import annotations

import asyncio
import os

import pytest

from generator.api import agenerate
from generator.errors import InputError
from generator.schema.session import Cast, Model
from generator.settings import Chats
from tests.builders import spec
from tests.child import served
from tests.faults.server import ok

KEY = "sk-openai-0123456789"


def chats(model: Model, **environment: str):
    return Chats(environment).of(Cast(therapist=model, a=model, b=model))


def test_the_openai_api_needs_its_key():
    with pytest.raises(InputError, match="needs a key: set OPENAI_API_KEY"):
        chats(Model(name="gpt-4o"))
    assert chats(Model(name="gpt-4o"), OPENAI_API_KEY=KEY)["Therapist"]._key == KEY


@pytest.mark.parametrize("host", ["localhost:11434", "gpu-box:8000", "172.17.0.2", "10.evil.example", "openrouter.ai"])
def test_another_endpoint_gets_no_key_that_was_not_meant_for_it(host):
    model = Model(name="m", base_url=f"http://{host}/v1")
    assert chats(model, OPENAI_API_KEY=KEY)["Patient A"]._key == ""


def test_a_key_that_was_named_is_used_and_missed():
    model = Model(name="m", base_url="https://openrouter.ai/api/v1", key_env="ROUTER_KEY")
    assert chats(model, OPENAI_API_KEY=KEY, ROUTER_KEY="other-key-123")["Patient B"]._key == "other-key-123"
    with pytest.raises(InputError, match="set ROUTER_KEY"):
        chats(model, OPENAI_API_KEY=KEY)


def test_the_name_of_the_variable_makes_no_other_session():
    def cast(key_env):
        model = Model(name="m", base_url="http://localhost:1/v1", key_env=key_env)
        return Cast(therapist=model, a=model, b=model)

    assert spec(models=cast("A_KEY")).id == spec(models=cast("B_KEY")).id
    assert spec(models=Cast(facilitator=Model(name="other"))).id == spec().id
    assert spec(models=Cast(a=Model(name="other"))).id != spec().id


def test_the_openai_key_does_not_travel():
    """Over a real socket: the request to a server of one's own carries no key from the environment."""
    os.environ["OPENAI_API_KEY"] = KEY
    try:
        with served([ok("Good morning.")]) as server:
            asyncio.run(agenerate(model=Model(name="m", base_url=server.url), turns=1))
    finally:
        del os.environ["OPENAI_API_KEY"]
    assert KEY not in str(server.requests[0].headers)
