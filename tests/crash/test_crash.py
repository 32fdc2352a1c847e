"""Whatever is killed, every acknowledged answer is there, once."""

import pytest

from tests.crash.__main__ import trial


@pytest.mark.slow
def test_no_acknowledged_answer_is_lost_when_each_process_is_killed():
    """# R2.1 (part)"""
    assert trial(people=20, kills=8, seed=7) == 0
