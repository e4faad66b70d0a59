"""Tables: the same rows as CSV and as Parquet, nothing a spreadsheet would carry out, and all that is in the ledger."""

import csv
import io
import re
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import InputError
from generator.export import Wish, export, to_stream
from generator.export.spreadsheet import guarded, unguarded
from generator.format import parse
from generator.schema.session import Spec
from tests.child import couplesim, rows
from tests.export.conftest import SAID

GUARDED = re.compile(r"^'(?='*[=+\-@\t\r])")
"""What the documentation tells users to take away."""


def as_csv(made, with_incomplete=False) -> str:
    stream, ledger = io.StringIO(), made.read()
    to_stream(ledger, Wish("csv", with_incomplete=with_incomplete), stream)
    ledger.close()
    return stream.getvalue()


@pytest.fixture(scope="module")
def data_set(made, tmp_path_factory) -> Path:
    """The folder for the Hub, with all sessions in which anything was said."""
    folder, ledger = tmp_path_factory.mktemp("hub") / "set", made.read()
    export(ledger, Wish("hf", with_incomplete=True, licence="cc-by-4.0"), folder)
    ledger.close()
    return folder


def table(path: Path) -> list[dict]:
    return pyarrow.parquet.read_table(path).to_pylist()


def test_the_csv_has_a_row_for_each_turn_as_the_ledger_has_it(made):
    text = as_csv(made)
    assert text.startswith("\ufeffsynthetic,scripted,run,session,"), "with the mark that Excel looks for"
    read = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    kept = rows(
        made.folder,
        "SELECT number, n, speaker, text, cut, tokens, model, prompt_tokens, status FROM turn"
        " JOIN session ON session.id = session_id WHERE status IN ('complete', 'ended') ORDER BY number, n",
    )
    told = [
        (int(row["number"]), int(row["turn"]), row["speaker"], GUARDED.sub("", row["text"]), row["cut"] == "true",
         int(row["tokens"]), row["served_model"], int(row["prompt_tokens"]), row["status"])
        for row in read
    ]  # fmt: skip
    assert told == kept
    assert {row["synthetic"] for row in read} == {"true"}
    assert {row["cell_couple"] for row in read} == {"daniel-marcus", "ruth-harold"}
    assert {row["temperature"] for row in read if row["model"] == "gpt-4o"} == {"0.7"}
    assert {row["sensitive"] == "" for row in read} == {True, False}


def test_no_cell_of_the_csv_is_a_formula(made):
    cells = [cell for row in csv.reader(io.StringIO(as_csv(made)[1:], newline="")) for cell in row]
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"[-+]?[0-9.]+", cell)]
    for said in ('\'=HYPERLINK("http://evil.example"; "Click")', "''=1+1 is what you'd say.", "'''+ is nothing."):
        assert said in cells
    assert "'Cause I was tired; that's all." in cells, "an apostrophe that guards nothing is left as it is"


@given(st.text(st.sampled_from("'=+-@\t\rax")))
def test_guarding_can_be_undone(text):
    assert unguarded(guarded(text)) == GUARDED.sub("", guarded(text)) == text
    assert not re.match(r"[=+\-@\t\r]", guarded(text))


def test_other_readers_of_csv_read_the_same(made, tmp_path):
    (tmp_path / "turns.csv").write_bytes(as_csv(made).encode())
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.read_csv(tmp_path / "turns.csv", parse_options=options)
    assert read.column_names[0] == "synthetic"
    assert str(read.schema.field("cut").type) == "bool"
    texts = [GUARDED.sub("", text) for text in read["text"].to_pylist()]
    assert texts == [text for (text,) in rows(
        made.folder, "SELECT text FROM turn JOIN session ON session.id = session_id"
        " WHERE status IN ('complete', 'ended') ORDER BY number, n")]  # fmt: skip
    assert set(SAID) <= set(texts)


def test_parquet_is_the_same_table_typed(made, tmp_path):
    ledger = made.read()
    export(ledger, Wish("parquet"), tmp_path / "turns.parquet")
    ledger.close()
    read = pyarrow.parquet.read_table(tmp_path / "turns.parquet")
    told = list(csv.DictReader(io.StringIO(as_csv(made)[1:], newline="")))
    assert read.column_names == list(told[0])
    assert [row["text"] for row in read.to_pylist()] == [GUARDED.sub("", row["text"]) for row in told]
    types = {name: str(read.schema.field(name).type) for name in read.column_names}
    assert (types["turn"], types["cut"], types["latency_seconds"], types["text"]) == (
        "int64",
        "bool",
        "double",
        "string",
    )
    assert types["trimmed"].startswith("list<")
    assert all(read.schema.field(name).metadata[b"meaning"] for name in read.column_names)
    assert read.schema.metadata[b"synthetic"] == b"true"
    assert {None, 0.7} == set(read["temperature"].to_pylist())
    assert ["label"] in read["trimmed"].to_pylist()


