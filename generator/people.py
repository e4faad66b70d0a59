"""Who is in the room and who is spoken to: names from a spec, or inferred from the speech itself.

Inference knows what a reader knows: the therapist introduces themself, the partners call each other by name.
It would rather find nobody than somebody wrong. Pure.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from generator.clean import untitled
from generator.schema.label import Label
from generator.schema.session import Spec
from generator.sentences import REMEMBERED, sentences

NEARBY = 80
"""Characters before a name that tell whether somebody is spoken to or spoken about."""

CALLED, CLEARLY = 4, 2
"""How much a partner's calling the other one by a name weighs beside an answer to the therapist, and how far a name
must lean to be somebody's."""

FARTHEST_INITIAL = 60
"""Characters of a sentence that begins with a name, up to the comma behind it."""

PARTNERS: tuple[Label, Label] = ("Patient A", "Patient B")

TITLE = r"(?:Dr|Prof|Mr|Mrs|Ms)\.?\s+"
_CAPITAL = "[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ]"
NAME_WORD = rf"{_CAPITAL}(?:['’]{_CAPITAL})?[^\W\d_]+(?:[-'’]{_CAPITAL}?[^\W\d_]+)?"
"""One word of a name, as a pattern; it matches other capitalised words too."""

_NAME = rf"(?:{TITLE})?{NAME_WORD}"
_GREETING = re.compile(
    rf"\b(?:[Hh]ello|Hi|[Ww]elcome|[Tt]hank you|Thanks|Good (?:morning|afternoon|evening)),? "
    rf"(?P<first>{_NAME})(?:,? (?:and|&) (?P<second>{_NAME}))?(?=[,.!?;:—–-]|\s*$| for\b)"
)
_GREETS = re.compile("ello|Hi|elcome|hank|Good")
_INITIAL = re.compile(rf"^(?:(?:And|But|So|Now|Well|Yes|No|Okay|Oh|Look|Listen|Maybe),? )?(?P<first>{_NAME}),")
_AFTER_COMMA = re.compile(rf",\s(?P<first>{_NAME})(?P<after>[,.?!;…]|\s?[—–])")
_APPOSITION = re.compile(
    r"\b(?:my|your|his|her|our|their|the|a|an|'s|’s)\s+(?:[\w'’-]+\s+){0,3}"
    r"(?!(?:you|me|us|him|her|them|it|this|that)$)[\w'’-]+$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“\"][^“”\"]{0,400}[”\"]|(?<!\w)[‘'](?=\w)[^‘’'\n]{0,200}[.,!?…][’']")
_INTRODUCED = re.compile(
    r"\b(?:I['’]m|I am|[Mm]y name is|(?:[Pp]lease|[Yy]ou can|do) call me) "
    rf"(?P<name>(?:{TITLE})?{NAME_WORD}(?: {NAME_WORD}){{0,3}})"
)
_OPENING_APOSTROPHE = re.compile(r"'(?<!\w')\w")
_REPORTED = re.compile(r"\b(?:sa(?:id|ys?)|sa(?:id|ys?) that|like|go|goes|went|think|thinks|that),? $")
_YOU = re.compile(r"\b(?:you|your|yours|yourself)\b|\byou['’]", re.IGNORECASE)
NOT_NAMES = frozenset(
    """I Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August
    September October November December Christmas Easter Ramadan Eid Diwali Hanukkah Thanksgiving New God Lord
    Jesus Christ Heaven Mum Mom Mama Dad Papa Mother Father Gran Grandma Grandpa Nan Auntie Uncle Doctor Doc
    English French German Polish Spanish Chinese Japanese America England London Paris Everyone Everybody Both All
    There Folks Well Yes Yeah Yep No Nope Okay Ok Right Sure Fine Good Great Look Listen Honestly Sometimes Maybe
    Perhaps Still Now Then So And But Or Because Also Anyway Actually Oh Ah Hey Hi Hello Please Thanks Sorry Like
    Just Only Even Today Tonight Tomorrow Yesterday First Second Third Finally Instead Again Once Twice Often
    Usually Lately Before After When While If Since Though Although However Besides Meanwhile Otherwise Later
    Earlier Here What Why How Who Where Which That This These Those It He She We They You My Your Our His Her Their
    One Two Three Some Most Many None Nothing Something Someone Somebody Nobody Everything Anything Alright Agreed
    True Exactly Absolutely Definitely Of In On At By For From With Without Under Over Between Until Unless Indeed
    Same Every Each Last Next Gosh Wow Hmm Mm Mhm Um Uh Darling Honey Love Dear Sweetheart Babe Really Hopefully
    Suddenly Clearly Obviously Basically Seriously Frankly Probably Possibly Certainly Sadly Luckily Recently Truly
    Apparently Personally Normally Generally Mostly Mainly Partly Early Family Surely Naturally Eventually Ideally
    Literally Simply Slowly Quickly Quietly Gladly Oddly Strangely Funnily Interestingly Unfortunately Fortunately
    Thankfully Originally Initially Supposedly Ultimately Occasionally Rarely Nearly Hardly Barely Briefly
    Admittedly Presumably Evidently Weirdly Curiously Importantly Secondly Thirdly Firstly Lastly Similarly Equally
    Especially Particularly Typically Previously Immediately Gradually Constantly Mr Mrs Ms Dr Prof Welcome Thank
    Facebook Instagram WhatsApp YouTube Google Netflix Zoom""".split()
)


