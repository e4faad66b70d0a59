"""Who speaks: the labels of transcripts, and what each is."""

from __future__ import annotations

from typing import Literal, get_args

Label = Literal["Therapist", "Patient A", "Patient B", "AI_Facilitator"]
"""A speaker, exactly as it stands in transcripts."""

LABELS: tuple[Label, ...] = get_args(Label)

PRINCIPALS: tuple[Label, ...] = ("Therapist", "Patient A", "Patient B")
"""The three who are in every session."""

Role = Literal["therapist", "partner", "facilitator"]
"""What a speaker is; budgets are set by role."""

ROLE_OF: dict[Label, Role] = {
    "Therapist": "therapist",
    "Patient A": "partner",
    "Patient B": "partner",
    "AI_Facilitator": "facilitator",
}
