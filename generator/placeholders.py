"""What an unfilled placeholder looks like: in a template, in what is sent, and in what is spoken. Pure patterns."""

from __future__ import annotations

import re

_BRACES = r"\{\{(?:.*?\}\})?|\{%(?:.*?%\})?|\{[a-z_]{2,30}\}"

IN_TEMPLATES = re.compile(
    _BRACES + r"|\[(?:name|partner|patient|therapist|topic|insert)[^\]]*\]"
    r"|<(?:name|partner|patient|therapist)[^>]*>|\b(?-i:TODO|FIXME|XXX)\b",
    re.IGNORECASE,
)
"""In the literal text of a template."""

UNRENDERED = re.compile(_BRACES)
"""In what is sent: people do say "[name the thing]", "todo" and "XXX"."""

IN_SPEECH = re.compile(
    _BRACES
    + r"|[\[<](?:(?:your|the|my|insert|patient|partner|therapist|client|spouse|their|his|her|first|last)['’s]*[ _-])*"
    r"(?:name|names|partner|patient(?:[ _-]?[ab])?|therapist|client|topic|date|time|place|location|city|age|occupation|"
    r"stressor|specific [a-z ]{2,30}|insert [^\]>]{1,40})[\]>]|\b(?-i:INSERT|YOUR)[_ ](?-i:[A-Z_]{2,20})\b",
    re.IGNORECASE,
)
"""In what is spoken."""
