"""Every rule finds what it is for: good transcripts, each broken in one way, and the line where it broke."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from generator.check import RULES
from generator.check.rule import Known
from generator.people import people_of
from generator.reading import MAX_BYTES, RULE
from generator.schema.label import Label
from tests.builders import spec
from tests.check import Draft, bases, findings

Break = Callable[[Draft], tuple[str | bytes, int]]
A, B, THERAPIST = "Patient A", "Patient B", "Therapist"


@dataclass(frozen=True)
class Mutation:
    """One way to break a good transcript."""

    code: str
    """What must be found."""
    what: str
    break_: Break
    """Gives the broken file and the line where it broke."""
    also: tuple[str, ...] = ()
    """Other errors and warnings that are true of the same break."""

    def __str__(self) -> str:
        return f"{self.code}: {self.what}"


MUTATIONS: list[Mutation] = []


def mutation(code: str, also: str = "") -> Callable[[Break], Break]:
    """Puts a function into the table under its name."""

    def add(break_: Break) -> Break:
        MUTATIONS.append(Mutation(code, break_.__name__.replace("_", " ").strip(), break_, tuple(also.split())))
        return break_

    return add


def each(code: str, words: Iterable[str], how: Callable[[str], Break], also: str = "") -> None:
    """Puts one mutation for each of the words into the table."""
    for some in words:
        MUTATIONS.append(Mutation(code, some[:40], how(some), tuple(also.split())))


def says(words: str, who: Label = A) -> Break:
    """A turn in the middle is these words."""

    def break_(draft: Draft) -> tuple[str, int]:
        n = draft.a_turn_of(who)
        draft.turns[n - 1][1] = draft.named(words, who)
        return draft.text, draft.line(n)

    return break_


def says_among_others(words: str, who: Label = A) -> Break:
    """A turn in the middle has these words behind its first sentence."""

    def break_(draft: Draft) -> tuple[str, int]:
        n = draft.a_turn_of(who)
        draft.turns[n - 1][1] = f"Let me begin somewhere. {draft.named(words, who)} So that was that."
        return draft.text, draft.line(n)

    return break_


def begins(words: str, who: Label = A) -> Break:
    """A turn in the middle begins with these words."""

    def break_(draft: Draft) -> tuple[str, int]:
        n = draft.a_turn_of(who)
        draft.turns[n - 1][1] = draft.named(words, who) + draft.turns[n - 1][1]
        return draft.text, draft.line(n)

    return break_


def ends(words: str) -> Break:
    """A turn in the middle ends with these words."""

    def break_(draft: Draft) -> tuple[str, int]:
        n = draft.a_turn_of(A)
        draft.turns[n - 1][1] += words
        return draft.text, draft.line(n)

    return break_


def line_is(number: int, words: str | None) -> Break:
    """This line of the file is these words, or is missing."""

    def break_(draft: Draft) -> tuple[str, int]:
        lines = draft.lines
        lines[number - 1 : number] = [] if words is None else [words]
        return "\n".join(lines), number

    return break_


def structure_line_is(words: str) -> Break:
    """The structure's line is these words; {} is its name."""
    return lambda draft: line_is(2, words.replace("{}", draft.structure))(draft)


def label_is(words: str, who: Label = A) -> Break:
    """A label line in the middle is these words."""

    def break_(draft: Draft) -> tuple[str, int]:
        lines, number = draft.lines, draft.label_line(draft.a_turn_of(who))
        lines[number - 1] = draft.named(words, who)
        return "\n".join(lines), number

    return break_


# The file


@mutation("too-large")
def a_byte_too_many(draft):
    return draft.text.encode() + b"x" * MAX_BYTES, 1


@mutation("not-utf8", also="broken-characters")
def latin_1(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] = "We had coffee in that café by the river, you and I."
    return draft.text.encode("latin-1", "replace"), draft.line(n)


@mutation("not-utf8", also="broken-characters")
def half_a_character(draft):
    draft.turns[3][1] += " You said “yes"
    return draft.text.encode().replace(" You said “yes".encode(), b" You said \xe2\x80yes"), draft.line(4)


