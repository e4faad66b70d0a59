"""The built wheel carries all it needs and works from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel unpacked beside nothing of the checkout; its dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    return target


def run(installed: Path, cwd: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_package_is_the_one_that_runs(installed, tmp_path):
    assert str(installed) in run(installed, tmp_path, "-c", "import generator; print(generator.__file__)")


def test_it_generates_and_lists_from_a_clean_folder(installed, tmp_path):
    assert "1 complete" in run(installed, tmp_path, "-m", "generator.cli", "generate", "--turns", "4", "-q")
    listed = run(installed, tmp_path, "-m", "generator.cli", "list")
    for shipped in ("daniel-marcus", "anya-forger", "work-home-role-strain", "baseline", "LLM Only"):
        assert shipped in listed


def test_it_lays_out_a_workspace(installed, tmp_path):
    run(installed, tmp_path, "-m", "generator.cli", "init", "study")
    laid_out = {path.name for path in (tmp_path / "study").iterdir()}
    assert laid_out == {"personas", "prompts", "seeds", "schemas", "outputs", "plan.yaml", "prices.yaml"}
    assert "1 complete" in run(
        installed, tmp_path / "study", "-m", "generator.cli", "generate", "plan.yaml", "-n", "1", "-q"
    )


def test_the_pages_of_the_viewer_come_with_it(installed, tmp_path):
    asked = """
import asyncio
from pathlib import Path
from generator.view.app import build_app
from generator.view.shelf import Shelf
sent = []
async def send(message): sent.append(message)
async def ask(path):
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"localhost")], "query_string": b""}
    await build_app(Shelf(Path(".")), lambda model, usage: None)(scope, None, send)
for path in ("/", "/static/page.css", "/static/view.js"):
    asyncio.run(ask(path))
print([message["status"] for message in sent if "status" in message])
"""
    assert run(installed, tmp_path, "-c", asked) == "[200, 200, 200]\n"


def test_a_report_can_be_written_with_it(installed, tmp_path):
    told = run(installed, tmp_path, "-m", "generator.cli", "generate", "--turns", "4", "-q", "--report", "page.html")
    assert "report:      page.html" in told
    assert "Synthetic." in (tmp_path / "page.html").read_text(encoding="utf-8")
