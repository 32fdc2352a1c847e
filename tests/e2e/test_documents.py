"""What the documents tell people to type does what they say."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.bank.many import jsonl
from tests.serving import HUISHENG, Running

pytestmark = pytest.mark.xdist_group("web")

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_commands_about_forms_are_as_the_readme_says(name: str) -> None:
    """They are typed from the project's root, in the shell that the words suppose."""
    [block] = BLOCK.findall((ROOT / name).read_text("utf-8"))
    script = block.replace(".venv/bin/huisheng", str(HUISHENG))
    done = subprocess.run(
        ["/bin/bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("}\n") and '"format":"huisheng.page/1"' in done.stdout


def test_integrators_come_from_a_document_to_a_response(program: Running, tmp_path: Path) -> None:
    """Every command of docs/integrators.md, in its order; a script brings a thousand questions of
    its own. # R0.5"""
    blocks = BLOCK.findall((ROOT / "docs/integrators.md").read_text("utf-8"))
    script = "set -euo pipefail\n" + "\n".join(blocks)
    done = subprocess.run(
        ["/bin/bash", "-c", script.replace("http://localhost:8000", program.base)],
        env={**program.environment, "PATH": f"{HUISHENG.parent}:{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert '"asked":["overall","why"]' in "".join(said.split())
    assert "\npublished\n" in said and "\nBundle\n" in said
    assert '"state":"done"' in said and "态度" in said
    assert (tmp_path / "questions.xlsx").stat().st_size > 0
    bulk = tmp_path / "bulk.jsonl"
    bulk.write_bytes(jsonl(1000))
    assert "新增 1000" in program.command("bank", "import", str(bulk))
    assert "不变 1000" in program.command("bank", "import", str(bulk))