@mutation("not-utf8")
def a_bad_byte_in_the_title(draft):
    return draft.text.encode().replace(b"SESSION: ", b"SESSION: \xff", 1), 1


@mutation("byte-order-mark")
def a_byte_order_mark(draft):
    return b"\xef\xbb\xbf" + draft.text.encode(), 1


@mutation("line-ends")
def crlf(draft):
    return draft.text.replace("\n", "\r\n"), 1


@mutation("line-ends")
def cr(draft):
    return draft.text.replace("\n", "\r"), 1


@mutation("line-ends")
def one_crlf(draft):
    lines, number = draft.lines, draft.line(7)
    lines[number - 1] += "\r"
    return "\n".join(lines), number


@mutation("line-ends")
def a_line_feed_and_a_carriage_return_each(draft):
    lines, number = draft.lines, draft.line(5)
    lines[number - 1] += "\r"
    lines[number + 5] += "\r"
    return "\n".join(lines), number


# The header

each("header-session", ["Session: Trust", "SESSION:Trust", "SESSION: ", "SESSION:", " SESSION: Trust"],
     lambda words: line_is(1, words))  # fmt: skip
each("header-session", ["SESSION Trust", "**SESSION:** Trust", "Topic: Trust"], lambda words: line_is(1, words),
     also="stray-text")  # fmt: skip
each("header-structure", ["structure: {}", "Structure:{}", "Structure:", "Structure:   "],
     lambda words: structure_line_is(words))  # fmt: skip
each("header-structure", ["Structure", "**Structure:** {}", "Format: {}"], lambda words: structure_line_is(words),
     also="stray-text")  # fmt: skip
each("header-rule", ["=" * 69, "=" * 71, "===", f" {RULE}", f"{RULE} "], lambda words: line_is(3, words))
each("header-rule", ["-" * 70, "= " * 35, "***"], lambda words: line_is(3, words), also="stray-text blank-lines")


@mutation("header-session")
def no_session_line(draft):
    return draft.text.split("\n", 1)[1], 1


@mutation("header-structure")
def no_structure_line(draft):
    return line_is(2, None)(draft)


@mutation("header-rule")
def no_rule(draft):
    return line_is(3, None)(draft)


# Blank lines


@mutation("blank-lines")
def two_between_turns(draft):
    lines, number = draft.lines, draft.label_line(6)
    lines.insert(number - 1, "")
    return "\n".join(lines), number


@mutation("blank-lines")
def none_between_turns(draft):
    lines, number = draft.lines, draft.label_line(6) - 1
    del lines[number - 1]
    return "\n".join(lines), number


@mutation("blank-lines")
def one_between_a_label_and_its_text(draft):
    lines, number = draft.lines, draft.line(6)
    lines.insert(number - 1, "")
    return "\n".join(lines), number


@mutation("blank-lines")
def one_that_holds_a_blank(draft):
    lines, number = draft.lines, draft.label_line(6) - 1
    lines[number - 1] = " "
    return "\n".join(lines), number


@mutation("blank-lines")
def one_that_holds_a_no_break_space(draft):
    lines, number = draft.lines, draft.label_line(9) - 1
    lines[number - 1] = "\u00a0"
    return "\n".join(lines), number


@mutation("blank-lines")
def two_between_paragraphs(draft):
    draft.turns[5][1] = "We were late.\n\n\nThen we were later."
    return draft.text, draft.line(6) + 2


@mutation("blank-lines")
def none_under_the_rule(draft):
    return line_is(4, None)(draft)


@mutation("blank-lines")
def two_under_the_rule(draft):
    lines = draft.lines
    lines.insert(3, "")
    return "\n".join(lines), 5


@mutation("blank-lines")
def one_in_the_header(draft):
    lines = draft.lines
    lines.insert(1, "")
    return "\n".join(lines), 2


@mutation("blank-lines")
def one_before_the_header(draft):
    return "\n" + draft.text, 1


