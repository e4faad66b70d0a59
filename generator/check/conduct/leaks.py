"""What is no speech: placeholders, errors, refusals, markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator import placeholders
from generator.check.rule import Case, Hit, Rule, quoted

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
    r"""^\s{0,3}\#{1,6}\s+\S | ^\s*(?:[-*+•]|\d{1,2}[.)])\s+\S.{0,400}$ | \*\*[^*\n]{1,200}\*\* | __[^_\n]{1,200}__
    | ```
    | `[^`\n]{1,80}` | </?(?:b|i|em|strong|p|br|div|span|ul|li|h[1-6]|a|code|think|thinking)\b[^<>\n]{0,80}/?>
    | \[[^\]\n]{1,80}\]\(https?://[^)\n]{1,200}\) | ^\s*>\s+\S | ^\s*(?:---+|\*\*\*+)\s*$
    | &(?:amp|quot|lt|gt|nbsp|\#39);""",
    re.VERBOSE,
)
_NUMBERED = re.compile(r"\s*\d{1,2}[.)]\s")
_DIRECTION = re.compile(
    r"(?<![*\w])\*(?!\*)[^*\n]{2,80}(?<!\s)\*(?![*\w])"
    r"|[(\[](?:\w+ly )?(?:sigh(?:s|ing)?|pauses?|long pause|silence|laugh(?:s|ing)|cry(?:ing)?|nod(?:s|ding)"
    r"|smil(?:es|ing)|looks? (?:at|away|down|up)|looking|turns? to|turning|tearing|whispers?|quietly|softly|takes? a)\b"
    r"[^)\]\n]{0,60}[)\]]",
    re.IGNORECASE,
)


def find(case: Case) -> Iterator[Hit]:
    """Hits on what is no speech; one of a kind in a paragraph is enough."""
    for turn in case.turns:
        who = f"turn {turn.n}, {turn.label},"
        for part in turn.paragraphs:
            plain = part.text.replace("’", "'")
            if match := placeholders.IN_SPEECH.search(plain):
                yield Hit("placeholder", part.line, f"{who} holds a placeholder", match.group())
            if match := _ERROR.search(plain):
                yield Hit("error-text", part.line, f"{who} holds an error message", quoted(plain[match.start() :]))
            if match := _REFUSAL.search(plain):
                yield Hit("refusal", part.line, f"{who} is a refusal", quoted(match.group()))
            if (match := _AI.search(plain)) and turn.label != "AI_Facilitator":
                yield Hit("as-an-ai", part.line, f"{who} speaks as an AI", quoted(plain[match.start() :]))
            if (match := _MARKUP.search(plain)) and not (_NUMBERED.match(match.group()) and len(turn.paragraphs) == 1):
                yield Hit("markup", part.line, f"{who} holds markup", quoted(match.group().strip()))
            if match := _DIRECTION.search(plain):
                yield Hit("stage-direction", part.line, f"{who} holds a stage direction", quoted(match.group()))
