"""What a turn, a session and a run may take."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.budget import UNLIMITED_RESERVE, Purse, RunPurse, asked_tokens, spoken_tokens
from generator.errors import CapReached
from generator.schema.session import Budget, Model
from generator.schema.turn import Reply, Usage
from tests.chat.simulated import simulate


def took(usage, wasted=0):
    return Reply(text="Yes.", end="stop", usage=usage, model="m", wasted_tokens=wasted)


ROLES = Budget(turn_tokens=150, therapist_tokens=90, partner_tokens=None, facilitator_tokens=60)


@pytest.mark.parametrize(
    ("budget", "label", "tokens"),
    [
        (Budget(), "Therapist", 150),
        (ROLES, "Therapist", 90),
        (ROLES, "Patient A", 150),
        (ROLES, "Patient B", 150),
        (ROLES, "AI_Facilitator", 60),
        (Budget(partner_tokens=40), "Patient B", 40),
        (Budget(partner_tokens=40), "Therapist", 150),
        (Budget(cut="none", partner_tokens=40), "Patient B", None),
    ],
)
def test_spoken_tokens(budget, label, tokens):
    assert spoken_tokens(budget, label) == tokens


@pytest.mark.parametrize(
    ("cut", "headroom", "tokens"),
    [
        ("server", 0, 150),
        ("sentence", 0, 150),
        ("client", 0, 300),
        ("server", 1000, 1150),
        ("client", 1000, 1300),
        ("none", 0, None),
        ("none", 1000, None),
    ],
)
def test_asked_tokens(cut, headroom, tokens):
    assert asked_tokens(Budget(cut=cut), "Patient A", Model(reasoning_headroom=headroom)) == tokens


def test_a_purse_is_asked_before_and_charged_after():
    purse = Purse(1000)
    assert purse.allows(850, 150)
    assert not purse.allows(851, 150)
    purse.charge(took(Usage(prompt=400, cached=300, completion=80, reasoning=20), wasted=20))
    assert purse.spent == 500
    assert purse.allows(350, 150)
    assert not purse.allows(351, 150)


def test_a_turn_without_limit_is_reserved_for():
    assert Purse(UNLIMITED_RESERVE + 10).allows(10, None)
    assert not Purse(UNLIMITED_RESERVE + 10).allows(11, None)


def test_a_purse_without_limit_allows_everything():
    purse = Purse(None)
    purse.charge(took(Usage(prompt=10**9)))
    assert purse.allows(10**9, None)


# A run: many requests at a time


def tenths(model, usage):
    """A price that no binary fraction can hold."""
    return usage.total * 0.1


def most(tokens):
    return Usage(completion=tokens, estimated=True)


def test_a_run_is_stopped_when_nothing_under_way_can_make_room():
    """FAULTS 49: what is under way may take less than was set aside for it, so it is waited for."""

    async def go():
        purse = RunPurse(tokens=100)
        await purse.reserve("m", most(60))
        waiting = asyncio.create_task(purse.reserve("m", most(60)))
        await asyncio.sleep(1)
        assert not waiting.done()
        purse.settle("m", most(60), Usage(completion=40))
        await waiting
        late = [asyncio.create_task(purse.reserve("m", most(60))) for _ in range(3)]
        await asyncio.sleep(1)
        purse.settle("m", most(60), Usage(completion=55))
        for reached in await asyncio.gather(*late, return_exceptions=True):
            assert isinstance(reached, CapReached)
            assert str(reached) == "stopped at 95 of 100 tokens; the next request could pass the cap"

    simulate(go())


def test_a_cap_in_money_and_one_in_tokens_both_hold():
    async def go():
        purse = RunPurse(tokens=1000, cost=5.0, price=tenths, spent_tokens=48, spent_cost=4.8)
        with pytest.raises(CapReached, match=r"^stopped at \$4\.80 of \$5\.00 and 48 of 1,000 tokens; "):
            await purse.reserve("m", most(3))
        await purse.reserve("m", most(2))
        assert (purse.tokens, purse.cost) == (48, 4.8), "set aside is not spent"

    simulate(go())


def test_a_run_without_caps_waits_for_nobody():
    async def go():
        purse = RunPurse()
        for _ in range(10):
            await asyncio.wait_for(purse.reserve("m", most(10**9)), 1)

    simulate(go())


SIZES = st.integers(1, 30)
STEPS = st.sampled_from(["ask", "ask", "settle", "cancel", "breath"])


@given(st.lists(st.tuples(STEPS, SIZES, st.integers(0, 30)), max_size=60), st.integers(20, 60), st.booleans())
def test_no_interleaving_passes_a_cap_or_leaves_anybody_waiting(steps, cap, in_money):
    async def go():
        purse = RunPurse(cost=cap * 0.1, price=tenths) if in_money else RunPurse(tokens=cap)
        tasks, under_way = [], []

        async def ask(size):
            await purse.reserve("m", most(size))
            under_way.append(size)

        def settle(number):
            size = under_way.pop(number % len(under_way))
            purse.settle("m", most(size), Usage(completion=min(size, number)) if number % 4 else None)

        for step, size, number in steps:
            if step == "ask":
                tasks.append(asyncio.create_task(ask(size)))
            elif step == "settle" and under_way:
                settle(number)
            elif step == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            await asyncio.sleep(0)
            assert purse.tokens + sum(under_way) <= cap
            assert not in_money or purse.cost <= cap * 0.1
        for _ in range(len(tasks) + 1):
            await asyncio.sleep(1)
            while under_way:
                settle(1)
        assert all(task.done() for task in tasks), "nobody waits where nothing is under way"
        await asyncio.gather(*tasks, return_exceptions=True)
        left = cap - purse.tokens
        if left > 1:
            await asyncio.wait_for(purse.reserve("m", most(left - 1)), 1)

    simulate(go())
