"""The gate of an endpoint, on simulated time: FAULTS rows 4, 6, 8, 9 and 12; and whether an endpoint is used fully."""

import asyncio
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.chat.gate import OUTAGE_FAILURES, Gate
from generator.errors import ProviderRefused
from tests.chat.simulated import Answer, Batching, Bucket, Loop, Mixed, Slots, World, simulate


def limit_over_time(world, since):
    """The limit at each whole second from then on, as long as there was enough to do."""
    limits, at = iter(world.limits), (0.0, 1)
    found = []
    for second in range(int(since), int(world.ended * 0.9)):
        while at[0] < second:
            at = next(limits)
        found.append(at[1])
    return found


# How many at a time


def test_the_first_request_goes_alone():
    """Row 4: whatever is wrong with the first request, no other one is spent on it."""
    world = World(Slots(100, seconds=1.0), most=64).run(sessions=64, turns=1)
    first = min(world.of("ok"))
    assert [number for when, number in world.in_flight if when < first] == [1]


def test_an_endpoint_that_scales_is_soon_asked_as_much_as_it_may_be():
    world = World(Slots(1000, seconds=1.0), most=64).run(sessions=128, turns=8)
    steps = list(dict.fromkeys(limit for _, limit in world.limits))
    assert steps == [4, 16, 64]
    assert next(when for when, limit in world.limits if limit == 64) < 5, "seconds, which are rounds"


def test_very_many_at_a_time_where_very_many_are_allowed():
    """Few places too few would make the last sessions late: the last step goes the whole way."""
    world = World(Slots(2000, seconds=1.0, spread=0.0), most=1000).run(sessions=1000, turns=31, at_a_time=1000)
    assert world.limits[-1][1] == 1000
    assert world.ended <= 31 + 2, "one request alone, then 62, then all"


@pytest.mark.parametrize("spread", [0.0, 0.3, 0.9])
def test_a_limit_settles_a_little_above_what_an_endpoint_works_on(spread):
    """More would only wait there; fewer would leave it idle."""
    world = World(Slots(16, seconds=1.0, spread=spread), most=64).run(sessions=200, turns=10)
    assert 16 <= statistics.median(limit_over_time(world, 15)) <= 28
    assert world.busy(16, since=5, until=world.ended * 0.9) >= 0.95


@pytest.mark.parametrize("slots", [1, 4, 8, 32, 48])
def test_slots_are_busy_whatever_their_number(slots):
    world = World(Slots(slots, seconds=1.0), most=64).run(sessions=400, turns=4)
    assert world.busy(slots, since=8, until=world.ended * 0.9) >= 0.95


def test_a_limit_does_not_drift_away_from_what_is_useful():
    """It looks again and again whether the endpoint has become quicker, and comes back when it has not."""
    world = World(Slots(16, seconds=1.0), most=1000).run(sessions=400, turns=30, at_a_time=300)
    limits = limit_over_time(world, 200)
    assert statistics.median(limits) <= 80, "what 62 at the start have shown to be enough"


@pytest.mark.parametrize("each_seconds", [0.0, 0.0001, 0.0005, 0.001, 0.005])
def test_an_endpoint_that_works_on_all_at_once_is_not_throttled(each_seconds):
    """It is slower with each request more, and still gets more done."""
    endpoint = Batching(each_seconds=each_seconds)
    world = World(endpoint, most=64).run(sessions=200, turns=8)
    assert world.rate(since=world.ended * 0.15, until=world.ended * 0.85) >= 0.8 * endpoint.best_rate(64)


# Refusals for load


@pytest.mark.parametrize("retry_after", [False, True])
def test_a_storm_of_refusals(retry_after):
    """Row 12."""
    world = World(Bucket(rate=5, seconds=1.0, retry_after=retry_after), most=64).run(sessions=200, turns=4)
    assert world.failed == 0
    assert len(world.of("ok")) == 800
    assert len(world.requests) <= 1.3 * 800
    assert 3 <= statistics.median(limit_over_time(world, 20)) <= 8
    assert world.rate() >= 0.9 * 5


@pytest.mark.parametrize(("rate", "seconds"), [(5, 0.05), (1, 0.05), (1, 1.0), (20, 1.0)])
def test_any_pace_that_is_allowed_is_found(rate, seconds):
    """Where one request at a time is still too many, there is a pause after each."""
    world = World(Bucket(rate=rate, seconds=seconds), most=64).run(sessions=100, turns=3)
    assert (world.failed, len(world.of("ok"))) == (0, 300)
    assert len(world.requests) <= 1.35 * 300
    assert world.rate() >= 0.6 * rate


@pytest.mark.parametrize("retry_after", [None, 0.02])
def test_refusals_now_and_then_starve_nobody(retry_after):
    """An endpoint that others use too refuses one in twenty, however little it is asked."""

    def otherwise(_, dice):
        return Answer("429", retry_after) if dice < 0.05 else None

    world = World(Mixed(Slots(1000), otherwise), most=64).run(sessions=500, turns=6)
    free = World(Slots(1000), most=64).run(sessions=500, turns=6)
    assert world.failed == 0
    assert len(world.requests) <= 1.1 * 3000
    assert world.ended <= 2 * free.ended


