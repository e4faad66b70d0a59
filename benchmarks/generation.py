"""Generation over HTTP: CPU a turn, use of the endpoint, memory, prompt prefixes, start.

Run: python -m benchmarks.generation [cpu|efficiency|slots|memory|prefix|start]...

The program is run and measured from outside, as a process of its own against an endpoint in another process; only
127.0.0.1 is spoken to. Each part prints one JSON object; without a name all parts are run, in about a quarter of an
hour. What the figures mean: benchmarks/README.md.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.loops import WINDOW
from benchmarks.running import Served, endpoint, generate, leave_nothing_running, python, run, until

TURNS = 31
CPU_ROUNDS = 6
CPU_SESSIONS = 96
"""Sessions of a measurement of CPU, beyond the one that is taken off as the start-up."""
CPU_CONCURRENCY = 64


def main() -> None:
    """Measure the parts named, or all."""
    leave_nothing_running()
    names = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    for name in names:
        machine = {"processors": os.cpu_count(), "load_before": round(os.getloadavg()[0], 1)}
        print(json.dumps({"part": name} | machine | PARTS[name](), indent=2), flush=True)


def cpu() -> dict[str, Any]:
    """CPU a turn beside an ordinary `openai` loop and a bare aiohttp loop, in alternating rounds, no latency."""
    with tempfile.TemporaryDirectory() as folder, endpoint() as served:
        kinds: dict[str, Callable[[int], list[str]]] = {
            "program": lambda n: generate(
                _new(folder), served, "-n", n, "--turns", TURNS, "--concurrency", CPU_CONCURRENCY
            ),
            "ordinary": lambda n: _loop("ordinary", served, n),
            "program_one_at_a_time": lambda n: generate(
                _new(folder), served, "-n", n, "--turns", TURNS, "--concurrency", 1
            ),
            "bare": lambda n: _loop("bare", served, n),
        }
        start: dict[str, list[float]] = {kind: [] for kind in kinds}
        whole: dict[str, list[float]] = {kind: [] for kind in kinds}
        served_cpu = served.cpu_seconds()
        for number in range(CPU_ROUNDS):
            for kind in kinds if number % 2 == 0 else reversed(kinds):
                start[kind].append(run(kinds[kind](1)).cpu_seconds)
                whole[kind].append(run(kinds[kind](CPU_SESSIONS + 1)).cpu_seconds)
        served_ms = 1000 * (served.cpu_seconds() - served_cpu) / served.stats()["requests"]
    started = {kind: statistics.median(each) for kind, each in start.items()}
    ms = {
        kind: [1000 * (seconds - started[kind]) / (CPU_SESSIONS * TURNS) for seconds in each]
        for kind, each in whole.items()
    }
    ratios = [ours / theirs for ours, theirs in zip(ms["program"], ms["ordinary"], strict=True)]
    return {
        **{f"{kind}_ms_per_turn": round(statistics.median(each), 3) for kind, each in ms.items()},
        "program_over_ordinary": round(statistics.median(ratios), 3),
        "program_over_ordinary_each": [round(ratio, 3) for ratio in ratios],
        "endpoint_ms_per_turn": round(served_ms, 3),
        "start_cpu_seconds": {kind: round(seconds, 2) for kind, seconds in started.items()},
        "concurrency": CPU_CONCURRENCY,
        "turns_per_round": CPU_SESSIONS * TURNS,
        "rounds": CPU_ROUNDS,
    }


def efficiency() -> dict[str, Any]:
    """The least wall time possible over the wall time taken, from the first request on."""
    return {
        "program_200ms_64": _efficiency("program", 200, 64, waves=3),
        "program_200ms_256": _efficiency("program", 200, 256, waves=3),
        "program_2s_1000": _efficiency("program", 2000, 1000, waves=3),
        "ordinary_200ms_64": _efficiency("ordinary", 200, 64, waves=1),
        "ordinary_200ms_256": _efficiency("ordinary", 200, 256, waves=1),
        "bare_200ms_64": _efficiency("bare", 200, 64, waves=1),
        "bare_200ms_256": _efficiency("bare", 200, 256, waves=1),
    }


def _efficiency(kind: str, latency_ms: int, in_flight: int, waves: int) -> dict[str, Any]:
    sessions = waves * in_flight
    with tempfile.TemporaryDirectory() as folder, endpoint(latency_ms) as served:
        options = ("-n", sessions, "--turns", TURNS, "--concurrency", in_flight)
        if kind == "program":
            command = generate(_new(folder), served, *options)
        else:
            command = _loop(kind, served, sessions, in_flight)
        served_cpu = served.cpu_seconds()
        done, seen = run(command), served.stats()
        served_cpu = served.cpu_seconds() - served_cpu
    turns = sessions * TURNS
    bound, wall = turns * latency_ms / 1000 / in_flight, done.ended_at - seen["first_request_at"]
    return {
        "efficiency": round(bound / wall, 3),
        "bound_seconds": round(bound, 1),
        "wall_seconds": round(wall, 1),
        "seconds_to_first_request": round(seen["first_request_at"] - done.began_at, 2),
        "seconds_after_last_reply": round(done.ended_at - seen["last_reply_at"], 2),
        "sessions": sessions,
        "turns": turns,
        "requests": seen["requests"],
        "in_flight_at_most": seen["in_flight_at_most"],
        "cpu_ms_per_turn_start_included": round(1000 * done.cpu_seconds / turns, 3),
        "busy_processors": round(done.cpu_seconds / done.seconds, 2),
        "busy_processors_of_endpoint": round(served_cpu / done.seconds, 2),
        "memory_mb": round(done.memory_mb),
    }


def slots() -> dict[str, Any]:
    """How much of the time between first and last request an endpoint's slots are busy, if they are few."""
    count, in_flight, sessions = 16, 64, 128
    with tempfile.TemporaryDirectory() as folder, endpoint(200, count) as served:
        run(generate(_new(folder), served, "-n", sessions, "--turns", TURNS, "--concurrency", in_flight))
        seen = served.stats()
    seconds = seen["last_request_at"] - seen["first_request_at"]
    return {
        "slots_busy": round(seen["slot_seconds"] / (count * seconds), 3),
        "slots": count,
        "concurrency": in_flight,
        "in_flight_at_most": seen["in_flight_at_most"],
        "requests": seen["requests"],
        "turns": sessions * TURNS,
        "seconds": round(seconds, 1),
    }


