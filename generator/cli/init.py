"""`couplesim init`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

PLAN = """\
# yaml-language-server: $schema=schemas/plan.schema.json
# What it comes to: couplesim plan plan.yaml     What it would send: couplesim preview plan.yaml
# Run it:           couplesim generate plan.yaml
couple: daniel-marcus
therapist: anya-forger
topic: work-home-role-strain
structure: LLM Only
prompts: baseline          # or by role: {therapist: candid, partners: baseline}
first: A
repeats: 3                 # sessions of each cell; here there is one cell
rng_seed: 1
budget:
  turn_tokens: 150
  cut: server
# Without models the built-in rehearsal speaker is used: scripted text, no language model.
# Each role may have a model, an endpoint and a temperature of its own; keys come from the environment.
# models:
#   therapist: {name: gpt-4o, temperature: 0.7}
#   a: {name: llama3.1, base_url: http://localhost:11434/v1}
#   b: {name: llama3.1, base_url: http://localhost:11434/v1}

# A worked example: take the # away and every combination of these levels is a cell, 3 x 4 x 2 x 2 = 48 of them.
# Then take `couple`, `topic` and `first` above out: what varies stands here, and each couple has its own first topic.
# factors:
#   couple: [daniel-marcus, ruth-harold, mei-jonas]     # or: all
#   overlays:
#     bid style:                                        # how both ask for closeness, whatever is in their files
#       - {name: direct, partners: {bids: direct}}
#       - {name: hinting, partners: {bids: hinting}}
#       - {name: humorous, partners: {bids: humorous}}
#       - {name: withdrawing, partners: {bids: withdrawing}}
#   first: [A, B]
#   therapist_model: [gpt-4o, gpt-4o-mini]
# counterbalance: [labels]       # each cell a second time with Patient A and Patient B exchanged
# exclude:
#   - {couple: ruth-harold, bid style: [direct, humorous]}
# sample: {sessions: 24}         # a balanced choice; a larger one keeps what was chosen
# run_cost: 5                    # US dollars by prices.yaml; the run stops before it passes them
"""


@click.command("init", short_help="Lay out a workspace.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def command(folder: Path) -> None:
    """Lay out a workspace in DIR: personas/, prompts/, seeds/, schemas/, outputs/, prices.yaml and a plan, all to be
    edited.

    Run couplesim inside it: its files come before the shipped ones. Files that exist are left alone.
    """
    from generator.assets import shipped_root
    from generator.errors import InputError, StorageError
    from generator.files import write_whole

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder")
    copied = kept = 0
    try:
        for name in ("personas", "prompts", "seeds", "schemas", "prices.yaml"):
            top = shipped_root() / name
            for source in [top] if top.is_file() else sorted(top.rglob("*")):
                target = folder / source.relative_to(shipped_root())
                if not source.is_file() or "__pycache__" in source.parts:
                    continue
                if target.exists():
                    kept += 1
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                copied += 1
        (folder / "outputs").mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StorageError(f"cannot write to {folder}: {exc.strerror}") from exc
    if (folder / "plan.yaml").exists():
        kept += 1
    else:
        write_whole(folder / "plan.yaml", PLAN)
        copied += 1
    click.echo(f"{folder}: {copied} files written{f', {kept} left as they were' if kept else ''}")
    click.echo(f"next: cd {folder}, edit personas/couples/daniel-marcus.yaml, then couplesim generate plan.yaml")
