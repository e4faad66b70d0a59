"""What the README and the docs say is true now."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from docs.reference import MEASURED, PAGE, reference, with_codes, with_measures
from generator.assets import Assets
from generator.check import RULES
from generator.check.drift import FEW_SESSIONS, WIDENED
from generator.check.mend import MENDED
from generator.cli import COMMANDS, main
from generator.metrics.figures import FIGURES
from generator.schemas import schemas

COUPLESIM = str(Path(sys.executable).parent / "couplesim")
ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHECKS = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
EXTRA_LIBRARIES = ("matplotlib", "numpy", "scipy", "statsmodels", "vaderSentiment")


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


def test_the_page_on_servers_names_commands_and_options_that_exist(tmp_path):
    """Each line is previewed with its own options, and so is every option named beside them."""
    page = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
    lines = re.findall(
        r"^.*couplesim generate (.*)$", "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)), re.MULTILINE
    )
    assert len(lines) >= 8
    for line in lines:
        command = [COUPLESIM, "preview", *shlex.split(line), "--json"]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
    known = subprocess.run([COUPLESIM, "generate", "--help"], capture_output=True, text=True, check=True).stdout
    ours = {"token-parameter", "cut", "context-tokens", "reasoning-headroom", "temperature"}
    assert ours <= set(re.findall(r"`--([a-z-]+)", page)) & set(re.findall(r"--([a-z-]+)", known))


def test_the_readmes_python_runs(capsys):
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert "SESSION: Work/Home Role Strain" in capsys.readouterr().out


def test_the_readmes_table_names_every_command():
    assert sorted(re.findall(r"^\| `couplesim ([\w-]+)", README, re.MULTILINE)) == sorted(COMMANDS)


def test_the_command_line_reference_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == reference(), "stale: run python -m docs.reference"


def test_the_table_of_codes_is_fresh():
    assert with_codes(CHECKS) == CHECKS, "stale: run python -m docs.reference"


def test_the_tables_of_measures_are_fresh():
    page = MEASURED.read_text(encoding="utf-8")
    assert with_measures(page) == page, "stale: run python -m docs.reference"


def test_every_rule_that_guesses_has_its_rate_of_false_alarms():
    rates = CHECKS.split("<!-- rates -->")[1]
    told = set(re.findall(r"^\| `([a-z-]+)`", rates, re.MULTILINE))
    assert told == {rule.code for rule in RULES.values() if rule.guess}, "run python -m benchmarks.false_alarms"


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


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Runs a command line, as it stands in a page, in a folder with transcripts."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "seeds" / "exemplars", "transcripts")

    def run(line: str) -> SimpleNamespace:
        words = shlex.split(line, comments=True)
        typed = b""
        if "<" in words:
            typed = Path(words.pop()).read_bytes()
            words.pop()
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=out, stderr=err)

    return run


def told(page: str) -> Iterator[tuple[str, str, str]]:
    """Every block of a page: the line before it, its language, its text."""
    for block in re.finditer(r"^```(\w+)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        yield page[: block.start()].rstrip().splitlines()[-1], block[1], block[2]


def test_the_page_on_checks_tells_what_happens(here):
    """From top to bottom in one folder: files are written, commands run, outputs compared, functions called."""
    out, commands, files = None, 0, set()
    for before, language, text in told(CHECKS):
        named = re.search(r"`([\w./-]+)`[:.]$", before)
        if named:
            files.add(named[1])
            Path(named[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(named[1]).write_text(text, encoding="utf-8")
        elif language == "text":
            assert out == text
        if language == "sh":
            for line in text.splitlines():
                done = here(line)
                expected = 1 if line.endswith("exit code 1") else 0
                assert done.returncode == expected, f"{line}\n{done.stdout}{done.stderr}"
                out, commands = done.stdout, commands + 1
        elif language == "python":
            names: dict[str, object] = {}
            exec(compile(text, "check.md", "exec"), names)
            tests = [function for name, function in names.items() if name.startswith("test_")]
            for test in tests:
                test()
            assert len(tests) == 2
        elif language == "yaml" and not named:
            for step in yaml.safe_load(text):
                assert here(step["run"]).returncode == 0
                assert Path("report.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert files == {"evening.txt", "evenings.yaml", ".pre-commit-config.yaml", "tests/test_transcripts.py"}
    assert commands >= 15


def test_the_page_on_measures_tells_what_happens(here, capsys):
    here("couplesim generate --sessions 2 --turns 7 --out outputs/demo --quiet")
    ran = []
    for _, language, text in told(MEASURED.read_text(encoding="utf-8")):
        ran.append(language)
        if language == "sh":
            assert [here(line).returncode for line in text.splitlines()] == [0, 0]
        else:
            exec(compile(text, "measures.md", "exec"), {})
            assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1", "2"]
    assert ran == ["sh", "python"]


def test_the_page_on_checks_names_every_option_and_no_other():
    known = set()
    for command in ("check", "profile", "fix"):
        told = subprocess.run([COUPLESIM, command, "--help"], capture_output=True, text=True, check=True).stdout
        known |= set(re.findall(r"--[a-z-]+", told))
    page = CHECKS.split("<!-- codes -->")[0]
    for line in re.findall(r"couplesim (?:generate|init).*", page):
        page = page.replace(line, "")
    said = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page))
    assert said <= known
    assert known - said <= {"--help", "--format", "--conduct", "--drift"}


def test_the_page_on_checks_gives_the_numbers_of_the_program():
    page = " ".join(CHECKS.split())
    assert "fewer than five sessions" in page
    assert "half as wide again" in page
    assert "some fifty figures" in page
    assert (FEW_SESSIONS, WIDENED) == (5, 1.5)
    assert 45 <= len(FIGURES) <= 55
    assert "the rule, the form of labels" in page
    assert {"line-ends", "blank-lines", "header-rule", "malformed-label"} <= MENDED


def test_the_users_hooks_are_the_ones_offered():
    """The configuration in the docs names hooks of this repository, and only those."""
    (config,) = (text for before, _, text in told(CHECKS) if before.endswith("`.pre-commit-config.yaml`:"))
    (repository,) = yaml.safe_load(config)["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == list(HOOKS) == ["couplesim-check", "couplesim-drift"]
    for hook in HOOKS.values():
        assert hook["language"] == "python"
        assert re.search(hook["files"], "transcripts/2026/evening.txt")
        assert re.search(hook["files"], "study/transcripts/evening.txt")
        assert not re.search(hook["files"], "requirements.txt")
        assert not re.search(hook["files"], "transcripts/notes.md")


def test_the_hooks_run(here, tmp_path):
    """As they would in a user's repository; the one without drift needs no extra library."""
    check, drift = HOOKS.values()
    files = " ".join(f"transcripts/{path.name}" for path in Path("transcripts").iterdir())
    assert here(f"{check['entry']} {files}").returncode == 0
    drift_line = f"{drift['entry']} {' '.join(drift['args'])}"
    assert here(f"{drift_line} --reference transcripts").returncode == 0
    without = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRA_LIBRARIES})); from generator.cli import main; main()"
    )
    command = [sys.executable, "-c", without, *shlex.split(check["entry"])[1:]]
    bare = subprocess.run([*command, "transcripts"], cwd=tmp_path, capture_output=True, text=True)
    assert (bare.returncode, bare.stderr) == (0, "")
    (tmp_path / "transcripts" / "broken.txt").write_text("Hello.\n", encoding="utf-8")
    broken = subprocess.run([*command, "transcripts/broken.txt"], cwd=tmp_path, capture_output=True, text=True)
    assert (broken.returncode, broken.stderr) == (1, "")


def test_without_the_extra_libraries_drift_says_what_is_missing(tmp_path):
    (tmp_path / "a.txt").write_text("Hello.\n", encoding="utf-8")
    without = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRA_LIBRARIES})); from generator.cli import main; main()"
    )
    bare = subprocess.run(
        [sys.executable, "-c", without, "check", "a.txt"], cwd=tmp_path, capture_output=True, text=True
    )
    assert bare.returncode == 2
    assert bare.stderr.count("\n") == 1
    assert "couplesim[figures]" in bare.stderr


def test_the_drift_hook_brings_the_extra_libraries_along():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert HOOKS["couplesim-drift"]["additional_dependencies"] == [".[figures]"]
    extra = re.search(r"^figures = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)[1]
    assert set(re.findall(r'"(\w+)', extra)) == set(EXTRA_LIBRARIES)
    assert "additional_dependencies" not in HOOKS["couplesim-check"]
