"""Who is in the room: names inferred from speech, known from a spec, and who is spoken to."""

import pytest

from generator.api import generate
from generator.assets import shipped_root
from generator.clean import untitled
from generator.format import parse
from generator.people import People, addressed, infer, introduced, people_of
from tests.builders import seed_text, spec

SPOKEN_TO = [
    ("Hello, Lena.", ["Lena"]),
    ("Hi Lena!", ["Lena"]),
    ("Good morning, Dr. Varga, and thank you.", ["Dr. Varga"]),
    ("Welcome, Lena and Paul.", ["Lena", "Paul"]),
    ("Thank you, Lena, for saying it.", ["Lena"]),
    ("Thank you, Paul—I mean it.", ["Paul"]),
    ("Lena, you never told me.", ["Lena"]),
    ("And Lena, I mean it.", ["Lena"]),
    ("Well, Paul, you were late.", ["Paul"]),
    ("Listen, Paul, you promised.", ["Paul"]),
    ("I know, Lena.", ["Lena"]),
    ("You see, Paul, it was late.", ["Paul"]),
    ("I hear you, Paul…", ["Paul"]),
    ("I waited, Paul — for hours.", ["Paul"]),
    ("What do you think, Paul?", ["Paul"]),
    ("You were there, Jean-Luc.", ["Jean-Luc"]),
    ("You know I love you, Amélie.", ["Amélie"]),
    ("I heard that, Dr. Varga.", ["Dr. Varga"]),
    ("Lena, what did you hear? And you, Paul?", ["Lena", "Paul"]),
    ("She said “you, Anna, are late.” I hear you, Paul.", ["Paul"]),
]

NOT_SPOKEN_TO = {
    "apposition": [
        "My brother, Paul, was late.", "I told your sister, Lena.", "Our daughter, Mia, is six.",
        "My mother's friend, Greta, came.", "For our son, Leo, it was hard.", "You know my boss, Greta, was there.",
        "The kids, Mia and Leo, were asleep.", "We went to the pub, Crown.",
    ],
    "list": [
        "We saw Paris, Rome, Vienna.", "I like Mozart, Bach and Brahms.", "I drove to Leeds, Bradford, York.",
        "It was Anna, Ben, and Carla who came.", "I was in Vienna, Austria.", "Between work, Netflix, and sleep.",
    ],
    "quote": [
        "She said, “Paul, come here.”", "“Paul, come here,” he said.", "He said 'Paul, you are late.' and left.",
        'You said "I hear you, Anna."',
    ],
    "opener": [
        "Honestly, I was tired.", "Yesterday, you said no.", "On Monday, I was late.", "Sunday, you were out.",
        "Finally, you came.", "Christmas, you know, is hard.", "Oh, God, you were late.", "Suddenly, you left.",
        "London, you know, was cold.",
    ],
    "clause": [
        "He sang, Paul played.", "When he came, Leo cried.", "You called, Greta answered.",
        "I came home, Monday it was.", "After the move, Mia stopped sleeping.", "On our trip to Rome, Paul got ill.",
    ],
    "nothing": ["", "Thank you.", "i know, paul.", "I know Paul.", "Paul knows me."],
}  # fmt: skip


@pytest.mark.parametrize(("text", "names"), SPOKEN_TO)
def test_who_is_spoken_to(text, names):
    assert [address.name for address in addressed(text)] == names


@pytest.mark.parametrize("text", [text for texts in NOT_SPOKEN_TO.values() for text in texts])
def test_nobody_is_spoken_to(text):
    assert addressed(text) == ()


@pytest.mark.parametrize("text", ["Trust, you know, takes time.", "Nurses, like you, get tired."])
def test_a_word_that_only_begins_a_sentence_is_marked_as_such(text):
    assert all(address.initial for address in addressed(text))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Thank you, Paul.", True),
        ("What do you think, Paul?", True),
        ("Paul, you were late.", True),
        ("I know, Paul.", False),
        ("You know, Paul, it rains.", False),
    ],
)
def test_a_plain_address_can_be_meant_as_nothing_else(text, plain):
    assert [address.plain for address in addressed(text)] == [plain]


def test_a_title_is_told():
    assert [address.titled for address in addressed("Thank you, Dr. Varga. Thank you, Paul.")] == [True, False]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I'm Dr. Ida Holm.", ["Dr. Ida Holm"]),
        ("My name is Ida Holm, and I listen.", ["Ida Holm"]),
        ("I am Ida.", ["Ida"]),
        ("I’m Ida.", ["Ida"]),
        ("He said “I'm Paul.” and left.", []),
        ("I'm Sorry.", []),
        ("I'm tired. I am late.", []),
        ("I am Dutch Reformed Church material.", ["Dutch Reformed Church"]),
    ],
)
def test_who_introduces_themself(text, names):
    assert list(introduced(text)) == names


PEOPLE = People(("Dr. Anya Forger", "Anya Forger"), ("Daniel Ruiz", "Daniel"), ("Marcus Wright", "Marcus"))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Daniel", "Patient A"), ("daniel", "Patient A"), ("DANIEL", "Patient A"), ("Dan", "Patient A"),
        ("Dani", "Patient A"), ("Ruiz", "Patient A"), ("Marcus", "Patient B"), ("Marc", "Patient B"),
        ("Mr. Wright", "Patient B"), ("Dr. Forger", "Therapist"), ("Forger", "Therapist"), ("Anya", "Therapist"),
        ("Sarah", None), ("Mark", None), ("Ma", None), ("An", None), ("", None), ("...", None), ("Danny", None),
    ],
)  # fmt: skip
def test_whose_name_it_is(name, label):
    assert PEOPLE.who_is(name) == label


