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

_WHOSE = r"(?:your|the|my|insert|patient(?: [ab])?|partner|therapist|client|spouse|wife|husband|child|their|his|her)"
_WHAT = r"(?:names?|date|time|place|location|city|age|occupation|topic|stressor)"
IN_SPEECH = re.compile(
    r"\{\{(?:.*?\}\})?|\{%(?:.*?%\})?|\{[a-z][\w. ]{1,30}\}|(?-i:%[A-Z_]{3,20}%|\b(?:INSERT|YOUR)_[A-Z_]{2,20}\b)"
    r"|[\[<](?:"
    rf"(?:{_WHOSE}(?:['’]s)?[ _-]){{0,2}}(?:first |last )?names?|{_WHOSE}(?:['’]s)?[ _-]{_WHAT}"
    r"|partner(?: [ab])?|patient(?:[ _-]?[ab])?|therapist|client|topic|insert [^\]>]{1,40})[\]>]",
    re.IGNORECASE,
)
"""In what is spoken."""

PERHAPS = re.compile(rf"[\[<](?:{_WHAT}|spouse|wife|husband|child(?:ren)?|specific [a-z ]{{2,30}})[\]>]", re.IGNORECASE)
"""In what is spoken, where it may be a placeholder and may be meant."""
