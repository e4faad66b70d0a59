"""JSON Schemas of the files people write, for their editors."""

from __future__ import annotations

import json

from generator.judge.canaries import CanaryFile
from generator.judge.rubric import RubricFile
from generator.plan import Plan
from generator.prices import PriceFile
from generator.prompts import SetFile
from generator.schema.contract import Contract
from generator.schema.persona import Couple, Therapist, Topic
from generator.schema.record import Record

RECORDS: dict[str, type[Record]] = {
    "couple": Couple,
    "therapist": Therapist,
    "topic": Topic,
    "prompt-set": SetFile,
    "rubric": RubricFile,
    "canaries": CanaryFile,
    "plan": Plan,
    "contract": Contract,
    "prices": PriceFile,
}


def schemas() -> dict[str, str]:
    """File name to text, for every kind of file."""
    return {
        f"{name}.schema.json": json.dumps(record.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
        for name, record in RECORDS.items()
    }
