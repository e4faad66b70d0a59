"""What docs/export.md says is true now."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from docs.reference import EXPORTS, with_columns
from generator.export import FORMATS, Wish, place_of
from tests.child import COUPLESIM, couplesim, environment
from tests.export.conftest import SAID
from tests.export.test_tables import as_csv
from tests.test_docs import told

PAGE = EXPORTS.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the page's commands were run, from top to bottom; each worked."""
    folder = tmp_path_factory.mktemp("page")
    path = f"{Path(COUPLESIM).parent}{os.pathsep}{os.environ['PATH']}"
    for _, language, text in told(PAGE):
        if language == "sh":
            done = subprocess.run(
                ["bash", "-ec", text], cwd=folder, env=environment(PATH=path), capture_output=True, encoding="utf-8"
            )
            assert done.returncode == 0, done.stderr
    return folder


def test_the_pages_commands_make_what_it_says(folder):
    run = folder / "outputs" / "study"
    assert {path.name for path in (run / "export").iterdir()} == {"sessions.jsonl", "sessions.jsonl.about.json"}
    assert (folder / "messages.jsonl").read_text(encoding="utf-8").count("\n") == 3
    assert {path.name for path in (folder / "study-data").iterdir()} == {"README.md", "about.json", "data"}
    rendered = couplesim(folder, "render", "outputs/study")
    assert rendered.stdout in [text for _, language, text in told(PAGE) if language == "text"]


def test_the_pages_python_undoes_the_apostrophes(made, tmp_path, monkeypatch):
    (script,) = [text for _, language, text in told(PAGE) if language == "python"]
    (tmp_path / "turns.csv").write_text(as_csv(made), encoding="utf-8", newline="")
    monkeypatch.chdir(tmp_path)
    names: dict[str, list[dict[str, str]]] = {}
    exec(compile(script, "export.md", "exec"), names)
    assert {row["text"] for row in names["rows"]} >= set(SAID)


def test_the_page_names_every_format_place_and_option(tmp_path):
    for name, format_ in FORMATS.items():
        (row,) = re.findall(rf"^\| `{name}` \|.*\| `([^`]+)`.*\|$", PAGE, re.MULTILINE)
        assert row.rstrip("/") == place_of(tmp_path, Wish(name)).name
        assert row.endswith("/") == format_.is_folder
    known = set()
    for command in ("export", "render", "status"):
        known |= set(re.findall(r"--[a-z-]+", couplesim(tmp_path, command, "--help").stdout))
    page = PAGE.replace("--retry-failed", "")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) == known - {"--help"}


def test_the_tables_of_columns_are_fresh():
    assert with_columns(PAGE) == PAGE, "stale: run python -m docs.reference"