def test_a_whole_name_comes_before_a_short_form():
    people = People(("Tomas Varga",), ("Tomasz",), ("Agnieszka",))
    assert (people.who_is("Tomas"), people.who_is("Tomasz"), people.who_is("Aga")) == ("Therapist", "Patient A", None)


def test_names_of_two_letters_are_known_whole_only():
    people = People((), ("Bo",), ("Al",))
    assert (people.who_is("Bo"), people.who_is("Bob"), people.who_is("Albert")) == ("Patient A", None, None)


def test_everybody_has_something_to_be_called_by():
    assert (PEOPLE.called("Patient A"), PEOPLE.called("Therapist")) == ("Daniel", "Anya Forger")
    assert (People().called("Patient A"), People().called("Therapist")) == ("Patient A", "Therapist")
    assert PEOPLE.names(None) == PEOPLE.names("AI_Facilitator") == ()
    assert PEOPLE.both_known()
    assert not People(a=("Daniel",)).both_known()


def test_speaking_of_somebody():
    assert PEOPLE.speaks_of("Patient A", "I saw Daniel’s car.")
    assert PEOPLE.speaks_of("Therapist", "as Forger says")
    assert not PEOPLE.speaks_of("Patient A", "I saw Danielle.")
    assert not PEOPLE.speaks_of("Therapist", "Dr. Who"), "a title is no name"
    assert not PEOPLE.speaks_of("AI_Facilitator", "Daniel")


def test_the_people_of_a_spec_are_certain():
    people = people_of(spec())
    assert people.certain
    assert (people.who_is("Daniel"), people.who_is("Marcus"), people.who_is("Forger")) == (
        "Patient A",
        "Patient B",
        "Therapist",
    )


def test_the_people_of_the_seed():
    people = infer(parse(seed_text()).turns)
    assert people == People(("Dr. Anya Forger", "Anya Forger"), ("Daniel",), ("Marcus",))


EXEMPLARS = sorted((shipped_root() / "seeds" / "exemplars").glob("*.txt"))


@pytest.mark.parametrize("path", EXEMPLARS, ids=lambda path: path.stem)
def test_the_people_of_the_exemplars(path):
    people = infer(parse(path.read_text(encoding="utf-8")).turns)
    couple = path.stem.rsplit("_", 1)[1].split("-")
    assert [people.called("Patient A").casefold(), people.called("Patient B").casefold()] == couple
    assert people.therapist


COUPLES = ["daniel-marcus", "aisha-omar", "camila-renata", "hannah-jules", "mei-jonas", "tomasz-agnieszka", "yuki-ben"]


@pytest.mark.parametrize("number", range(len(COUPLES)), ids=COUPLES)
def test_the_people_of_rehearsed_sessions_are_found_or_left_open_and_never_wrong(number):
    for structure, first in (("LLM Only", "AB"[number % 2]), ("Sequential", "BA"[number % 2])):
        session = generate(COUPLES[number], seed=number, structure=structure, first=first, turns=25)
        turns = session.transcript().turns
        known = people_of(session.spec)
        for length in (3, 7, 12, 25):
            found = infer(turns[:length])
            for label in ("Therapist", "Patient A", "Patient B"):
                own = {word for name in known.names(label) for word in untitled(name).split()}
                assert {word for name in found.names(label) for word in untitled(name).split()} <= own, (length, label)
        assert found.both_known(), "25 turns are enough to tell the partners"


def test_partners_who_never_call_each_other_by_name_are_told_by_whom_the_therapist_asks():
    turns = [
        ("Therapist", "Welcome. What do you think, Lena?"), ("Patient A", "It is late."),
        ("Therapist", "And what do you say, Paul?"), ("Patient B", "It is not."),
    ] * 2  # fmt: skip
    assert infer(turns) == People((), ("Lena",), ("Paul",))


def test_one_name_tells_the_other():
    turns = [
        ("Therapist", "I'm Ida Holm. Tell me, Paul, and tell me, Lena, why are you here?"),
        ("Patient A", "I am tired, Paul."),
        ("Therapist", "I hear you, Lena. Do you hear her, Paul?"),
        ("Patient B", "I do."),
    ]
    assert infer(turns) == People(("Ida Holm", "Ida Holm"), ("Lena",), ("Paul",))


@pytest.mark.parametrize(
    "turns",
    [
        [],
        [("Therapist", "Welcome. Why are you here?"), ("Patient A", "I was late."), ("Patient B", "You were.")],
        [("Patient A", "My brother, Paul, was late."), ("Patient B", "Your sister, Lena, was too.")],
        [("Patient A", "“I hear you, Paul.” That is what he said."), ("Patient B", "Marriage, you know, is work.")],
        [(None, "Hello, Paul."), ("AI_Facilitator", "Hello, Lena.")],
        [("Patient A", "Thank you, Dr. Varga."), ("Patient B", "Yes, thank you, Dr. Varga.")],
    ],
)
def test_nobody_is_better_than_somebody_wrong(turns):
    assert infer(turns) == People()


def test_the_therapist_is_not_taken_for_a_partner():
    turns = [
        ("Therapist", "I'm Ida Holm. What do you think, Lena?"), ("Patient A", "I don't know, Ida."),
        ("Patient B", "Nor do I, Ida. I hear you, Lena."), ("Patient A", "You are right, Ida."),
    ]  # fmt: skip
    assert infer(turns) == People(("Ida Holm", "Ida Holm"), ("Lena",), ())


def test_a_child_who_is_called_once_does_not_outweigh_the_partner():
    turns = [
        ("Patient A", "I hear you, Paul. I told you, Paul."), ("Patient B", "You were late, Lena."),
        ("Patient A", "I called to her: come on, Mia."), ("Patient B", "I know, Lena."),
    ]  # fmt: skip
    assert infer(turns) == People((), ("Lena",), ("Paul",))
