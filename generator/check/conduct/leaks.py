"""What is no speech: placeholders, errors, refusals, markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator import placeholders
from generator.check.rule import Case, Hit, Rule, quoted
from generator.reading import Passage

RULES = (
    Rule("placeholder", "conduct", "error", "A placeholder that was never filled.",
         "Fill it in the prompt (`couplesim preview` shows what is sent) and generate the session anew."),
    Rule("error-text", "conduct", "error", "An error message of a program or an endpoint stands as dialogue.",
         "Generate the session anew; no error is a turn."),
    Rule("refusal", "conduct", "error", "A model's refusal stands as dialogue.",
         "Generate the session anew, with another prompt or model.", guess=True),
    Rule("as-an-ai", "conduct", "error", "A speaker says they are an AI.",
         "Generate the session anew; see that the prompt says who is speaking.", guess=True),
    Rule("markup", "conduct", "warning", "Markdown or HTML in the speech.",
         "Ask for plain speech in the prompt.", guess=True),
    Rule("stage-direction", "conduct", "note", "A stage direction in asterisks or brackets.",
         "Ask for speech only in the prompt, if they are not wanted.", guess=True),
)  # fmt: skip

_ERROR = re.compile(
    r"""Traceback\ \(most\ recent\ call\ last\)
    | \b(?:openai|httpx2?|anthropic|requests|aiohttp)\.\w*(?:Error|Exception)\b
    | \bError\ code:\ ?\d{3}
    | \b(?:APIError|RateLimitError|APIConnectionError|APITimeoutError|BadRequestError|AuthenticationError)\b
    | ["']error["']\s*:\s*[{"'] | \binsufficient_quota\b | \brate_limit_exceeded\b | \bcontext_length_exceeded\b
    | \b(?:HTTP\ ?|status(?:\ code)?:?\ )(?:4\d\d|5\d\d)\b
    | \b(?:429\ Too\ Many\ Requests|50[0234]\ (?:Internal\ Server\ Error|Bad\ Gateway|Service\ Unavailable
      |Gateway\ Time-?out))
    | ^\[?(?:ERROR|Error)\b\]?:\s
    | ^\W*(?:Connection\ error|Request\ timed\ out|Internal\ Server\ Error|Service\ Unavailable)\.?\W*$
    | \bRate\ limit\ (?:reached|exceeded)\b | \bmaximum\ context\ length\b | \byou\ exceeded\ your\ current\ quota\b
    | \bAn\ error\ (?:has\ )?occurred\ (?:while|during|when)\ (?:processing|generating|calling)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"""\bI(?:'m|\ am)\ (?:\w+\ )?sorry,?\ but\ I\ (?:can(?:'t|not)|am\ unable\ to|won't\ be\ able\ to)\ (?:
      (?:assist|comply|fulfil+|generate|create|engage)\b | \w+\ (?:with\ )?(?:that|this|your)\ request\b)
    | ^\W*I(?:'m|\ am)\ (?:\w+\ )?sorry,?\ but\ I\ can(?:'t|not)\ (?:help|continue)\ with\ (?:that|this)\.
    | \bI(?:'m|\ am)\ (?:unable|not\ able)\ to\ (?:
      assist\b | comply\b | fulfil+\b | generate\b | role-?play\b
      | continue\ (?:with\ )?th(?:is|e)\ (?:role-?play|request))
    | \bI\ can(?:'t|not)\ (?:assist\ with | comply\ with | fulfil+\ (?:that|this|your)\ request
      | continue\ (?:with\ )?this\ (?:role-?play|request) | (?:generate|create)\ (?:that|this)\ content)
    | \b(?:this|that|your)\ request\ (?:violates|goes\ against)\b | \bcontent\ policy\b
    | \bagainst\ my\ (?:guidelines|programming)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_AI = re.compile(
    r"\bas an? (?:AI|artificial intelligence|(?:large )?language model|virtual assistant|chatbot)\b"
    r"|\bI(?:'m| am) (?:just |only |merely )?an? (?:AI\b|artificial intelligence|(?:large )?language model|chatbot)"
    r"|\b(?:as|being) ChatGPT\b|\b(?:trained|developed|created) by (?:OpenAI|Anthropic|Google|Meta AI|Mistral)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"""^\s{0,3}\#{1,6}\s+\S | \*\*[^*\n]{1,200}\*\* | __[^_\n]{1,200}__
    | ```
    | `[^`\n]{1,80}` | </?(?:b|i|em|strong|p|br|div|span|ul|li|h[1-6]|a|code|think|thinking)\b[^<>\n]{0,80}/?>
    | \[[^\]\n]{1,80}\]\(https?://[^)\n]{1,200}\) | ^\s*>\s+\S | ^\s*(?:---+|\*\*\*+)\s*$
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
    _Look("placeholder", "holds a placeholder", placeholders.IN_SPEECH, ("{", "[", "<")),
    _Look("error-text", "holds an error message", _ERROR,
          ("error", "traceback", "exception", "quota", "limit", "status", "timed out", "unavailable",
           "too many requests", "bad gateway", "gateway time", "context length", "http")),
    _Look("refusal", "is a refusal", _REFUSAL,
          ("sorry", "able to", "can't", "cannot", "policy", "guidelines", "request")),
    _Look("as-an-ai", "speaks as an AI", _AI,
          (" ai", "artificial", "language model", "assistant", "chatbot", "chatgpt", "trained by",
           "developed by", "created by")),
    _Look("markup", "holds markup", _MARKUP, ("#", "**", "__", "`", "<", ">", "&", "](", "---")),
    _Look("markup", "is a point of a list", _LISTED, (". ", ") ", "- ", "* ", "+ ", "• ")),
    _Look("stage-direction", "holds a stage direction", _DIRECTION, ("*", "(", "[")),
)  # fmt: skip


def find(case: Case) -> Iterator[Hit]:
    """Hits on what is no speech; one of a kind in a paragraph is enough."""
    for turn in case.turns:
        for part in turn.paragraphs:
            plain = part.text.replace("’", "'")
            small = plain.casefold()
            for look in _LOOKS:
                if not any(hint in small for hint in look.hints):
                    continue
                if (match := look.pattern.search(plain)) and not _meant(look.code, turn):
                    message = f"turn {turn.n}, {turn.label}, {look.what}"
                    yield Hit(look.code, part.line, message, quoted(match.group().strip()))


def _meant(code: str, turn: Passage) -> bool:
    """The facilitator of one structure is an AI, and says so."""
    return code == "as-an-ai" and turn.label == "AI_Facilitator"
