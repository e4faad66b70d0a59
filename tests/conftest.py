"""Settings of the whole suite."""

import os

import pytest
from hypothesis import settings

from tests.killing import nursery

settings.register_profile("couplesim", deadline=None, derandomize=bool(os.environ.get("CI")))
"""No deadlines: a busy machine is no bug. Timings belong in benchmarks. Continuous integration tries the same examples
every time, so that a red run tells of the change; new ones are looked for everywhere else."""
settings.load_profile("couplesim")


@pytest.fixture(scope="session")
def nurse(tmp_path_factory):
    """Runs commands in processes of their own, which need not be started from nothing."""
    with nursery(tmp_path_factory.mktemp("nursery")) as ready:
        yield ready
