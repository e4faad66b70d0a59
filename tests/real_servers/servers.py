"""Installs and starts servers that nobody here wrote, with tiny random models: on 127.0.0.1 and free ports only.

Each has an environment of its own under `.real-servers/`, made once; the wheel that takes long to build is kept in
`.real-servers/wheels`. Nothing is fetched but packages, by the ordinary installer.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / ".real-servers"
WHEELS, MODELS, LOGS = PLACE / "wheels", PLACE / "models", PLACE / "logs"
MODEL = "tiny"
CONTEXT_TOKENS = 6144
"""Room for a dozen turns after the shipped prompts, which are long in so small a vocabulary."""
UP_WITHIN_SECONDS = 300.0


@dataclass(frozen=True)
class Kind:
    """A server: what it needs, how its model is made, how it is started."""

    name: str
    built: str | None
    """The requirement that is compiled here and kept as a wheel; None if all come ready made."""
    model: tuple[str, str]
    """Arguments of models.py: what to make, and under which name."""
    command: tuple[str, ...]
    """Relative to the environment's `bin`; `PORT` stands for the port. Run in the folder of the models."""

    @property
    def environment(self) -> Path:
        return PLACE / self.name

    @property
    def requirements(self) -> Path:
        return HERE / f"{self.name}.txt"


LLAMA = Kind(
    "llama",
    built="llama-cpp-python",
    model=("gguf", f"{MODEL}.gguf"),
    command=(
        "python", "-m", "llama_cpp.server", "--model", f"{MODEL}.gguf", "--model_alias", MODEL,
        "--n_ctx", str(CONTEXT_TOKENS), "--n_threads", "1", "--n_threads_batch", "1", "--chat_format", "chatml",
        "--host", "127.0.0.1", "--port", "PORT",
    ),
)  # fmt: skip
TRANSFORMERS = Kind(
    "transformers",
    built=None,
    model=("folder", MODEL),
    command=("transformers", "serve", MODEL, "--device", "cpu", "--host", "127.0.0.1", "--port", "PORT"),
)


def prepare(kind: Kind) -> None:
    """The environment and the model, as far as they are not there yet."""
    ready = kind.environment / "ready"
    wanted = kind.requirements.read_text("utf-8")
    if not ready.exists() or ready.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", kind.environment], check=True)
        pip = [kind.environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
        WHEELS.mkdir(parents=True, exist_ok=True)
        if kind.built is not None:
            (pinned,) = (line for line in wanted.split() if line.startswith(kind.built))
            if not list(WHEELS.glob(f"{kind.built.replace('-', '_')}-{pinned.partition('==')[2]}-*.whl")):
                print(f"compiling {pinned}, once; about a quarter of an hour", flush=True)
                name = pinned.replace("[server]", "")
                subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", WHEELS, name], check=True)
        print(f"installing {' '.join(wanted.split())}", flush=True)
        subprocess.run(
            [*pip, "install", "--quiet", "--find-links", WHEELS, "--requirement", kind.requirements], check=True
        )
        ready.write_text(wanted, "utf-8")
    what, name = kind.model
    maker, made = HERE / "models.py", MODELS / name
    if not made.exists() or made.stat().st_mtime < maker.stat().st_mtime:
        MODELS.mkdir(parents=True, exist_ok=True)
        subprocess.run([kind.environment / "bin" / "python", maker, what, made], check=True, env=_offline())
        made.touch()


@contextmanager
def started(kind: Kind) -> Iterator[str]:
    """The server while it runs: its base URL. Its log is kept in `.real-servers/logs`."""
    port = _free_port()
    program, *arguments = kind.command
    command = [kind.environment / "bin" / program, *(str(port) if word == "PORT" else word for word in arguments)]
    LOGS.mkdir(parents=True, exist_ok=True)
    with (
        (LOGS / f"{kind.name}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, cwd=MODELS, env=_offline(), stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait_until_up(port, process, Path(log.name))
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + UP_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5).close()
        except urllib.error.HTTPError:
            return  # any answer will do
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"the server did not come up; see {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _offline() -> dict[str, str]:
    """Without keys, and without leave to look for models elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}


def main(names: Sequence[str]) -> None:
    """Prepare the servers named, or all."""
    for kind in (LLAMA, TRANSFORMERS):
        if not names or kind.name in names:
            prepare(kind)


if __name__ == "__main__":
    main(sys.argv[1:])
