"""docs/story.md says what its commands say."""

import re

from docs.story import PAGE, told


def test_the_story_is_what_happens(tmp_path):
    """All but digits and hashes: other releases of the statistics libraries may differ in a last place."""
    page = PAGE.read_text(encoding="utf-8")
    assert _masked(told(page, tmp_path)) == _masked(page), "stale: run python -m docs.story"


def _masked(text: str) -> list[str]:
    return [re.sub(r"\b[0-9a-f]{6,16}\b|-?[0-9][0-9,.]*| +", "#", line) for line in text.splitlines()]