@mutation("blank-lines")
def one_above_the_rule(draft):
    lines = draft.lines
    lines.insert(2, "")
    return "\n".join(lines), 3


# Labels and texts


@mutation("stray-text")
def a_line_under_the_rule(draft):
    lines = draft.lines
    lines[4:4] = ["Here is the session you asked for.", ""]
    return "\n".join(lines), 5


@mutation("stray-text")
def a_fence(draft):
    lines = draft.lines
    lines[4:4] = ["```", ""]
    return "\n".join(lines), 5


each("malformed-label", ["**Patient A:**", "**Patient A**:", "Patient A :", "patient a:", "PATIENT A:", "Patient_A:",
                         "PatientA:", "[Patient A]:", "[Patient A]", "## Patient A:", "Patient A", "Patient A：",
                         "Patient A: ", " Patient A:", "> Patient A:"], label_is)  # fmt: skip
each("malformed-label", ["**Therapist:**", "therapist:", "[Therapist]"],
     lambda words: label_is(words, THERAPIST))  # fmt: skip


@mutation("malformed-label")
def the_first_label_and_its_text_on_one_line(draft):
    return draft.text.replace("Therapist:\n", "Therapist: ", 1), 5


@mutation("malformed-label")
def all_labels_and_texts_on_one_line(draft):
    draft.turns = [[label, text.replace("\n\n", " ")] for label, text in draft.turns]
    broken = draft.text
    for label in (THERAPIST, A, B):
        broken = broken.replace(f"{label}:\n", f"{label}: ")
    return broken, 7


each("unknown-label", ["Patient C:", "{me}:", "{you}:", "Dr. {surname}:", "Counsellor:", "**Sarah:**", "[Husband]:",
                       "{me} {surname}:", "Sarah-Jane O'Neill:"], label_is)  # fmt: skip


@mutation("empty-turn")
def a_label_without_text(draft):
    lines, number = draft.lines, draft.label_line(8)
    del lines[number]
    return "\n".join(lines), number


@mutation("empty-turn", also="blank-lines")
def a_text_of_blanks(draft):
    draft.turns[7][1] = "   "
    return draft.text, draft.label_line(8)


@mutation("empty-turn")
def the_last_label_without_text(draft):
    number = draft.label_line(len(draft.turns))
    return "\n".join(draft.lines[:number]) + "\n\n", number


@mutation("empty-turn", also="blank-lines twice-in-a-row order")
def two_labels_in_a_row(draft):
    lines, number = draft.lines, draft.label_line(8)
    lines.insert(number - 1, lines[number - 1])
    return "\n".join(lines), number


@mutation("broken-paragraph")
def a_line_break_in_a_paragraph(draft):
    n = draft.a_turn_of(A)
    first, second = draft.turns[n - 1][1].split(". ", 1)
    draft.turns[n - 1][1] = f"{first}.\n{second}"
    return draft.text, draft.line(n) + 1


@mutation("broken-paragraph")
def paragraphs_without_an_empty_line(draft):
    draft.turns[0][1] = draft.turns[0][1].replace("\n\n", "\n", 1)
    return draft.text, draft.line(1) + 1


@mutation("no-turns")
def a_header_alone(draft):
    return "\n".join(draft.lines[:4]) + "\n", 5


@mutation("no-turns", also="header-session header-structure header-rule")
def nothing(draft):
    return b"", 1


@mutation("no-turns", also="header-session header-structure header-rule stray-text blank-lines broken-paragraph")
def an_essay(draft):
    return "Attachment is a bond.\n\nIt begins early.\n\n", 2


@mutation("no-turns", also="header-session header-structure header-rule stray-text blank-lines broken-paragraph")
def a_web_page(draft):
    return "<!DOCTYPE html>\n<html><body>Not found</body></html>\n", 2


@mutation("end-of-file")
def no_empty_line(draft):
    return draft.text[:-1], draft.line(len(draft.turns)) + 1


@mutation("end-of-file")
def no_line_end(draft):
    return draft.text[:-2], draft.line(len(draft.turns))


