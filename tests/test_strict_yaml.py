"""YAML without surprises (FAULTS 51 to 53)."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from generator import strict_yaml
from generator.errors import InputError
from tests.builders import within


class Room(BaseModel):
    model_config = ConfigDict(extra="forbid")
    colour: str
    seats: int = 0


class House(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    open: bool = False
    rooms: list[Room] = []


class View(BaseModel):
    view: Literal["garden", "street"]


def problems(raw: str | bytes, record: type[BaseModel] = House) -> tuple[str, ...]:
    """What is wrong with the file."""
    with pytest.raises(InputError) as caught:
        strict_yaml.validate(
            strict_yaml.parse(raw if isinstance(raw, bytes) else raw.encode(), "f.yaml"), record, "f.yaml"
        )
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("No", "No"),
        ("yes", "yes"),
        ("off", "off"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("<<", "<<"),
        ("'7'", "7"),
        ("true", True),
        ("False", False),
        ("7", 7),
        ("-7", -7),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("it's", "it's"),
    ],
)
def test_scalars(written, value):
    data = strict_yaml.parse(f"a: {written}\n".encode(), "f.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted():
    assert strict_yaml.parse(b"\xef\xbb\xbfa: x\r\nb: y\r\n", "f.yaml").data == {"a": "x", "b": "y"}


def test_every_value_and_key_has_its_place():
    document = strict_yaml.parse(b"name: x\nrooms:\n  - colour: red\n    seats: 2\n", "f.yaml")
    assert document.values["rooms", 0, "seats"] == (4, 12)
    assert document.keys["rooms", 0, "seats"] == (4, 5)


NOT_YAML = {
    "unclosed quote": ('name: "x\n', "f.yaml:2:1: "),
    "unclosed bracket": ("name: [x\nopen: true\n", "f.yaml:2:"),
    "tab": ("name:\n\t- x\n", "f.yaml:2:1: "),
    "two documents": ("name: x\n---\nname: y\n", "f.yaml:2:1: "),
    "bad escape": ('name: "\\ud800"\n', "f.yaml:1:10: "),
    "control character": ("name: x\nopen: \x07\n", "f.yaml:2:7: "),
    "empty": ("", "f.yaml:1:1: the file is empty"),
    "comment only": ("# x\n", "f.yaml:1:1: the file is empty"),
    "list as key": ("? [x]\n: y\n", "f.yaml:1:3: a key must be plain text"),
    "latin-1": ("name: x\nopen: café\n".encode("latin-1"), "f.yaml:2:"),
    "utf-16": ("name: x\n".encode("utf-16"), "f.yaml:1:"),
    "alias": ("name: &a x\nopen: *a\n", "f.yaml:1:7: anchors and aliases"),
    "alias to itself": ("name: &a [*a]\n", "f.yaml:1:7: anchors and aliases"),
    "python tag": ("name: !!python/object/apply:os.system [ls]\n", "f.yaml:1:7: tags"),
    "plain tag": ("name: !!str x\n", "f.yaml:1:7: tags"),
    "local tag": ("name: ! x\n", "f.yaml:1:7: tags"),
    "endless number": ("name: x\nopen: " + "9" * 5000, "f.yaml:2:7: "),
}


@pytest.mark.parametrize(("raw", "start"), NOT_YAML.values(), ids=NOT_YAML)
def test_what_is_not_plain_yaml_is_refused_with_its_place(raw, start):
    (problem,) = problems(raw)
    assert problem.startswith(start)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("nmae: x\n", ["f.yaml:1:1: name: this key is missing", "f.yaml:1:1: nmae: unknown key; did you mean 'name'?"]),
        ("name: x\nzzz: 1\n", ["f.yaml:2:1: zzz: unknown key; known: name, open, rooms"]),
        (
            "name: x\nrooms:\n  - color: red\n",
            [
                "f.yaml:3:5: rooms.0.colour: this key is missing",
                "f.yaml:3:5: rooms.0.color: unknown key; did you mean 'colour'?",
            ],
        ),
        ("name: 7\n", ["f.yaml:1:7: name: should be a valid string (got 7)"]),
        ("- name\n", ["f.yaml:1:1: file: should be a mapping of keys to values"]),
    ],
)
def test_wrong_and_missing_keys(raw, expected):
    assert list(problems(raw)) == expected


def test_all_problems_of_a_file_are_told_at_once():
    found = problems("name: 7\nopne: true\nrooms:\n  - seats: many\n")
    assert [problem.split(": ")[0] for problem in found] == ["f.yaml:1:7", "f.yaml:2:1", "f.yaml:4:5", "f.yaml:4:12"]


@pytest.mark.parametrize(
    "raw", ["name:\n\t- x\n", "name: x\nrooms:\n  - colour: r\n\t  seats: 1\n", "name: é\r\ty: z\r"]
)
def test_a_tab_as_indentation_is_named(raw):
    (problem,) = problems(raw)
    assert problem.endswith(": not valid YAML: a tab character; indent with spaces")


@pytest.mark.parametrize(
    ("given", "hint"), [("garten", "; did you mean 'garden'?"), ("STREET", "; did you mean 'street'?"), ("x", "")]
)
def test_a_wrong_choice_is_told_with_the_nearest_one(given, hint):
    assert problems(f"view: {given}\n", View) == (
        f"f.yaml:1:7: view: should be 'garden' or 'street' (got {given!r}){hint}",
    )


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Value error, no range", "no range"),
        ("Input should be greater than or equal to 1", "must be at least 1"),
        ("Input should be less than or equal to 1", "must be at most 1"),
        ("Input should be greater than 0", "must be more than 0"),
        ("Input should be a finite number", "should be a finite number"),
        ("Input should be a valid integer, unable to parse string as an integer", "should be a valid integer"),
        ("Input should be a valid dictionary or instance of X", "should be a mapping of keys to values"),
        ("List should have at least 2 items after validation, not 1", "should have at least 2 items, not 1"),
        ("String should have at least 1 character", "should have at least 1 character"),
    ],
)
def test_pydantics_words_are_put_plainly(said, plain):
    assert strict_yaml.plain(said) == plain


@pytest.mark.parametrize(
    "raw", ["name: x\nopen: true\nname: y\n", "name: x\nopen: true\n'name': y\n", 'name: x\nopen: true\n"name": x\n']
)
def test_a_key_that_stands_twice_is_refused_with_both_lines(raw):
    (problem,) = problems(raw)
    assert problem == "f.yaml:3:1: key 'name' stands twice (lines 1 and 3)"


def test_all_keys_that_stand_twice_are_told_at_once():
    assert len(problems("name: x\nname: y\nrooms:\n  - seats: 1\n    seats: 2\n")) == 2


LAUGHS = "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: &d [*c,*c]\n"
BOMBS = {
    "laughs": LAUGHS,
    "lists": "[" * 3000,
    "mappings": "{" * 3000,
    "block lists": "- " * 3000,
    "explicit keys": "? " * 3000,
    "indented": "".join(" " * depth + "a:\n" for depth in range(300)),
    "over 256 KB": "name: " + "x" * 256 * 1024,
    "2.6 MB": "- x\n" * 650_000,
    "flat list": "rooms: [" + "1," * 130_000 + "]",
    "unknown keys": "".join(f"k{number}: 1\n" for number in range(20_000)),
    "duplicate keys": "a: 1\n" * 50_000,
}


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_at_once(raw):
    with within(1):
        assert problems(raw)


@pytest.mark.parametrize(("depth", "refused"), [(19, False), (20, False), (21, True)])
def test_nesting(depth, refused):
    raw = ("[" * depth + "]" * depth).encode()
    if refused:
        assert "nested deeper than 20" in problems(raw)[0]
    else:
        strict_yaml.parse(raw, "f.yaml")


def test_a_file_of_exactly_256_kb_is_read():
    raw = b"name: ".ljust(256 * 1024, b"x")
    assert len(strict_yaml.parse(raw, "f.yaml").data["name"]) == 256 * 1024 - 6


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_what_cannot_be_read_is_an_input_error(tmp_path, name):
    with pytest.raises(InputError, match="cannot be read"):
        strict_yaml.read(tmp_path / name)
