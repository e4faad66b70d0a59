"""Settings of the whole suite."""

from hypothesis import settings

settings.register_profile("couplesim", deadline=None)
"""No deadlines: a busy machine is no bug. Timings belong in benchmarks."""
settings.load_profile("couplesim")