@mutation("end-of-file")
def two_empty_lines(draft):
    return draft.text + "\n", draft.line(len(draft.turns)) + 2


@mutation("end-of-file")
def many_empty_lines(draft):
    return draft.text + "\n" * 40, draft.line(len(draft.turns)) + 2


each("trailing-blanks", [" ", "\t", "  ", "\u00a0"], ends)
each("trailing-blanks", [" ", "\t"], begins)


# Endings

each("cut-off", [" And then I", " I mean,", " There are two things:", " She said “no, I", " I was (and"], ends)


@mutation("cut-off")
def a_turn_of_two_paragraphs(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] += "\n\nAnd when I"
    return draft.text, draft.line(n, 2)


@mutation("ends-cut")
def the_last_turn(draft):
    draft.turns[-1][1] = "I see that now. And when I"
    return draft.text, draft.line(len(draft.turns))


@mutation("ends-cut")
def the_last_turn_at_a_comma_in_its_second_paragraph(draft):
    draft.turns[-1][1] = "I see that now.\n\nAnd so,"
    return draft.text, draft.line(len(draft.turns), 2)


each("trails-off", [" I thought...", " I thought…", " “I thought…”"], ends)
each("broken-off", [" I was going to—", " I was going to –", " I was going to -"], ends)
each("silence", ["...", "…", "[silence]", "(long pause)", "*pauses*", "(a heavy silence)", "[Silence.]", "—"], says)


@mutation("silence")
def a_paragraph_of_silence(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] += "\n\n(silence)\n\nNo."
    return draft.text, draft.line(n, 2)


# Labels in the speech

PLAIN = ["Patient A: ", "Patient A:", "patient a: ", "PATIENT A: ", "[Patient A]: ", "[Patient A] ", "(Patient A): ",
         "{me}: ", "[{me}]: ", "{me} (quietly): ", "{me}： ", "{me} : ", "{me}:"]  # fmt: skip
BOLD = ["**Patient A:** ", "**Patient A**: ", "**{me}:** ", "**{me}**: "]
each("stray-label-own", PLAIN, begins)
each("stray-label-own", ["*Patient A:* ", "*{me}*: "], begins)
each("stray-label-own", BOLD, begins, also="markup")
each("stray-label-own", ["## {me}: "], begins, also="markup")
each("stray-label-own", ["> {me}: "], begins)
each("stray-label-own", ["Therapist: ", "{therapist}: ", "Dr. {therapist}: ", "Dr. {surname}: ", "[Therapist]: "],
     lambda words: begins(words, THERAPIST))  # fmt: skip

each("stray-label-other", ["Patient B: ", "[Patient B]: ", "[Patient B] ", "patient b: ", "Therapist: ",
                           "AI_Facilitator: ", "AI Facilitator: "], begins)  # fmt: skip
each("stray-label-other", ["**Patient B:** "], begins, also="markup")
each("stray-label-name", ["{you}: ", "[{you}]: ", "[{you}] ", "{you} (quietly): ", "{therapist}: ", "Dr. {therapist}: ",
                          "Dr. {surname}: "], begins)  # fmt: skip
each("stray-label-name", ["**{you}:** ", "**{you}**: "], begins, also="markup")

each("stray-label-nobody", ["{me} Wright: ", "Sarah: ", "[Sarah]: ", "*Emily:* ", "Sarah Bennett: ", "{me} {you}: ",
                            "{you} {me}: ", "{me} {surname}: ", "Dr. Smith: ", "Sarah-Jane: ", "Anna B.: ", "SARAH: ",
                            "O'Brien: ", "Patient C: ", "Counsellor: ", "Speaker 1: "], begins)  # fmt: skip
each("stray-label-nobody", ["**Sarah:** ", "**{me} Wright:** ", "**Sarah Bennett**: "], begins, also="markup")


@mutation("stray-label-own")
def at_a_second_paragraph(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] += f"\n\n{draft.base.b}: And so it goes."
    return draft.text, draft.line(n, 2)


