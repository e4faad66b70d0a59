"""Runs: begun in a folder, carried out by an engine, written out as transcripts."""

from generator.batch.beginning import begin, change_plan, kept_prompts
from generator.batch.carrying import Watcher, carry_out
from generator.batch.transcripts import (
    incomplete_path,
    is_folder_of_more,
    put_aside,
    transcript_name,
    transcript_path,
    write_transcript,
)

__all__ = [
    "Watcher", "begin", "carry_out", "change_plan", "incomplete_path", "is_folder_of_more", "kept_prompts",
    "put_aside", "transcript_name", "transcript_path", "write_transcript",
]  # fmt: skip