def passes(gate, number, order=0):
    """So many passes, given at once."""
    return [gate.enter(order) for _ in range(number)]


async def opened():
    """A gate of 64 whose limit has grown to that."""
    gate = Gate(64, asyncio.get_running_loop().time, asyncio.sleep)

    async def ask():
        leave = await gate.enter(0)
        await asyncio.sleep(1.0)
        gate.succeeded(leave)

    await asyncio.gather(*(ask() for _ in range(200)))
    assert (gate.limit, gate.in_flight) == (64, 0)
    return gate


def test_a_limit_is_cut_once_a_burst():
    """Row 8: all that were under way are refused, which is one burst; those sent after the cut may be another."""

    async def go():
        gate = await opened()
        burst = [await gate.enter(0) for _ in range(64)]
        await asyncio.sleep(1.0)
        limits = set()
        for each in burst:
            gate.overloaded(each, None, rate=True)
            limits.add(gate.limit)
        assert limits == {64, 44}
        await asyncio.sleep(0.01)
        again = [await gate.enter(0) for _ in range(10)]
        await asyncio.sleep(1.0)
        gate.overloaded(again.pop(), None, rate=True)
        assert gate.limit == 30
        for each in again:
            gate.overloaded(each, None, rate=True)
        assert gate.limit == 30

    simulate(go())


def test_what_is_to_be_waited_holds_everybody_and_no_cut_longer():
    """Row 9: the wait holds who comes; it does not decide what belongs to a burst."""

    async def go():
        loop, gate = asyncio.get_running_loop(), await opened()
        burst = [await gate.enter(0) for _ in range(50)]
        await asyncio.sleep(1.0)
        for each in burst[:40]:
            gate.overloaded(each, 30.0, rate=True)
        assert (gate.limit, gate.held_seconds) == (44, 30.0)
        for each in burst[40:]:
            gate.succeeded(each)
        began = loop.time()
        (first, *others) = await asyncio.gather(*passes(gate, 5))
        assert loop.time() == began + 30
        assert first.entered > began
        gate.overloaded(first, 5.0, rate=True)
        assert gate.limit < 44, "sent after the cut: another burst, although the wait is just over"
        for each in others:
            gate.succeeded(each)

    simulate(go())


def test_a_shorter_wait_does_not_shorten_a_longer_one():
    async def go():
        gate = await opened()
        gate.hold(30.0)
        gate.hold(2.0)
        assert gate.held_seconds == 30.0
        await asyncio.sleep(10.0)
        gate.hold(25.0)
        assert gate.held_seconds == 25.0

    simulate(go())


@pytest.mark.parametrize("looks", [[0.001], [0.001, 0.001, 0.00499]], ids=["late", "early"])
def test_whenever_the_end_of_a_wait_is_noticed_nobody_is_forgotten(looks):
    """A wait of milliseconds may be over before it is begun, and a sleep may end a little before its time. `looks`:
    when the clock is looked at after the gate was held; from then on the wait is over."""
    times = []

    async def at_once(seconds):
        await asyncio.sleep(0)

    async def run():
        gate = Gate(4, now=lambda: times.pop(0) if times else 9.0, sleep=at_once)
        times[:] = [0.0, *looks]
        came = asyncio.create_task(gate.enter(1))
        gate.hold(0.005)
        await asyncio.wait_for(came, timeout=5)

    asyncio.run(run())


def test_a_held_gate_says_why():
    """What the endpoint asked for is not what an outage, or its refusals one by one, made us wait."""

    async def go():
        gate, told = await opened(), []
        gate.failed(await gate.enter(0), 30.0)
        told.append(gate.why_held)
        for _ in range(OUTAGE_FAILURES):
            gate.failed(await gate.enter(0))
        told.append(gate.why_held)
        gate.succeeded(await gate.enter(0))
        while not gate.held_seconds:
            gate.overloaded(await gate.enter(0), None, rate=True)
            await asyncio.sleep(100.0)
            gate.succeeded(await gate.enter(0))
        return [*told, gate.why_held]

    assert simulate(go()) == ["asked", "away", "paced"]


# Outages


@pytest.mark.parametrize("kind", ["503", "500"])
@pytest.mark.parametrize("since", [0.0, 5.0], ids=["from the start", "later"])
def test_an_outage_fails_nobody(kind, since):
    """Row 6: a minute in which nothing works; it is tried by one request at a time, now this session's, now that."""

    def otherwise(now, _):
        return Answer(kind) if since < now < since + 60 else None

    world = World(Mixed(Slots(1000), otherwise), most=64).run(sessions=200, turns=6)
    assert (world.failed, len(world.of("ok"))) == (0, 1200)
    quiet = [(when, number) for when, number, what in world.requests if what == kind and when > since + 5]
    assert len(quiet) <= 15
    assert len({number for _, number in quiet}) == len(quiet), "spread over the sessions"
    under_way = {number for when, number in world.in_flight if since + 5 < when < since + 60}
    assert under_way <= {0, 1}
    back = min(when for when in world.of("ok") if when > since + 60)
    assert back < since + 60 + 15 + 2
    assert world.rate(back + 4, back + 12) > 40, "of 64: as quick as before"