@mutation("stray-label-other")
def another_goes_on_in_the_same_turn(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] += "\n\nPatient A: And so it goes."
    return draft.text, draft.line(n, 2)


@mutation("stray-label-nobody")
def a_made_up_name_at_a_second_paragraph(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] += "\n\nEmily Chen: And so it goes."
    return draft.text, draft.line(n, 2)


# Language and characters

each(
    "wrong-language",
    [
        "Ich weiß nicht, wie ich es sagen soll, aber seit dem Sommer reden wir kaum noch miteinander, und das tut weh. "
        "Wenn du abends nach Hause kommst, sitze ich schon da und warte, und dann sagen wir beide kein Wort mehr.",
        "Je ne sais plus comment te le dire, mais depuis cet été nous ne parlons presque plus, et cela me fait mal.",
        "No sé cómo decírtelo, pero desde el verano casi no hablamos, y eso me duele mucho más de lo que crees. "
        "Cuando vuelves por la noche, ya estoy sentada esperando, y después ninguno de los dos dice nada.",
        "Nie wiem, jak to powiedzieć, ale od lata prawie ze sobą nie rozmawiamy i bardzo mnie to boli co wieczór. "
        "Kiedy wracasz do domu, siedzę już przy stole i czekam, a potem oboje nie mówimy ani słowa do rana.",
        "Ik weet niet hoe ik het moet zeggen, maar sinds de zomer praten we bijna niet meer met elkaar. "
        "Als je 's avonds thuiskomt, zit ik al te wachten, en daarna zeggen we allebei geen woord tot het ochtend is.",
        "Я не знаю, как это сказать, но с лета мы почти не разговариваем, и мне от этого очень больно.",
        "我不知道该怎么说，可是从夏天开始我们就几乎不说话了，这让我很难过，每天晚上我都睡不着。",
        "どう言えばいいのかわからないけれど、夏からほとんど話していないし、それがとても悲しいです。",
    ],
    says,
)
each("broken-characters", ["I don\ufffdt know.", "I donâ€™t know.", "We had a cafÃ© once.", "I was\u200b there.",
                           "I was\x00 there.", "I was \x1b[31m there.", "One\u2028two.", "I was \ue000 there.",
                           "I love you ðŸ™‚ so.", "He said â€œno.â€\x9d"], says_among_others)  # fmt: skip


# What is no speech

PLACEHOLDERS = ["{{ name }}", "{{partner_name}}", "{{name", "{name}", "{partner_name}", "{Partner.name}",
                "{% if secret %}", "[Name]", "[NAME]", "[Your Name]", "[partner's name]", "[Partner’s Name]",
                "[Patient A]", "[patient b's name]", "[therapist]", "[Therapist Name]", "[wife's name]",
                "[client name]", "[insert example here]", "[topic]", "<name>", "<partner>", "<your name>",
                "%PARTNER_NAME%", "INSERT_NAME", "YOUR_NAME"]  # fmt: skip
each("placeholder", PLACEHOLDERS, lambda words: says_among_others(f"I told {words} about it."))
each("maybe-placeholder", ["[date]", "[city]", "[specific task]", "[spouse]", "<wife>", "[Husband]"],
     lambda words: says_among_others(f"I told {words} about it."))  # fmt: skip
each("placeholder", ["Hello, {name}.", "[Name], I hear you.", "Thank you, [Your Name]."],
     lambda words: says(words, THERAPIST))  # fmt: skip

ERRORS = ["Error: Connection timed out.", "Error code: 429 - {'error': {'message': 'You are too fast'}}",
          "Traceback (most recent call last): File \"run.py\", line 3, in main",
          "openai.RateLimitError: slow down, please", "openai.APIConnectionError: Connection error.",
          "RateLimitError", "Rate limit reached for gpt-4o in organization org-1 on tokens per min.",
          "HTTP 503", "status code: 500", "503 Service Unavailable", "429 Too Many Requests", "502 Bad Gateway",
          "[ERROR] no reply", "[Error: no reply]", "Request timed out.", "Connection error.", "Internal Server Error",
          "{\"error\": {\"message\": \"bad key\", \"type\": \"invalid_request_error\"}}",
          "This model's maximum context length is 8192 tokens.",
          "You exceeded your current quota, please check your plan and billing details.", "insufficient_quota",
          "An error occurred while processing your request.", "litellm.BadRequestError: no",
          "Error generating response: no reply", "504 Gateway Timeout", "500 Internal Server Error"]  # fmt: skip
