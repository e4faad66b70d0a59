"""The table of faults in the docs: its rows stand in order, and every test it names is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROWS = re.findall(
    r"^\| (\d+) \| (.+?) \| (.+?) \|$", (ROOT / "docs/faults.md").read_text(encoding="utf-8"), re.MULTILINE
)


def test_the_rows_stand_in_order_and_only_once():
    numbers = [int(number) for number, _, _ in ROWS]
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 13


@pytest.mark.parametrize("row", ROWS, ids=[number for number, _, _ in ROWS])
def test_every_test_that_is_named_is_there(row):
    _, promise, named = row
    assert promise.endswith(".")
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", named)
    assert tests
    assert re.sub(r"`[^`]*`", "", named).strip(" ,") == "", "names of tests and nothing else"
    for file, name in tests:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
