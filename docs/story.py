"""Carries out every command of docs/story.md in a new folder and writes what it says into the page.
Run: python -m docs.story"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parent / "story.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def told(page: str, folder: Path) -> str:
    """The page with the answers as they are now. Raises CalledProcessError if a command ends with anything but 0."""
    where = [folder]

    def answered(block: re.Match[str]) -> str:
        lines = []
        for line in block.group(1).splitlines():
            if line.startswith("$ "):
                lines += [line, *_run(line.removeprefix("$ "), where)]
        return "```console\n" + "\n".join(lines) + "\n```"

    return _BLOCK.sub(answered, page)


def _run(command: str, where: list[Path]) -> list[str]:
    """What one line says, standard error included; where it leaves us is remembered in `where`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command}\necho; pwd"],
        cwd=where[0], env={**os.environ, "PATH": path, "COLUMNS": "100", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=True,
    )  # fmt: skip
    *said, _, here = done.stdout.rstrip("\n").split("\n")
    where[0] = Path(here)
    while said and not said[-1].strip():
        said.pop()
    return [line.rstrip() for line in said]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as new:
        PAGE.write_text(told(PAGE.read_text(encoding="utf-8"), Path(new)), encoding="utf-8")
