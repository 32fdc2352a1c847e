"""What patients write goes through to staff as text, in pages, answers and logs; never as code."""

import ast
import builtins
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import pytest
from litestar.testing import TestClient

from engine import compile_survey
from engine.parse import parse
from runtime.kit.logging import logger, set_up_logging
from tests.runtime.conftest import SURVEY, Patient

SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "{{ cycler.__init__.__globals__ }}",
    "javascript:alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    '=HYPERLINK("http://evil.test")',
)
STATEMENTS = (
    "' OR '1'='1",
    "'; DROP TABLE surveys; --",
    "1) UNION SELECT 1 --",
    "%' AND pg_sleep(5) --",
    "\\'; SELECT 1",
    "$$; SELECT 1; $$",
    "\x00",
)
PARAMETERS = (
    "/api/v1/responses?survey={}",
    "/api/v1/responses?cursor={}",
    "/api/v1/responses?since={}",
    "/api/v1/responses?limit={}",
    "/api/v1/surveys?state={}",
    "/api/v1/surveys/{}",
    "/api/v1/dictionaries/departments?q={}",
    "/api/v1/dictionaries/staff?q={}",
    "/api/v1/dictionaries/staff?department={}",
    "/api/v1/sessions/{}",
    "/s/{}",
    "/s/visit?i={}",
)


def test_a_survey_whose_texts_are_markup_shows_them_as_text(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Titles and questions of surveys are escaped on every public page. # S21 (part)"""
    from tests.runtime.conftest import survey_with

    bad = {"zh-CN": SCRIPTS[0], "en": SCRIPTS[1]}
    document = survey_with(title=bad)
    document["pages"][0]["title"] = bad
    document["pages"][0]["questions"][0]["text"] = bad
    made = client.post("/api/v1/surveys?publish=true", json=document, headers=staff)
    assert made.status_code == 201, made.text
    for address in ("/s", "/s/visit", "/kiosk", "/kiosk/s/visit"):
        for lang in ("zh-CN", "en"):
            page = client.get(address, headers={"accept-language": lang}).text
            assert SCRIPTS[0] not in page
            assert SCRIPTS[1] not in page


@pytest.mark.parametrize("address", PARAMETERS)
def test_statements_in_parameters_are_values(
    client: TestClient[Any], published: str, staff: dict[str, str], address: str
) -> None:
    """Each parameter takes SQL as a value: no 5xx, nothing dropped, nobody waits. # S22 (part)"""
    from urllib.parse import quote

    for statement in STATEMENTS:
        answer = client.get(address.format(quote(statement, safe="")), headers=staff)
        assert answer.status_code < 500, f"{answer.url}: {answer.text}"
        assert answer.elapsed.total_seconds() < 8  # none of them slept its nine
    assert client.get(f"/api/v1/surveys/{published}", headers=staff).status_code == 200


def test_logs_hold_no_answers_and_one_line_an_event(
    client: TestClient[Any], patient: Patient, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a patient wrote is in no log, and a line break stays inside its line. # S60 (part)"""
    seeded = "张秀英 13912345678"
    patient.put({"overall": 5})
    patient.post("next", {"overall": 5})
    patient.put({"nurse": 5, "note": seeded})
    patient.post("submit", {"nurse": 5, "note": seeded + "\x00"})
    client.get("/s/" + "13912345678%0d%0aforged")
    written = "".join(capfd.readouterr())
    assert "13912345678" not in written
    assert "张秀英" not in written
    out = io.StringIO()
    set_up_logging("info", stream=out)
    logger().bind().warning("seen", value="first\r\nforged {}")
    assert len(out.getvalue().strip().splitlines()) <= 1


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """Where a document holds a text, and whether it is the name of a member."""
    if isinstance(node, dict):
        for name, value in cast(dict[str, Any], node).items():
            yield (*path, name), True
            yield from _places(value, (*path, name))
    elif isinstance(node, list):
        for position, value in enumerate(cast(list[Any], node)):
            yield from _places(value, (*path, position))
    elif isinstance(node, str):
        yield path, False


PROGRAMS = (
    "a\"];__import__('builtins').planted.append(1)#",
    "a'];__import__('builtins').planted.append(1)#",
    "a\n    __import__('builtins').planted.append(1)\n",
    "{__import__('builtins').planted.append(1)}",
)


def test_no_text_of_a_survey_becomes_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Surveys are compiled; each text and each name as a piece of Python, unchecked. # S23"""
    planted: list[int] = []
    monkeypatch.setattr(builtins, "planted", planted, raising=False)
    compiled = 0
    for path, is_name in _places(SURVEY):
        for program in PROGRAMS:
            whole: Any = json.loads(json.dumps(SURVEY))
            node = whole
            for step in path[:-1]:
                node = node[step]
            if is_name:
                node[program] = node.pop(path[-1])
            else:
                node[path[-1]] = program
            document = parse(json.dumps(whole).encode()).document
            if document is not None:
                with suppress(Exception):
                    compile_survey(document).evaluate({"overall": 2}, {}, date(2026, 1, 1))
                    compiled += 1
    assert compiled > 100 and planted == []


def test_the_source_opens_no_shell_and_no_pickle() -> None:
    """Nor eval; exec stands in one place, for our own words. # S23 (part)"""
    root = Path(__file__).resolve().parents[2]
    found: list[str] = []
    for package in ("engine", "renderers", "builder", "interchange", "runtime", "build_hooks"):
        for file in (root / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func)
                    is_shell = any(one.arg == "shell" for one in node.keywords)
                    if is_shell or name in ("eval", "exec", "os.system", "os.popen"):
                        found.append(f"{file.relative_to(root)}: {name}")
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    names = {one.name for one in node.names} | {getattr(node, "module", None)}
                    if names & {"pickle", "marshal", "shelve", "dill"}:
                        found.append(f"{file.relative_to(root)}: {names}")
    assert found == ["engine/compile/function.py: exec"]


def test_no_answer_and_no_token_stands_in_an_address(
    client: TestClient[Any], published: str
) -> None:
    """A patient's whole way on the web, by every address that was called or led to. # S61"""
    said = {"note": "13912345678", "name": "慕容晓慧"}
    called: list[str] = []

    def post(path: str, **fields: str) -> Any:
        page = client.get(path if path.endswith("fill") else f"/s/{published}").text
        fields["csrf"] = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
        fields |= dict(re.findall(r'name="(page|rev|version)" value="([^"]*)"', page))
        answer = client.post(path, data=fields, follow_redirects=False)
        called.extend([str(answer.url), answer.headers.get("location", "")])
        return answer

    assert post(f"/s/{published}").status_code == 303
    fill = f"/s/{published}/fill"
    post(fill, do="next", overall="5", shown="overall:")
    post(fill, do="save", nurse="4", note=" ".join(said.values()), shown="nurse:")
    post(fill, do="submit", nurse="4", note=" ".join(said.values()), shown="note:")
    tokens = [one.value or "" for one in client.cookies.jar if "session" in one.name]
    assert tokens and len(called) >= 8
    for address in called:
        assert not [one for one in (*said.values(), *tokens) if one in unquote(address)], address