@dataclass(frozen=True)
class People:
    """The names of those in the room; empty where a name is not known."""

    therapist: tuple[str, ...] = ()
    a: tuple[str, ...] = ()
    b: tuple[str, ...] = ()
    certain: bool = False
    """From the session's spec, not inferred."""

    def names(self, label: Label | None) -> tuple[str, ...]:
        """The names of the speaker with this label."""
        by_label = {"Therapist": self.therapist, "Patient A": self.a, "Patient B": self.b}
        return by_label.get(label or "", ())

    def called(self, label: Label) -> str:
        """The name a speaker goes by; the label if no name is known."""
        names = self.names(label)
        return min(names, key=lambda name: (len(name.split()), len(name))) if names else label

    def who_is(self, name: str) -> Label | None:
        """Whose name this is, short forms of at least three letters included; None if it is nobody's."""
        wanted = _key(name)
        for label, words in self._words.items():
            if wanted in words:
                return label
        if len(wanted) >= 3:
            for label, words in self._words.items():
                if any(word.startswith(wanted) for word in words):
                    return label
        return None

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of every name."""
        return frozenset(word for label in self._words for name in self.names(label) for word in name.split())

    def both_known(self) -> bool:
        """True if both partners have names."""
        return bool(self.a and self.b)

    def speaks_of(self, label: Label, text: str) -> bool:
        """True if a name of the speaker with this label stands in `text`."""
        pattern = self._patterns.get(label)
        return bool(pattern and pattern.search(text))

    @cached_property
    def _words(self) -> dict[Label, frozenset[str]]:
        labels: tuple[Label, ...] = ("Therapist", *PARTNERS)
        return {label: frozenset(_key(word) for name in self.names(label) for word in name.split()) for label in labels}

    @cached_property
    def _patterns(self) -> dict[Label, re.Pattern[str]]:
        found = {}
        for label in self._words:
            words = sorted({word for name in self.names(label) for word in untitled(name).split()}, key=len)
            if words:
                found[label] = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
        return found


@dataclass(frozen=True, slots=True)
class Address:
    """A name that somebody is spoken to by."""

    name: str
    """With its title, as spoken."""
    plain: bool
    """Nothing but an address can be meant: a greeting, or a name set apart in a sentence that says "you"."""
    initial: bool = False
    """It begins its sentence, where every word has a capital."""

    @property
    def titled(self) -> bool:
        """Spoken with a title: "Dr. Forger"."""
        return untitled(self.name) != self.name


def people_of(spec: Spec) -> People:
    """The people of a session."""
    a, b = spec.couple.a, spec.couple.b
    return People((spec.therapist.name, spec.therapist.called), (a.name, a.called), (b.name, b.called), certain=True)


def addressed(text: str, known: frozenset[str] = frozenset()) -> tuple[Address, ...]:
    """Every name that somebody is spoken to by in `text`, in order. What stands in quotation marks is left out.

    `known`: words that are names here, though they may be other words elsewhere: "June", "Will".
    """
    return tuple(
        address
        for address in _candidates(text)
        if _may_be_a_name(address.name) or untitled(address.name).split()[0] in known
    )


@functools.lru_cache(maxsize=REMEMBERED)
def _candidates(text: str) -> tuple[Address, ...]:
    """Every word that stands where a name would be an address."""
    quotes = [match.span() for match in _QUOTED.finditer(text)] if _may_quote(text) else []
    greets = bool(_GREETS.search(text))
    found = []
    end = 0
    for sentence in sentences(text):
        start = text.index(sentence, end)
        end = start + len(sentence)
        if greets or "," in sentence:
            for address, at in _in_sentence(sentence, greets):
                if not any(low <= start + at < high for low, high in quotes):
                    found.append(address)
    return tuple(found)


def _may_quote(text: str) -> bool:
    return any(mark in text for mark in '“"‘') or bool(_OPENING_APOSTROPHE.search(text))


def _in_sentence(sentence: str, greets: bool) -> Iterator[tuple[Address, int]]:
    """Who may be addressed in a sentence, and where in it; each place once."""
    greeted: set[int] = set()
    for greeting in _GREETING.finditer(sentence) if greets else ():
        for group in ("first", "second"):
            if greeting[group]:
                greeted.add(greeting.start(group))
                yield Address(greeting[group], True), greeting.start(group)
    if "," not in sentence:
        return
    initial = _INITIAL.match(sentence) if sentence.find(",", 0, FARTHEST_INITIAL) > 0 else None
    if initial:
        yield Address(initial["first"], bool(_YOU.search(sentence)), initial=True), initial.start("first")
    for match in _AFTER_COMMA.finditer(sentence):
        before = sentence[max(0, match.start() - NEARBY) : match.start()]
        if match.start("first") in greeted or (initial and match.start() < initial.end() - 1):
            continue
        if not _APPOSITION.search(before) and not _in_a_list(sentence, match):
            plain = match["after"] in ".?!" and bool(_YOU.search(sentence))
            yield Address(match["first"], plain), match.start("first")


@functools.lru_cache(maxsize=4)
def inside_sentences(texts: tuple[str, ...]) -> frozenset[str]:
    """The words that have a capital where no sentence begins. What a name is not, only ever begins sentences."""
    return frozenset(word for text in texts for word in re.findall(rf"[\w,;:] ({NAME_WORD})", text))


def without_quotations(text: str) -> str:
    """`text` with an ellipsis in the place of each quotation: words that somebody else said, or at another time."""
    return _QUOTED.sub("…", text) if _may_quote(text) else text


def introduced(text: str) -> Iterator[str]:
    """Every name by which the speaker says who they are. What stands in quotation marks is left out."""
    for match in _INTRODUCED.finditer(without_quotations(text)) if _INTRODUCED.search(text) else ():
        reported = _REPORTED.search(match.string[max(0, match.start() - NEARBY) : match.start()])
        if _may_be_a_name(match["name"]) and not reported:
            yield match["name"]


def infer(turns: Sequence[tuple[Label | None, str]]) -> People:
    """The names that can be told from speech alone; empty tuples where they cannot.

    A name leans to the partner whom the other one calls by it, and who answers when the therapist asks for it. Names
    spoken once are nobody's.
    """
    therapist = _introduction(turns)
    texts = tuple(text for _, text in turns)
    mine = {_key(word) for name in therapist for word in name.split()}
    spoken: Counter[str] = Counter()
    leaning: Counter[str] = Counter()
    for number, (label, text) in enumerate(turns):
        following = turns[number + 1][0] if number + 1 < len(turns) else None
        for address in addressed(text) if label else ():
            name = untitled(address.name)
            if _key(name) in mine or address.titled or (address.initial and name not in inside_sentences(texts)):
                continue
            spoken[name] += 1
            if label in PARTNERS:
                leaning[name] += CALLED if label == "Patient A" else -CALLED
            elif following in PARTNERS and address.plain:
                leaning[name] += 1 if following == "Patient B" else -1
    names = sorted((name for name, count in spoken.items() if count >= 2), key=lambda name: (leaning[name], name))
    a = tuple(name for name in names[:1] if leaning[name] <= -CLEARLY)
    b = tuple(name for name in names[-1:] if leaning[name] >= CLEARLY)
    if bool(a) != bool(b) and abs(leaning[(a or b)[0]]) >= CALLED:
        other = tuple(name for name, count in spoken.most_common() if count >= 2 and name not in (*a, *b))[:1]
        a, b = a or other, b or other
    return People(therapist, a, b)


def _introduction(turns: Sequence[tuple[Label | None, str]]) -> tuple[str, ...]:
    """How the therapist introduces themself, with and without a title."""
    for label, text in turns[:3]:
        for name in introduced(text) if label == "Therapist" else ():
            return (name, untitled(name))
    return ()


def _in_a_list(sentence: str, match: re.Match[str]) -> bool:
    """Whether the name is one of several in a row: "Paris, Rome, Vienna"."""
    start, end = match.span()
    before = re.search(rf"\s({NAME_WORD})$", sentence[max(0, start - NEARBY) : start])
    following = sentence[end : end + NEARBY] if match["after"] == "," else ""
    after = re.match(rf"\s(?:and\s|or\s)?({NAME_WORD})[,.]", following)
    return bool((before and before[1] not in NOT_NAMES) or after)


def _may_be_a_name(name: str | None) -> bool:
    if not name:
        return False
    word = untitled(name).split()[0]
    return word not in NOT_NAMES and word.split("'")[0].split("’")[0] not in NOT_NAMES


def _key(name: str) -> str:
    return re.sub(r"[^\w]", "", untitled(name).casefold())