def memory() -> dict[str, Any]:
    """Peak memory of 1,000 sessions in flight against one, and of a plan of 10,000 sessions against 1,000."""

    def peak(served: Served, sessions: int, turns: int, in_flight: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            return run(
                generate(_new(folder), served, "-n", sessions, "--turns", turns, "--concurrency", in_flight)
            ).memory_mb

    with endpoint(2000) as served:
        flying = peak(served, 1000, TURNS, 1000)
        at_once = served.stats()["in_flight_at_most"]
    with endpoint(20) as served:
        start = peak(served, 1, TURNS, 1)
        small, large = peak(served, 1000, 4, 64), peak(served, 10_000, 4, 64)
    return {
        "mb_for_1000_in_flight": round(flying - start),
        "mb_with_1000_in_flight": round(flying),
        "mb_with_1_session": round(start),
        "in_flight_at_most": at_once,
        "mb_for_10000_sessions_over_1000": round(large - small),
        "mb_with_10000_sessions": round(large),
        "mb_with_1000_sessions": round(small),
    }


def prefix() -> dict[str, Any]:
    """Share of the prompts' bytes that the endpoint has seen as a prefix in the same session."""
    sessions = 12

    def shares(name: str, served: Served, command: list[str]) -> dict[str, float]:
        served.reset()
        run(command)
        seen = served.stats()
        assert seen["sessions"] == sessions, f"{seen['sessions']} sessions were told apart"
        return {
            name: round(seen["seen_bytes"] / seen["prompt_bytes"], 3),
            f"{name}_without_system_prompts": round(seen["seen_history_bytes"] / seen["history_bytes"], 3),
        }

    with tempfile.TemporaryDirectory() as folder, endpoint() as served:
        options = ("-n", sessions, "--turns", TURNS, "--concurrency", 4, "--layout")
        return {
            **shares("chat", served, generate(_new(folder), served, *options, "chat")),
            **shares("script", served, generate(_new(folder), served, *options, "script")),
            **shares(f"window_of_last_{WINDOW}", served, _loop("window", served, sessions)),
            "sessions": sessions,
        }


def start() -> dict[str, Any]:
    """Seconds from the command to its first request: a new run, a large plan, and a large run taken up again."""
    with tempfile.TemporaryDirectory() as folder, endpoint(200) as served:
        fresh = [until(generate(_new(folder), served, "--turns", TURNS), served, 1) for _ in range(5)]
        large = _new(folder)
        options = ("-n", 10_000, "--turns", TURNS, "--concurrency", 64)
        of_large = until(generate(large, served, *options), served, 500)
        again = [until(python("generator.cli", "resume", large, "--quiet"), served, 1) for _ in range(3)]
    return {
        "generate_seconds": round(statistics.median(fresh), 2),
        "generate_10000_sessions_seconds": round(of_large, 2),
        "resume_10000_sessions_seconds": round(statistics.median(again), 2),
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "cpu": cpu,
    "efficiency": efficiency,
    "slots": slots,
    "memory": memory,
    "prefix": prefix,
    "start": start,
}


def _loop(kind: str, served: Served, sessions: int, in_flight: int = 1) -> list[str]:
    size = ("--sessions", sessions, "--turns", TURNS, "--concurrency", in_flight)
    return python("benchmarks.loops", kind, "--base-url", served.base_url, *size)


def _new(folder: str) -> Path:
    """A folder for a run that does not exist yet."""
    return Path(tempfile.mkdtemp(dir=folder)) / "run"


if __name__ == "__main__":
    main()
