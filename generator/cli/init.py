"""`couplesim init`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

PLAN = """\
# yaml-language-server: $schema=schemas/plan.schema.json
# Run it: couplesim generate plan.yaml      See what it would send: couplesim preview plan.yaml
couple: daniel-marcus
therapist: anya-forger
topic: work-home-role-strain
structure: LLM Only
prompts: baseline
first: A
sessions: 3
seed: 1
budget:
  turn_tokens: 150
  cut: server
# Without models the built-in rehearsal speaker is used: scripted text, no language model.
# Each role may have a model, an endpoint and a temperature of its own; keys come from the environment.
# models:
#   therapist: {name: gpt-4o, temperature: 0.7}
#   a: {name: llama3.1, base_url: http://localhost:11434/v1}
#   b: {name: llama3.1, base_url: http://localhost:11434/v1}
"""


@click.command("init", short_help="Lay out a workspace.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def command(folder: Path) -> None:
    """Lay out a workspace in DIR: personas/, prompts/, seeds/, schemas/, outputs/ and a plan, all to be edited.

    Run couplesim inside it: its files come before the shipped ones. Files that exist are left alone.
    """
    from generator.assets import shipped_root
    from generator.errors import InputError, StorageError
    from generator.files import write_whole

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder")
    copied = kept = 0
    try:
        for name in ("personas", "prompts", "seeds", "schemas"):
            for source in sorted((shipped_root() / name).rglob("*")):
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
