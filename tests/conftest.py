"""What holds for all tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How long one example takes is the machine's business, and no test's.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: Begun first: they wait for long, one worker each, and would be waited for alone at the end.
LONGEST = ("test_kill_sweep.py", "test_bench.py", "test_fresh.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest begin first, all else in its order."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