each("error-text", ERRORS, says)
each("error-text", ["Error code: 500.", "openai.APITimeoutError: Request timed out."], says_among_others)

REFUSALS = ["I'm sorry, but I can't assist with that.", "I’m sorry, but I can’t assist with that request.",
            "I'm sorry, I can't assist with that.", "Sorry, but I can't assist with that.",
            "I am sorry, but I cannot help with that request.",
            "I'm very sorry, but I am unable to help with this request.",
            "I apologize, but I cannot fulfill this request.", "I cannot assist with that request.",
            "I'm sorry, but I cannot generate that content.", "I can't continue this role-play.",
            "I can't fulfill this request.", "I cannot fulfil that request.", "I cannot generate that content.",
            "I won't be able to assist with that request.", "I'm unable to continue with this roleplay.",
            "I'm not able to fulfill this request.", "That request goes against my guidelines.",
            "This request violates our content policy."]  # fmt: skip
each("refusal", REFUSALS, says)
each("maybe-refusal", ["I'm sorry, but I can't help with that.", "I’m sorry, but I can’t continue with this.",
                       "I'm very sorry, but I am unable to comply.", "I cannot comply with that.",
                       "I am unable to assist you with this.", "It is against my guidelines."], says)  # fmt: skip

AS_AN_AI = ["As an AI, I do not have feelings.", "As an AI language model, I have no partner.", "As a language model,",
            "As a large language model, I cannot feel.", "I'm just an AI, so I would not know.", "I am an AI.",
            "I’m a language model.", "I was trained by OpenAI.",
            "I'm an artificial intelligence.", "I am an AI assistant, and I can't be late."]  # fmt: skip
each("as-an-ai", AS_AN_AI, says)

each(
    "markup",
    [
        "**really** late",
        "__really__ late",
        "`late`",
        "<b>late</b>",
        "<em>late",
        "[late](https://example.org)",
        "late &amp; later",
        "```late",
        "<think>He is late",
    ],
    lambda words: says_among_others(f"I was {words}."),
)
each("markup", ["# Late", "### My week"], says)


@mutation("markup")
def a_line_of_dashes(draft):
    n = draft.a_turn_of(B)
    draft.turns[n - 1][1] += "\n\n---\n\nNo."
    return draft.text, draft.line(n, 2)


def lists(mark: str) -> Break:
    """A turn of the therapist holds a list of two points."""

    def break_(draft: Draft) -> tuple[str, int]:
        n = draft.a_turn_of(THERAPIST)
        second = mark.replace("1", "2")
        draft.turns[n - 1][1] = f"Two things to try.\n\n{mark} A walk on Sunday.\n\n{second} A call at noon."
        return draft.text, draft.line(n, 2)

    return break_


each("markup", ["-", "*", "+", "•", "1.", "1)"], lists)
each("stage-direction", ["[laughs]", "(sighs)", "*looks away*", "(long pause)", "[softly]", "*sighs deeply*",
                         "(looking down at his hands)", "[Crying]"], says_among_others)  # fmt: skip


# Names

each("stranger", ["Thank you, Sarah.", "What do you think, Sarah?", "You know it well, Emily.", "Hello, Emily.",
                  "Would you like that, Dr. Smith?"], says_among_others)  # fmt: skip
each("stranger", ["Thank you, Sarah. That took courage.", "Was it the same for you, Michael?",
                  "Welcome, Sarah and Mark."], lambda words: says(words, THERAPIST))  # fmt: skip
each("wrong-speaker", ["What do you want me to do, {me}?", "I'm {you}, and I will say it plainly.", "Thank you, {me}.",
                       "My name is {you}."], says_among_others)  # fmt: skip
