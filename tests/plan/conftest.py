"""A desk to write plans at."""

import pytest

from tests.plan.planning import Desk


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)
