"""`couplesim report` and `--report`: where the page is, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.child import couplesim
from tests.export.conftest import make
from tests.test_docs import EXTRA_LIBRARIES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    make(folder / "run")
    return folder


def test_the_page_stands_in_the_run_and_its_path_is_told(folder):
    done = couplesim(folder, "report", "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("report:      run/report.html (")
    assert (folder / "run" / "report.html").read_bytes().endswith(b"</html>")


def test_the_same_ledger_gives_the_same_page_wherever_it_is_written(folder):
    for name in ("one.html", "two.HTM"):
        assert couplesim(folder, "report", "run", "run/ledger.db", "--out", name).returncode == 0
    assert (folder / "one.html").read_bytes() == (folder / "two.HTM").read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "there is no run here"),
        (["run", "--out", "plan.yaml"], "a name that ends in .html"),
        ([], "Missing argument"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(folder, words, told):
    before = sorted(folder.iterdir())
    done = couplesim(folder, "report", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert sorted(folder.iterdir()) == before


def test_generate_writes_one_if_asked_and_never_in_the_place_of_a_plan(tmp_path):
    (tmp_path / "plan.yaml").write_text("turns: 4\n")
    size = ("-q", "--turns", "4", "--out", "run")
    refused = couplesim(tmp_path, "generate", *size, "--report", "plan.yaml")
    assert refused.returncode == 2
    assert "a name that ends in .html" in refused.stderr
    assert (tmp_path / "plan.yaml").read_text() == "turns: 4\n"
    assert not (tmp_path / "run").exists()
    done = couplesim(tmp_path, "generate", *size, "--report", "page.html", "--json")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert "report:      page.html" in done.stderr
    assert (tmp_path / "page.html").exists()


def test_compare_reports_what_it_has_compared(folder):
    done = couplesim(folder, "compare", "run", "--by", "couple", "--report", "couples.html", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["by"] == "couple"
    assert "report:      couples.html" in done.stderr
    assert "by <code>couple</code>" in (folder / "couples.html").read_text(encoding="utf-8")


def test_tune_reports_what_it_has_compared(tmp_path):
    size = ("--couples", 1, "-n", 1, "--turns", 4, "-q")
    done = couplesim(tmp_path, "tune", "--prompts", "candid", *size, "--report", "tuned.html")
    assert done.returncode == 0, done.stderr
    assert "report:      tuned.html" in done.stdout
    assert "by <code>prompts</code>" in (tmp_path / "tuned.html").read_text(encoding="utf-8")


def test_without_a_desktop_the_page_is_written_and_not_opened(folder):
    done = couplesim(folder, "report", "run", "--open", DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 0
    assert "no desktop" in done.stderr


def test_without_the_extra_libraries_the_rest_is_there(folder):
    bare = f"import sys; sys.modules.update(dict.fromkeys({EXTRA_LIBRARIES})); from generator.cli import main; main()"
    command = [sys.executable, "-c", bare, "report", "run", "--out", "bare.html"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    page = (folder / "bare.html").read_text(encoding="utf-8")
    assert "figures need the extra libraries" in page
    assert 'id="pack-1-1"' in page
    assert 'id="picture-cut"' in page
    assert 'id="picture-affect"' not in page
