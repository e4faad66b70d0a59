"""Plans: what a run is to consist of, and how it becomes sessions."""

from generator.plan.expand import Design, Expansion, expand, session_seed
from generator.plan.names import changed_fields, run_name
from generator.plan.plan import Plan, as_yaml, load_plan, plan_of

__all__ = [
    "Design", "Expansion", "Plan", "as_yaml", "changed_fields", "expand", "load_plan", "plan_of", "run_name",
    "session_seed",
]  # fmt: skip
