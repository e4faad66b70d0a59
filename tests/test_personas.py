"""Loading personas: every mistake is told with its place (FAULTS 51, 54, 57)."""

import pytest

from generator import personas
from generator.assets import Assets
from generator.errors import InputError
from generator.schema.persona import Couple, Therapist
from tests.builders import SHIPPED, couple, within

COUPLE = SHIPPED.find("couple", "daniel-marcus").read_text()
THERAPIST = SHIPPED.find("therapist", "anya-forger").read_text()


def write(path, text, *replacements):
    """The text with each first occurrence of `old` replaced by `new`, as a file."""
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def place(text, fragment, inside=""):
    """Line and column of a fragment, as in messages."""
    at = text.index(fragment) + fragment.index(inside)
    return f"{text[:at].count(chr(10)) + 1}:{at - text.rfind(chr(10), 0, at)}"


def refused(tmp_path, *replacements):
    path = write(tmp_path / "daniel-marcus.yaml", COUPLE, *replacements)
    with pytest.raises(InputError) as caught:
        personas.load_file(path, Couple)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "inside", "message"),
    [
        ("  bids: protesting", "  bid: protesting", "bid", "a.bid: unknown key; did you mean 'bids'?"),
        ("  bids: protesting", "  bids: shouting", "shouting", "a.bids: should be 'direct', 'hinting'"),
        ("  age: 35", "  age: old", "old", "a.age: should be a valid integer"),
        ("  age: 35", "  age: 17", "17", "a.age: must be at least 18"),
        ('  called: "Daniel"', "  called: 5", "5", "a.called: should be a valid string (got 5)"),
        ('  called: "Daniel"', "  called: true", "true", "a.called: should be a valid string (got True)"),
        (
            '      since: "since we moved in upstairs"',
            "      sinse: now",
            "sinse",
            "a.stressors.1.sinse: unknown key; did you",
        ),
        ("  pursuer: A", "  pursuer: C", "C", "pattern.pursuer: should be 'A' or 'B'"),
        ("  parents: false", "  parents: maybe", "maybe", "shared.parents: should be"),
    ],
)
def test_mistakes_are_told_with_file_line_and_column(tmp_path, old, new, inside, message):
    found = refused(tmp_path, (old, new))
    start = f"{place(COUPLE.replace(old, new, 1), new, inside)}: {message}"
    assert any(problem.startswith(start) for problem in found), f"{start!r} is not among {found}"


def test_a_missing_key_is_told_with_the_place_of_its_mapping(tmp_path):
    found = refused(tmp_path, ("  bids: protesting\n", ""))
    assert found == [f"{place(COUPLE, '  name: ', 'name')}: a.bids: this key is missing"]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path):
    write(
        tmp_path / "personas/couples/daniel-marcus.yaml", COUPLE, ("  age: 35", "  age: x"), ("  age: 37", "  age: y")
    )
    write(tmp_path / "personas/therapists/anya-forger.yaml", THERAPIST, ("school: nondirective", "school: none"))
    with pytest.raises(InputError) as caught:
        personas.check_all(Assets([tmp_path]))
    assert len(caught.value.problems) == 3
    assert ["a.age" in caught.value.problems[0], "b.age" in caught.value.problems[1]] == [True, True]
    assert "anya-forger.yaml" in caught.value.problems[2]


def test_a_partner_may_be_called_no(tmp_path):
    path = write(
        tmp_path / "daniel-marcus.yaml", COUPLE, ('called: "Daniel"', "called: No"), ('"Daniel Haskell"', "No Zero")
    )
    loaded = personas.load_file(path, Couple)
    assert (loaded.a.called, loaded.a.name) == ("No", "No Zero")


CLASHES = {
    "same name": [('  called: "Marcus"', '  called: "Daniel"')],
    "same but for case": [('  called: "Marcus"', '  called: "DANIEL"')],
    "same full name": [('"Marcus Wright"', '"Daniel Haskell"')],
    "one's name is the other's full name": [('"Marcus Wright"', '"Daniel"')],
    "a label": [('  called: "Marcus"', '  called: "Therapist"')],
    "a label in small letters": [('"Marcus Wright"', '"patient a"')],
    "the other label": [('  called: "Daniel"', '  called: "Patient B"')],
    "facilitator": [('  called: "Daniel"', '  called: "AI_Facilitator"')],
}


