"""What is no speech: placeholders, errors, refusals, markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator import placeholders
from generator.check.rule import Case, Hit, Rule, quoted
from generator.schema.label import LABELS
from generator.schema.reading import Paragraph, Passage

RULES = (
    Rule("placeholder", "conduct", "error", "A placeholder that was never filled.",
         "Fill it in the prompt (`couplesim preview` shows what is sent) and generate the session anew."),
    Rule("maybe-placeholder", "conduct", "warning", "Something in brackets that may be a placeholder.",
         "Fill it in the prompt, if it is one.", guess=True),
    Rule("error-text", "conduct", "error", "An error message of a program or an endpoint stands as dialogue.",
         "Generate the session anew; no error is a turn."),
    Rule("refusal", "conduct", "error", "A model's refusal stands as dialogue.",
         "Generate the session anew, with another prompt or model."),
    Rule("maybe-refusal", "conduct", "warning", "Words that may be a model's refusal, or a person's.",
         "Read the turn; if the model refuses, generate the session anew.", guess=True),
    Rule("as-an-ai", "conduct", "error", "A speaker says they are an AI.",
         "Generate the session anew; see that the prompt says who is speaking."),
    Rule("markup", "conduct", "warning", "Markdown or HTML in the speech.",
         "Ask for plain speech in the prompt.", guess=True),
    Rule("stage-direction", "conduct", "note", "A stage direction in asterisks or brackets.",
         "Ask for speech only in the prompt, if they are not wanted.", guess=True),
)  # fmt: skip

_ERROR = re.compile(
    r"""Traceback\ \(most\ recent\ call\ last\)
    | \b(?:openai|httpx2?|anthropic|requests|aiohttp)\.\w*(?:Error|Exception)\b
    | \b(?:APIError|RateLimitError|APIConnectionError|APITimeoutError|BadRequestError|AuthenticationError)\b
    | \bError(?:\ code)?:?\ ?[45]\d\d\b | \bstatus\ code:?\ ?[45]\d\d\b | ^\W*HTTP(?:\ error)?:?\ ?[45]\d\d\b
    | ["']error["']\s*:\s*[{"'] | \binsufficient_quota\b | \brate_limit_exceeded\b | \bcontext_length_exceeded\b
    | \b(?:429\ Too\ Many\ Requests|50[0234]\ (?:Internal\ Server\ Error|Bad\ Gateway|Service\ Unavailable
      |Gateway\ Time-?out))
    | ^\[?(?:ERROR|Error)\b\]?:\s | ^\[ERROR\]\s | ^Error\ (?:generating|calling|processing|in)\b[^:]{0,60}:
    | ^\W*(?:Connection\ error|Request\ timed\ out|Internal\ Server\ Error|Service\ Unavailable)\.?\W*$
    | <\|\w{2,30}\|>
    | \bRate\ limit\ (?:reached|exceeded)\b | \bmaximum\ context\ length\b | \byou\ exceeded\ your\ current\ quota\b
    | \bAn\ error\ (?:has\ )?occurred\ (?:while|during|when)\ (?:processing|generating|calling)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_REPLY = re.compile(r"\A\s*(?:null|None|undefined|NaN|\[(?:no response|empty|error|null)\])\s*$", re.IGNORECASE)