def test_one_sessions_failures_are_no_outage():
    """Row 6: the others' replies say that the endpoint is there."""

    async def go():
        gate = await opened()
        for _ in range(3 * OUTAGE_FAILURES):
            bad, good = await gate.enter(1), await gate.enter(2)
            gate.failed(bad)
            gate.succeeded(good)
        assert (gate.limit, gate.held_seconds, gate.silent_seconds) == (64, 0.0, 0.0)

    simulate(go())


def test_silence_is_measured_from_the_first_failure():
    """How long an endpoint has been away is not how long nobody asked it."""

    async def go():
        gate = await opened()
        await asyncio.sleep(5000.0)
        for _ in range(OUTAGE_FAILURES):
            gate.failed(await gate.enter(1))
            assert gate.silent_seconds < 10 * OUTAGE_FAILURES
        await asyncio.sleep(100.0)
        assert gate.silent_seconds >= 100
        gate.succeeded(await gate.enter(1))
        assert gate.silent_seconds == 0

    simulate(go())


# Who goes first


async def order_of_entering(gate, waiting):
    """In which order those that wait, each an order and failed tries, are let in through one place."""
    entered = []

    async def one(order, tries):
        leave = await gate.enter(order, tries)
        entered.append((order, tries))
        await asyncio.sleep(0.1)
        gate.failed(leave, fault=False)

    await asyncio.gather(*(one(*each) for each in waiting))
    return entered


WAITING = [(5, 0), (3, 0), (4, 2), (9, 1), (1, 0), (2, 1)]


def test_who_has_failed_goes_first_then_the_first_session():
    async def go():
        gate = Gate(64, asyncio.get_running_loop().time, asyncio.sleep)
        held = await gate.enter(0)
        waiting = asyncio.create_task(order_of_entering(gate, WAITING))
        await asyncio.sleep(1.0)
        gate.failed(held, fault=False)
        return await waiting

    assert simulate(go()) == [(4, 2), (2, 1), (9, 1), (1, 0), (3, 0), (5, 0)]


def test_in_an_outage_who_has_failed_least_goes_first():
    """Else the same session would use up its tries."""

    async def go():
        gate = await opened()
        for _ in range(OUTAGE_FAILURES):
            gate.failed(await gate.enter(0))
        return await order_of_entering(gate, WAITING)

    assert simulate(go()) == [(1, 0), (3, 0), (5, 0), (2, 1), (9, 1), (4, 2)]


def test_a_shut_gate_lets_nobody_in_and_tells_everybody_why():
    async def go():
        gate = Gate(64, asyncio.get_running_loop().time, asyncio.sleep)
        held = await gate.enter(0)
        waiting = [asyncio.create_task(gate.enter(1)) for _ in range(50)]
        await asyncio.sleep(0)
        gate.shut(ProviderRefused("API key refused"))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(each) for each in results] == ["API key refused"] * 50
        with pytest.raises(ProviderRefused):
            await gate.enter(2)
        gate.succeeded(held)
        assert gate.in_flight == 0

    simulate(go())


STEPS = st.sampled_from(
    ["enter", "enter", "enter", "cancel", "succeeded", "overloaded", "failed", "hold", "wait", "breath"]
)


@settings(max_examples=150)
@given(st.lists(st.tuples(STEPS, st.integers(0, 20)), max_size=80))
def test_no_pass_is_lost_and_nobody_is_forgotten(steps):
    """Whatever happens in whatever order: who waits, and who has just been let in, may be cancelled."""

    async def go():
        loop = asyncio.get_running_loop()
        gate = Gate(8, loop.time, asyncio.sleep)
        tasks, inside = [], {}

        async def one(number):
            leave = await gate.enter(number % 3, number % 2)
            inside[number] = leave

        async def leave(way, number):
            if not inside:
                return
            held = inside.pop(sorted(inside)[number % len(inside)])
            if way == "succeeded":
                gate.succeeded(held)
            elif way == "overloaded":
                gate.overloaded(held, None if number % 2 else 1.0, rate=number % 3 > 0)
            else:
                gate.failed(held, fault=number % 2 > 0)

        before = 0
        for step, number in steps:
            if step == "enter":
                tasks.append(asyncio.create_task(one(len(tasks))))
            elif step == "cancel" and tasks:
                tasks[number % len(tasks)].cancel()
            elif step == "hold":
                gate.hold(number / 4)
            elif step == "wait":
                await asyncio.sleep(number)
            elif step == "breath":
                await asyncio.sleep(0)
            else:
                await leave(step, number)
            assert 0 <= gate.in_flight <= max(before, gate.limit)
            before = gate.in_flight
        for _ in range(len(tasks) + 1):
            await asyncio.sleep(60.0)
            assert gate.in_flight == len(inside)
            while inside:
                await leave("succeeded", 0)
        assert all(task.done() for task in tasks)
        assert gate.in_flight == 0
        assert gate.held_seconds == 0

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(go())