@pytest.mark.parametrize("replacements", CLASHES.values(), ids=CLASHES)
def test_partners_must_be_told_apart_from_each_other_and_from_labels(tmp_path, replacements):
    assert refused(tmp_path, *replacements)


def test_a_therapist_must_not_be_named_like_a_label(tmp_path):
    path = write(tmp_path / "anya-forger.yaml", THERAPIST, ('called: "Dr. Forger"', 'called: "Patient A"'))
    with pytest.raises(InputError):
        personas.load_file(path, Therapist)


@pytest.mark.parametrize(
    "name",
    [
        '""',
        '"  "',
        '"Daniel: hello"',
        '"Dan\\niel"',
        '"Dan\\riel"',
        '"Dan\\0iel"',
        '"Dan\\x1b[31miel"',
        '"Dan\\x85iel"',
        '"Dan\\u2028iel"',
        '"Dan\\u202eiel"',
        '"Dan\\u200biel"',
        '"7 of 9"',
        '"*Daniel*"',
        f'"{"D" * 41}"',
    ],
)
def test_names_are_short_printable_and_without_colon(tmp_path, name):
    (problem,) = refused(tmp_path, ('called: "Daniel"', f"called: {name}"))
    assert "a.called" in problem


@pytest.mark.parametrize("name", ["D", "D" * 40, "Siobhán O'Neill", "Agnieszka", "Anne-Marie", "李娜", "J. R."])
def test_real_names_are_accepted(tmp_path, name):
    path = write(tmp_path / "daniel-marcus.yaml", COUPLE, ('called: "Daniel"', f'called: "{name}"'))
    assert personas.load_file(path, Couple).a.called == name


@pytest.mark.parametrize(
    "bad",
    [
        "../../x",
        "/etc/passwd",
        "daniel marcus",
        "Daniel-Marcus",
        "CON",
        "a/b",
        "a\\0b",
        "-a",
        "a-",
        "é",
        "",
        "x" * 61,
        "x" * 300,
    ],
)
def test_ids_are_safe_in_file_names(tmp_path, bad):
    (problem,) = refused(tmp_path, ("id: daniel-marcus", f'id: "{bad}"'))
    assert problem.startswith(f"{place(COUPLE, 'id: daniel-marcus', 'daniel')}: id: ")


def test_the_id_must_equal_the_file_name(tmp_path):
    (problem,) = refused(tmp_path, ("id: daniel-marcus", "id: marcus-daniel"))
    assert "must equal the file's name, 'daniel-marcus' (got 'marcus-daniel')" in problem


def test_an_unknown_id_is_refused_with_the_nearest_and_every_folder(tmp_path):
    with pytest.raises(InputError) as caught:
        personas.load_couple("daniel-markus", Assets([tmp_path, *SHIPPED.roots]))
    assert "did you mean 'daniel-marcus'?" in str(caught.value)
    assert all(str(root / "personas/couples") in str(caught.value) for root in (tmp_path, *SHIPPED.roots))


@pytest.mark.parametrize("name", ["", "..", "../../x", "/nowhere/x.yaml", "a\0b", "a\0/b", "personas/" + "x" * 300])
def test_an_odd_name_is_an_input_error(name):
    with pytest.raises(InputError):
        personas.load_couple(name, SHIPPED)


def test_a_users_own_file_comes_first(tmp_path):
    write(tmp_path / "personas/couples/daniel-marcus.yaml", COUPLE, ("  age: 35", "  age: 36"))
    assert personas.load_couple("daniel-marcus", Assets([tmp_path, *SHIPPED.roots])).a.age == 36
    assert couple("daniel-marcus").a.age == 35


def test_a_file_may_be_given_by_path(tmp_path):
    path = write(tmp_path / "daniel-marcus.yaml", COUPLE)
    assert personas.load_couple(str(path), SHIPPED) == couple("daniel-marcus")


def test_a_file_full_of_mistakes_is_refused_in_good_time(tmp_path):
    path = write(tmp_path / "x.yaml", "a:\n" + "".join(f"  nmae{number}: 1\n" for number in range(15_000)))
    with within(1), pytest.raises(InputError):
        personas.load_file(path, Couple)
