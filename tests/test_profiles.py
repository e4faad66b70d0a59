"""Profiles as files: whole, readable, without text, and refused where they are none."""

import json

import pytest

from generator.assets import shipped_root
from generator.errors import InputError
from generator.inspection import figures_of
from generator.profiles import read_profile, write_profile
from generator.schema.profile import Profile

SHIPPED = shipped_root() / "seeds" / "profile.json"
EXEMPLARS = shipped_root() / "seeds" / "exemplars"


@pytest.fixture(scope="module")
def profile():
    return Profile(sessions=figures_of([EXEMPLARS]))


def test_a_profile_comes_back_as_it_was_written(profile, tmp_path):
    path = tmp_path / "profile.json"
    write_profile(path, profile)
    assert read_profile(path) == profile
    write_profile(path, Profile(sessions=()))
    assert read_profile(path).sessions == ()


def test_the_shipped_profile_is_written_as_this_program_writes_it(tmp_path):
    write_profile(tmp_path / "profile.json", read_profile(SHIPPED))
    assert (tmp_path / "profile.json").read_bytes() == SHIPPED.read_bytes()


def test_a_profile_has_one_line_a_session_and_is_json(profile, tmp_path):
    path = tmp_path / "profile.json"
    write_profile(path, profile)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(profile.sessions) + 2
    assert [json.loads(line.rstrip(","))["name"] for line in lines[1:-1]] == [each.name for each in profile.sessions]
    assert json.loads(path.read_bytes())["version"] == 1


def test_a_profile_holds_no_sentence_of_its_transcripts(profile, tmp_path):
    path = tmp_path / "profile.json"
    write_profile(path, profile)
    written = path.read_text(encoding="utf-8")
    for transcript in EXEMPLARS.glob("*.txt"):
        paragraphs = transcript.read_text(encoding="utf-8").split("\n\n")[1:]
        assert not [part for part in paragraphs if part.strip() and part.split(":\n")[-1][:30] in written]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "the file: Invalid JSON"),
        (b"{", "the file: Invalid JSON"),
        (b"\x00\xff", "the file: Invalid JSON"),
        (b"[]", "the file: "),
        (b'{"version": 2, "sessions": []}', "version: Input should be 1"),
        (b'{"version": 1}', "sessions: Field required"),
        (b'{"version": 1, "sessions": [{"name": "x"}]}', "sessions.0.title: Field required"),
        (b'{"version": 1, "sessions": [], "more": 1}', "more: "),
    ],
)
def test_what_is_no_profile_is_refused_with_the_reason(raw, reason, tmp_path):
    path = tmp_path / "profile.json"
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read_profile(path)
    assert str(caught.value).startswith(f"{path}: is no profile: {reason}")
    assert "couplesim profile --write" in str(caught.value)


def test_a_session_with_a_value_too_few_is_refused(tmp_path):
    data = json.loads(SHIPPED.read_bytes())
    data["sessions"][0]["words"].pop()
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match="words has 30 values for 31 turns"):
        read_profile(path)


def test_a_speaker_nobody_knows_is_refused(tmp_path):
    text = SHIPPED.read_text(encoding="utf-8").replace('"Patient B"', '"Patient C"', 1)
    (tmp_path / "profile.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"sessions\.0\.speaker\.2"):
        read_profile(tmp_path / "profile.json")


def test_a_profile_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_profile(path)
