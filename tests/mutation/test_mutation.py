"""A sample of the mutation run: the conformance files notice an operator that is turned round.

`make mutate` runs all of them.
"""

import subprocess
import sys
from pathlib import Path

from tests.mutation.run import EQUIVALENT, equivalent

ROOT = Path(__file__).parents[2]


def test_a_turned_operator_makes_a_conformance_file_fail() -> None:
    """# R0.3 (part) # R1.1.1.1c (part)

    In a process of its own, because each mutant is a fork of it.
    """
    command = [sys.executable, "-m", "tests.mutation.run", "--count", "120", "--seconds", "30"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_mutant_that_is_let_live_has_a_reason() -> None:
    assert EQUIVALENT.exists()
    for mutant, reason in equivalent().items():
        assert len(reason) > 20, mutant