def test_the_data_set_loads_back_as_it_was(made, data_set):
    ledger = made.read()
    whole = {row.number: row for row in ledger.each() if ledger.turns(row.id)}
    sessions, turns = table(data_set / "data/sessions.parquet"), table(data_set / "data/turns.parquet")
    assert [row["number"] for row in sessions] == list(whole)
    for row in sessions:
        spec = whole[row["number"]].spec
        mine = [(turn["speaker"], turn["text"]) for turn in turns if turn["session"] == row["session"]]
        assert (
            list(parse(row["transcript"]).turns) == mine == [(t.speaker, t.text) for t in ledger.turns(row["session"])]
        )
        assert (row["synthetic"], row["turns"], row["rng_seed"]) == (True, len(mine), spec.rng_seed)
        assert Spec.model_validate_json(row["spec"]).couple == spec.couple
        assert "10.0.0.7" not in row["spec"] + row["transcript"]
        assert "MY_KEY" not in row["spec"]


def test_the_cards_header_is_what_the_hub_reads(data_set):
    header = header_of(data_set)
    assert header["license"] == "cc-by-4.0"
    assert "synthetic" in header["tags"]
    assert header["size_categories"] == ["n<1K"]
    for config in header["configs"]:
        (files,) = config["data_files"]
        assert table(data_set / files["path"]), files
    assert [config.get("default") for config in header["configs"]] == [True, None]


def header_of(folder: Path) -> dict:
    _, header, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(header)


def figures(folder: Path) -> dict[str, int]:
    card = (folder / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([^|]+) \| ([\d,]+) \|$", card.split("## Figures")[1].split("\n## ")[0], re.MULTILINE)
    return {name: int(value.replace(",", "")) for name, value in told}


def test_the_cards_figures_are_the_ledgers(made, data_set):
    told = figures(data_set)

    def counted(sql: str) -> int:
        return int(rows(made.folder, f"SELECT {sql}")[0][0])

    assert told == {
        "sessions": counted("count(DISTINCT session_id) FROM turn"),
        "sessions, complete": 2,
        "sessions, ended": 1,
        "sessions, failed": 1,
        "sessions, open": 1,
        "turns": counted("count(*) FROM turn"),
        **{
            f"turns, {label}": counted(f"count(*) FROM turn WHERE speaker = '{label}'")
            for label in ("Patient A", "Patient B", "Therapist")
        },
        "turns cut off by their token budget": counted("sum(cut) FROM turn"),
        "turns trimmed": counted("sum(trims != '[]') FROM turn"),
        "turns that repeat an earlier one of their session": counted("sum(repeat) FROM turn"),
        "tokens of text": counted("sum(tokens) FROM turn"),
        f"tokens of all requests (in {counted('sum(usage_estimated) FROM turn')} turns estimated)": counted(
            "sum(prompt_tokens) FROM turn"
        ),
        f"tokens of all replies (in {counted('sum(usage_estimated) FROM turn')} turns estimated)": counted(
            "sum(completion_tokens) FROM turn"
        ),
        "of them, hidden reasoning": counted("sum(reasoning_tokens) FROM turn"),
    }
    assert told["turns cut off by their token budget"] > 0


def test_the_card_says_what_it_is_and_how_it_was_made(made, data_set):
    card = (data_set / "README.md").read_text(encoding="utf-8")
    assert "**Every word in this data set is synthetic.**" in card
    assert "no clinical advice" in card
    assert "topic grief" in card.split("## Sensitive material")[1]
    for name, hash_ in {(ref.name, ref.hash) for row in made.read().each() for ref in (row.spec.prompts.a,)}:
        assert f"| {name} | {hash_} |" in card
    assert "| gpt-4o | gpt-4o-0806 |" in card
    assert "turn_tokens 40, cut client, session_tokens 9000 (1)" in card
    assert "10.0.0.7" not in card
    for row in re.findall(r"^\|.*", card, re.MULTILINE):
        assert row.endswith("|")


def test_without_a_licence_the_card_says_so_and_scripted_text_is_told(tmp_path):
    couplesim(tmp_path, "generate", "--turns", 2, "-q", "--out", "run")
    assert couplesim(tmp_path, "export", "run", "--format", "hf").returncode == 0
    folder = tmp_path / "run/export/hf"
    header, card = header_of(folder), (folder / "README.md").read_text(encoding="utf-8")
    assert (header["license"], header["license_name"]) == ("other", "unspecified")
    assert "No licence has been chosen" in card
    assert "**In 1 of the 1 sessions somebody speaks scripted text**" in card
    assert table(folder / "data/turns.parquet")[0]["scripted"] is True


@pytest.mark.parametrize("format_", ["parquet", "hf"])
def test_without_the_extra_library_it_is_named_and_nothing_is_begun(made, tmp_path, monkeypatch, format_):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ledger = made.read()
    with pytest.raises(InputError, match=r"^Parquet needs the extra library: pip install 'couplesim\[export\]'$"):
        export(ledger, Wish(format_), tmp_path / "new" / "out")
    ledger.close()
    assert list(tmp_path.iterdir()) == []
