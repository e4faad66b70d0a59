"""The page of a report: what it says is what the ledgers say, and it holds everything and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser

import pytest

from generator.check.drift import bands
from generator.contract import load_contract
from generator.errors import StorageError
from generator.inspection import reference_figures
from generator.ledger import Ledger
from generator.report import write_report
from generator.report.gathering import gather
from generator.report.page import page
from tests.builders import SHIPPED, spec
from tests.export.conftest import NUMBER, make
from tests.report.making import HOSTILE, NAME, hostile, rehearsed, unpacked
from tests.runs import begin

PLAN = """
factors:
  prompts: [baseline, candid]
  couple: [daniel-marcus, ruth-harold]
repeats: 2
turns: 12
"""


class Seen(HTMLParser):
    """Elements, attributes and text of a page, as a browser would have them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open = ""
        self.inside: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag
        if tag in {"script", "style"}:
            self.inside.setdefault(tag, [])

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        if self._open in {"script", "style"}:
            self.inside[self._open].append(data)
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Sessions complete, ended, failed and open."""
    return make(tmp_path_factory.mktemp("mixed") / "mixed").folder


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    return hostile(tmp_path_factory.mktemp("bad") / "run")


@pytest.fixture(scope="module")
def varied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("varied")
    return rehearsed(folder / "run", folder / "plan.yaml", PLAN)


@pytest.fixture(scope="module")
def contents(mixed):
    return gather([mixed], SHIPPED)


def test_counts_failures_and_filters_are_the_ledgers(mixed, contents):
    (run,) = contents.runs
    ledger = Ledger.read(mixed)
    assert run.sessions == len(contents.entries) == len(ledger.sessions())
    assert [each.number for each in run.failed] == [NUMBER["failed"], NUMBER["failed at once"]]
    ends = {entry.number: entry.filters["end"] for entry in contents.entries}
    assert ends[NUMBER["complete"]] == ("complete",)
    assert ends[NUMBER["ended"]] == ("ended: session_tokens",)
    assert ends[NUMBER["open"]] == ("open",)
    assert {entry.number: len(entry.cuts) for entry in contents.entries} == {
        row.number: len(ledger.turns(row.id)) for row in ledger.each()
    }
    ledger.close()
    seen = Seen(page(contents, "couplesim"))
    for words in (
        "7: 2 complete, 1 ended by budget, 2 failed, 2 open",
        "2 sessions are not finished yet",
        "Synthetic.",
    ):
        assert words in seen.text


def test_every_turn_of_every_session_is_packed_as_it_stands_in_the_ledger(mixed, contents):
    ledger = Ledger.read(mixed)
    for entry, row in zip(contents.entries, ledger.each(), strict=True):
        session = unpacked(entry.packed)
        assert [["\n\n".join(turn["paragraphs"]), turn["cut"]] for turn in session["turns"]] == [
            [turn.text, turn.cut] for turn in ledger.turns(row.id)
        ]
        assert session["status"] == row.status
    ledger.close()


def test_drift_is_what_the_check_says(varied):
    contents = gather([varied], SHIPPED)
    (run,) = contents.runs
    assert len(run.drift.bands) == 50
    figures = [entry.figures for entry in contents.entries]
    again = bands(reference_figures(None, SHIPPED)[1], figures, load_contract(None, SHIPPED).drift)
    assert [band.verdict for band in again] == [band.verdict for band in run.drift.bands]
    assert "seeds/profile.json" in run.drift.against
    assert str(SHIPPED) not in page(contents, "couplesim")


def test_what_varies_in_a_run_is_compared_and_drawn_by_side(varied):
    contents = gather([varied], SHIPPED)
    assert contents.comparison is not None
    assert contents.comparison.by == "prompt_set"
    assert contents.arms == ("baseline", "candid")
    seen = Seen(page(contents, "couplesim"))
    assert "Comparison" in seen.text
    assert "4 pairs of sessions of 2 couples" in seen.text
    titles = {attributes["id"] for attributes in seen.all("figure")}
    assert titles == {"picture-slopes-1", "picture-affect", "picture-words", "picture-cut", "picture-airtime"}
    pictures = seen.all("svg")
    assert all(attributes["role"] == "img" for attributes in pictures)
    assert all("aria-labelledby" in attributes or "aria-label" in attributes for attributes in pictures)
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {name for attributes in pictures for name in attributes.get("aria-labelledby", "").split()} <= set(ids)


def test_several_runs_are_compared_run_by_run(mixed, varied):
    contents = gather([varied, mixed], SHIPPED)
    assert contents.comparison is not None
    assert contents.comparison.by == "run"
    assert contents.arms == (str(varied), str(mixed))
    assert {entry.key for entry in contents.entries} >= {"1-1", "2-1"}
    assert 'name="run"' in page(contents, "couplesim")


def test_one_run_of_one_kind_is_compared_with_nothing(bad):
    contents = gather([bad], SHIPPED)
    assert contents.comparison is None
    assert "picture-slopes" not in page(contents, "couplesim")


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(varied, bad):
    for run in (varied, bad):
        text = page(gather([run], SHIPPED), "couplesim")
        policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        for kind, content in (("style-src", style), ("script-src", script)):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{kind} 'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_hostile_words_become_no_markup_and_nothing_is_fetched(bad):
    text = page(gather([bad], SHIPPED), "couplesim")
    seen = Seen(text)
    assert not {tag for tag, _ in seen.elements} & {"img", "iframe", "object", "embed", "base"}
    packs = [attributes for attributes in seen.all("script") if attributes]
    assert all(attributes["type"] == "text/plain" and "src" not in attributes for attributes in packs)
    assert len(seen.all("script")) == len(packs) + 1
    for _, attributes in seen.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcdoc", "style"}]
        assert attributes.get("href", "#").startswith("#") or attributes["href"] == "data:,"
    assert NAME in seen.text
    assert not any(words in text for words in HOSTILE)
    said = [turn["paragraphs"] for turn in unpacked(re.search(r'id="pack-1-1">([^<]+)<', text)[1])["turns"]]
    assert "<script>window.ran = 1</script>" in said[0][0]


def test_a_run_without_any_finished_session_says_so(tmp_path):
    begin(tmp_path / "run", spec(turns=3)).close()
    path = write_report([tmp_path / "run"], None, "couplesim")
    assert path == tmp_path / "run" / "report.html"
    seen = Seen(path.read_text(encoding="utf-8"))
    assert "0 of 1 session finished" in seen.text
    assert "the run has no finished session yet" in seen.text


def test_what_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"no ledger")
    with pytest.raises(StorageError):
        gather([tmp_path], SHIPPED)


def test_a_report_is_replaced_whole_or_not_at_all(varied, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        write_report([varied], tmp_path / "file" / "report.html", "couplesim")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