_REFUSAL = re.compile(
    r"""\A\W*(?:I(?:'m|\ am)\ (?:\w+\ )?sorry|Sorry|I\ apologi[sz]e),?\ (?:but\ )?
      I\ (?:can(?:'t|not)|am\ unable\ to|won't\ be\ able\ to)\ (?:
      assist\ with\ (?:that|this)(?:\ request)?\b | \w+\ (?:with\ )?(?:that|this|your)\ request\ *[.,!]
      | (?:generate|create|produce)\ (?:that|this|such|explicit|any)\b
      | (?:participate|engage)\ in\ (?:that|this|such)\b)
    | \bI(?:'m|\ am)\ (?:unable|not\ able)\ to\ (?:\w+\ (?:with\ )?(?:that|this|your)\ request\b
      | role-?play\b | continue\ (?:with\ )?th(?:is|e)\ role-?play)
    | \bI\ (?:can(?:'t|not)|won't(?:\ be\ able\ to)?)\ (?:(?:\w+\ with|fulfil+|complete|process)\ (?:that|this|your)
      \ request\b | continue\ (?:with\ )?th(?:is|e)\ role-?play | (?:generate|create|produce|write)\ (?:that|this|such)
      \ content)
    | \b(?:request|content|conversation)\ (?:violates|goes\ against)\ (?:my|our|the|OpenAI's)\ (?:\w+\ )?
      (?:guidelines|polic(?:y|ies)|programming)
    | \bagainst\ my\ programming\b""",
    re.VERBOSE | re.IGNORECASE,
)
_MAYBE_REFUSAL = re.compile(
    r"""\bI(?:'m|\ am)\ (?:\w+\ )?sorry,?\ but\ I\ (?:can(?:'t|not)|am\ unable\ to|won't\ be\ able\ to)\ (?:
      (?:assist|comply|fulfil+|generate)\b | (?:help|continue)\ with\ (?:that|this)\b)
    | \bI(?:'m|\ am)\ (?:unable|not\ able)\ to\ (?:assist|comply|fulfil+|generate)\b
    | \bI\ (?:can(?:'t|not)|won't\ be\ able\ to)\ (?:assist\ with|comply\ with|fulfil+|generate)\ (?:that|this|your)\b
    | \bmy\ guidelines\b""",
    re.VERBOSE | re.IGNORECASE,
)
_MACHINE = (
    r"(?:AI\b(?! (?!language|model|assistant|system|program|and|or|so)\w)|artificial intelligence"
    r"|(?:large )?language model)"
)
_AI = re.compile(
    rf"\bas an? (?:{_MACHINE}|chatbot,|virtual assistant)"
    rf"|\bI(?:'m| am) (?:just |only |merely )?an? (?:{_MACHINE}|chatbot\b(?! (?:that|who|which)))"
    r"|\bI(?:'m| am) (?:ChatGPT|Claude|Gemini),? (?:an? |made|created|trained)|\bbeing ChatGPT\b"
    r"|\b(?:made|trained|developed|created|built) by (?:OpenAI|Anthropic)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"""^\s{0,3}\#{1,6}\s+\S | \*\*[^*\n]{1,200}\*\* | __[^_\n]{1,200}__
    | ```
    | `[^`\n]{1,80}` | </?(?:b|i|em|strong|p|br|div|span|ul|li|h[1-6]|a|code|think|thinking)\b[^<>\n]{0,80}/?>
    | \[[^\]\n]{1,80}\]\(https?://[^)\n]{1,200}\) | ^\s*(?:---+|\*\*\*+)\s*$
    | &(?:amp|quot|lt|gt|nbsp|\#39);""",
    re.VERBOSE,
)
_LISTED = re.compile(r"\A\s*(?:[-*+•]|\d{1,2}[.)])\s+\S")
_DIRECTION = re.compile(
    r"(?<![*\w])\*(?!\*)[^*\n]{2,80}(?<!\s)\*(?![*\w])"
    r"|[(\[](?:\w+ly )?(?:sigh(?:s|ing)?|pauses?|long pause|silence|laugh(?:s|ing)|cry(?:ing)?|nod(?:s|ding)"
    r"|smil(?:es|ing)|looks? (?:at|away|down|up)|looking|turns? to|turning|tearing|whispers?|quietly|softly|takes? a)\b"
    r"[^)\]\n]{0,60}[)\]]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked for in every paragraph."""

    code: str
    what: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    """In small letters; a paragraph that holds none of them is not searched, for speed."""


_LOOKS = (
    _Look("placeholder", "holds a placeholder", placeholders.IN_SPEECH, ("{", "[", "<", "%", "insert_", "your_")),
    _Look("maybe-placeholder", "may hold a placeholder", placeholders.PERHAPS, ("[", "<")),
    _Look("error-text", "holds an error message", _NO_REPLY, ("null", "none", "undefined", "nan", "[")),
    _Look("error-text", "holds an error message", _ERROR,
          ("error", "traceback", "exception", "quota", "rate limit", "rate_limit", "status code", "timed out",
           "unavailable", "<|", "too many requests", "bad gateway", "gateway time", "context length",
           "context_length", "http")),
    _Look("refusal", "is a refusal", _REFUSAL,
          ("request", "role-play", "roleplay", "content", "guideline", "polic", "programming", "assist with",
           "generate", "create", "produce", "participate in", "engage in")),
    _Look("maybe-refusal", "may be a refusal", _MAYBE_REFUSAL,
          ("assist", "comply", "fulfil", "generate", "help with", "continue with", "my guidelines")),
    _Look("as-an-ai", "speaks as an AI", _AI,
          ("a ai", "an ai", "artificial intelligence", "language model", "virtual assistant", "chatbot", "chatgpt",
           "claude", "gemini", "openai", "anthropic")),
    _Look("markup", "holds markup", _MARKUP, ("#", "**", "__", "`", "<", ">", "&", "](", "---")),
    _Look("stage-direction", "holds a stage direction", _DIRECTION, ("*", "(", "[")),
)  # fmt: skip


def find(case: Case) -> Iterator[Hit]:
    """Hits on what is no speech; one of a kind in a paragraph is enough."""
    for turn in case.turns:
        listed = [part for part in turn.paragraphs if _LISTED.match(part.text)]
        for part in listed if len(listed) > 1 else ():
            message = f"turn {turn.n}, {turn.label}, is a list"
            yield Hit("markup", part.line, message, quoted(part.text.strip()))
        for part in turn.paragraphs:
            yield from _in_paragraph(turn, part)


def _in_paragraph(turn: Passage, part: Paragraph) -> Iterator[Hit]:
    plain = part.text.replace("’", "'")
    small = plain.casefold()
    told: set[str] = set()
    for look in _LOOKS:
        if look.code.removeprefix("maybe-") in told or not any(hint in small for hint in look.hints):
            continue
        match = look.pattern.search(plain)
        if match and not _meant(look, match, turn):
            told.add(look.code)
            message = f"turn {turn.n}, {turn.label}, {look.what}"
            yield Hit(look.code, part.line, message, quoted(match.group().strip()))


def _meant(look: _Look, match: re.Match[str], turn: Passage) -> bool:
    """What only looks alike: an AI facilitator who says so, and a label in brackets, which is told as a label."""
    if look.code == "as-an-ai":
        return turn.label == "AI_Facilitator"
    labels = {label.casefold() for label in LABELS}
    return look.code == "placeholder" and match.start() == 0 and match.group()[1:-1].casefold() in labels
