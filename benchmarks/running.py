"""Programs run and measured from outside: wall and CPU time, memory, and the endpoint that they speak to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 900.0
"""A run that takes longer is ended, and the benchmark with it."""
SAMPLED_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Run:
    """A process that has come to its end. Times are of the monotonic clock."""

    began_at: float
    ended_at: float
    cpu_seconds: float
    """User and system time, that of its own child processes included."""
    memory_mb: float
    """Peak resident memory, all its processes together at most."""

    @property
    def seconds(self) -> float:
        """Wall time."""
        return self.ended_at - self.began_at


@dataclass(frozen=True)
class Served:
    """An endpoint in a process of its own."""

    port: int
    pid: int

    @property
    def base_url(self) -> str:
        """What a client is given."""
        return f"http://127.0.0.1:{self.port}/v1"

    def reset(self) -> None:
        """Begin the endpoint's counts anew."""
        self._ask("reset")

    def stats(self) -> dict[str, Any]:
        """What the endpoint has seen since the last reset."""
        return self._ask("stats")

    def cpu_seconds(self) -> float:
        """CPU time the endpoint has used so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
        return answer


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of this project."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def generate(out: Path, served: Served, *options: object) -> list[str]:
    """The command that makes sessions with a model at the endpoint."""
    to = ("--model", "bench", "--base-url", served.base_url)
    return python("generator.cli", "generate", *to, *options, "--out", out, "--quiet")


@contextmanager
def serving(command: list[str], ready: str) -> Iterator[Served]:
    """A server in a process of its own; `command` gets the port, `ready` is a path that it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{' '.join(command)} does not answer")
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def endpoint(latency_ms: float = 0.0, slots: int | None = None) -> Iterator[Served]:
    """The benchmarks' endpoint."""
    options = ("--latency-ms", latency_ms, *(("--slots", slots) if slots else ()))
    with serving(python("benchmarks.endpoint", *options), "/stats") as served:
        yield served


def run(command: list[str]) -> Run:
    """Carry out a command to its end. Ends the benchmark, with what the command had to say, if it fails."""
    with tempfile.TemporaryFile("w+") as said:
        began_at = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True)
        over = threading.Event()
        peaks: dict[int, float] = {}
        watch = threading.Thread(target=_watch, args=(process, over, peaks), daemon=True)
        try:
            watch.start()
            _, status, used = os.wait4(process.pid, 0)
            ended_at = time.monotonic()
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            over.set()
            kill(process)
        watch.join()
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}\nended with {process.returncode}: {said.read()[-2000:]}")
    return Run(began_at, ended_at, used.ru_utime + used.ru_stime, sum(peaks.values()))


def until(command: list[str], served: Served, requests: int, within_seconds: float = 300.0) -> float:
    """Start a command and kill it once the endpoint has had so many requests; seconds from start to the first."""
    served.reset()
    began_at = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while (seen := served.stats())["requests"] < requests:
            if process.poll() is not None or time.monotonic() - began_at > within_seconds:
                raise SystemExit(f"{' '.join(command)}\nhas sent {seen['requests']} of {requests} requests")
            time.sleep(0.02)
    finally:
        kill(process)
        process.wait()
    return float(seen["first_request_at"]) - began_at


def leave_nothing_running() -> None:
    """Have a benchmark that is terminated end what it has started, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def kill(process: subprocess.Popen[Any]) -> None:
    """End a process that was started as the head of its own group, and the group, at once."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _watch(process: subprocess.Popen[Any], over: threading.Event, peaks: dict[int, float]) -> None:
    """Keep each process's peak memory until it is over, or has taken too long."""
    latest = time.monotonic() + LONGEST_SECONDS
    while not over.wait(SAMPLED_EVERY_SECONDS):
        if time.monotonic() > latest:
            kill(process)
        for member in _family(process.pid):
            try:
                status = Path(f"/proc/{member}/status").read_text()
            except OSError:
                continue
            if "VmHWM:" in status:
                peaks[member] = int(status.split("VmHWM:")[1].split()[0]) / 1024


def _family(pid: int) -> list[int]:
    """A process and all that it has started (Linux)."""
    found = [pid]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in children.read_text().split())
            except OSError:
                continue
    return found