each("wrong-speaker", ["Thank you, {me}. I hear you."], says)
each("wrong-speaker", ["I'm {me}, and I have something to say."], lambda words: says(words, THERAPIST))


@mutation("other-answers")
def the_other_one_is_asked(draft):
    n = draft.a_turn_of(THERAPIST)
    answers = draft.turns[n][0]
    draft.turns[n - 1][1] = f"I hear you. {draft.named('{you}', answers)}, what did you hear just now?"
    return draft.text, draft.line(n)


@mutation("other-answers")
def the_other_one_is_asked_in_a_second_paragraph(draft):
    n = draft.a_turn_of(THERAPIST)
    name = draft.named("{you}", draft.turns[n][0])
    draft.turns[n - 1][1] = f"I hear you both, and it is late.\n\nWhat was the worst of it for you, {name}?"
    return draft.text, draft.line(n, 2)


# Order


@mutation("opening", also="order")
def the_therapists_first_turn_is_lost(draft):
    del draft.turns[0]
    return draft.text, 5


@mutation("opening", also="order twice-in-a-row wrong-speaker")
def the_first_turn_is_a_partners(draft):
    draft.turns[0][0] = A
    return draft.text, 5


@mutation("twice-in-a-row", also="order")
def a_turn_is_split(draft):
    n = draft.a_turn_of(A)
    first, second = draft.turns[n - 1][1].split(". ", 1)
    draft.turns[n - 1 : n] = [[A, f"{first}."], [A, second]]
    return draft.text, draft.label_line(n + 1)


@mutation("twice-in-a-row", also="order wrong-speaker")
def a_turn_has_its_neighbours_label(draft):
    draft.turns[9][0] = draft.turns[8][0]
    return draft.text, draft.label_line(10)


@mutation("order")
def the_last_turn_is_anothers(draft):
    label, before = draft.turns[-1][0], draft.turns[-2][0]
    draft.turns[-1][0] = next(other for other in (THERAPIST, A, B) if other not in (label, before))
    return draft.text, draft.label_line(len(draft.turns))


@mutation("order")
def a_therapists_turn_is_lost(draft):
    n = draft.a_turn_of(THERAPIST, after=2)
    del draft.turns[n - 1]
    return draft.text, draft.label_line(n)


@mutation("order")
def the_header_names_the_other_structure(draft):
    draft.structure = {"Sequential": "LLM Only", "LLM Only": "Sequential"}[draft.structure]
    return draft.text, draft.label_line(4)


@mutation("turn-count")
def too_few(draft):
    del draft.turns[24:]
    return draft.text, draft.label_line(24)


@mutation("turn-count")
def one(draft):
    del draft.turns[1:]
    return draft.text, draft.label_line(1)


@mutation("turn-count", also="order")
def too_many(draft):
    last = draft.turns[-1][0]
    draft.turns += [[A if last != A else B, "Go on."], [THERAPIST, "And then?"]] * 3
    return draft.text, draft.label_line(len(draft.turns))


each("structure-unknown", ["Structure: Round Table", "Structure: LLM", "Structure: ?"], lambda words: line_is(2, words))


# Repetition


@mutation("duplicate-turn")
def a_turn_word_for_word(draft):
    n = draft.a_turn_of(A, after=20)
    draft.turns[n - 1][1] = draft.turns[draft.a_turn_of(A) - 1][1]
    return draft.text, draft.line(n)


@mutation("duplicate-turn", also="twice-in-a-row order")
def a_turn_right_after_itself(draft):
    n = draft.a_turn_of(B)
    draft.turns.insert(n, list(draft.turns[n - 1]))
    return draft.text, draft.line(n + 1)


@mutation("duplicate-turn")
def in_capitals_and_other_apostrophes(draft):
    n = draft.a_turn_of(A, after=20)
    draft.turns[n - 1][1] = draft.turns[draft.a_turn_of(A) - 1][1].upper().replace("'", "’")
    return draft.text, draft.line(n)


