"""What the README and the docs say is true now."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from docs.reference import PAGE, reference
from generator.assets import Assets
from generator.cli import COMMANDS
from generator.schemas import schemas

COUPLESIM = str(Path(sys.executable).parent / "couplesim")
ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_readme_opens_with_two_commands_that_make_knows():
    commands = [line.split("#")[0].strip() for line in blocks("sh")[0].splitlines()]
    assert commands == ["make demo", "make test"]
    for command in commands:
        subprocess.run([*shlex.split(command), "--dry-run"], cwd=ROOT, check=True, capture_output=True)


def test_ci_calls_the_readmes_test_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readmes_generate_lines_are_understood(tmp_path):
    """Each is previewed with its own options: no key, nothing is sent."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if "couplesim generate" in line]
    assert len(lines) >= 4
    for line in lines:
        options = shlex.split(line.split("couplesim generate", 1)[1], comments=True)
        told = subprocess.run([COUPLESIM, "preview", *options, "--json"], cwd=tmp_path, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr


def test_the_readmes_python_runs(capsys):
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert "SESSION: Work/Home Role Strain" in capsys.readouterr().out


def test_the_readmes_table_names_every_command():
    assert re.findall(r"^\| `couplesim (\w+)", README, re.MULTILINE) == [
        name
        for name in ("generate", "resume", "show", "list", "preview", "init", "serve", "schema")
        if name in COMMANDS
    ]
    assert len(COMMANDS) == 8


def test_the_command_line_reference_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == reference(), "stale: run python -m docs.reference"


@pytest.mark.parametrize("name", schemas())
def test_the_schemas_are_fresh(name):
    assert (ROOT / "schemas" / name).read_text(encoding="utf-8") == schemas()[name], "stale: run make schemas"


def test_the_changelogs_counts_are_true():
    assets = Assets([ROOT])
    said = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    counts = {kind: len(assets.all(kind)) for kind in ("couple", "therapist", "topic", "prompt set")}
    for kind, count in counts.items():
        assert f"{count} {kind}s" in said


def test_links_in_the_docs_lead_somewhere():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "seeds" / "README.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_example_is_what_the_demo_makes(tmp_path):
    """Same plan, same seed: the same bytes as the committed example."""
    subprocess.run(
        [COUPLESIM, "generate", "-n", "3", "--out", "run", "-q"], cwd=tmp_path, check=True, capture_output=True
    )
    made = {path.name: path.read_bytes() for path in (tmp_path / "run" / "transcripts").glob("*.txt")}
    kept = {path.name: path.read_bytes() for path in (ROOT / "outputs" / "example" / "transcripts").glob("*.txt")}
    assert made == kept, "stale: run make example"
    assert len(kept) == 3
