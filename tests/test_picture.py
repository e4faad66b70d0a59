"""The picture of a set: written for any set, whole in itself, and readable as text."""

import re
import xml.etree.ElementTree as ET

import pytest

from generator.assets import shipped_root
from generator.errors import InputError
from generator.inspection import figures_of
from generator.picture import MOST_ROWS, draw

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def exemplars():
    return figures_of([shipped_root() / "seeds" / "exemplars"])


def some(exemplars, count):
    """So many sessions, over and over again, of different lengths."""
    sessions = (exemplars[number % len(exemplars)] for number in range(count))
    return [keep(session, range(len(session.speaker) - number % 3)) for number, session in enumerate(sessions)]


def keep(session, places):
    """The session with the turns at these places only."""
    return session.model_copy(
        update={name: tuple(each[place] for place in places) for name, each in session if isinstance(each, tuple)}
    )


def without(session, *labels):
    return keep(session, [place for place, speaker in enumerate(session.speaker) if speaker not in labels])


def drawn(sessions, path):
    """The root of an SVG, and all text in it."""
    draw(sessions, path)
    root = ET.fromstring(path.read_bytes())
    return root, ["".join(each.itertext()).strip() for each in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("count", [1, 5, 60])
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_picture_of_any_number_of_sessions(exemplars, count, ending, tmp_path):
    path = tmp_path / f"picture.{ending}"
    draw(some(exemplars, count), path)
    raw = path.read_bytes()
    assert len(raw) > 10_000
    assert raw.startswith(PNG if ending == "png" else b"<?xml")


@pytest.mark.parametrize("count", [1, MOST_ROWS + 1])
def test_the_words_of_an_svg_are_text(exemplars, count, tmp_path):
    _, texts = drawn(some(exemplars, count), tmp_path / "a.svg")
    assert {"Therapist", "Patient A", "Patient B", "airtime", "turn", "words"} <= set(texts)
    for beginning in ("words by turn", "affect", "cut-offs" if count == 1 else "share of turns cut off"):
        assert any(text.startswith(beginning) for text in texts), beginning
    name = exemplars[0].title if count == 1 else f"{count} sessions"
    assert any(text.startswith(f"{name}, ") and text.endswith(" turns (synthetic)") for text in texts)


def test_an_svg_needs_nothing_from_outside(exemplars, tmp_path):
    root, _ = drawn(some(exemplars, 2), tmp_path / "a.svg")
    for element in root.iter():
        assert element.tag not in {f"{SVG}script", f"{SVG}image", f"{SVG}foreignObject"}
        for name, value in element.attrib.items():
            if name in {HREF, "href", "src"}:
                assert value.startswith("#")
            assert not re.search(r"url\((?!#)|javascript:", value)
    styles = "".join(each.text or "" for each in root.iter(f"{SVG}style"))
    assert "@import" not in styles
    assert "url(" not in styles


def test_the_same_sessions_give_the_same_picture(exemplars, tmp_path):
    for name in ("a.svg", "b.svg"):
        draw(exemplars[:1], tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    "missing",
    [["Patient B"], ["Therapist"], ["Patient A", "Patient B"]],
    ids=lambda missing: f"without {' and '.join(missing)}",
)
def test_a_speaker_may_be_missing(exemplars, missing, tmp_path):
    _, texts = drawn([without(exemplars[0], *missing)], tmp_path / "a.svg")
    assert set(texts) >= {"Therapist", "Patient A", "Patient B"} - set(missing)


@pytest.mark.parametrize("count", [1, MOST_ROWS + 1])
def test_sessions_of_one_turn(exemplars, count, tmp_path):
    drawn([keep(exemplars[0], [1])] * count, tmp_path / "a.svg")


def test_a_session_in_which_none_of_the_three_speaks(exemplars, tmp_path):
    speaker = ("AI_Facilitator",) * len(exemplars[0].speaker)
    draw([exemplars[0].model_copy(update={"speaker": speaker})], tmp_path / "a.svg")


@pytest.mark.parametrize(
    "title",
    ["<b>&amp;\"'", "Money: $100 or $200", r"$\frac$", "Zärtlichkeit — “Liebe”"],
)
def test_a_title_is_text_whatever_it_says(exemplars, title, tmp_path):
    _, texts = drawn([keep(exemplars[0], range(3)).model_copy(update={"title": title})], tmp_path / "a.svg")
    assert any(text.startswith(f"{title}, ") for text in texts)


def test_signs_that_xml_cannot_hold_do_not_break_the_picture(exemplars, tmp_path):
    drawn([keep(exemplars[0], range(3)).model_copy(update={"title": "a\x07b\x1b[31m"})], tmp_path / "a.svg")


def test_a_title_in_another_script_does_not_warn(exemplars, tmp_path):
    drawn([keep(exemplars[0], range(3)).model_copy(update={"title": "你好"})], tmp_path / "a.svg")


@pytest.mark.parametrize("name", ["none/a.svg", "none/a.png", "folder.svg", "folder.png"])
def test_a_picture_that_cannot_be_written(exemplars, name, tmp_path):
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        draw([keep(exemplars[0], range(3))], tmp_path / name)


def test_there_is_no_picture_of_nothing(tmp_path):
    with pytest.raises(InputError):
        draw([], tmp_path / "a.svg")