@mutation("near-duplicate-turn")
def a_turn_but_for_its_first_words(draft):
    n = draft.a_turn_of(A, after=20)
    earlier = draft.turns[draft.a_turn_of(A) - 1][1]
    draft.turns[n - 1][1] = "Oh well, as ever, " + earlier.split(" ", 2)[2]
    return draft.text, draft.line(n)


@mutation("near-duplicate-turn")
def a_turn_but_for_every_fifteenth_word(draft):
    n = draft.a_turn_of(A, after=20)
    words = draft.turns[draft.a_turn_of(A) - 1][1].split()
    draft.turns[n - 1][1] = " ".join("thing" if at % 15 == 7 else word for at, word in enumerate(words))
    return draft.text, draft.line(n)


SENTENCE = "Nobody in that kitchen said a single kind word about my soup."


def says_twice(again: str) -> Break:
    """Two turns hold a sentence; the second as `again`, in its second paragraph."""

    def break_(draft: Draft) -> tuple[str, int]:
        n = draft.a_turn_of(A, after=20)
        draft.turns[draft.a_turn_of(B) - 1][1] += f" {SENTENCE}"
        draft.turns[n - 1][1] += f"\n\nIt was cold. {again} Nobody."
        return draft.text, draft.line(n, 2)

    return break_


each("repeated-sentence", [SENTENCE, SENTENCE.upper(), SENTENCE.replace(".", "!")], says_twice)
each("near-repeated-sentence", [SENTENCE.replace("kitchen", "room"), SENTENCE.replace("single ", "")], says_twice)


@mutation("repeated-opener")
def three_turns_begin_alike(draft):
    numbers = [n for n, (label, _) in enumerate(draft.turns, start=1) if label == A][3:6]
    for n, rest in zip(numbers, ("yes", "no", "perhaps"), strict=True):
        draft.turns[n - 1][1] = f"You see, it's {rest}. {draft.turns[n - 1][1]}"
    return draft.text, draft.line(numbers[-1])


BASES = bases()
BEFORE = {name: findings(base.text) for name, base in BASES.items()}


def test_there_is_a_mutation_for_every_rule_of_format_and_conduct_and_for_nothing_else():
    assert {each.code for each in MUTATIONS} == {rule.code for rule in RULES.values() if rule.level != "drift"}


@pytest.mark.parametrize("base", BASES)
def test_the_unbroken_ones_have_no_errors_or_warnings(base):
    assert [found for found in BEFORE[base] if found.severity != "note"] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_broken_one_is_told_with_its_line_and_nothing_else_is_grave(mutation):
    for name, base in BASES.items():
        broken, line = mutation.break_(base.draft())
        # Rehearsed partners hardly use names; one who says their own leaves the names open, unless a run tells them.
        unsure = name == "rehearsal" and mutation.code == "wrong-speaker"
        found = findings(broken, known=Known(people_of(spec()), 31, False, {}) if unsure else None)
        told = [(each.code, each.line, each.message) for each in found]
        assert (mutation.code, line) in {(each.code, each.line) for each in found}, (name, told)
        assert told != [(each.code, each.line, each.message) for each in BEFORE[name]]
        others = {each.code for each in found if each.severity != "note"} - {mutation.code, *mutation.also}
        assert not others, (name, told)


BY_NAME = [each for each in MUTATIONS if each.code.startswith(("stray-label", "stranger", "wrong-speaker"))]


@pytest.mark.parametrize("mutation", BY_NAME, ids=str)
def test_names_are_judged_by_what_the_run_knows(mutation):
    """As above, with the people of the spec; nothing has to be inferred."""
    base = BASES["rehearsal"]
    known = Known(people_of(spec()), 31, False, {})
    assert [each for each in findings(base.text, known=known) if each.severity != "note"] == []
    broken, line = mutation.break_(base.draft())
    told = {(each.code, each.line) for each in findings(broken, known=known) if each.severity != "note"}
    assert (mutation.code, line) in told, told
    assert {code for code, _ in told} <= {mutation.code, *mutation.also}, told
